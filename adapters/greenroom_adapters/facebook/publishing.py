"""Brings one post, comment or message out: its pictures, unpublished, then the sending itself."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

import msgspec

from greenroom_adapters.contract import (
    Attempt,
    Capabilities,
    CountingRule,
    MediaRefused,
    Post,
    PostRef,
    PostRejected,
    Receipt,
    Surface,
    TargetGone,
    TextLimit,
    TooLong,
    Unavailable,
    Unsupported,
)
from greenroom_adapters.facebook.abilities import COMMENT_LENGTH
from greenroom_adapters.facebook.api import Api
from greenroom_adapters.facebook.refs import Place, comment_ref, place_of, post_ref
from greenroom_adapters.media import glance, load
from greenroom_adapters.meta.claims import Claims
from greenroom_adapters.meta.mail import message_ref
from greenroom_adapters.meta.moments import answered_at
from greenroom_adapters.meta.usage import quota
from greenroom_adapters.text import find_links, fits
from greenroom_adapters.transport import Answer

__all__ = ["Progress", "Publishing"]

KEPT_FOR = timedelta(hours=20)
"""Facebook forgets pictures that no post took within a day."""
COMMENT = (TextLimit(length=COMMENT_LENGTH, rule=CountingRule.UTF16_UNITS),)


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """How far the pictures of a post are: the checkpoint of an attempt."""

    begun_at: datetime
    """When the first was brought; aware."""
    ready: tuple[str, ...] = ()
    """Ids of those that Facebook has, in order."""

    @classmethod
    def read(cls, state: bytes | None) -> "Progress | None":
        """Return the stored progress; None: there is none."""
        return None if state is None else PROGRESS.decode(state)

    def stored(self) -> bytes:
        """Return what `read` reads."""
        return msgspec.json.encode(self)


PROGRESS = msgspec.json.Decoder(Progress)


class Publishing:
    """The mouth of one page."""

    def __init__(self, api: Api, claims: Claims, *, capabilities: Capabilities, now: Callable[[], datetime]) -> None:
        self._api = api
        self._claims = claims
        self._capabilities = capabilities
        self._now = now

    # Before the first try --------------------------------------------------------------------------------------------

    def prepare(self, post: Post, *, key: str) -> bytes:
        """Refuse what Facebook would refuse; nothing has to be fixed."""
        lacking = self._capabilities.lacks(post) or self._misdirected(post)
        if lacking is not None:
            raise self._api.graph.error(Unsupported, lacking)
        is_direct, is_answer = post.direct_to is not None, post.in_reply_to is not None
        limits = self._capabilities.limits.text_on(Surface.DIRECT_MESSAGE if is_direct else Surface.POST)
        for limit in (*limits, *(COMMENT if is_answer and not is_direct else ())):
            if not fits(post.text, (limit,)):
                raise self._api.graph.error(TooLong, f"the text is over {limit.length} {limit.rule}")
        if post.media:
            self._check_media(post)
        return b""

    def _check_media(self, post: Post) -> None:
        limit = self._capabilities.limits.media
        if limit is None:
            return
        try:
            glance(post.media, limit)
        except MediaRefused as refused:
            raise self._api.graph.error(MediaRefused, str(refused)) from None
        if post.direct_to is not None:
            raise self._api.graph.error(MediaRefused, "messages to people carry no pictures here")
        if post.in_reply_to is not None and len(post.media) > 1:
            raise self._api.graph.error(MediaRefused, "a comment carries one picture")

    def _misdirected(self, post: Post) -> str | None:
        """Say why a post has nowhere to go; None: it has."""
        if post.room is not None:
            return "there are no rooms here to post in"
        if post.direct_to is not None:
            if Surface.DIRECT_MESSAGE not in self._capabilities.surfaces:
                return "the account has `direct_messages: false`"
            return None if post.direct_to.isalnum() else f"{post.direct_to!r} is nobody's id on Facebook"
        if post.in_reply_to is not None and place_of(post.in_reply_to) is None:
            return f"{post.in_reply_to.id!r} is no post or comment on Facebook; a message is answered by another"
        return None

    # One try ---------------------------------------------------------------------------------------------------------

    async def publish(self, attempt: Attempt) -> Receipt:
        """Make one try."""
        clock = asyncio.get_running_loop().time
        ends = clock() + self._capabilities.publish_deadline.total_seconds()

        def left() -> timedelta:
            return timedelta(seconds=ends - clock())

        post = attempt.post
        if post.direct_to is not None:
            name, answer = await self._api.create_message(post.direct_to, post.text, deadline=left())
            return self._receipt(attempt, message_ref(name), answer)
        pictures = await self._pictures(attempt, left)
        if left() <= timedelta(0):
            raise self._api.graph.error(Unavailable, "Facebook took too long before the post could be sent")
        above = place_of(post.in_reply_to) if post.in_reply_to is not None else None
        if above is not None:
            return await self._comment(attempt, above, pictures, left())
        fields = {"message": post.text}
        if pictures:
            fields["attached_media"] = msgspec.json.encode([{"media_fbid": name} for name in pictures]).decode()
        elif link := next(iter(find_links(post.text)), None):
            address = post.text[link.start : link.end]
            fields["link"] = address if "://" in address else f"https://{address}"
        try:
            name, answer = await self._api.create_post(fields, deadline=left())
        except TargetGone as gone:
            raise self._api.graph.error(PostRejected, str(gone)) from None
        return self._receipt(attempt, post_ref(name), answer)

    async def _comment(self, attempt: Attempt, above: Place, pictures: tuple[str, ...], left: timedelta) -> Receipt:
        fields = {"message": attempt.post.text}
        if pictures:
            fields["attachment_id"] = pictures[0]
        name, answer = await self._api.create_comment(above.object, fields, deadline=left)
        return self._receipt(attempt, comment_ref(above.post, name), answer)

    async def _pictures(self, attempt: Attempt, left: Callable[[], timedelta]) -> tuple[str, ...]:
        """Bring the pictures that Facebook has not yet, each noted on disk; return the ids of all."""
        if not attempt.post.media:
            return ()
        progress = Progress.read(attempt.state)
        if progress is None or self._now() - progress.begun_at > KEPT_FOR:
            progress = Progress(begun_at=self._now())
        for media in attempt.post.media[len(progress.ready) :]:
            picture = await load(media)
            name = await self._api.upload(picture, deadline=left())
            progress = msgspec.structs.replace(progress, ready=(*progress.ready, name))
            await attempt.checkpoint(progress.stored())
        return progress.ready

    def _receipt(self, attempt: Attempt, ref: PostRef, answer: Answer) -> Receipt:
        self._claims.claim(ref.id, attempt.key)
        return Receipt(
            key=attempt.key,
            ref=ref,
            published_at=answered_at(answer, self._now),
            quota=quota(answer.headers, now=self._now()),
        )
