"""What can be done beside posting: take down, change, react, count, and read what was said above."""

import secrets
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, suppress
from datetime import timedelta

import msgspec

from greenroom_adapters.contract import (
    AdapterError,
    Metrics,
    PostRef,
    PostRejected,
    TargetGone,
    ThreadPost,
    Unsupported,
)
from greenroom_adapters.matrix.api import Api
from greenroom_adapters.matrix.errors import AlreadyThere
from greenroom_adapters.matrix.mapping import LIKE
from greenroom_adapters.matrix.reading import Context
from greenroom_adapters.matrix.references import place
from greenroom_adapters.matrix.room import RoomFacts
from greenroom_adapters.matrix.rooms import Rooms
from greenroom_adapters.matrix.speech import thread_post
from greenroom_adapters.matrix.wire import EVENTS, MESSAGES, WireEvent
from greenroom_adapters.matrix.writing import TEXT_LIMIT, edit
from greenroom_adapters.text import fits

__all__ = ["Acting"]

CONTENTS = msgspec.json.Decoder(dict[str, object])
TYPING_LASTS = timedelta(seconds=10)
"""How long the sign that we are writing stays: it is asked for, and ends so soon after the answer at the latest."""
COUNTED = 100
"""Pages of reactions that are counted; no post of a bot has more."""


class Acting:
    """The hands of one account."""

    def __init__(self, api: Api, rooms: Rooms, *, context: Callable[[], Context]) -> None:
        self._api = api
        self._rooms = rooms
        self._context = context

    async def delete(self, ref: PostRef) -> str:
        """Redact the event and return its id. Redacting one that is gone is no error."""
        room, event = self._where(ref)
        with suppress(TargetGone):
            await self._api.redact(room, event, _new_transaction())
        return event

    async def edit(self, ref: PostRef, text: str) -> None:
        """Replace the text of the event."""
        if not fits(text, (TEXT_LIMIT,)):
            raise self._error(Unsupported, "the text is over the limit")
        room, event = self._where(ref)
        original = CONTENTS.decode((await self._standing(room, event)).content)
        await self._api.send(room, "m.room.message", _new_transaction(), edit(event, original, text))

    async def react(self, ref: PostRef, reaction: str) -> None:
        """Annotate the event; a like is a thumb up."""
        room, event = self._where(ref)
        await self._standing(room, event)
        key = LIKE if reaction == "like" else reaction
        content = {"m.relates_to": {"rel_type": "m.annotation", "event_id": event, "key": key}}
        try:
            await self._api.send(room, "m.reaction", _new_transaction(), content)
        except AlreadyThere:
            return

    async def show_typing(self, ref: PostRef) -> timedelta:
        """Show that we are writing, in the room of the event."""
        room, _ = self._where(ref)
        await self._api.show_typing(room, self._context().me, TYPING_LASTS)
        return TYPING_LASTS

    async def metrics(self, ref: PostRef) -> Metrics:
        """Count the people who reacted, whatever with. Answers are not counted: the server lists only threads."""
        room, event = self._where(ref)
        await self._standing(room, event)
        people: set[str] = set()
        async with aclosing(self._relations(room, event, "m.annotation")) as reactions:
            async for reaction in reactions:
                people.add(reaction.sender)
        return Metrics(likes=len(people - {self._context().me}))

    async def thread(self, ref: PostRef, *, limit: int) -> tuple[ThreadPost, ...]:
        """Return what was said above the event: in a thread its root and what came before, elsewhere what is
        answered, and what that answers. The newest `limit` of them, oldest first; a gap ends it."""
        room, name = self._where(ref)
        event = await self._api.event(room, name)
        above: list[WireEvent] = []
        try:
            while len(above) < limit:
                relation = MESSAGES.decode(event.content).relates_to
                if relation.rel_type == "m.thread" and relation.event_id is not None:
                    left = limit - len(above)
                    above += await self._in_thread(room, relation.event_id, before=event.event_id, limit=left)
                    break
                if relation.in_reply_to is None:
                    break
                event = await self._api.event(room, relation.in_reply_to.event_id)
                if event.is_redacted or event.type != "m.room.message":
                    break
                above.append(event)
        except (PostRejected, msgspec.DecodeError):
            pass  # what cannot be seen or read is a gap
        facts = self._rooms.of(room) if room in self._rooms else RoomFacts(id=room)
        posts: list[ThreadPost] = []
        for told in above[:limit]:
            try:
                posts.append(thread_post(told, facts, self._context()))
            except (msgspec.DecodeError, ValueError):
                break
        return tuple(reversed(posts))

    async def _in_thread(self, room: str, root: str, *, before: str, limit: int) -> list[WireEvent]:
        """Return what stands above an event in its thread, newest first, at most `limit`; the root is the last."""
        found: list[WireEvent] = []
        is_above = False
        async with aclosing(self._relations(room, root, "m.thread")) as told:
            async for event in told:
                if len(found) == limit or (is_above and event.is_redacted):
                    return found
                if is_above and event.type == "m.room.message":
                    found.append(event)
                is_above |= event.event_id == before
        begun = await self._api.event(room, root)
        return found if begun.is_redacted or len(found) == limit else [*found, begun]

    async def _relations(self, room: str, event: str, kind: str) -> AsyncGenerator[WireEvent, None]:
        token: str | None = None
        for _ in range(COUNTED):
            page = await self._api.relations(room, event, kind, before=token)
            for raw in page.chunk:
                yield EVENTS.decode(raw)
            token = page.next_batch
            if token is None:
                return

    async def _standing(self, room: str, event: str) -> WireEvent:
        """Return the event, which must still stand: a homeserver relates anything to what was deleted."""
        found = await self._api.event(room, event)
        if found.is_redacted:
            raise self._error(TargetGone, "it was deleted")
        return found

    def _where(self, ref: PostRef) -> tuple[str, str]:
        where = place(ref)
        if where is None:
            raise self._error(TargetGone, f"{ref.id!r} is no post on Matrix")
        return where

    def _error(self, kind: type[AdapterError], words: str) -> AdapterError:
        return self._api.http.error(kind, words)


def _new_transaction() -> str:
    """Return a transaction id of its own: these acts may be done twice, but each must be done."""
    return f"greenroom-{secrets.token_hex(16)}"
