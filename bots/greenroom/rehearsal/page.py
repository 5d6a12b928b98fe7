"""A comparison as one file for a browser: nothing is loaded from anywhere, and no script runs in it."""

import difflib
import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from importlib.resources import files
from typing import Any

from greenroom.rehearsal.comparing import Compared, Side, Tally
from greenroom.rehearsal.trying import Become, Tried

__all__ = ["alike_words", "page", "rows_of_tallies"]

LINES_BEFORE = 4
"""Of the conversation before an input."""
_PIECE = re.compile(r"\s+|\S+")


def page(
    a: Side,
    b: Side,
    compared: Sequence[Compared],
    tallies: tuple[Tally, Tally],
    *,
    source: str,
    engine: str,
    at: datetime,
) -> str:
    """Return the page. Texts of people stand in it as text, whatever is written in them."""
    import jinja2

    template = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined).from_string(
        files("greenroom.rehearsal").joinpath("comparison.html").read_text(encoding="utf-8")
    )
    return template.render(
        a=a,
        b=b,
        rows=[_row(number, one) for number, one in enumerate(compared, 1)],
        totals=list(rows_of_tallies(*tallies)),
        alike=alike_words([one.likeness for one in compared]),
        source=source,
        engine=engine,
        at=f"{at:%Y-%m-%d %H:%M} UTC",
    )


def rows_of_tallies(a: Tally, b: Tally) -> Iterator[tuple[str, str, str]]:
    """Yield what is counted, and how often on each side, in words."""
    for label, of in (("said", "said"), ("held for a person", "held"), ("silent", "silent"), ("no engine", "unable")):
        first, second = getattr(a, of), getattr(b, of)
        if first or second or of == "said":
            yield label, str(first), str(second)
    yield "bounds broken", _broken(a), _broken(b)
    yield "characters on average", f"{a.characters:.0f}", f"{b.characters:.0f}"
    yield "cost", _cost(a), _cost(b)


def alike_words(found: Sequence[float | None]) -> str:
    """Return how alike the two sides are on average, in words."""
    known = [one for one in found if one is not None]
    if not known:
        return "nothing to compare"
    same = sum(one == 1.0 for one in known)
    return f"{sum(known) / len(known):.0%} of their words on average; {same} of {len(known)} word for word"


def _cost(tally: Tally) -> str:
    return f"{tally.cost / 1_000_000:.6f} USD" if tally.cost else "nothing"


def _broken(tally: Tally) -> str:
    if not tally.broke:
        return "0"
    return f"{tally.broke} ({', '.join(f'{name} {count}' for name, count in tally.broken)})"


def _row(number: int, one: Compared) -> dict[str, Any]:
    occasion = one.input.occasion
    where = occasion.surface.value.replace("_", " ")
    is_answer = occasion.surface.value != "post"
    who = f" to @{occasion.author.handle}" if is_answer and one.input.turn is not None else ""
    title = f"{number}. {where}{who}" + (f", turn {one.input.turn}" if one.input.turn is not None else "")
    asked = occasion.text if is_answer else f"about: {occasion.text}" if occasion.text else ""
    before = one.input.history[-LINES_BEFORE:] if is_answer else ()
    return {
        "title": title,
        "asked": asked,
        "before": [f"{'it' if line.author is None else f'@{line.author.handle}'}: {line.text}" for line in before],
        "sides": [_side(one.a, one.b), _side(one.b, one.a)],
        "alike": "" if one.likeness is None else f"{one.likeness:.0%} alike",
    }


def _side(tried: Tried, other: Tried) -> dict[str, Any]:
    by = "" if tried.engine is None else f" by {tried.engine}"
    became = f"{tried.become}{by}" if tried.become is Become.SAID else f"{tried.become}: {tried.reason}"
    texts = list(tried.parts)
    return {
        "parts": [list(_marked(text, " ".join(other.parts))) for text in texts],
        "became": became,
        "broke": f"broke: {', '.join(bound.value for bound in tried.broke)}" if tried.broke else "",
        "notes": list(tried.notes),
    }


def _marked(text: str, other: str) -> Iterator[tuple[str, bool]]:
    """Yield the text in pieces, each with whether it stands in this one alone."""
    mine, theirs = _PIECE.findall(text), _PIECE.findall(other)
    blocks = difflib.SequenceMatcher(None, mine, theirs, autojunk=False).get_matching_blocks()
    at = 0
    for block in blocks:
        if block.a > at:
            yield "".join(mine[at : block.a]), bool(other)
        if block.size:
            yield "".join(mine[block.a : block.a + block.size]), False
        at = block.a + block.size
