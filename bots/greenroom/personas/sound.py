"""How a persona sounds, and the bounds of its texts: for every surface, and for one."""

import enum
from typing import Annotated, Any, ClassVar, cast

from pydantic import AfterValidator, BeforeValidator
from pydantic.json_schema import WithJsonSchema

from greenroom.settings.model import Model, Text, one_or_many, word_of, wrong
from greenroom.settings.spelling import RANGE, Range
from greenroom_adapters.contract import Surface

__all__ = [
    "Bounds",
    "Examples",
    "Exchange",
    "IfBroken",
    "SurfaceVoice",
    "Texts",
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


def _age(value: Any) -> Any:
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or not YOUNGEST <= value <= OLDEST:
        raise wrong(f"a reading age is a number of years from {YOUNGEST} to {OLDEST}: write it like 12")
    return value


YOUNGEST, OLDEST = 6, 17
"""Ages between which one can tell how hard a text is to read."""
ReadingAge = Annotated[
    int | None,
    BeforeValidator(_age),
    WithJsonSchema({"type": "integer", "minimum": YOUNGEST, "maximum": OLDEST}),
]


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
    banned: Texts = ()
    """Words and phrases that it never uses there, beside those of `bounds`."""
    reading_age: ReadingAge = None
    """So old a reader understands it."""
    too_long: Annotated[TooLong | None, word_of(TooLong, "a way to treat a long text")] = None
    """What becomes of a text that is too long."""
    if_broken: Annotated[IfBroken | None, word_of(IfBroken, "a way to treat a broken bound")] = None
    """What becomes of a text that breaks another bound, after one repair."""

    def over(self, bounds: "Bounds") -> "Bounds":
        """Return the bounds that hold here, where `bounds` hold everywhere."""
        own = {name: bound for name in _REPLACED if (bound := getattr(self, name)) is not None}
        if self.banned:
            own["banned"] = (*bounds.banned, *self.banned)
        return bounds.model_copy(update=own) if own else bounds


_REPLACED = ("length", "emoji", "hashtags", "links", "reading_age", "too_long", "if_broken")


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
    caption: SurfaceVoice = SurfaceVoice()
    """The words of a post that shows a picture or a clip."""

    def on(self, surface: Surface, *, is_caption: bool) -> SurfaceVoice:
        """Return how it sounds in one place, beside `everywhere`."""
        return self.caption if is_caption else cast(SurfaceVoice, getattr(self, surface.value))


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
    caption: Texts = ()
    """Words of posts that show a picture or a clip; none: those of `post`."""


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
    reading_age: ReadingAge = None
    """So old a reader understands it, by the length of its words and sentences; none: not counted."""
    too_long: Annotated[TooLong, word_of(TooLong, "a way to treat a long text")] = TooLong.CUT
    """What becomes of a text that is too long."""
    if_broken: Annotated[IfBroken, word_of(IfBroken, "a way to treat a broken bound")] = IfBroken.HOLD
    """What becomes of a text that breaks another bound, after one repair."""
