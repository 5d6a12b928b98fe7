"""Places on an account, and people on its platform."""

import re
from dataclasses import dataclass

from greenroom.settings.spelling.grammar import Spelling, SpellingError, quoted, trimmed
from greenroom_adapters.contract import Author

__all__ = ["PERSON", "PLACE", "Person", "Place"]

_ROLE, _POWER = "role:", "power:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """An account's public timeline and direct conversations, or one of its rooms."""

    account: str
    """Name of the account in the bot file."""
    room: str | None = None
    """Platform id or name of the room; None: the whole account."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody on the platform of one account."""

    account: str
    """Name of the account in the bot file."""
    who: str
    """A stable id, or a handle with its leading @; or all with a role, `role:NAME-or-id`, or a power level, `power:50`.
    Never a display name."""

    @property
    def role(self) -> str | None:
        """The role that everybody has who is meant; None: a person is meant."""
        return self.who[len(_ROLE) :].strip() if self.who.startswith(_ROLE) else None

    @property
    def power(self) -> int | None:
        """The power that everybody has who is meant; None: a person is meant."""
        return int(self.who[len(_POWER) :]) if self.who.startswith(_POWER) else None

    def is_author(self, author: Author) -> bool:
        """Tell whether `author`, met on the account `self.account`, is this person.

        A text without @ is compared with the stable id alone: anybody may choose a handle that looks like an id.
        """
        if (role := self.role) is not None:
            return role in author.roles
        if (power := self.power) is not None:
            return author.power is not None and author.power >= power
        if author.id == self.who:
            return True
        return self.who.startswith("@") and author.handle.casefold() == self.who[1:].casefold()


def _read_place(value: object) -> Place:
    account, slash, room = (part.strip() for part in trimmed(value, "home or home/lounge").partition("/"))
    if not account or (slash and not room):
        raise SpellingError(f"{quoted(value)} is not a place: write an account, or account/room like home/lounge")
    return Place(account=account, room=room or None)


def _write_place(value: Place) -> str:
    return value.account if value.room is None else f"{value.account}/{value.room}"


def _read_person(value: object) -> Person:
    text = trimmed(value, "home/@maria")
    account, _, who = (part.strip() for part in text.partition("/"))
    if not account or not who.strip("@"):
        raise SpellingError(f"{quoted(text)} is not a person: write account/@handle or account/id, like home/@maria")
    if who.startswith("@") and re.search(r"[\s,]", who):
        raise SpellingError(f"{quoted(text)} is more than one person: write one, like home/@maria")
    if who.startswith(_ROLE) and not who[len(_ROLE) :].strip():
        raise SpellingError(f"{quoted(text)}: which role? write it like discord/role:Mods")
    if who.startswith(_POWER):
        if re.fullmatch(r"[0-9]{1,9}", level := who[len(_POWER) :].strip()) is None:
            raise SpellingError(f"{quoted(text)}: a power level is a number: write it like matrix/power:50")
        who = f"{_POWER}{level}"
    return Person(account=account, who=who)


PLACE = Spelling(
    means=Place,
    read=_read_place,
    write=_write_place,
    schema={"type": "string", "minLength": 1, "examples": ["home", "home/lounge"]},
)
"""`account` or `account/room`."""

PERSON = Spelling(
    means=Person,
    read=_read_person,
    write=lambda person: f"{person.account}/{person.who}",
    schema={"type": "string", "pattern": r"^[^/]+/.+$", "examples": ["home/@maria", "x/2244994945"]},
)
"""`account/@handle` or `account/id`; where a group may stand, `account/role:NAME-or-id` or `account/power:50`."""
