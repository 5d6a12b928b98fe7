"""What a bot file asks of its persona is there."""

from collections.abc import Iterator
from pathlib import Path

from greenroom.personas.persona import Persona
from greenroom.settings import AnswerRule, BotFile, Mistake, Mistakes
from greenroom.settings.document import parse, place_of
from greenroom.settings.loader import body_of
from greenroom.settings.model import not_a_word

__all__ = ["must_agree", "offered"]

ALL = "all"
"""Stands for every filter in a rule."""


def offered(rule: AnswerRule, persona: Persona) -> tuple[str, ...]:
    """Return the names of the filters that a rule offers."""
    return tuple(persona.all_filters) if ALL in rule.filters else rule.filters


def must_agree(file: BotFile, persona: Persona, *, body: bytes | None = None) -> None:
    """See to it that the persona has every filter that the bot file names. `body` is what stands in the bot file, where
    that was read already.

    :raises Mistakes: with every name that it has not
    """
    missing = list(_missing(file, persona))
    if not missing:
        return
    path = file.file or Path("the bot")
    document = None if file.file is None else parse(body_of(path) if body is None else body, path=path)
    raise Mistakes(
        Mistake(
            path=path,
            line=None if document is None else place_of(document, steps)[0],
            column=None if document is None else place_of(document, steps)[1],
            reason=not_a_word(name, persona.all_filters, "a filter"),
        )
        for steps, name in missing
    )


def _missing(file: BotFile, persona: Persona) -> Iterator[tuple[tuple[int | str, ...], str]]:
    """Yield where a filter is named that is not there, and its name."""
    there = persona.all_filters
    for number, entry in enumerate(file.post):
        if entry.picture is not None and entry.picture.filter is not None and entry.picture.filter not in there:
            yield ("post", number, "picture", "filter"), entry.picture.filter
    for number, rule in enumerate(file.answer):
        for place, name in enumerate(rule.filters):
            if name not in there and name != ALL:
                yield ("answer", number, "filters", place), name
