"""The persona file: who speaks, how it sounds, and the bounds that are checked on every text."""

import enum
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar, cast

from pydantic import BeforeValidator, Field, PlainSerializer, ValidationInfo, model_validator
from pydantic.json_schema import WithJsonSchema

from greenroom.cards import Look
from greenroom.filters import Chain, Filters, filters_with
from greenroom.personas.allowing import Allowed
from greenroom.personas.cases import Case, must_fit
from greenroom.personas.knowing import Knowledge
from greenroom.personas.relationships import Relationship
from greenroom.personas.remembering import Remembering
from greenroom.personas.silences import USUAL, Silence, silence_of
from greenroom.personas.sound import Bounds, Examples, Exchange, Texts, Voice
from greenroom.settings.model import FilePath, Model, Text, one_or_many, word_of, wrong
from greenroom.settings.spelling import CHANCE, SPAN, Span
from greenroom_adapters.contract import Author, Surface

__all__ = [
    "Disclosure",
    "Lines",
    "Persona",
    "Say",
    "Talkative",
]


class Say(enum.StrEnum):
    """Where it says by itself that it is a bot."""

    PROFILE = "profile"
    """On a platform with a mark for automated accounts, its accounts have it."""
    FIRST_REPLY = "first_reply"
    """The first answer to each person ends with `line`."""


class Disclosure(Model):
    """How it says that it is a bot."""

    section: ClassVar[str] = "`disclosure`"

    line: Text | None = None
    """The answer to "are you a bot?", and what the first reply ends with; none: made from the name."""
    say: Annotated[tuple[Annotated[Say, word_of(Say, "a place to say it")], ...], one_or_many] = (Say.PROFILE,)
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
    forgotten: Words | None = None
    """When somebody has had himself forgotten (`/forget-me`); none: a built-in sentence."""


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
    knowledge: Knowledge | None = None
    """Documents and feeds that are looked into before it speaks. None: it knows what stands in this file."""
    silent_when: Annotated[tuple[Annotated[Silence, word_of(Silence, "a reason to be silent")], ...], one_or_many] = (
        USUAL
    )
    """What is left without an answer; [] for nothing."""
    relationships: Annotated[tuple[Relationship, ...], one_or_many] = ()
    """What people are to it, for the prompt; it gives them no rights."""
    memory: Remembering = Remembering()
    """What it keeps of people."""
    disclosure: Disclosure = Disclosure()
    """How it says that it is a bot."""
    lines: Lines = Lines()
    """Fixed words for some moments."""
    look: Look = Look()
    """How the pictures that are made for it look."""
    tools: Allowed = Allowed()
    """Which of its bot's `tools` it may use, by who wrote the text that it reads; none: no tools."""
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

    @property
    def names(self) -> tuple[str, ...]:
        """What it answers to."""
        return (self.persona, *self.nicknames)

    def style(self, surface: Surface, *, is_caption: bool = False) -> str:
        """Return how it sounds on `surface`, in words; `is_caption`: below a picture or a clip."""
        own = self.voice.on(surface, is_caption=is_caption).style
        return f"{self.voice.everywhere}; {own}" if own else self.voice.everywhere

    def bounds_on(self, surface: Surface, *, is_caption: bool = False) -> Bounds:
        """Return the bounds that hold on `surface`; `is_caption`: below a picture or a clip."""
        return self.voice.on(surface, is_caption=is_caption).over(self.bounds)

    def silence(self, text: str) -> Silence | None:
        """Return why a text of somebody is left without an answer, as far as its words tell; None: it is answered."""
        return silence_of(text, self.silent_when, names=self.names) if self.silent_when else None

    def relation_to(self, author: Author, account: str) -> str | None:
        """Return what somebody, met on `account`, is to it, in its owner's words; None: nothing is written of him."""
        lines = [one.is_ for one in self.relationships if one.is_to(author, account)]
        return "; ".join(lines) or None

    def exchanges(self, surface: Surface) -> tuple[Exchange, ...]:
        """Return the examples of talk for `surface`; none for posts (see `example_posts`)."""
        by_surface = {
            Surface.REPLY: self.examples.reply,
            Surface.CHAT: self.examples.chat,
            Surface.DIRECT_MESSAGE: self.examples.direct_message,
        }
        return by_surface.get(surface, ())

    def example_posts(self, *, is_caption: bool = False) -> tuple[str, ...]:
        """Return the examples of posts; `is_caption`: of those that stand below a picture, where there are any."""
        return (self.examples.caption if is_caption else ()) or self.examples.post

    def line(self, words: Mapping[str, str] | None, language: str | None = None) -> str | None:
        """Return the text of one of `lines` for `language` (a tag such as `pt-BR`), else for the first language.

        None: the owner wrote nothing that fits.
        """
        if words is None:
            return None
        tags = [tag for tag in (language, (language or "").partition("-")[0], *self.languages) if tag]
        return next((words[tag] for tag in (*tags, "*") if tag in words), None)
