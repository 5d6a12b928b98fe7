"""Finds the room that a post goes to: by id, alias or name, or the direct conversation with a person."""

from collections.abc import Awaitable, Callable

from greenroom_adapters.contract import AdapterError, Forbidden, Post, TargetGone
from greenroom_adapters.matrix.api import Api
from greenroom_adapters.matrix.invites import Invites
from greenroom_adapters.matrix.plan import Plan
from greenroom_adapters.matrix.references import place
from greenroom_adapters.matrix.rooms import Rooms
from greenroom_adapters.matrix.wire import WireSync

__all__ = ["Places"]


class Places:
    """The rooms of one account, as places to speak in."""

    def __init__(
        self, api: Api, rooms: Rooms, invites: Invites, *, me: str, survey: Callable[[], Awaitable[WireSync]]
    ) -> None:
        self._api = api
        self._rooms = rooms
        self._invites = invites
        self._me = me
        self._survey = survey

    async def room_for(self, plan: Plan, post: Post) -> str:
        """Return the id of the room; a direct conversation that is not there yet is begun.

        :raises PostRejected: there is no such room, or no such person
        """
        if post.direct_to is not None:
            return await self._conversation_with(post.direct_to, post)
        return await self.room_called(plan.room)

    async def room_called(self, name: str) -> str:
        """Return the room with this id or alias, or the only one of ours with this name."""
        if name.startswith("!"):
            return name
        if name.startswith("#"):
            try:
                return await self._api.room_of(name)
            except TargetGone:
                raise self._error(Forbidden, f"there is no room {name}") from None
        await self._survey()
        match self._rooms.called(name):
            case [room]:
                return room.id
            case []:
                raise self._error(Forbidden, f"the account is in no room called {name!r}")
            case _:
                raise self._error(Forbidden, f"several rooms are called {name!r}: say which by its id or alias")

    async def _conversation_with(self, person: str, post: Post) -> str:
        where = place(post.in_reply_to) if post.in_reply_to is not None else None
        if where is not None and self._is_with(where[0], person):
            return where[0]
        # What was learnt while listening may be old, or nothing when nobody listens.
        everything = await self._survey()
        await self._invites.answer(everything.rooms.invite, me=self._me)
        if where is not None and self._is_with(where[0], person):
            return where[0]
        known = self._rooms.conversation_with(person)
        if known is not None:
            return known.id
        # A room that was made for an earlier try, whose answer was lost, is taken instead of a second one.
        made = self._rooms.unlisted_conversation_with(person, me=self._me)
        room = made.id if made is not None else await self._api.create_direct(person)
        await self._invites.list_as_direct(room, person, me=self._me)
        return room

    def _is_with(self, room: str, person: str) -> bool:
        if room not in self._rooms:
            return False
        facts = self._rooms.of(room)
        return facts.is_direct and facts.direct_with == person

    def _error(self, kind: type[AdapterError], words: str) -> AdapterError:
        return self._api.http.error(kind, words)
