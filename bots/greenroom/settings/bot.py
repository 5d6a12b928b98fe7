"""The bot file: what a bot answers and posts, on which accounts, with which engines, within which limits."""

import re
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, ClassVar, cast
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo
from pydantic.json_schema import WithJsonSchema

from greenroom.settings.answering import AnswerRule
from greenroom.settings.approve import Approve, ApproveWord
from greenroom.settings.document import Located
from greenroom.settings.engines import Engines
from greenroom.settings.model import FilePath, Model, Name, Reading, Text, Truth, complain, one_or_many, wrong
from greenroom.settings.names import nearest
from greenroom.settings.places import KnownPerson, Told
from greenroom.settings.posting import PostEntry
from greenroom.settings.provenance import Provenance
from greenroom.settings.rooms import RoomRule
from greenroom.settings.spelling import (
    MONEY_RATE,
    PERSON,
    RATE,
    SHARE,
    SPAN,
    Duration,
    Money,
    MoneyRate,
    Person,
    Rate,
    Span,
)
from greenroom.settings.store import StorePlace
from greenroom.settings.tools import Tool

__all__ = ["Account", "BotFile", "Limits", "People", "host_timezone"]


class Account(Model):
    """One account on one platform."""

    section: ClassVar[str] = "an account"
    short_for: ClassVar[str | None] = "platform"
    computed: ClassVar[frozenset[str]] = frozenset({"settings"})
    rest: ClassVar[str | None] = "settings"

    platform: Text
    """Name of the platform, for example `stage`."""
    live: Truth = True
    """false rehearses: it listens, and shows what it would publish."""
    settings: Mapping[str, Any] = Field(default_factory=dict)
    """The platform's own keys, checked and resolved by `greenroom.settings.accounts`."""


def _no_group(value: Person) -> Person:
    if value.role is not None or value.power is not None:
        raise wrong(f"`{PERSON.write(value)}` is a group: only `moderators` can be one. Write a person, home/@maria")
    return value


SinglePerson = Annotated[KnownPerson, AfterValidator(_no_group)]


class People(Model):
    """Whom the bot trusts, and whom it leaves alone."""

    section: ClassVar[str] = "`people`"

    owner: Annotated[tuple[SinglePerson, ...], one_or_many] = ()
    """May command the bot."""
    moderators: Annotated[tuple[KnownPerson, ...], one_or_many] = ()
    """May quiet the bot, send it away and undo what it said, each in the rooms that he keeps order in: a person, or all
    with a role (account/role:NAME-or-id) or a power level (account/power:50). None for an account: whoever may delete
    messages of others in a room."""
    blocked: Annotated[tuple[SinglePerson, ...], one_or_many] = ()
    """Are never answered."""


class Limits(Model):
    """What holds before money or reputation is spent."""

    section: ClassVar[str] = "`limits`"

    spend: Annotated[MoneyRate, MONEY_RATE] = MoneyRate(amount=Money(micros=1_000_000))
    """Money for each calendar day of the file's time zone."""
    spend_per_person: Annotated[float | MoneyRate, SHARE] = 0.1
    """How much of the day's money one person may cause by what he asks for: a percentage of it, or an amount."""
    posts: Annotated[Rate, RATE] | None = None
    """Posts of one account; what is over waits. None: 12/day, on a platform of this machine as many as wanted."""
    replies: Annotated[Rate, RATE] | None = None
    """Replies of one account; what is over waits, as long as the rule's `within` allows. None: 60/hour, on a platform
    of this machine as many as wanted."""
    replies_per_person: Annotated[Rate, RATE] | None = None
    """Replies to one person; what is over is left alone. None: 5/hour, on a platform of this machine as many as
    wanted."""
    replies_per_thread: Annotated[Rate, RATE] | None = None
    """Replies in one public thread; what is over is left alone. None: 10/day, on a platform of this machine as many
    as wanted."""
    quiet: Annotated[Span, SPAN] | None = None
    """Nothing is posted in this stretch of the day; due posts wait or are skipped as `late_ok` says."""

    @property
    def share(self) -> int:
        """What one person may cause on a day, in millionths of a dollar."""
        share = self.spend_per_person
        return share.amount.micros if isinstance(share, MoneyRate) else round(self.spend.amount.micros * share)


OFFSET = re.compile(r"(?:GMT|UTC|[A-Z]{3,4})? ?[+-]?\d{1,2}(?::?\d\d)?")
"""Hours from UTC instead of a place. `Etc/GMT+2` and `EST5EDT`, which the zone database has, were found before."""


def _zone(value: Any, info: ValidationInfo) -> ZoneInfo:
    if isinstance(value, ZoneInfo):
        return value
    if isinstance(value, str) and value not in ("", "localtime"):
        try:
            return ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            pass
    zones = available_timezones() - {"localtime", "posixrules", "Factory"}
    if isinstance(value, str) and OFFSET.fullmatch(value):
        raise wrong(f"`{value[:40]}` does not know summer from winter: write a place, like Europe/Lisbon")
    near = nearest(str(value), [zone.rpartition("/")[2] for zone in zones])
    meant = nearest(str(value), zones) or next((zone for zone in sorted(zones) if near and zone.endswith(near)), None)
    raise wrong(
        f"`{str(value)[:40]}` is not a time zone. "
        + (f"Did you mean `{meant}`?" if meant else "Write one like Europe/Lisbon, America/New_York or UTC")
    )


def host_timezone() -> ZoneInfo:
    """Return this machine's zone; UTC where it says none that the zone database knows."""
    import tzlocal  # here, because most files name their zone

    try:
        return ZoneInfo(tzlocal.get_localzone_name())
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")


def _apart(value: Any, info: ValidationInfo) -> Any:
    """See to it that entries of `post` can be told apart: each served day is noted under the entry's name."""
    entries: list[object] = cast(Any, value if isinstance(value, (list, tuple)) else [value])
    seen: set[str] = set()
    for number, entry in enumerate(entries):
        name = entry.get("name") if isinstance(entry, Located) else getattr(entry, "name", None)
        if len(entries) > 1 and isinstance(entry, Located) and "name" not in entry:
            complain(
                info, entries, number, "an entry needs a `name` where `post` has more than one: it is its identity"
            )
        elif isinstance(name, str):
            if name in seen:
                complain(info, entries, number, f"another entry is called `{name}` already: give it a name of its own")
            seen.add(name)
    return cast(Any, value)


def _described(value: Any, info: ValidationInfo) -> Any:
    """See to it that every picture file has a description, or an engine that can write it."""
    engines = info.data.get("engines")
    if not isinstance(info.context, Reading) or not isinstance(engines, Engines) or engines.any_sees:
        return value
    entries: list[object] = cast(Any, value if isinstance(value, (list, tuple)) else [value])
    for entry in entries:
        picture: object = entry.get("picture") if isinstance(entry, Located) else None
        if isinstance(entry, Located) and isinstance(picture, Located) and "file" in picture and "alt" not in picture:
            reason = "`alt` is missing here: describe the picture for people who cannot see it"
            complain(info, entry, "picture", reason)
    return cast(Any, value)


def _addressed(value: Any, info: ValidationInfo) -> Any:
    """See to it that every room but `elsewhere` has an address, and a name that is no account's."""
    if isinstance(info.context, Reading) and isinstance(value, Located):
        for name, room in value.items():
            if name in (info.context.accounts or ()):
                complain(info, value, name, f"`{name}` is an account already: give the room another name")
            elif isinstance(room, Located) and ("is" in room) == (name == "elsewhere"):
                complain(
                    info,
                    value,
                    name,
                    "`elsewhere` stands for all rooms that nobody listed: it has no `is`"
                    if name == "elsewhere"
                    else f"where is `{name}`? write `is: account/room`",
                )
            elif isinstance(room, Located) and name == "elsewhere":
                if room.get("mode") == "open":
                    reason = "it joins in unasked only in rooms that you name: list those that are open"
                    complain(info, room, "mode", reason)
                for key in ("slow", "per_person"):
                    if key in room:
                        complain(info, room, key, f"`{key}` is for a room that you name")
    return value


def _names_of_rules(rules: tuple[AnswerRule, ...]) -> tuple[AnswerRule, ...]:
    return tuple(
        rule if rule.name else rule.model_copy(update={"name": f"answer {number}"})
        for number, rule in enumerate(rules, 1)
    )


class BotFile(Model):
    """One bot, as its owner wrote it, with every default filled in."""

    section: ClassVar[str] = "the bot file"
    computed: ClassVar[frozenset[str]] = frozenset({"file", "version"})

    bot: Name
    """Its name: in its ledger file and in every line of the log."""
    persona: FilePath
    """The file with who speaks."""
    accounts: Annotated[Mapping[Name, Account], Field(min_length=1)]
    """Where it is signed in, by a name of the owner's choice."""
    timezone: Annotated[
        ZoneInfo, BeforeValidator(_zone), WithJsonSchema({"type": "string", "examples": ["Europe/Lisbon"]})
    ] = Field(default_factory=host_timezone)
    """Of every time in this file; none: this machine's."""
    engines: Engines = Engines()
    """Who finds the words: `script` needs no key."""
    answer: Annotated[tuple[AnswerRule, ...], one_or_many, AfterValidator(_names_of_rules)] = ()
    """Rules for what comes in; the most particular one that fits wins. None: nothing is answered."""
    post: Annotated[tuple[PostEntry, ...], one_or_many, BeforeValidator(_apart), BeforeValidator(_described)] = ()
    """What is said without being asked. None: nothing is posted."""
    rooms: Annotated[Mapping[Name, RoomRule], BeforeValidator(_addressed)] = Field(default_factory=dict)
    """Rooms by a name of the owner's choice; `elsewhere` stands for those that nobody listed."""
    people: People = People()
    """Whom it trusts."""
    tools: Mapping[Name, Tool] = Field(default_factory=dict[str, Tool])
    """What may be started for the engines, by a name of the owner's choice; who may use it stands in the persona."""
    limits: Limits = Limits()
    """What holds before money or reputation is spent."""
    approve: ApproveWord = Approve.RISKY
    """Who lets a draft out."""
    tell: Told | None = None
    """Who hears at once of what needs a person; none: it is only printed."""
    keep: Duration = timedelta(days=90)
    """After this the texts of events, drafts and posts are emptied; identities and receipts stay."""
    store: StorePlace = Field(
        default_factory=lambda fields: Path("data") / f"{fields['bot']}.db", validate_default=True
    )
    """The ledger: a file, or `postgresql://USER@HOST/DATABASE`; none: data/BOT.db beside this file."""
    provenance: Provenance | None = None
    """With what pictures that a model made are signed; none: they say so in their metadata alone."""
    prices: FilePath | None = None
    """A file with what models cost; none: the built-in list. A `price` beside an engine goes first."""
    file: Path | None = None
    """Where it was read from; None: built in Python."""
    version: str = ""
    """Hash (sha256, hexadecimal) of the file's bytes."""

    @property
    def home(self) -> Path:
        """Beside which path its files lie: sign-ins, media, the Stage. Its ledger, where that is a file."""
        if isinstance(self.store, Path):
            return self.store
        return (Path() if self.file is None else self.file.parent) / "data" / f"{self.bot}.db"

    def in_folder(self, folder: Path | None) -> "BotFile":
        """Return the same bot with its ledger in a folder, under its own name; None, or in a database: where it is."""
        if folder is None or not isinstance(self.store, Path):
            return self
        return self.model_copy(update={"store": folder / self.store.name})
