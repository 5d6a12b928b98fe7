"""Rooms and servers of strangers: whoever takes the bot there, it says and spends nothing until its owner decides."""

import enum
from dataclasses import dataclass
from typing import Self

from greenroom.clock import Clock, to_micros
from greenroom.storage import Ledger
from greenroom_adapters.contract import InvitationReceived, Room

__all__ = ["Standing", "Stranger", "Strangers", "Wish", "read_beginnings", "read_strangers"]

FACT = "place:"
"""Beginning of the facts that keep how the bot stands to a place."""
MOST_INVITATIONS = 200
"""So many invitations on an account wait for its owner at the most; anybody can send one."""
_BEGAN = "began:"
"""Beginning of the facts that keep when an account was first listened to: where it was by then, its owner took it."""


class Standing(enum.StrEnum):
    """How the bot stands to a room or server that its file does not cover."""

    ASKED = "asked"
    """Its owner was asked."""
    STAY = "stay"
    """It answers there who addresses it."""
    LISTEN = "listen"
    """It stays, and says nothing."""
    LEAVE = "leave"
    """It goes, whenever somebody takes it there."""


class Wish(enum.Enum):
    """What is to be done about an invitation."""

    NOTHING = enum.auto()
    ASK = enum.auto()
    ENTER = enum.auto()
    LEAVE = enum.auto()


@dataclass(frozen=True, slots=True)
class Stranger:
    """One such place."""

    standing: Standing
    is_in: bool
    """The account is there; False: it is only invited."""
    name: str

    @classmethod
    def read(cls, fact: str) -> Self:
        """Return what is kept in a fact."""
        standing, is_in, name = fact.split(" ", 2)
        return cls(Standing(standing), is_in == "in", name)

    @property
    def fact(self) -> str:
        """What is kept of it."""
        return f"{self.standing} {'in' if self.is_in else 'invited'} {self.name}"


class Strangers:
    """Knows the places of strangers on all accounts of a bot, over restarts."""

    def __init__(self, ledger: Ledger, clock: Clock) -> None:
        self._ledger = ledger
        self._clock = clock
        self.places: dict[tuple[str, str], Stranger] = {}
        """(account, room or server) → how the bot stands to it."""
        self._began: dict[str, int] = {}

    async def load(self) -> None:
        """Read what is known."""
        self.places = await read_strangers(self._ledger)
        self._began = await read_beginnings(self._ledger)

    def begin(self, account: str) -> None:
        """Hear that an account is about to be listened to; noted, with the next commit, for the first time."""
        if account not in self._began:
            self._began[account] = self._clock.micros()
            self._ledger.remember(f"{_BEGAN}{account}", str(self._began[account]))

    def standing(self, account: str, room: Room) -> Standing | None:
        """Return how the bot stands to a room, or to its server; None: it is nobody's but its owner's."""
        found = self.places.get((account, room.id)) or self.places.get((account, room.server))
        return None if found is None else found.standing

    def meet(self, account: str, event: InvitationReceived, *, is_covered: bool) -> Wish:
        """Hear that somebody wants the bot somewhere; say what is to be done. What the owner's file, or an invitation
        of his own, covers needs no question; he is asked once about each other place."""
        known = self.places.get((account, event.room.id))
        if known is not None:
            if known.is_in is not event.is_in and known.standing is not Standing.LEAVE:
                self._keep(account, event.room.id, Stranger(known.standing, event.is_in, known.name))
            if known.standing is Standing.LEAVE:
                return Wish.LEAVE
            return Wish.ENTER if known.standing is not Standing.ASKED and not event.is_in else Wish.NOTHING
        if event.is_in and to_micros(event.occurred_at) <= self._began.get(account, 0):
            return Wish.NOTHING
        if is_covered:
            return Wish.NOTHING if event.is_in else Wish.ENTER
        return Wish.ASK if event.is_in or self._open_invitations(account) < MOST_INVITATIONS else Wish.NOTHING

    def _open_invitations(self, account: str) -> int:
        return sum(
            where == account and one.standing is Standing.ASKED and not one.is_in
            for (where, _), one in self.places.items()
        )

    def asked(self, account: str, event: InvitationReceived) -> None:
        """Note, with the next commit, that the owner is asked."""
        self._keep(account, event.room.id, Stranger(Standing.ASKED, event.is_in, event.room.name))

    def decide(self, account: str, place: str, standing: Standing) -> None:
        """Note, with the next commit, what the owner wants."""
        known = self.places.get((account, place), Stranger(Standing.ASKED, True, ""))
        self._keep(account, place, Stranger(standing, standing is not Standing.LEAVE, known.name))

    def knows(self, account: str, place: str) -> bool:
        """Say whether the room or server with this id is one of them."""
        return (account, place) in self.places

    def is_invited(self, account: str, place: str) -> bool:
        """Say whether the account is only invited there."""
        known = self.places.get((account, place))
        return known is not None and not known.is_in

    def _keep(self, account: str, place: str, stranger: Stranger) -> None:
        self.places[account, place] = stranger
        self._ledger.remember(f"{FACT}{account}/{place}", stranger.fact)


async def read_beginnings(ledger: Ledger) -> dict[str, int]:
    """Return account → when it was first listened to, in microseconds since 1970."""
    return {name.removeprefix(_BEGAN): int(value) for name, value in (await ledger.facts(_BEGAN)).items()}


async def read_strangers(ledger: Ledger) -> dict[tuple[str, str], Stranger]:
    """Return (account, room or server) → how the bot stands to it, for all places of strangers."""
    found: dict[tuple[str, str], Stranger] = {}
    for name, value in (await ledger.facts(FACT)).items():
        account, _, place = name.removeprefix(FACT).partition("/")
        found[account, place] = Stranger.read(value)
    return found
