"""A moderator's word: what somebody who keeps order in a room may tell the bot there, in words."""

import enum
from dataclasses import dataclass
from datetime import timedelta

from typing_extensions import override

from greenroom.clock import MICROSECOND
from greenroom.policy.guard import WORD, is_word
from greenroom.settings.spelling import DURATION, SpellingError
from greenroom.storage import Turn

__all__ = ["FOR_GOOD", "Order", "Word", "is_word", "order_of", "read_order", "rule_of_order", "span_of"]

A_DAY = timedelta(days=1)
"""How long the bot is quiet when nobody says how long."""
LONGEST = timedelta(days=366)
FOR_GOOD = 2**62
"""Stands for a moment that never comes, and for as long as that, in microseconds."""
LONGEST_TEXT = 200
"""What is longer is talk."""


class Word(enum.StrEnum):
    """What a moderator may say."""

    QUIET = "quiet"
    """Say nothing here for a while."""
    SPEAK = "speak"
    """Speak here again."""
    LEAVE = "leave"
    """Go away from here."""
    UNDO = "undo"
    """Take back what you said last."""
    WHY = "why"
    """Say what made you say it."""


@dataclass(frozen=True, slots=True)
class Order:
    """One of the words, with how long."""

    word: Word
    span: timedelta | None = None
    """Only of `QUIET`."""

    @override
    def __str__(self) -> str:
        return self.word if self.span is None else f"{self.word} {DURATION.write(self.span)}"


def read_order(text: str) -> Order | None:
    """Return what is ordered by a message without the bot's name; None: it is talk."""
    words = text.casefold().strip(" \t\n.,!?").split()
    if not words or len(text) > LONGEST_TEXT:
        return None
    first, rest = words[0], words[1:]
    if first == Word.QUIET:
        if rest[:1] == ["for"]:
            rest = rest[1:]
        if not rest:
            return Order(Word.QUIET, A_DAY)
        try:
            span = DURATION.read(" ".join(rest))
        except SpellingError:
            return None
        return Order(Word.QUIET, min(span, LONGEST)) if span > timedelta(0) else None
    return Order(Word(first)) if first in [*Word] and not rest else None


def rule_of_order(order: Order) -> str:
    """Return the name of the rule under which it becomes a turn: it says all that was ordered."""
    return f"{WORD}{order}"


def order_of(turn: Turn) -> Order | None:
    """Return what a turn orders; None: nothing."""
    return read_order(turn.rule.removeprefix(WORD)) if is_word(turn) else None


def span_of(turn: Turn) -> int | None:
    """Return for how many microseconds the bot is to be quiet from the order on, 0 for no longer; None: the turn orders
    something else, or nothing."""
    order = order_of(turn)
    if order is None:
        return None
    if order.word is Word.QUIET and order.span is not None:
        return order.span // MICROSECOND
    return {Word.LEAVE: FOR_GOOD, Word.SPEAK: 0}.get(order.word)
