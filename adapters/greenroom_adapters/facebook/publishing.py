"""Brings one post, comment or message out: its pictures, unpublished, then the sending itself."""

from collections.abc import Callable
from datetime import datetime, timedelta

import msgspec
from typing_extensions import override

from greenroom_adapters.contract import (
    Attempt,
    Capabilities,
    MediaRefused,
    Post,
    PostRejected,
    Receipt,
    TargetGone,
    Unavailable,
)
from greenroom_adapters.facebook.api import Api
from greenroom_adapters.facebook.refs import Place, comment_ref, place_of, post_ref
from greenroom_adapters.media import load
from greenroom_adapters.meta.mail import message_ref
from greenroom_adapters.meta.publishing import Bringing, Left
from greenroom_adapters.recognising import Claims
from greenroom_adapters.remembering import Checkpoint
from greenroom_adapters.text import find_links
from greenroom_adapters.transport import answered_at

__all__ = ["Progress", "Publishing"]

KEPT_FOR = timedelta(hours=20)
"""Facebook forgets pictures that no post took within a day."""


class Progress(Checkpoint, frozen=True, kw_only=True):
    """How far the pictures of a post are: the checkpoint of an attempt."""

    begun_at: datetime
    """When the first thing was brought; aware."""
    ready: tuple[str, ...] = ()
    """Ids of those that Facebook has, in order."""


class Publishing(Bringing):
    """The mouth of one page."""

    def __init__(self, api: Api, claims: Claims, *, capabilities: Capabilities, now: Callable[[], datetime]) -> None:
        super().__init__(api, claims, capabilities=capabilities, now=now)
        self._api = api

    # Before the first try --------------------------------------------------------------------------------------------

    @override
    def prepare(self, post: Post, *, key: str) -> bytes:
        """Refuse what Facebook would refuse; nothing has to be fixed."""
        self._check(post, post.text, is_place=lambda ref: place_of(ref) is not None, is_person=str.isalnum)
        self._check_files(post)
        if post.media and post.direct_to is not None:
            raise self._error(MediaRefused, "messages to people carry no pictures here")
        if post.in_reply_to is not None and len(post.media) > 1:
            raise self._error(MediaRefused, "a comment carries one picture")
        return b""

    # One try ---------------------------------------------------------------------------------------------------------

    @override
    async def publish(self, attempt: Attempt) -> Receipt:
        """Make one try."""
        left, post = self._time(), attempt.post
        if post.direct_to is not None:
            name, answer = await self._api.create_message(
                post.direct_to, post.text, deadline=left(), messaging_type="RESPONSE"
            )
            return self._receipt(attempt, message_ref(name), answered_at(answer, self._now), answer)
        pictures = await self._pictures(attempt, left)
        if left() <= timedelta(0):
            raise self._error(Unavailable, "Facebook took too long before the post could be sent")
        above = place_of(post.in_reply_to) if post.in_reply_to is not None else None
        if above is not None:
            return await self._comment(attempt, above, pictures, left())
        fields = {"message": post.text}
        if pictures:
            fields["attached_media"] = msgspec.json.encode([{"media_fbid": name} for name in pictures]).decode()
        elif link := next(iter(find_links(post.text)), None):
            address = post.text[link.start : link.end]
            fields["link"] = address if link.has_protocol else f"https://{address}"
        try:
            name, answer = await self._api.create_post(fields, deadline=left())
        except TargetGone as gone:
            raise self._error(PostRejected, str(gone)) from None
        return self._receipt(attempt, post_ref(name), answered_at(answer, self._now), answer)

    async def _comment(self, attempt: Attempt, above: Place, pictures: tuple[str, ...], left: timedelta) -> Receipt:
        fields = {"message": attempt.post.text}
        if pictures:
            fields["attachment_id"] = pictures[0]
        name, answer = await self._api.create_comment(above.object, fields, deadline=left)
        return self._receipt(attempt, comment_ref(above.post, name), answered_at(answer, self._now), answer)

    async def _pictures(self, attempt: Attempt, left: Left) -> tuple[str, ...]:
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
