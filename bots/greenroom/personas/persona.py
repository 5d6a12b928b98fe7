"""The persona file: who speaks, how it sounds, and the bounds that are checked on every text."""

import enum
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar, cast

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer, ValidationInfo, model_validator
from pydantic.json_schema import WithJsonSchema

from greenroom.filters import Chain, Filters, filters_with
from greenroom.personas.cases import Case, must_fit
from greenroom.settings.model import FilePath, Model, Text, not_a_word, one_or_many, word_of, wrong
from greenroom.settings.spelling import CHANCE, RANGE, SPAN, Range, Span
from greenroom_adapters.contract import Surface

__all__ = [
    "Bounds",
    "Disclosure",
    "Examples",
    "Exchange",
    "IfBroken",
    "Lines",
    "Persona",
    "Say",
    "SurfaceVoice",
    "Talkative",
    "TooLong",
    "Voice",
]

Texts = Annotated[tuple[Text, ...], one_or_many]
Bound = Annotated[Range, RANGE]


def _most_is_something(value: Range) -> Range:
    if value.most < 1:
        raise wrong("a length of 0 leaves no text: write it like 1-400")
    return value


Length = Annotated[Range, RANGE, AfterValidator(_most_is_something)]


class TooLong(enum.StrEnum):
    """What becomes of a text that is too long, also after it was asked for again."""

    CUT = "cut"
    """Cut it at the end of a sentence."""
    THREAD = "thread"
    """Say it in several posts where the platform can."""
    DROP = "drop"
    """Do not say it."""


class IfBroken(enum.StrEnum):
    """What becomes of a text that breaks another bound, also after one repair."""

    HOLD = "hold"
    """Keep it for a person."""
    SCRIPT = "script"
    """Let the scripted voice speak instead."""
    DROP = "drop"
    """Do not say it."""


class SurfaceVoice(Model):
    """How the persona sounds on one surface. Its bounds win over the persona's."""

    section: ClassVar[str] = "a voice"
    short_for: ClassVar[str | None] = "style"

    style: Text | None = None
    """In words, for the prompt; beside `everywhere`."""
    length: Length | None = None
    """Characters."""
    emoji: Bound | None = None
    """How many."""
    hashtags: Bound | None = None
    """How many."""
    links: Bound | None = None
    """How many."""


class Voice(Model):
    """How the persona sounds."""

    section: ClassVar[str] = "`voice`"
    short_for: ClassVar[str | None] = "everywhere"

    everywhere: Text = "plain, friendly, short"
    """In words, for every surface."""
    post: SurfaceVoice = SurfaceVoice()
    """What is posted without being asked."""
    reply: SurfaceVoice = SurfaceVoice()
    """Public answers."""
    chat: SurfaceVoice = SurfaceVoice()
    """Talk in rooms."""
    direct_message: SurfaceVoice = SurfaceVoice()
    """Talk with one person."""


class Exchange(Model):
    """What somebody said, and what the persona says to it."""

    section: ClassVar[str] = "an example"

    to: Text
    """What somebody said."""
    say: Text
    """What the persona says."""


class Examples(Model):
    """How it sounds when it is right."""

    section: ClassVar[str] = "`examples`"
    short_for: ClassVar[str | None] = "post"

    post: Texts = ()
    """Posts."""
    reply: Annotated[tuple[Exchange, ...], one_or_many] = ()
    """Public answers."""
    chat: Annotated[tuple[Exchange, ...], one_or_many] = ()
    """Talk in rooms."""
    direct_message: Annotated[tuple[Exchange, ...], one_or_many] = ()
    """Talk with one person."""


class Bounds(Model):
    """What every text must keep; counted after it was written, not asked for."""

    section: ClassVar[str] = "`bounds`"

    length: Length = Range(least=1, most=500)
    """Characters. The platform's own limit holds anyway."""
    emoji: Bound = Range(least=0, most=2)
    """How many."""
    hashtags: Bound = Range(least=0, most=2)
    """How many."""
    links: Bound = Range(least=0, most=1)
    """How many."""
    banned: Texts = ()
    """Words and phrases that it never uses."""
    too_long: Annotated[TooLong, word_of(TooLong, "a way to treat a long text")] = TooLong.CUT
    """What becomes of a text that is too long."""
    if_broken: Annotated[IfBroken, word_of(IfBroken, "a way to treat a broken bound")] = IfBroken.HOLD
    """What becomes of a text that breaks another bound, after one repair."""


class Say(enum.StrEnum):
    """Where it says by itself that it is a bot."""

    PROFILE = "profile"
    """On a platform with a mark for automated accounts, its accounts have it."""


def _place_to_say(value: Any) -> Any:
    if value == "first_reply":
        raise wrong("`first_reply` is not there yet: write `profile`, or [] for nowhere")
    if not isinstance(value, str) or value not in [*Say]:
        raise wrong(not_a_word(value, [*Say], "a place to say it"))
    return Say(value)


class Disclosure(Model):
    """How it says that it is a bot."""

    section: ClassVar[str] = "`disclosure`"

    line: Text | None = None
    """The answer to "are you a bot?"; none: made from the name."""
    say: Annotated[tuple[Annotated[Say, BeforeValidator(_place_to_say)], ...], one_or_many] = (Say.PROFILE,)
    """Where it says so without being asked; [] for nowhere."""


class Talkative(Model):
    """How often it joins in unasked."""

    section: ClassVar[str] = "a line of `talkative`"
    short_for: ClassVar[str | None] = "chance"

    places: Texts = Field(default=(), validation_alias="in", serialization_alias="in")
    """Only there: an account, account/room, or a name from the bot's `rooms`; none: in every open room."""
    at: Annotated[Span, SPAN] | None = None
    """Only in this stretch of the day, in the bot's time zone; none: at any time."""
    chance: Annotated[float, CHANCE]
    """How many of the messages that nobody wrote to it make it join in; in memory from 0 to 1."""


def _by_language(value: Any) -> Any:
    """Read fixed words: one text for every language, or a text for each."""
    return cast(Any, value) if isinstance(value, Mapping) or value is None else {"*": value}


def _language(value: Any) -> Any:
    if not isinstance(value, str) or not re.fullmatch(r"[A-Za-z]{2,3}(-[A-Za-z0-9]+)*", value):
        raise wrong('a language is written like en, pt or pt-BR (in quotes: "no")')
    return value


Language = Annotated[
    str, BeforeValidator(_language), WithJsonSchema({"type": "string", "pattern": "^[A-Za-z]{2,3}(-[A-Za-z0-9]+)*$"})
]
Words = Annotated[
    Mapping[str, Text],
    Field(min_length=1),
    BeforeValidator(_by_language),
    PlainSerializer(lambda words: words.get("*") or dict(words)),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "minLength": 1},
                {"type": "object", "additionalProperties": {"type": "string", "minLength": 1}, "minProperties": 1},
            ]
        }
    ),
]
"""Language → text; `*` stands for every language."""


class Lines(Model):
    """Fixed words, spoken without a model. Each is one text, or a text for each language."""

    section: ClassVar[str] = "`lines`"

    unable: Words | None = None
    """When no engine can answer: to direct messages, once in a conversation until one can; none: silence."""
    refused: Words | None = None
    """When asked for what it never talks about; none: silence."""
    stopped: Words | None = None
    """When somebody says stop; none: a built-in sentence."""


class Persona(Model):
    """Who speaks, as its owner wrote it, with every default filled in."""

    section: ClassVar[str] = "the persona file"
    computed: ClassVar[frozenset[str]] = frozenset({"file", "version"})

    persona: Text
    """Its name."""
    who: Text
    """Who it is, for the prompt; the scripted voice speaks from it."""
    nicknames: Texts = ()
    """Words that count as its name in rooms."""
    voice: Voice = Voice()
    """How it sounds."""
    examples: Examples = Examples()
    """How it sounds when it is right."""
    bounds: Bounds = Bounds()
    """What every text must keep."""
    topics: Texts = ()
    """Drawn from when a post says nothing of its own to write about."""
    never: Texts = ()
    """What it does not talk about, whoever asks."""
    languages: Annotated[tuple[Language, ...], Field(min_length=1), one_or_many] = ("en",)
    """Posts are in the first; replies in the asker's where it is listed, else in the first."""
    moods: Texts = ()
    """One a day, drawn with a seed."""
    talkative: Annotated[tuple[Talkative, ...], one_or_many] = ()
    """How often it joins in unasked in open rooms: the first line that fits. None: never."""
    disclosure: Disclosure = Disclosure()
    """How it says that it is a bot."""
    lines: Lines = Lines()
    """Fixed words for some moments."""
    filters: Filters = Field(default_factory=dict[str, Chain])
    """Named filters for photos and clips, beside those that come with Greenroom: for each its steps, in order."""
    script: FilePath | None = None
    """Patterns for the voice without a model; none: built from who, topics, examples and lines."""
    tests: Annotated[tuple[Case, ...], one_or_many] = ()
    """What is expected of it, for `greenroom persona test`. Its bounds, its language and that it says that it is a bot
    are tested in any case."""
    file: Path | None = None
    """Where it was read from; None: built in Python."""
    version: str = ""
    """Hash (sha256, hexadecimal) of the file's bytes: what is noted on every turn."""

    @model_validator(mode="before")
    @classmethod
    def _tests_fit(cls, value: Any, info: ValidationInfo) -> Any:
        return must_fit(value, info)

    @property
    def disclosure_line(self) -> str:
        """The sentence that says that it is a bot."""
        return self.disclosure.line or f"I am {self.persona}, a bot."

    @property
    def all_filters(self) -> Mapping[str, Chain]:
        """Every filter there is for this persona, by name: its own, and those that come with Greenroom."""
        return filters_with(self.filters)

    def style(self, surface: Surface) -> str:
        """Return how it sounds on `surface`, in words."""
        own = self._voice(surface).style
        return f"{self.voice.everywhere}; {own}" if own else self.voice.everywhere

    def bounds_on(self, surface: Surface) -> Bounds:
        """Return the bounds that hold on `surface`."""
        own = self._voice(surface)
        changed = {
            name: bound
            for name, bound in (
                ("length", own.length),
                ("emoji", own.emoji),
                ("hashtags", own.hashtags),
                ("links", own.links),
            )
            if bound is not None
        }
        return self.bounds.model_copy(update=changed) if changed else self.bounds

    def exchanges(self, surface: Surface) -> tuple[Exchange, ...]:
        """Return the examples of talk for `surface`; none for posts (see `examples.post`)."""
        by_surface = {
            Surface.REPLY: self.examples.reply,
            Surface.CHAT: self.examples.chat,
            Surface.DIRECT_MESSAGE: self.examples.direct_message,
        }
        return by_surface.get(surface, ())

    def line(self, words: Mapping[str, str] | None, language: str | None = None) -> str | None:
        """Return the text of one of `lines` for `language` (a tag such as `pt-BR`), else for the first language.

        None: the owner wrote nothing that fits.
        """
        if words is None:
            return None
        tags = [tag for tag in (language, (language or "").partition("-")[0], *self.languages) if tag]
        return next((words[tag] for tag in (*tags, "*") if tag in words), None)

    def _voice(self, surface: Surface) -> SurfaceVoice:
        by_surface = {
            Surface.POST: self.voice.post,
            Surface.REPLY: self.voice.reply,
            Surface.CHAT: self.voice.chat,
            Surface.DIRECT_MESSAGE: self.voice.direct_message,
        }
        return by_surface[surface]
