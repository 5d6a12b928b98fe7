"""What an owner expects of his persona, as cases in its file: given this, it says that."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, ClassVar, cast

from pydantic import Field, ValidationInfo, model_validator

from greenroom.personas.tongues import TONGUES, base_of
from greenroom.settings.document import Located
from greenroom.settings.model import Model, Text, Truth, complain, one_or_many, word_of
from greenroom_adapters.contract import Surface

__all__ = ["Case", "must_fit"]

Texts = Annotated[tuple[Text, ...], one_or_many]


class Case(Model):
    """One occasion, and what is expected of the words that are found for it. Its bounds, its honesty and its language
    are looked at in any case."""

    section: ClassVar[str] = "a test"

    asked: Text | None = None
    """What somebody says to it; none: it posts."""
    about: Text | None = None
    """What a post is to be about."""
    surface: Annotated[Surface | None, word_of(Surface, "a surface")] = Field(
        default=None, validation_alias="in", serialization_alias="in"
    )
    """Where: `post`, `reply`, `chat` or `direct_message`; none: a reply to what was asked, else a post."""
    says: Texts = ()
    """Words and phrases that must all stand in the text, in any case; `harbour|port` is either of them."""
    says_not: Texts = ()
    """Words and phrases that must not stand in it."""
    refuses: Truth = False
    """It declines: by its line `refused`, in a short sentence with a no in it, or without a word."""
    language: Text | None = None
    """The text is in this language."""
    silent: Truth = False
    """Nothing is said by itself: it keeps silent, or a person decides."""

    @property
    def where(self) -> Surface:
        """Where it is said."""
        if self.surface is not None:
            return self.surface
        return Surface.POST if self.asked is None else Surface.REPLY

    @model_validator(mode="before")
    @classmethod
    def _makes_sense(cls, value: Any, info: ValidationInfo) -> Any:
        if isinstance(value, Located):
            for key, reason in _nonsense(value):
                complain(info, value, key, reason)
        return cast(Any, value)


def _nonsense(case: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    """Yield the keys of a case that cannot stand beside the others, and why."""
    surface = written if isinstance(written := case.get("in"), str) else None
    if "asked" in case and "about" in case:
        yield "about", "`about` is for a post, and `asked` is answered: keep one of them"
    elif "asked" in case and surface == Surface.POST:
        yield "in", "a post answers nobody: write `about`, or another surface"
    elif "about" in case and surface is not None and surface != Surface.POST:
        yield "in", "`about` is for a post: write `in: post`, or `asked`"
    elif "asked" not in case and surface in {*Surface} - {Surface.POST}:
        yield "in", "here somebody is answered: write what was `asked`"
    if case.get("silent") is True:
        for key in ("says", "says_not", "refuses", "language"):
            if key in case:
                yield key, f"nothing is said, so there is no `{key}` to look at: keep one of them"
    wanted = {_plain(phrase) for phrase in _each(case.get("says"))}
    for phrase in _each(case.get("says_not")):
        if _plain(phrase) in wanted:
            yield "says_not", f"`{phrase}` stands in `says`, too: keep one of them"
    language = case.get("language")
    if isinstance(language, str) and base_of(language) not in TONGUES:
        known = ", ".join(TONGUES)
        yield "language", f"whether a text is in `{language[:40]}` cannot be told here. It can for {known}"


def must_fit(value: Any, info: ValidationInfo) -> Any:
    """See to it that no case expects a language that the persona does not speak. Takes the whole persona file."""
    if isinstance(value, Located):
        tests = value.get("tests")
        spoken = {base_of(tag) for tag in _each(value.get("languages", ["en"]))}
        cases: Sequence[object] = cast("list[object]", tests) if isinstance(tests, list) else (tests,)
        for case in cases:
            if isinstance(case, Located) and isinstance(language := case.get("language"), str):
                tag = base_of(language)
                if tag in TONGUES and tag not in spoken:
                    complain(info, case, "language", f"`{language}` is none of its `languages`: add it there")
    return cast(Any, value)


def _each(value: object) -> list[str]:
    many = cast("list[object]", value) if isinstance(value, list) else [value]
    return [one for one in many if isinstance(one, str)]


def _plain(phrase: str) -> str:
    return " ".join(phrase.casefold().split())
