"""Brings one post, answer or message out: a post in two phases, a container that is filled, and its publishing."""

import asyncio
import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta

import msgspec
from typing_extensions import override

from greenroom_adapters.contract import (
    AdapterError,
    Attempt,
    Capabilities,
    ConfigurationError,
    Media,
    MediaRefused,
    OutcomeUnknown,
    Post,
    PostRef,
    PostRejected,
    RateLimited,
    Receipt,
    TargetGone,
    Unavailable,
)
from greenroom_adapters.instagram.api import Api
from greenroom_adapters.instagram.refs import Place, comment_ref, media_ref, mention_ref, place_of
from greenroom_adapters.instagram.settings import InstagramSettings
from greenroom_adapters.instagram.wire import MEDIA
from greenroom_adapters.media import dimensions
from greenroom_adapters.meta.claims import Claims
from greenroom_adapters.meta.errors import meaning_of
from greenroom_adapters.meta.lending import Lending
from greenroom_adapters.meta.likeness import is_like
from greenroom_adapters.meta.mail import message_ref
from greenroom_adapters.meta.moments import answered_at, moment
from greenroom_adapters.meta.publishing import Bringing, Checkpoint, Left
from greenroom_adapters.meta.reading_back import SKEW, Seen
from greenroom_adapters.meta.wire import read_rows
from greenroom_adapters.transport import Answer

__all__ = ["Progress", "Publishing"]

HASHTAG = re.compile(r"(?<![\w&])#\w+")
NARROWEST, WIDEST = 4 / 5, 1.91
"""Width of a picture by its height."""
ROUNDING = 0.01
CODE = re.compile(r"\b(22070\d\d)\b")
LOOK_EVERY = 1.0
"""Seconds between two looks at a container."""
FOR_PUBLISHING = timedelta(seconds=15)
"""What is kept of a try's time for the second phase."""
ASKED_AGAIN = timedelta(hours=1)
"""Wait when the account has posted as often as it may in 24 hours: one of these posts is a day old by then, perhaps."""
KEPT_FOR = timedelta(hours=23)
"""Instagram forgets containers after a day."""
PAGES = 4


class Progress(Checkpoint, frozen=True, kw_only=True):
    """How far the first phase of a post is: the checkpoint of an attempt."""

    children: tuple[str, ...] = ()
    """Containers of the single files of a post that has several, in order."""
    container: str = ""
    """The container of the post itself; empty: there is none yet, and nothing can have gone out."""


class Publishing(Bringing):
    """The mouth of one account."""

    def __init__(
        self,
        api: Api,
        claims: Claims,
        lending: Lending | None,
        *,
        settings: InstagramSettings,
        capabilities: Capabilities,
        now: Callable[[], datetime],
        look_every: float = LOOK_EVERY,
    ) -> None:
        """`lending` gives the files out; None: nothing can be posted."""
        super().__init__(api, claims, capabilities=capabilities, now=now)
        self._api = api
        self._lending = lending
        self._settings = settings
        self._look_every = look_every

    # Before the first try --------------------------------------------------------------------------------------------

    @override
    def prepare(self, post: Post, *, key: str) -> bytes:
        """Refuse what Instagram would refuse; nothing has to be fixed."""
        is_direct, is_answer = post.direct_to is not None, post.in_reply_to is not None
        text = post.text if is_direct or is_answer else self.caption(post)
        self._check(post, text, is_place=lambda ref: place_of(ref) is not None, is_person=str.isdigit)
        if is_direct or is_answer:
            if post.media:
                raise self._error(MediaRefused, "answers and messages carry no pictures on Instagram")
            return b""
        self._check_post(post)
        return b""

    def _check_post(self, post: Post) -> None:
        if not post.media:
            raise self._error(
                MediaRefused, "a post on Instagram needs a picture or a video: write `picture` below the post"
            )
        if self._lending is None:
            raise self._error(
                MediaRefused, "Instagram fetches pictures from an address of yours: write `media_url` below the account"
            )
        self._check_files(post)
        for one in post.media:
            if one.media_type == "image/jpeg" and (words := _misshapen(one)) is not None:
                raise self._error(MediaRefused, words)
        found, allowed = len(HASHTAG.findall(post.text)), self._settings.hashtags
        if found > allowed:
            raise self._error(
                PostRejected,
                f"the caption has {found} hashtags, and {self._settings.hashtags} are allowed (`hashtags`)",
            )

    def caption(self, post: Post) -> str:
        """Return what stands below the pictures of a post."""
        line = self._settings.generated_line
        if line and any(one.is_generated for one in post.media):
            return f"{post.text}\n\n{line}" if post.text else line
        return post.text

    # One try ---------------------------------------------------------------------------------------------------------

    @override
    async def publish(self, attempt: Attempt) -> Receipt:
        """Make one try."""
        left, post = self._time(), attempt.post
        if post.direct_to is not None:
            name, answer = await self._api.create_message(post.direct_to, post.text, deadline=left())
            return self._receipt(attempt, message_ref(name), answered_at(answer, self._now), answer)
        above = place_of(post.in_reply_to) if post.in_reply_to is not None else None
        if above is not None:
            ref, answer = await self._answer(above, post.text, left())
            return self._receipt(attempt, ref, answered_at(answer, self._now), answer)
        return await self._post(attempt, left)

    async def _answer(self, above: Place, text: str, left: timedelta) -> tuple[PostRef, Answer]:
        if above.is_mention:
            name, answer = await self._api.answer_mention(above.media, above.comment, text, deadline=left)
            return mention_ref(above.media, name), answer
        if above.comment is not None:
            name, answer = await self._api.answer_comment(above.comment, text, deadline=left)
        else:
            name, answer = await self._api.comment_on(above.media, text, deadline=left)
        return comment_ref(above.media, name), answer

    async def _post(self, attempt: Attempt, left: Left) -> Receipt:
        progress, is_published = await self._living(attempt)
        if is_published:
            if (found := await self.listed(attempt)) is not None:
                return self._receipt(attempt, found[0], found[1], None)
            raise self._error(OutcomeUnknown, "the container is published, and its post is not listed yet")
        container = await self._filled(attempt, progress, left)
        try:
            name, answer = await self._api.publish_container(container, deadline=left())
        except TargetGone as gone:
            raise self._error(Unavailable, f"the container is gone, and nothing of it went out: {gone}") from None
        url = None
        with suppress(AdapterError):
            # for the owner to look at; the post is out in any case
            url = (await self._api.media(name)).permalink
        return self._receipt(attempt, media_ref(name, url), answered_at(answer, self._now), answer)

    async def _living(self, attempt: Attempt) -> tuple[Progress, bool]:
        """Return how far an earlier try came, as far as it can be gone on with, and whether its post is out. Instagram
        forgets what is a day old, and a container with an error stays one."""
        fresh, progress = Progress(begun_at=self._now()), Progress.read(attempt.state)
        if progress is None or (not progress.container and self._now() - progress.begun_at > KEPT_FOR):
            return fresh, False
        try:
            for name in (progress.container,) if progress.container else progress.children:
                told = await self._api.container(name)
                if told.status_code in ("ERROR", "EXPIRED"):
                    return fresh, False
                if told.status_code == "PUBLISHED" and progress.container:
                    return progress, True
        except TargetGone:
            # it knows nothing of it any more: whether it was published, the list says
            return (progress, True) if await self.listed(attempt) is not None else (fresh, False)
        return progress, False

    async def _filled(self, attempt: Attempt, progress: Progress, left: Left) -> str:
        """Return the post's container, on disk and with all that it needs; the files are given out meanwhile."""
        if self._lending is None:
            raise self._error(MediaRefused, "there is no `media_url` any more, from which Instagram fetches pictures")
        if not progress.container and not progress.children:
            await self._require_allowance()
        post = attempt.post
        try:
            async with self._lending.lent(attempt.key, post.media) as addresses:
                if not progress.container:
                    fields = await self._fields(attempt, progress, addresses, left)
                    name = await self._api.create_container(fields, deadline=left())
                    progress = msgspec.structs.replace(progress, container=name)
                    await attempt.checkpoint(progress.stored())
                await self._wait_for(progress.container, left)
        except ConfigurationError as trouble:
            raise self._error(Unavailable, f"Instagram cannot fetch the files: {trouble}") from None
        return progress.container

    async def _fields(
        self, attempt: Attempt, progress: Progress, addresses: Sequence[str], left: Left
    ) -> dict[str, str]:
        """Return what the post's container is made of; the single files of several are brought first, each noted."""
        media, caption = attempt.post.media, self.caption(attempt.post)
        if len(media) == 1:
            return {**_file(media[0], addresses[0], reel=True), "caption": caption}
        children = progress.children
        for one, address in list(zip(media, addresses, strict=True))[len(children) :]:
            child = await self._api.create_container(
                {**_file(one, address, reel=False), "is_carousel_item": "true"}, deadline=left()
            )
            children = (*children, child)
            stored = msgspec.structs.replace(progress, children=children).stored()
            await attempt.checkpoint(stored)
        for child in children:
            await self._wait_for(child, left)
        return {"media_type": "CAROUSEL", "children": ",".join(children), "caption": caption}

    async def _wait_for(self, container: str, left: Left) -> None:
        """Return when Instagram has all that a container needs."""
        while True:
            told = await self._api.container(container)
            match told.status_code:
                case "FINISHED" | "PUBLISHED":
                    return
                case "ERROR" | "EXPIRED":
                    raise self._failed(told.status or told.status_code)
                case "IN_PROGRESS":
                    pass
            if left() - timedelta(seconds=self._look_every) < FOR_PUBLISHING:
                raise self._error(Unavailable, "Instagram still works on it; it is gone on with")
            await asyncio.sleep(self._look_every)

    def _failed(self, words: str) -> AdapterError:
        """Return what it means that a container has an error. A new one may do where it does not lie in the file."""
        code = CODE.search(words)
        kind, mend = meaning_of(int(code[1])) if code is not None else (Unavailable, "")
        said = f"Instagram could not use the file: {words}" + (f": {mend}" if mend else "")
        return self._error(kind if issubclass(kind, PostRejected) else Unavailable, said)

    async def _require_allowance(self) -> None:
        used, allowed = await self._api.used()
        if allowed and used >= allowed:
            http = self._api.graph.http
            words = f"the account has posted {used} times in 24 hours, and Instagram allows {allowed}"
            raise RateLimited(words, retry_after=ASKED_AGAIN, platform=http.platform, account=http.account)

    # What is listed --------------------------------------------------------------------------------------------------

    async def listed(self, attempt: Attempt) -> Seen | None:
        """Return the post that an attempt became and when it was published, out of the account's list; None: it is not
        there."""
        since, caption = attempt.first_tried_at - SKEW, self.caption(attempt.post)
        oldest: Seen | None = None
        async for page in self._api.own(most=PAGES):
            for media in read_rows(MEDIA, page):
                at, ref = moment(media.timestamp), media_ref(media.id, media.permalink)
                if at < since:
                    return oldest
                if is_like(caption, media.caption) and self._claims.is_free_for(attempt.key, ref.id):
                    oldest = ref, at
        return oldest


def _file(media: Media, address: str, *, reel: bool) -> dict[str, str]:
    """Return how a file is announced. Videos have no description there."""
    if media.media_type.startswith("video/"):
        return {"media_type": "REELS" if reel else "VIDEO", "video_url": address}
    return {"image_url": address, "alt_text": media.alt}


def _misshapen(media: Media) -> str | None:
    """Say that a picture is too high or too wide; None: it is not, or its shape cannot be told."""
    try:
        with open(media.path, "rb") as file:
            shape = dimensions(file.read(256 * 1024))
    except OSError:
        return None
    if shape is None or not shape[1] or NARROWEST - ROUNDING <= shape[0] / shape[1] <= WIDEST + ROUNDING:
        return None
    return f"the picture is {shape[0]} x {shape[1]}, and Instagram takes 4:5 to 1.91:1: crop it"
