"""What an answer out of documents has to keep: it names where it comes from, and states nothing that stands nowhere."""

import re

import msgspec

from greenroom.generation.engine import Brief
from greenroom.memory import Found, Passage
from greenroom_adapters.text import find_links

__all__ = ["Grounds", "grounds_of"]

_WORD = re.compile(r"\w+")
_ADDRESS = re.compile(r"https?://[^\s<>()\[\]\"']+", re.IGNORECASE)
_FIGURE = re.compile(r"\d+(?:[.,:/-]\d+)*")
LEAST_SHARED = 0.4
"""An answer draws on a passage when so much of its longer words stands there."""
LONG_WORD = 4


class Grounds(msgspec.Struct, frozen=True, kw_only=True):
    """What an engine was shown of the documents, and what it may rely on beside them."""

    passages: tuple[Passage, ...]
    cite: bool
    only: bool
    others: tuple[str, ...]
    """Texts that may be relied on as well: what was said to the bot, what its owner wrote."""

    def with_source(self, text: str) -> str:
        """Return a text with the document that it draws on most named at its end, where that is wanted and none of
        them is named in it."""
        if not self.cite or not text:
            return text
        plain = text.casefold()
        if any(passage.source.casefold() in plain for passage in self.passages):
            return text
        words = {word for word in _WORD.findall(plain) if len(word) >= LONG_WORD}
        if not words:
            return text
        shares = [(len(words & _words(passage)) / len(words), -place) for place, passage in enumerate(self.passages)]
        share, place = max(shares, default=(0.0, 0))
        return f"{text} ({self.passages[-place].named})" if share >= LEAST_SHARED else text

    def unsupported(self, text: str) -> tuple[str, ...]:
        """Return the numbers and addresses of a text that stand in nothing that it may rely on; none where the persona
        may say what it likes."""
        if not self.only:
            return ()
        known = "\n".join((*(f"{one.named}\n{one.heading}\n{one.text}" for one in self.passages), *self.others))
        figures = set(_FIGURE.findall(known))
        figures |= {part for figure in figures for part in re.split(r"\D+", figure)}
        stated, plain = _links(text), text
        links = [link for link in stated if link.casefold() not in known.casefold()]
        for link in stated:
            plain = plain.replace(link, " ")
        numbers = [figure for figure in _FIGURE.findall(plain) if not _stands(figure, figures)]
        return tuple(dict.fromkeys((*numbers, *links)))


def grounds_of(brief: Brief, found: Found) -> Grounds | None:
    """Return what an answer to `brief` is held to; None: to nothing of that kind."""
    knowledge = brief.persona.knowledge
    if knowledge is None or not (knowledge.cite or knowledge.only):
        return None
    persona = brief.persona
    examples = [text for one in persona.exchanges(brief.surface) for text in (one.to, one.say)]
    others = (brief.said, brief.about, persona.who, persona.disclosure_line, *persona.examples.post, *examples)
    return Grounds(
        passages=found.passages, cite=knowledge.cite, only=knowledge.only, others=tuple(filter(None, others))
    )


def _stands(figure: str, known: set[str]) -> bool:
    """Say whether a number is known as it is written, or each part of it is: 14:30 of 14 and 30."""
    return figure in known or all(part in known for part in re.split(r"\D+", figure))


def _links(text: str) -> list[str]:
    """Return the addresses in a text: what platforms make a link, and whatever begins like one."""
    found = [text[link.start : link.end] for link in find_links(text)]
    found += [written[0].rstrip(".,:;!?") for written in _ADDRESS.finditer(text)]
    return [one for one in dict.fromkeys(found) if not any(one != other and one in other for other in found)]


def _words(passage: Passage) -> set[str]:
    return set(_WORD.findall(f"{passage.heading} {passage.text}".casefold()))
