"""The bot file: what a bot answers and posts, on which accounts, with which engines, within which limits."""

import enum
import re
from collections.abc import Iterable, Mapping
from datetime import datetime, time, timedelta
from hashlib import blake2b
from pathlib import Path
from typing import Annotated, Any, ClassVar, cast
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Discriminator,
    Field,
    PlainSerializer,
    Tag,
    ValidationInfo,
    model_validator,
)
from pydantic.json_schema import WithJsonSchema

from greenroom.settings.document import Located
from greenroom.settings.embed import EmbedEntry
from greenroom.settings.model import (
    FilePath,
    Model,
    Reading,
    Text,
    Truth,
    Url,
    complain,
    not_a_word,
    one_or_many,
    word_of,
    wrong,
)
from greenroom.settings.moderating import ModeratorRef
from greenroom.settings.names import nearest
from greenroom.settings.origin import Origin, check_item_words
from greenroom.settings.picture import Paints, Picture, WithoutModel, image_engines
from greenroom.settings.poll import PollEntry
from greenroom.settings.secrets import SecretRef
from greenroom.settings.spelling import (
    CHANCE,
    CRON,
    DAYS,
    DURATION,
    MONEY,
    MONEY_RATE,
    PERIOD,
    PERSON,
    PLACE,
    RATE,
    SHARE,
    SPAN,
    WHEN,
    Money,
    MoneyRate,
    Person,
    Place,
    Rate,
    Span,
)
from greenroom.settings.store import StorePlace
from greenroom.settings.telling import TellTo, tell_words
from greenroom.settings.tools import Tool
from greenroom.settings.usage import UsageRef
from greenroom_adapters.contract import ConfigurationError, Kind, Surface, Visibility

__all__ = [
    "ANSWERABLE",
    "Account",
    "AnswerRule",
    "Approve",
    "BotFile",
    "BuiltIn",
    "Do",
    "EngineRef",
    "Engines",
    "Limits",
    "ModelRef",
    "People",
    "PostEntry",
    "Price",
    "RoomMode",
    "RoomRule",
    "some_places",
]

ANSWERABLE: Mapping[str, Kind] = {
    "mentions": Kind.MENTION,
    "replies": Kind.REPLY,
    "quotes": Kind.QUOTE,
    "direct_messages": Kind.DIRECT_MESSAGE,
    "messages": Kind.MESSAGE,
    "joins": Kind.JOIN,
    "follows": Kind.FOLLOW,
    "reactions": Kind.REACTION,
}
"""Words of `to:` → the kind of event that each means."""

WITH_WORDS = frozenset({Kind.MENTION, Kind.REPLY, Kind.QUOTE, Kind.DIRECT_MESSAGE, Kind.MESSAGE})
"""Kinds of events in which somebody says something, and may attach something."""

GATHER = timedelta(seconds=4)
"""In rooms and direct conversations people write in pieces."""


def _kind(value: Any, info: ValidationInfo) -> Any:
    if isinstance(value, Kind) and not isinstance(info.context, Reading):
        return value
    if isinstance(value, str) and value in ANSWERABLE:
        return ANSWERABLE[value]
    raise wrong(not_a_word(value, ANSWERABLE, "a kind of event"))


AnswerKind = Annotated[
    Kind,
    BeforeValidator(_kind),
    PlainSerializer(lambda kind: next(word for word, meant in ANSWERABLE.items() if meant is kind)),
    WithJsonSchema({"type": "string", "enum": list(ANSWERABLE)}),
]


def _name(value: Any) -> Any:
    if not isinstance(value, str) or not re.fullmatch(r"[^\W_][\w.-]{0,63}", value):
        raise wrong("a name has letters, digits, dots, dashes and underscores, and begins with a letter or digit")
    return value


Name = Annotated[str, BeforeValidator(_name), WithJsonSchema({"type": "string", "minLength": 1, "maxLength": 64})]
"""A name that can be part of a file's name and of an identity in the ledger."""


def _known_account(name: str, value: object, reading: Reading) -> None:
    if reading.accounts is None or name in reading.accounts:
        return
    near = nearest(name, [*reading.accounts, *reading.rooms])
    raise wrong(
        f"`{value}`: there is no account `{name}`. "
        + (f"Did you mean `{near}`?" if near else f"The accounts of this file: {', '.join(sorted(reading.accounts))}")
    )


def _places(value: Any, info: ValidationInfo) -> Any:
    """Read `in:`: one or many of account, account/room, or the name of a room of this file."""
    values = list(cast(Iterable[object], value)) if isinstance(value, (list, tuple)) else [value]
    if not isinstance(info.context, Reading):
        return tuple(values)
    found: list[object] = []
    for item in values:
        room = info.context.rooms.get(item) if isinstance(item, str) else None
        if room is None:
            found.append(item)
        else:
            found.extend(cast(list[object], room) if isinstance(room, list) else [room])
    return found


def _place_of_known_account(value: Place, info: ValidationInfo) -> Place:
    if isinstance(info.context, Reading):
        _known_account(value.account, PLACE.write(value), info.context)
    return value


def _person_of_known_account(value: Person, info: ValidationInfo) -> Person:
    if isinstance(info.context, Reading):
        _known_account(value.account, PERSON.write(value), info.context)
    return value


def _told_over_known_account(value: Person | Place, info: ValidationInfo) -> Person | Place:
    if isinstance(info.context, Reading):
        _known_account(value.account, tell_words(value), info.context)
    return value


some_places = BeforeValidator(_places)
"""Marks the fields that `in:` fills."""

KnownPlace = Annotated[Place, PLACE, AfterValidator(_place_of_known_account)]
Places = Annotated[tuple[KnownPlace, ...], some_places]
KnownPerson = Annotated[Person, PERSON, AfterValidator(_person_of_known_account)]
Duration = Annotated[timedelta, DURATION]
Texts = Annotated[tuple[Text, ...], one_or_many]


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


class BuiltIn(enum.StrEnum):
    """Engines that need no model, and the two ways to end the list."""

    SCRIPT = "script"
    """The scripted voice."""
    HOLD = "hold"
    """Keep the turn for a person."""
    SILENCE = "silence"
    """Say nothing."""


class Price(Model):
    """What a model costs, for each million of tokens."""

    section: ClassVar[str] = "a `price`"

    input: Annotated[Money, MONEY]
    """For a million tokens that it reads."""
    output: Annotated[Money, MONEY]
    """For a million tokens that it writes."""


class ModelRef(Model):
    """A language model, on its maker's servers or on any server that speaks the same language."""

    section: ClassVar[str] = "an engine"
    short_for: ClassVar[str | None] = "model"

    model: Text
    """`openai/NAME`, or with a `server` the name that it has there."""
    server: Url | None = None
    """Address of an OpenAI-compatible server; none: the maker's own."""
    key: SecretRef | None = None
    """Where its key is kept; none: where the maker's tools look for it."""
    price: Price | None = None
    """What it costs; none: the built-in price list, and nothing on a server of this machine."""
    context: Annotated[int, Field(ge=1_000, le=1_000_000)] = 8_000
    """Tokens that a prompt for it may have, about; what finds no room is left out and noted with the turn."""
    sees: Truth = False
    """It can look at pictures: at what people send with what it answers, and at what has no `alt` yet."""

    @model_validator(mode="after")
    def _reachable(self) -> "ModelRef":
        if self.server is None and not all(self.model.partition("/")):
            words = [*BuiltIn]
            near = nearest(self.model, words)
            raise wrong(
                f"`{self.model}` is not an engine. "
                + (f"Did you mean `{near}`?" if near else "Write openai/NAME, or name the `server` that has it")
            )
        return self


def _engine_kind(value: Any) -> str:
    return "built-in engine" if isinstance(value, str) and value in [*BuiltIn] else "model engine"


EngineRef = BuiltIn | ModelRef
Engine = Annotated[
    Annotated[BuiltIn, Tag("built-in engine")] | Annotated[ModelRef, Tag("model engine")], Discriminator(_engine_kind)
]


def _ends(engines: tuple[EngineRef, ...]) -> tuple[EngineRef, ...]:
    """Close the list with `hold` where nothing else ends it."""
    ends = (BuiltIn.HOLD, BuiltIn.SILENCE)
    for engine in engines[:-1]:
        if engine in ends:
            raise wrong(f"`{engine}` ends the list: what stands after it is never asked")
    return engines if engines and engines[-1] in ends else (*engines, BuiltIn.HOLD)


def _no_word(value: Any) -> Any:
    if isinstance(value, (list, tuple)) or (isinstance(value, str) and value in [*BuiltIn, "card"]):
        raise wrong("one model makes all embeddings: write openai/text-embedding-3-small, or {model: …, server: …}")
    return value


class Engines(Model):
    """Who finds the words."""

    section: ClassVar[str] = "`engines`"
    short_for: ClassVar[str | None] = "text"

    text: Annotated[tuple[Engine, ...], one_or_many, AfterValidator(_ends)] = (BuiltIn.SCRIPT, BuiltIn.HOLD)
    """Tried in this order until one can; the last one is `hold` or `silence`."""
    embeddings: Annotated[ModelRef | None, BeforeValidator(_no_word)] = None
    """Makes vectors of the persona's documents, so that they are found by their meaning as well; none: they are found
    by their words, which costs nothing."""
    moderation: ModeratorRef | None = None
    """Judges what a model wrote before it is said; none: nobody does."""
    usage: UsageRef | None = None
    """Where OpenAI says what it has billed, for `greenroom spend` to compare; none: nothing is compared."""
    image: image_engines = (WithoutModel.CARD,)
    """Who makes the pictures that posts ask for, in this order; the last one is `card`, `hold` or `none`."""

    @property
    def any_sees(self) -> bool:
        """An engine can look at pictures."""
        return any(isinstance(engine, ModelRef) and engine.sees for engine in self.text)


class Approve(enum.StrEnum):
    """Who lets a draft out."""

    NEVER = "never"
    """Nobody is asked."""
    RISKY = "risky"
    """A person is asked about what could do harm: the first posts and replies of a real account, links, money."""
    ALWAYS = "always"
    """A person is asked about everything that an engine wrote."""


ApproveWord = Annotated[Approve, word_of(Approve, "a way to approve")]


class Do(enum.StrEnum):
    """What is done about what fits a rule."""

    REPLY = "reply"
    """It is answered, in words."""
    LIKE = "like"
    REACT = "react"
    """With an emoji, the rule's `reaction`."""
    REPOST = "repost"
    FOLLOW = "follow"
    """Its author is followed."""
    CHOOSE = "choose"
    """A model chooses which of the others are done, or none."""


def _choice(done: tuple[Do, ...]) -> tuple[Do, ...]:
    """Let a model choose between an answer and a like where nothing else is named."""
    return (Do.CHOOSE, Do.REPLY, Do.LIKE) if done == (Do.CHOOSE,) else done


class AnswerRule(Model):
    """What of all that comes in is answered."""

    section: ClassVar[str] = "an `answer` rule"
    short_for: ClassVar[str | None] = "to"
    computed: ClassVar[frozenset[str]] = frozenset({"name"})

    to: Annotated[tuple[AnswerKind, ...], Field(min_length=1), one_or_many]
    """Kinds of events."""
    places: Places = Field(default=(), validation_alias="in", serialization_alias="in")
    """Accounts and rooms; none: everywhere."""
    words: Texts = ()
    """At least one of these words stands in the text; none: any text."""
    chance: Annotated[float, CHANCE] = 1.0
    """How often what fits is answered; in memory from 0 to 1."""
    quiet_for: Duration = timedelta(0)
    """Only when nobody else has answered for this long."""
    within: Duration | None = None
    """What is older than this is left alone; none: 6 hours, in rooms 30 minutes."""
    gather: Duration | None = None
    """Messages of one person that come within this time of each other get one answer; none: 4 seconds in rooms and
    direct messages, else nothing."""
    hands_off: Duration = timedelta(hours=12)
    """How long a thread is left to the person who wrote in it by hand from the bot's account."""
    approve: ApproveWord | None = None
    """Who lets these answers out; none: as the whole bot."""
    say: Text | None = None
    """Fixed words; none: the engines speak."""
    embed: EmbedEntry | None = None
    """What the answers show below their words, in a frame of its own; where there are no such frames, lines of the
    text."""
    filters: Annotated[tuple[Text, ...], one_or_many] = ()
    """What people may ask for with a photo or a clip, which comes back under the filter that they name: names of
    filters, or `all`; none: it is not offered."""
    do: Annotated[
        tuple[Annotated[Do, word_of(Do, "a thing to do")], ...],
        Field(min_length=1),
        one_or_many,
        AfterValidator(_choice),
    ] = (Do.REPLY,)
    """What is done: without `reply` nothing is said. With `choose` a model chooses among the others (alone: an answer
    or a like), or does nothing."""
    reaction: Text | None = None
    """The emoji of `react`."""
    pictures: Annotated[tuple[Annotated[Paints, word_of(Paints, "a thing to ask a model for")], ...], one_or_many] = ()
    """What people may ask `engines: image` for: `draw` what they say, `edit` the picture that they send; none: it is
    not offered."""
    tell: Truth = False
    """true answers nobody: who is named in the bot's `tell` is told, and answers by hand."""
    name: str = ""
    """How the log calls it: `answer 1` is the first rule of the file."""

    @property
    def identity(self) -> str:
        """What its turns are noted under: the kinds that it answers, and where it says more than that, a mark of all
        that it says. Another place in the file does not change it, any other edit does."""
        kinds = ", ".join(word for word, kind in ANSWERABLE.items() if kind in self.to)
        if self.model_copy(update={"name": ""}) == AnswerRule(to=self.to):
            return kinds
        # what was there before there were filters, embeds, pictures and other acts keeps the mark that it had
        later = ("filters", "embed", "pictures")
        left_out = {"name", *(key for key in later if not getattr(self, key))}
        left_out |= {"do", "reaction"} if self.do == (Do.REPLY,) else set[str]()
        whole = self.model_dump_json(exclude=left_out)
        return f"{kinds} ({blake2b(whole.encode(), digest_size=3).hexdigest()})"

    def gather_on(self, surface: Surface) -> timedelta:
        """Return how long more messages of the same person are waited for on `surface`."""
        if self.gather is not None:
            return self.gather
        return GATHER if surface in (Surface.CHAT, Surface.DIRECT_MESSAGE) else timedelta(0)

    @model_validator(mode="after")
    def _answered_by_one(self) -> "AnswerRule":
        if self.tell and self.say is not None:
            raise wrong("`say` answers and `tell: true` leaves the answer to a person: keep one of them")
        if self.embed is not None and (self.tell or self.filters):
            other = "`tell: true` leaves the answer to a person" if self.tell else "`filters` gives a picture back"
            raise wrong(f"`embed` goes with an answer in words, and {other}: keep one of them")
        if self.filters and (self.tell or self.say is not None):
            other = "tell" if self.tell else "say"
            raise wrong(f"`filters` answers with what was sent, and `{other}` otherwise: keep one of them")
        if self.filters and not set(self.to) <= WITH_WORDS:
            raise wrong("`filters` answers who says something: leave out joins, follows and reactions")
        if self.pictures and (self.tell or self.say is not None or self.filters):
            other = "tell" if self.tell else "filters" if self.filters else "say"
            raise wrong(f"`pictures` answers with what a model makes, and `{other}` otherwise: keep one of them")
        if self.pictures and not set(self.to) <= WITH_WORDS:
            raise wrong("`pictures` answers who says something: leave out joins, follows and reactions")
        self._can_be_done()
        return self

    @property
    def acts(self) -> tuple[Do, ...]:
        """What is done beside answering, each once."""
        return tuple(dict.fromkeys(one for one in self.do if one not in (Do.REPLY, Do.CHOOSE)))

    def _can_be_done(self) -> None:
        """See to it that what is to be done has a meaning for what fits."""
        if (Do.REACT in self.do) is not (self.reaction is not None):
            missing = "with which emoji? write `reaction`" if self.reaction is None else "`reaction` is for `do: react`"
            raise wrong(missing)
        if Do.CHOOSE in self.do:
            self._can_be_chosen()
        if not self.acts:
            return
        if self.tell:
            raise wrong("`do` acts and `tell: true` leaves it to a person: keep one of them")
        if Do.REPLY not in self.do and (self.say is not None or self.filters):
            key = "say" if self.say is not None else "filters"
            raise wrong(f"`{key}` is an answer: write `reply` among what is to be done as well")
        about_posts = {Do.LIKE, Do.REACT, Do.REPOST} & set(self.acts)
        if about_posts and not set(self.to) <= WITH_WORDS:
            raise wrong(f"`{min(about_posts)}` is about what somebody says: leave out joins, follows and reactions")
        if Do.REPOST in self.acts and {Kind.DIRECT_MESSAGE, Kind.MESSAGE} & set(self.to):
            raise wrong("`repost` shows everybody: leave out direct_messages and messages")

    def _can_be_chosen(self) -> None:
        """See to it that there is something for a model to choose."""
        other = next((key for key in ("say", "filters", "pictures", "embed") if getattr(self, key)), None)
        if other is not None:
            raise wrong(f"`choose` lets a model choose, and `{other}` is always the same answer: keep one of them")
        if not set(self.to) <= WITH_WORDS:
            raise wrong("`choose` is about what somebody says: leave out joins, follows and reactions")


class PostEntry(Model):
    """What is said without being asked, and when."""

    section: ClassVar[str] = "a `post` entry"

    name: Name = "post"
    """Its identity in the ledger: required when there is more than one."""
    at: Annotated[tuple[Annotated[time | datetime, WHEN], ...], one_or_many] = ()
    """Times of every day, or moments that come once, in the file's time zone; in memory without a zone of their own."""
    every: Annotated[timedelta, PERIOD] | None = None
    """Again and again, counted from midnight."""
    cron: Annotated[str, CRON] | None = None
    """Five fields as crontab has them; weekday 0 and 7 are Sunday."""
    origin: Origin | None = Field(default=None, validation_alias="from", serialization_alias="from")
    """What it says comes from there: with `at`, `every` or `cron` one at each of these times, else each as it comes."""
    days: Annotated[frozenset[int], DAYS] | None = None
    """Only on these days of the week; none: on all. In memory Monday is 0."""
    spread: Duration = timedelta(0)
    """Each time up to this much later."""
    late_ok: Duration = timedelta(hours=1)
    """How late it may still be posted after an outage."""
    about: Text | None = None
    """What the engines write about; none: one of the persona's topics."""
    say: Text | None = None
    """Fixed words instead."""
    picture: Picture | None = None
    """A picture that goes with it."""
    warning: Text | None = None
    """What readers are told before they open it; where there are no such warnings it is the first line of the text."""
    poll: PollEntry | None = None
    """A question to its readers, which the text asks; where there are no polls its answers are lines of the text."""
    embed: EmbedEntry | None = None
    """What it shows below the words, in a frame of its own; where there are no such frames, lines of the text."""
    visibility: Annotated[Visibility, word_of(Visibility, "a visibility")] | None = None
    """Who sees it, on the account's own timeline; none: as the account says. Left out where there is nothing to
    choose."""
    approve: ApproveWord | None = None
    """Who lets it out; none: as the whole bot."""
    places: Places = Field(default=(), validation_alias="in", serialization_alias="in")
    """Accounts and rooms; none: all accounts."""

    @model_validator(mode="after")
    def _one_time_and_one_source(self) -> "PostEntry":
        if self.name == "tell":
            raise wrong("`tell` is the name of what the bot tells its owner: give the post another name")
        times = [key for key, there in (("at", self.at), ("every", self.every), ("cron", self.cron)) if there]
        if not times and self.origin is None:
            raise wrong("when? write `at`, `every` or `cron`")
        if len(times) > 1:
            raise wrong(f"`{times[0]}` and `{times[1]}` both say when: keep one of them")
        if self.poll is not None and self.embed is not None:
            raise wrong("`poll` and `embed` both stand below the words: keep one of them")
        if self.about is not None and self.say is not None:
            raise wrong("`about` lets the engines write and `say` is fixed: keep one of them")
        if self.origin is not None:
            self._fits_its_origin(self.origin, times)
        return self

    def _fits_its_origin(self, origin: Origin, times: list[str]) -> None:
        """See to it that what is written beside `from` has a meaning there."""
        if self.name == "single":
            raise wrong("`single` is the name of what is put down by hand: give the post another name")
        if self.picture is not None or self.poll is not None:
            key = "poll" if self.poll is not None else "picture"
            raise wrong(f"`{key}` is for a post of your own words: with `from` leave it out")
        if origin.calendar is not None and (times or self.days is not None or self.spread):
            key = times[0] if times else "spread" if self.spread else "days"
            raise wrong(f"`{key}`: the rows of a calendar say when they come. Leave it out")
        if self.spread and not times:
            raise wrong("`spread` is counted from a time: write `at`, `every` or `cron` as well")
        if origin.feed is None and (self.about is not None or self.say is not None):
            key = "say" if self.say is not None else "about"
            raise wrong(f"`{key}`: what stands in the folder or the calendar is said as it is. Leave it out")
        if self.say is not None:
            try:
                check_item_words(self.say)
            except ConfigurationError as error:
                raise wrong(str(error)) from error


class RoomMode(enum.StrEnum):
    """What a bot does in a room."""

    MENTIONS = "mentions"
    """Answers who addresses it, and what a rule of `answer` names for this room."""
    OPEN = "open"
    """The same, and joins in unasked, as talkative as the persona."""
    LISTEN = "listen"
    """Reads, never writes."""
    IGNORE = "ignore"
    """Neither reads nor writes."""


def _mode(value: Any, info: ValidationInfo) -> Any:
    if isinstance(value, RoomMode):
        return value
    if value in ("off", "no", False):
        raise wrong(f"`{str(value).lower()}` means false to some readers of YAML: write `ignore`")
    if value not in [*RoomMode]:
        raise wrong(not_a_word(value, [*RoomMode], "a mode of a room"))
    return RoomMode(value)


def _has_a_room(value: Place) -> Place:
    if value.room is None:
        raise wrong(f"`{value.account}` is a whole account: write account/room, like {value.account}/lounge")
    return value


Address = Annotated[KnownPlace, AfterValidator(_has_a_room)]


class RoomRule(Model):
    """One room, perhaps reached through several accounts."""

    section: ClassVar[str] = "a room"
    short_for: ClassVar[str | None] = "is"

    is_: Annotated[tuple[Address, ...], one_or_many] = Field(
        default=(), validation_alias="is", serialization_alias="is"
    )
    """Its addresses, each account/room. None only for `elsewhere`: every room that nobody listed."""
    mode: Annotated[RoomMode, BeforeValidator(_mode)] = RoomMode.MENTIONS
    """What the bot does there."""
    slow: Annotated[Rate, RATE] | None = None
    """Messages of the bot there, over all of its addresses; what is over waits, as long as it is worth it, or is left
    alone where nobody asked for it. None: as many as the other limits let through."""
    per_person: Annotated[Rate, RATE] | None = None
    """Answers to one person there; what is over is left alone. None: as `replies_per_person` says."""


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


def _zone(value: Any, info: ValidationInfo) -> ZoneInfo:
    if isinstance(value, ZoneInfo):
        return value
    if isinstance(value, str) and value not in ("", "localtime"):
        try:
            return ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            pass
    zones = available_timezones() - {"localtime", "posixrules", "Factory"}
    near = nearest(str(value), [zone.rpartition("/")[2] for zone in zones])
    meant = nearest(str(value), zones) or next((zone for zone in sorted(zones) if near and zone.endswith(near)), None)
    raise wrong(
        f"`{str(value)[:40]}` is not a time zone. "
        + (f"Did you mean `{meant}`?" if meant else "Write one like Europe/Lisbon, America/New_York or UTC")
    )


def _host_timezone() -> ZoneInfo:
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
    ] = Field(default_factory=_host_timezone)
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
    tell: Annotated[TellTo, AfterValidator(_told_over_known_account)] | None = None
    """Who hears at once of what needs a person; none: it is only printed."""
    keep: Duration = timedelta(days=90)
    """After this the texts of events, drafts and posts are emptied; identities and receipts stay."""
    store: StorePlace = Field(
        default_factory=lambda fields: Path("data") / f"{fields['bot']}.db", validate_default=True
    )
    """The ledger: a file, or `postgresql://USER@HOST/DATABASE`; none: data/BOT.db beside this file."""
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
