"""Decides from what the account has posted whether one attempt went out. X has no keys: it is known by its words."""

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from datetime import datetime, timedelta

from greenroom_adapters.contract import (
    Absent,
    Attempt,
    Author,
    Forbidden,
    Found,
    Post,
    Receipt,
    TargetGone,
    TextLimit,
    Undecided,
)
from greenroom_adapters.text import worded
from greenroom_adapters.x.api import Api, pages
from greenroom_adapters.x.claims import Claims
from greenroom_adapters.x.ids import id_at, message_ref, moment_of, post_ref
from greenroom_adapters.x.likeness import is_like
from greenroom_adapters.x.mapping import said_in
from greenroom_adapters.x.names import NAMES
from greenroom_adapters.x.plan import Plan
from greenroom_adapters.x.wire import MESSAGES, POSTS, WireMessage, WirePost, first

__all__ = ["ReadingBack"]

PAGES = 32
"""Pages of own posts that X gives: 3,200 posts."""
MESSAGE_PAGES = 10
SKEW = timedelta(minutes=5)
"""How far X's clock, which is in its ids, and the one that recorded the try may differ."""


class _OutOfReach(Exception):
    """The listing ended before the time of the try."""


class ReadingBack:
    """Recognises the posts of one account by their words and by what they answer."""

    def __init__(
        self,
        api: Api,
        claims: Claims,
        *,
        me: Callable[[], Author],
        limits: tuple[TextLimit, ...],
        settles_after: timedelta,
        now: Callable[[], datetime],
    ) -> None:
        self._api = api
        self._claims = claims
        self._me = me
        self._limits = limits
        self._settles_after = settles_after
        self._now = now

    async def find(self, attempt: Attempt) -> Found | Absent | Undecided:
        """Look for the post among our own since the newest that was known before its first try."""
        asked_at = self._now()
        try:
            found = await (self._message(attempt) if attempt.post.direct_to is not None else self._post(attempt))
        except _OutOfReach:
            return Undecided(reason="the try is beyond what X shows of the account's posts", final=True)
        except (Forbidden, TargetGone) as refused:
            return Undecided(reason=f"what the account said cannot be read: {refused}", final=True)
        if found is not None:
            return Found(receipt=found)
        if asked_at - attempt.last_tried_at <= self._settles_after:
            return Undecided(reason="not among the account's posts; it may still appear there")
        return Absent()

    async def _post(self, attempt: Attempt) -> Receipt | None:
        plan = Plan.read(attempt.prepared)
        text = worded(attempt.post, self._limits, asker=plan.asker, names=NAMES)
        since = max(plan.newest, id_at(self._api.http.dated(attempt.first_tried_at)[0] - SKEW))
        oldest: WirePost | None = None
        async with aclosing(self._own(since)) as posts:
            async for post in posts:
                self._claims.see(post.id)
                if self._claims.is_free_for(attempt.key, post.id) and _is(attempt.post, post, text=text):
                    oldest = post
        if oldest is None:
            return None
        self._claims.claim(oldest.id, attempt.key)
        ref = post_ref(oldest.id, handle=self._me().handle)
        return Receipt(key=attempt.key, ref=ref, published_at=moment_of(int(oldest.id)))

    async def _own(self, since: int) -> AsyncGenerator[WirePost, None]:
        """Yield own posts, newest first, down to `since`."""
        read = 0
        async with aclosing(
            pages(lambda page: self._api.own(self._me().id, since=since, page=page), most=PAGES)
        ) as told:
            async for page in told:
                read += 1
                for post in first(POSTS, page.data):
                    if int(post.id) > since:
                        yield post
                if page.meta.next_token is None:
                    return
        if read >= PAGES:
            raise _OutOfReach

    async def _message(self, attempt: Attempt) -> Receipt | None:
        since = id_at(self._api.http.dated(attempt.first_tried_at)[0] - SKEW)
        oldest: WireMessage | None = None
        is_whole = False
        async with aclosing(
            pages(lambda page: self._api.messages(person=attempt.post.direct_to, page=page), most=MESSAGE_PAGES)
        ) as told:
            async for page in told:
                for message in first(MESSAGES, page.data):
                    is_whole |= int(message.id) <= since
                    if int(message.id) > since and self._is_message(attempt, message):
                        oldest = message
                is_whole |= page.meta.next_token is None
                if is_whole:
                    break
        if oldest is None:
            if not is_whole:
                raise _OutOfReach
            return None
        self._claims.claim_message(oldest.id, attempt.key)
        return Receipt(key=attempt.key, ref=message_ref(oldest.id), published_at=moment_of(int(oldest.id)))

    def _is_message(self, attempt: Attempt, message: WireMessage) -> bool:
        if message.event_type != "MessageCreate" or message.sender_id != self._me().id:
            return False
        files = message.attachments.media_keys if message.attachments is not None else ()
        return (
            self._claims.is_free_for(attempt.key, message_ref(message.id).id)
            and len(files) == len(attempt.post.media)
            and is_like(attempt.post.text, said_in(message))
        )


def _is(post: Post, listed: WirePost, *, text: str) -> bool:
    """Say whether a listed post is what `post` became, which went out with this text, or with its own before names in
    it were words."""
    if (post.in_reply_to.id if post.in_reply_to else None) != listed.referred("replied_to"):
        return False
    if (post.quote.id if post.quote else None) != listed.referred("quoted") or listed.referred("retweeted"):
        return False
    files = listed.attachments.media_keys if listed.attachments is not None else ()
    is_answer = post.in_reply_to is not None
    return len(files) == len(post.media) and any(
        is_like(sent, said_in(listed), is_answer=is_answer) for sent in (text, post.text)
    )
