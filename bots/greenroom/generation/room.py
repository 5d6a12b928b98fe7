"""What of all that could stand in a prompt stands in it: a budget in tokens, and the order in which things go."""

from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Quote", "Shown", "fitted", "tokens_of"]

Quote = tuple[str, str]
"""Where a text comes from, and the text."""
LAST_LINES = 4
"""Lines of a conversation without which an answer makes no sense."""
AROUND = 24
"""Tokens of the two lines around a quotation, and of its origin."""


def tokens_of(text: str) -> int:
    """Return about how many tokens a text has, rather too many: a third of its bytes. Every model counts in its own
    way, and the tables by which one could know are no part of this program."""
    return (len(text.encode(errors="replace")) + 2) // 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What there is room for."""

    lines: list[Quote]
    passages: list[Quote]
    facts: list[Quote]
    notes: tuple[str, ...]
    """What is left out, in words; empty: nothing is."""


def fitted(
    room: int,
    *,
    fixed: Sequence[str],
    lines: Sequence[Quote],
    passages: Sequence[Quote],
    facts: Sequence[Quote],
    before: int = 0,
) -> Shown:
    """Return what fits into `room` tokens beside the `fixed` texts, which are shown in any case.

    What goes first: the oldest lines, down to the last four; the least fitting passages, down to one; what is known of
    the person, the oldest first; then the rest in the same order. `before`: so many lines were left out already.
    """
    kept_lines, kept_passages, kept_facts = list(lines), list(passages), list(facts)
    over = sum(map(tokens_of, fixed)) + sum(map(_cost, (*lines, *passages, *facts))) - room
    for shelf, end, least in (
        (kept_lines, 0, LAST_LINES),
        (kept_passages, -1, 1),
        (kept_facts, -1, 0),
        (kept_lines, 0, 0),
        (kept_passages, -1, 0),
    ):
        while over > 0 and len(shelf) > least:
            over -= _cost(shelf.pop(end))
    gone = (
        (before + len(lines) - len(kept_lines), "the {} oldest lines of the conversation"),
        (len(passages) - len(kept_passages), "{} passages of the documents"),
        (len(facts) - len(kept_facts), "{} things known of the person"),
    )
    left_out = [words.format(count) for count, words in gone if count]
    notes = (f"left out for want of room ({room:,} tokens): {', '.join(left_out)}",) if left_out else ()
    return Shown(lines=kept_lines, passages=kept_passages, facts=kept_facts, notes=notes)


def _cost(quote: Quote) -> int:
    origin, text = quote
    return tokens_of(origin) + tokens_of(text) + AROUND
