"""What a ledger keeps beside turns, as it is read back."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from greenroom.storage.turn import Due, State
from greenroom_adapters.contract import Room, Surface

__all__ = [
    "AgendaItem",
    "Command",
    "JournalEntry",
    "KeptFile",
    "Outlay",
    "Past",
    "PersonKept",
    "PersonaVersion",
    "Published",
    "ScheduleMark",
    "SpendRow",
    "Stopped",
    "StoredPost",
    "Strayed",
]


class AgendaItem(msgspec.Struct, frozen=True, kw_only=True):
    """A single post for a time to come: somebody put it down, or it was brought from a feed, a folder or a calendar."""

    id: int
    """0 before it is stored."""
    due: int
    """Microseconds since 1970."""
    late: int
    """Microseconds after `due` in which it is still worth posting."""
    account: str
    event: Due


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """What somebody typed beside the running bot."""

    id: int
    name: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalEntry:
    """One remarkable moment of a turn or of the bot, in words."""

    id: int
    """Grows from entry to entry, and is never given twice."""
    at: int
    seq: int | None
    what: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptFile:
    """One of the owner's files as it was when it was valid last."""

    role: str
    """What it is to the bot: `bot`, `persona`, `script`, or the table of a post."""
    path: Path
    body: bytes
    version: str
    """Hash (sha256, hexadecimal) of `body`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonaVersion:
    """One version of a bot's persona: what stood in its file, and what was said with it."""

    version: str
    """Hash (sha256, hexadecimal) of the file."""
    body: bytes | None
    """What stood in it; None: it was used before versions were kept."""
    since: int
    """When it was in force for the first time, in microseconds since 1970."""
    until: int
    """When it was last put in force, or last spoke."""
    turns: int
    """Turns for which an engine was asked with it."""
    cost: int
    """What its engines cost, in millionths of a US dollar, open reservations included."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpendRow:
    """One paid call."""

    at: int
    turn: str
    model: str
    reserved: int
    settled: int | None
    """None: nobody knows yet what came of it, so all that was reserved counts."""
    account: str = ""
    seq: int = 0
    """The turn that it served; 0: none, or it is not known."""
    person: str = ""
    """Pseudonym of who asked for it, see `Ledger.pseudonym`; empty: nobody did."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlay:
    """Paid calls that have all of these in common."""

    account: str
    """Empty: not known."""
    kind: str
    """Of the events that they served; empty: they served none, or it is not known."""
    rule: str
    """That brought them."""
    person: str
    """Pseudonym of who asked for them; empty: nobody did, or it was not noted then."""
    handle: str | None
    """What he is called; None: nobody, or he is forgotten."""
    model: str
    calls: int
    micros: int
    """Millionths of a dollar; open reservations count whole."""
    open_calls: int
    """So many of them have no known outcome."""
    open_micros: int
    """So much of it is theirs."""
    first: int
    """When the earliest was made, in microseconds since 1970."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonKept:
    """Somebody of whom texts are kept."""

    person: str
    handle: str
    """What he was called last."""
    turns: int
    """So many hold something of him."""
    waiting: int
    """So many of those wait for a person: held, of unknown outcome, or dead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """One post that is out."""

    account: str
    post_id: str
    url: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleMark:
    """How far a schedule has been looked at."""

    name: str
    until: int | None
    """Microseconds since 1970: everything due up to here is decided; None: nothing ever was."""
    form: str
    """What its periods are; under another form they have other names."""
    present: bool
    """It stands in the file; False: it vanished, and is remembered in case it returns."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """What remains to be known of a turn that spoke, or may have: enough to count by."""

    seq: int
    account: str
    lane: str
    kind: str
    surface: Surface
    person: str | None
    """Stable id of whom it answers; None: nobody, or it was forgotten."""
    post_id: str | None
    """The platform post that it answers."""
    state: State
    changed: int
    room: Room | None = None
    """Where it stands; None: in none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stopped:
    """Somebody who wants to be left alone."""

    platform: str
    person: str
    """His stable id there."""
    handle: str
    """What he was called when he said so."""
    at: int
    """Microseconds since 1970."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredPost:
    """A post of which a turn still keeps the words."""

    seq: int
    account: str
    kind: str
    post_id: str
    rests: bool
    """No work is to be done on the turn, and nobody holds it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Strayed:
    """A ledger that is not where it ran last."""

    why: str
    """How that is known, in words for its owner."""
    packed: int | None
    """When it was packed to be moved, after which it ran nowhere (microseconds since 1970); None: it is a copy, and
    the other one may have gone on."""
