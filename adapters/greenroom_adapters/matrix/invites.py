"""Which invitations are accepted, and what becomes of them."""

import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import msgspec

from greenroom_adapters.contract import PostRejected, RateLimited, Unavailable
from greenroom_adapters.matrix.api import ENTERED, Api
from greenroom_adapters.matrix.references import server_of
from greenroom_adapters.matrix.room import RoomFacts
from greenroom_adapters.matrix.rooms import Rooms
from greenroom_adapters.matrix.settings import MatrixSettings
from greenroom_adapters.matrix.wire import ENTERED_ROOMS, MEMBERS, STATES, WireInvited

__all__ = ["Invitation", "Invites", "invitations"]

logger = logging.getLogger(__name__)

MOST = 1000
"""Open invitations, and rooms that were told of, that are remembered."""
FIRST_WAIT, LONGEST_WAIT = 10.0, 3600.0
"""Seconds until a room that could not be entered is tried again: twice as long after each try."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """Somebody wants the account in a room."""

    room: str
    by: str
    is_direct: bool


def invitations(invited: Mapping[str, WireInvited], *, me: str) -> Iterator[Invitation]:
    """Yield what can be understood of the invitations in an answer of `/sync`."""
    for room, said in invited.items():
        for raw in said.invite_state.events:
            try:
                event = STATES.decode(raw)
                if event.type == "m.room.member" and event.state_key == me:
                    member = MEMBERS.decode(event.content)
                    if member.membership == "invite":
                        yield Invitation(room=room, by=event.sender, is_direct=member.is_direct)
            except (msgspec.DecodeError, UnicodeDecodeError):
                continue


@dataclass(slots=True)
class _Open:
    """An invitation that is to be accepted and is not yet."""

    invitation: Invitation
    failures: int = 0
    not_before: float = 0.0
    """When it is tried again, on the clock of `Invites`."""


class Invites:
    """Accepts invitations as the owner says. The others stay open, for the owner to see and to accept by hand."""

    def __init__(
        self, settings: MatrixSettings, api: Api, rooms: Rooms, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """`clock` tells seconds from any beginning, and never goes back."""
        self._settings = settings
        self._api = api
        self._rooms = rooms
        self._clock = clock
        self._as_direct: set[str] = set()
        """Rooms that were entered for no other reason than that they are said to be direct; also in the account's
        data, so that it is known over restarts."""
        self._open: dict[str, _Open] = {}
        """By room."""
        self._told: dict[str, None] = {}
        """Rooms of which was said that the invitation stays open."""

    def learn_account_data(self, raws: Sequence[msgspec.Raw]) -> None:
        """Take in which rooms were entered because they were said to be direct, if that is among the changed data."""
        for raw in raws:
            try:
                event = STATES.decode(raw)
                if event.type == ENTERED:
                    self._as_direct = set(ENTERED_ROOMS.decode(event.content).rooms)
            except (msgspec.DecodeError, UnicodeDecodeError):
                continue

    def accepts(self, invitation: Invitation) -> bool:
        """Tell whether an invitation is accepted."""
        return self._is_listed(invitation.by) or (invitation.is_direct and self._settings.direct)

    async def answer(self, invited: Mapping[str, WireInvited], *, me: str) -> list[Invitation]:
        """Accept what is to be accepted; return what stays open and was not returned before. An invitation that was
        taken back meanwhile is no error.

        When the server does not let us in anywhere now (servers limit how often somebody may join), all of them wait
        for the next time. A room that cannot be entered now, because the server that it is on is away, waits by itself,
        longer after each try: those by people whom the owner lists are tried first, and of the others one that fails
        ends the round, so whoever sends many of them holds up nothing else.
        """
        stay_open: list[Invitation] = []
        for invitation in invitations(invited, me=me):
            if self.accepts(invitation):
                self._keep(invitation)
            elif invitation.room not in self._told:
                _remember(self._told, invitation.room)
                stay_open.append(invitation)
                logger.info("an invitation by somebody who is not in `invites` stays open")
        now = self._clock()
        due = [one for one in self._open.values() if one.not_before <= now]
        for one in sorted(due, key=lambda one: not self._is_listed(one.invitation.by)):
            invitation = one.invitation
            try:
                await self._accept(invitation, me=me)
            except PostRejected as refused:
                logger.warning("an invitation could not be accepted: %s", refused)
            except RateLimited as error:
                logger.info("invitations wait: %s", error)
                return stay_open
            except Unavailable as error:
                logger.info("an invitation waits: %s", error)
                one.not_before = self._clock() + min(LONGEST_WAIT, FIRST_WAIT * 2.0 ** min(one.failures, 20))
                one.failures += 1
                if self._is_listed(invitation.by):
                    continue
                return stay_open
            self._open.pop(invitation.room, None)
        return stay_open

    async def enter(self, room: str) -> None:
        """Accept an invitation by hand."""
        await self._api.join(room)
        self._rooms.of(room)
        self._told.pop(room, None)

    def _keep(self, invitation: Invitation) -> None:
        known = self._open.get(invitation.room)
        if known is not None and known.invitation == invitation:
            return
        self._open[invitation.room] = _Open(invitation)
        if len(self._open) > MOST:
            # the server names it again when we ask anew, so what is left out comes at the next start
            strangers = (room for room, one in self._open.items() if not self._is_listed(one.invitation.by))
            del self._open[next(strangers, next(iter(self._open)))]

    async def _accept(self, invitation: Invitation, *, me: str) -> None:
        # Listed first: whatever ends us between the two, what is said there is heard as said to the bot alone, and the
        # room is left again when that was a lie.
        if invitation.is_direct:
            await self.list_as_direct(invitation.room, invitation.by, me=me)
            if not self._is_listed(invitation.by):
                await self._entered(self._as_direct | {invitation.room}, me=me)
        await self._api.join(invitation.room)
        self._rooms.of(invitation.room)

    async def _entered(self, rooms: set[str], *, me: str) -> None:
        if rooms != self._as_direct:
            await self._api.set_entered(me, rooms)
            self._as_direct = rooms

    async def list_as_direct(self, room: str, person: str, *, me: str) -> None:
        """Put a room onto the account's list of direct conversations. The list is read anew before, because the
        owner's own client writes it as well."""
        direct = await self._api.direct(me)
        if room not in direct.get(person, ()):
            direct = {**direct, person: (*direct.get(person, ()), room)}
            await self._api.set_direct(me, direct)
        self._rooms.learn_direct(direct)

    async def leave_when_crowded(self, room: RoomFacts, *, me: str) -> bool:
        """Leave a room that was said to be a direct conversation and is none; tell whether it was one of those.

        :raises Unavailable: the platform cannot be asked now
        """
        if room.id not in self._as_direct or room.is_direct:
            return False
        logger.warning("an invitation to a direct conversation led into a room of more than two: left it again")
        try:
            await self._api.leave(room.id)
        except PostRejected as refused:
            logger.warning("that room could not be left: %s", refused)
        direct = await self._api.direct(me)
        direct = {person: tuple(other for other in rooms if other != room.id) for person, rooms in direct.items()}
        await self._api.set_direct(me, direct)
        self._rooms.learn_direct(direct)
        await self._entered(self._as_direct - {room.id}, me=me)
        return True

    def _is_listed(self, person: str) -> bool:
        return person in self._settings.invites or server_of(person) in self._settings.invites


def _remember(names: dict[str, None], name: str) -> None:
    """Note a name, and forget the oldest where there are too many: it is told once more then."""
    names[name] = None
    if len(names) > MOST:
        del names[next(iter(names))]
