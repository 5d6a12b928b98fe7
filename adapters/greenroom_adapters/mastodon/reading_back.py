"""Decides from what the server lists of our own whether one attempt went out."""

import re
import unicodedata
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from datetime import datetime, timedelta
from functools import partial

import msgspec

from greenroom_adapters.contract import (
    Absent,
    Attempt,
    Found,
    Post,
    PostRejected,
    Receipt,
    TargetGone,
    Undecided,
    Visibility,
)
from greenroom_adapters.mastodon.api import STATUSES_PAGE, Api
from greenroom_adapters.mastodon.html import plain_text
from greenroom_adapters.mastodon.outgoing import Outgoing
from greenroom_adapters.mastodon.people import without_address
from greenroom_adapters.mastodon.plan import Plan
from greenroom_adapters.mastodon.position import place
from greenroom_adapters.mastodon.reading import reference
from greenroom_adapters.mastodon.server import Server
from greenroom_adapters.mastodon.wire import STATUSES, WireStatus
from greenroom_adapters.mastodon.writing import Audience
from greenroom_adapters.text import undefused
from greenroom_adapters.transport import fitting

__all__ = ["ReadingBack"]

PAGES = 25
"""Pages of a list that are read to find one of our posts in it: a thousand posts on Mastodon."""
SKEW = timedelta(minutes=1)
"""How far the server's clock, which dates statuses, and the one that recorded the try may differ; some servers drop the
part of a second."""
SIGNS = re.compile(r"@[\w.-]+|[\W_]+")
"""Mentions, which are shown without their server, and whatever is neither letter nor digit."""


class ReadingBack:
    """Recognises the posts of one account by their words, their place and their time."""

    def __init__(
        self,
        api: Api,
        outgoing: Outgoing,
        *,
        server: Server,
        me: str,
        audience: Audience,
        settles_after: timedelta,
        key_window: timedelta | None,
        now: Callable[[], datetime],
    ) -> None:
        self._api = api
        self._outgoing = outgoing
        self._server = server
        self._me = me
        self._audience = audience
        self._settles_after = settles_after
        self._key_window = key_window
        self._now = now

    async def find(self, attempt: Attempt) -> Found | Absent | Undecided:
        """Look for the post among our own since its first try."""
        asked_at = self._now()
        key = Plan.read(attempt.prepared).key
        since = self._api.http.dated(attempt.first_tried_at)[0] - SKEW
        found: list[WireStatus] = []
        is_whole = True
        async with aclosing(self._listed(attempt.post, since)) as statuses:
            async for status in statuses:
                if status is None:
                    is_whole = False
                elif self._may_be(status, key, attempt.post) and status.created_at >= since:
                    found.append(status)
        # The oldest of those that say it: another post with these words comes with a try of its own.
        found.sort(key=lambda status: (status.created_at, place(status.id)))
        for status in found:
            if self._outgoing.key_of(status.id) == key or await self._says(status, attempt.post.text):
                receipt = Receipt(key=attempt.key, ref=reference(status), published_at=status.created_at)
                return Found(receipt=receipt)
        if asked_at - attempt.last_tried_at <= self._settles_after:
            return Undecided(reason="not listed; it may still appear")
        if not is_whole:
            return Undecided(reason="the try is beyond what is read back", final=True)
        if self._key_decides(attempt, key):
            return Undecided(reason="not listed, or deleted since; the server knows by its key whether it had it")
        return Absent()

    def _key_decides(self, attempt: Attempt, key: str) -> bool:
        """Tell whether another try under the same key would show what the list cannot: a status that somebody deleted
        leaves no trace there, but Mastodon refuses to make it anew under its key (404)."""
        if self._key_window is None or self._outgoing.unanswered_since(key) is None:
            return False
        return self._now() - attempt.first_tried_at < self._key_window / 2

    async def _listed(self, post: Post, since: datetime) -> AsyncGenerator[WireStatus | None, None]:
        """Yield our own statuses since a moment, and others, from wherever the server lists them; None: there are more
        than are read."""
        async with aclosing(self._own(since)) as statuses:
            async for status in statuses:
                yield status
        if self._server.lists_own_private:
            return
        if post.in_reply_to is not None:
            try:
                for status in (await self._api.context(post.in_reply_to.id)).descendants:
                    yield status
            except TargetGone:
                pass
        async with aclosing(self._home(since)) as statuses:
            async for status in statuses:
                if status is not None or not self._is_public(post):
                    yield status

    async def _own(self, since: datetime) -> AsyncGenerator[WireStatus | None, None]:
        """Yield what the account's own list has since a moment; None: there is more than is read."""
        below: str | None = None
        for _ in range(PAGES):
            raws, _ = await fitting(partial(self._own_page, below), STATUSES_PAGE)
            page = [_read(raw) for raw in raws]
            for status in page:
                if status is not None:
                    yield status
            listed = [status for status in page if status is not None]
            # Pinned posts are old ones at any place, so the whole page must be older.
            if not listed or all(status.created_at < since for status in listed):
                return
            lowest = min((status.id for status in listed), key=place)
            if lowest == below:
                return
            below = lowest
        yield None

    async def _home(self, since: datetime) -> AsyncGenerator[WireStatus | None, None]:
        """Yield what the home timeline has since a moment, ours among that of others; None: there is more than is read,
        or the server does not turn the page."""
        below: str | None = None
        asked: set[str] = set()
        for _ in range(PAGES):
            raws, _ = await fitting(partial(self._home_page, below), STATUSES_PAGE)
            page = [status for raw in raws if (status := _read(raw)) is not None]
            for status in page:
                yield status
            if not page or all(status.created_at < since for status in page):
                return
            # The last one, not the lowest: not every server has them in the order of their ids.
            below = page[-1].id
            if below in asked:
                break
            asked.add(below)
        yield None

    async def _own_page(self, below: str | None, limit: int) -> tuple[msgspec.Raw, ...]:
        return await self._api.statuses(self._me, below=below, limit=limit)

    async def _home_page(self, below: str | None, limit: int) -> tuple[msgspec.Raw, ...]:
        return await self._api.home(below=below, limit=limit)

    def _is_public(self, post: Post) -> bool:
        """Tell whether a post goes to everybody for sure, so that the account's own list is the whole truth."""
        if post.in_reply_to is not None or post.direct_to is not None:
            return False
        return (self._audience.posts if post.visibility is None else post.visibility) == Visibility.PUBLIC

    def _may_be(self, status: WireStatus, key: str, post: Post) -> bool:
        """Tell whether a status stands where the post was to stand, and is not known as another one."""
        if status.account.id != self._me or status.reblog is not None:
            return False
        if self._outgoing.key_of(status.id) not in (None, key):
            return False
        if status.in_reply_to_id != (None if post.in_reply_to is None else post.in_reply_to.id):
            return False
        if not self._has_files_of(status, post):
            return False
        quoted = None if status.quote is None else status.quote.of
        if post.quote is not None and quoted not in (None, post.quote.id):
            return False
        if post.quote is None and status.quote is not None:
            return False
        if post.poll is not None:
            options = () if status.poll is None else tuple(option.title for option in status.poll.options)
            return options == post.poll.options
        return self._is_for(status, post)

    def _has_files_of(self, status: WireStatus, post: Post) -> bool:
        """Tell whether a status has the post's files. Where the server makes files of addresses in the text, there may
        be one more for each of these."""
        more = len(status.media_attachments or ()) - len(post.media)
        return 0 <= more <= (post.text.count("://") if self._server.attaches_links else 0)

    def _is_for(self, status: WireStatus, post: Post) -> bool:
        """Tell whether a status goes to whom the post was to go."""
        if not self._server.tells_direct:
            return post.direct_to is None or status.visibility == "private"
        if post.direct_to is None:
            return status.visibility != "direct" or post.in_reply_to is not None
        mentioned = {mention.id for mention in status.mentions or ()}
        return status.visibility == "direct" and post.direct_to in mentioned

    async def _says(self, status: WireStatus, text: str) -> bool:
        """Tell whether a status has these words. HTML does not show every sign as it was written, so the server is
        asked for the words themselves where only signs differ."""
        shown = status.text or plain_text(status.content or "")
        if _same(shown, text):
            return True
        if status.text is not None or not _alike(shown, text):
            return False
        try:
            return _same((await self._api.source(status.id)).text, text)
        except PostRejected:
            return False


def _read(raw: msgspec.Raw) -> WireStatus | None:
    try:
        return STATUSES.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def _same(shown: str, written: str) -> bool:
    """Compare words, with or without the mention that they begin with, and however their lines are broken."""
    wanted = _normalised(written)
    return wanted in (_normalised(shown), _normalised(_bare(shown)))


def _bare(text: str) -> str:
    """Return a text without the mention that it begins with."""
    word = text.lstrip()
    if not word.startswith("@"):
        return text
    handle = word[1:].partition(" ")[0].partition("\n")[0].rstrip(":,")
    return without_address(text, [handle])


def _alike(shown: str, written: str) -> bool:
    """Compare letters and digits alone."""
    wanted = SIGNS.sub("", written)
    return wanted in (SIGNS.sub("", shown), SIGNS.sub("", _bare(shown)))


def _normalised(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", undefused(text)).split())
