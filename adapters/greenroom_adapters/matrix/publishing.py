"""Brings one post out: where it goes, its file, then the sending itself."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

import msgspec

from greenroom_adapters.contract import (
    AdapterError,
    Attempt,
    Capabilities,
    Forbidden,
    Media,
    MediaRefused,
    OutcomeUnknown,
    Post,
    Receipt,
    TargetGone,
    TooLong,
    Unavailable,
    Unsupported,
)
from greenroom_adapters.matrix.api import Api
from greenroom_adapters.matrix.media import info, name
from greenroom_adapters.matrix.places import Places
from greenroom_adapters.matrix.plan import Plan, Progress
from greenroom_adapters.matrix.reading import moment
from greenroom_adapters.matrix.reading_back import ReadingBack
from greenroom_adapters.matrix.references import place, reference
from greenroom_adapters.matrix.wire import MESSAGES, WireEvent
from greenroom_adapters.matrix.writing import Answered, Attached, Style, compose
from greenroom_adapters.media import glance, load
from greenroom_adapters.text import fits
from greenroom_adapters.transport import Effect

__all__ = ["Publishing"]

AFTERWARDS = timedelta(seconds=5)
"""How long a question may take whose answer is not needed."""


class Publishing:
    """The mouth of one account."""

    def __init__(
        self,
        api: Api,
        places: Places,
        reading_back: ReadingBack,
        *,
        me: str,
        device: str,
        home: str,
        style: Style,
        capabilities: Capabilities,
        now: Callable[[], datetime],
    ) -> None:
        self._api = api
        self._places = places
        self._reading_back = reading_back
        self._me = me
        self._device = device
        self._home = home
        self._style = style
        self._capabilities = capabilities
        self._now = now

    # Before the first try --------------------------------------------------------------------------------------------

    def prepare(self, post: Post, *, key: str) -> bytes:
        """Fix what must not change between tries."""
        if post.room is not None and post.direct_to is not None:
            raise self._error(Unsupported, "a post goes to a room or to one person, not to both")
        if (lacking := self._capabilities.lacks(post)) is not None:
            raise self._error(Unsupported, lacking)
        if post.in_reply_to is not None and place(post.in_reply_to) is None:
            raise self._error(Unsupported, f"{post.in_reply_to.id!r} is no post on Matrix")
        self._check_limits(post)
        plan = Plan.of(post, key=key, device=self._device, home=self._home)
        if plan is None:
            words = "Matrix has no public timeline: say in which room posts appear, with `home: '#room:server'`"
            raise self._error(Unsupported, words)
        return plan.stored()

    def _check_limits(self, post: Post) -> None:
        limits = self._capabilities.limits
        if not fits(post.text, limits.text):
            raise self._error(TooLong, f"the text is over {limits.text[0].length} {limits.text[0].rule}")
        media = limits.media
        if media is None or not post.media:
            return
        try:
            glance(post.media, media)
        except MediaRefused as refused:
            raise self._error(MediaRefused, str(refused)) from None

    # One try ---------------------------------------------------------------------------------------------------------

    async def publish(self, attempt: Attempt) -> Receipt:
        """Make one try."""
        clock = asyncio.get_running_loop().time
        ends = clock() + self._capabilities.publish_deadline.total_seconds()

        def left() -> timedelta:
            return timedelta(seconds=ends - clock())

        plan, post = Plan.read(attempt.prepared), attempt.post
        # The server counts bytes of the whole event; that our own count holds is for us to see to.
        self._check_limits(post)
        self._check_device(attempt, plan)
        progress = Progress.read(attempt.state) or Progress()
        answered = await self._answered(post)
        if not progress.room:
            room = await self._places.room_for(plan, post)
            progress = msgspec.structs.replace(progress, room=room)
            if room != plan.room:
                await attempt.checkpoint(progress.stored())
        if post.media and progress.attached is None:
            progress = msgspec.structs.replace(progress, attached=await self._upload(post.media[0], left()))
            await attempt.checkpoint(progress.stored())
        if answered is not None and answered[0] != progress.room:
            answered = None  # a private answer to something that was said elsewhere stands alone
        if left() <= timedelta(0):
            raise self._error(Unavailable, "the server took too long before the message could be sent")
        content = compose(
            post.text,
            key=plan.transaction,
            me=self._me,
            style=self._style,
            answered=None if answered is None else answered[1],
            attached=progress.attached,
            opens_thread=self._style.threads and post.direct_to is None,
        )
        event = await self._api.send(
            progress.room, "m.room.message", plan.transaction, content, effect=Effect.KEYED, deadline=left()
        )
        sent_at = await self._sent_at(progress.room, event)
        return Receipt(key=attempt.key, ref=reference(progress.room, event, me=self._me), published_at=sent_at)

    def _check_device(self, attempt: Attempt, plan: Plan) -> None:
        """Refuse to lean on a transaction id of another device: the server would not know it (client-server API,
        "Transaction identifiers"). Only a look that found nothing frees the way."""
        if attempt.number == 1 or plan.device == self._device or self._reading_back.is_absent(plan):
            return
        words = "the account signed in as another device since the first try, so its transaction id proves nothing"
        raise self._error(OutcomeUnknown, words)

    async def _answered(self, post: Post) -> tuple[str, Answered] | None:
        """Look up what is answered: who wrote it, in which thread it stands, and that it is still there. A homeserver
        takes an answer to anything, a redacted message or none at all."""
        where = place(post.in_reply_to) if post.in_reply_to is not None else None
        if where is None:
            return None
        room, event_id = where
        event = await self._api.event(room, event_id)
        if event.is_redacted:
            raise self._error(TargetGone, "what it answers was deleted")
        return room, Answered(event=event_id, sender=event.sender, thread=_thread_of(event))

    async def _upload(self, media: Media, left: timedelta) -> Attached:
        try:
            file = await load(media)
            url = await self._api.upload(file.content, media_type=file.media_type, name=name(file), deadline=left)
        except (MediaRefused, TooLong, Forbidden) as refused:
            raise self._error(MediaRefused, str(refused)) from None
        return Attached(url=url, alt=file.alt, media_type=file.media_type, name=name(file), info=info(file))

    async def _sent_at(self, room: str, event: str) -> datetime:
        """Return when the server says that it took the event. It took it: if that cannot be asked, it was just now."""
        try:
            return moment((await self._api.event(room, event, deadline=AFTERWARDS)).origin_server_ts)
        except (AdapterError, ValueError):
            return self._now()

    def _error(self, kind: type[AdapterError], words: str) -> AdapterError:
        return self._api.http.error(kind, words)


def _thread_of(event: WireEvent) -> str | None:
    try:
        relation = MESSAGES.decode(event.content).relates_to
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    return relation.event_id if relation.rel_type == "m.thread" else None
