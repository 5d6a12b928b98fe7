"""What is known of one room: kept up to date by the state events that pass by."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec

from greenroom_adapters.contract import Author, Room, Trust
from greenroom_adapters.matrix.wire import MEMBERS, STATES, WireSummary

__all__ = ["PAIR", "Powers", "RoomFacts"]

REDACTING_POWER = 50
"""What taking down messages of others needs, where a room does not say (client-server API, `m.room.power_levels`)."""
MOST_POWER = 2**53 - 1
"""Stands for the power of a creator, which is above every level."""
PAIR = 2
"""How many are in a conversation that is direct."""

EARLIER_VERSIONS = frozenset(str(number) for number in range(1, 12))
"""Room versions in which creating a room gives no power of its own; from 12 on it gives more than any level."""

Level = int | float | str
"""A number; before room version 10 also a text that holds one."""


class WirePowers(msgspec.Struct, frozen=True):
    users: dict[str, Level] = {}
    users_default: Level = 0
    events: dict[str, Level] = {}
    events_default: Level = 0
    redact: Level = REDACTING_POWER


class WireCreate(msgspec.Struct, frozen=True):
    room_version: str = "1"
    additional_creators: tuple[str, ...] = ()


class WireName(msgspec.Struct, frozen=True):
    name: str = ""


class WireTombstone(msgspec.Struct, frozen=True):
    replacement_room: str = ""


class WireAlias(msgspec.Struct, frozen=True):
    alias: str | None = None


POWERS = msgspec.json.Decoder(WirePowers)
CREATES = msgspec.json.Decoder(WireCreate)
NAMES = msgspec.json.Decoder(WireName)
TOMBSTONES = msgspec.json.Decoder(WireTombstone)
ALIASES = msgspec.json.Decoder(WireAlias)


@dataclass(frozen=True, slots=True, kw_only=True)
class Powers:
    """Who may do how much in a room."""

    users: Mapping[str, int] = field(default_factory=dict[str, int])
    users_default: int = 0
    to_write: int = 0
    """What sending `m.room.message` needs."""
    to_take_down: int = REDACTING_POWER
    """What redacting messages of others needs."""


@dataclass(slots=True, kw_only=True)
class RoomFacts:
    """One room that the account is in."""

    id: str
    name: str = ""
    alias: str = ""
    """Its canonical alias, as its moderators set it; `alias_is_true` says whether the alias leads here."""
    alias_is_true: bool | None = None
    """None: not asked yet. A room can claim any alias, and what owners write about rooms goes by the alias."""
    encrypted: bool = False
    replaced_by: str = ""
    """The room that took its place when it was upgraded."""
    joined: int | None = None
    invited: int = 0
    heroes: tuple[str, ...] = ()
    creators: frozenset[str] = frozenset()
    """Who created it, where that gives power above every level."""
    created_by: str = ""
    powers: Powers = field(default_factory=Powers)
    names: dict[str, str] = field(default_factory=dict[str, str])
    """Display names of those who were seen."""
    direct_with: str | None = None
    """The other one, where the account's direct conversations (`m.direct`) list this room."""

    @property
    def is_direct(self) -> bool:
        """Whether it is a conversation of two. A third person, once invited, makes a room of it, whatever
        `m.direct` says: an answer there is heard by more than one."""
        return self.direct_with is not None and (self.joined is None or self.joined + self.invited <= PAIR)

    @property
    def title(self) -> str:
        """What owners may call it in their files: the canonical alias when it leads here, else the name.

        A name never looks like an alias or an id: it is free text, and could be set to that of another room.
        """
        return self.alias if self.alias and self.alias_is_true else self.name.lstrip("#!")

    @property
    def shown(self) -> str:
        """What to call it before its owner."""
        return self.title or self.id

    def room(self) -> Room:
        """Return it as the contract knows it."""
        return Room(id=self.id, name=self.title)

    def power_of(self, user: str) -> float:
        """Return the power level of somebody."""
        if user in self.creators:
            return float("inf")
        return self.powers.users.get(user, self.powers.users_default)

    def may_write(self, user: str) -> bool:
        """Whether this person's messages are taken here."""
        return self.power_of(user) >= self.powers.to_write

    def author(self, user: str, *, is_bot: bool) -> Author:
        """Return somebody in this room. Power in a conversation of two proves nothing: whoever opens one has all.
        Elsewhere who may take down messages of others is a moderator."""
        power = self.power_of(user)
        is_moderator = not self.is_direct and power >= self.powers.to_take_down
        return Author(
            id=user,
            handle=user.removeprefix("@"),
            name=self.names.get(user, ""),
            is_bot=is_bot,
            trust=Trust.MODERATOR if is_moderator else Trust.ANYONE,
            power=None if self.is_direct else int(min(power, MOST_POWER)),
        )

    def learn(self, raw: bytes | msgspec.Raw) -> None:
        """Take in a state event. One that is malformed says nothing."""
        try:
            event = STATES.decode(raw)
            match event.type, event.state_key:
                case "m.room.member", str(user):
                    member = MEMBERS.decode(event.content)
                    if member.membership == "join":
                        self.names[user] = member.displayname or ""
                    else:
                        self.names.pop(user, None)
                case "m.room.name", "":
                    self.name = NAMES.decode(event.content).name
                case "m.room.canonical_alias", "":
                    alias = ALIASES.decode(event.content).alias or ""
                    if alias != self.alias:
                        self.alias, self.alias_is_true = alias, None
                case "m.room.encryption", "":
                    self.encrypted = True
                case "m.room.tombstone", "":
                    self.replaced_by = TOMBSTONES.decode(event.content).replacement_room
                case "m.room.power_levels", "":
                    self.powers = _powers(POWERS.decode(event.content))
                case "m.room.create", "":
                    create = CREATES.decode(event.content)
                    self.created_by = event.sender
                    if create.room_version not in EARLIER_VERSIONS:
                        self.creators = frozenset({event.sender, *create.additional_creators})
                case _:
                    pass
        except (msgspec.DecodeError, UnicodeDecodeError, ValueError):
            return

    def count(self, summary: WireSummary) -> None:
        """Take in how many are here."""
        if summary.joined is not None:
            self.joined = summary.joined
        if summary.invited is not None:
            self.invited = summary.invited
        if summary.heroes is not None:
            self.heroes = summary.heroes


def _powers(wire: WirePowers) -> Powers:
    return Powers(
        users={user: int(level) for user, level in wire.users.items()},
        users_default=int(wire.users_default),
        to_write=int(wire.events.get("m.room.message", wire.events_default)),
        to_take_down=max(int(wire.redact), int(wire.events.get("m.room.redaction", wire.events_default))),
    )
