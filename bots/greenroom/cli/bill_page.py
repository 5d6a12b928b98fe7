"""The bill as one file for a browser: nothing is loaded from anywhere, and no script runs in it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from importlib.resources import files

from greenroom.cli.bill import Bill, DayOfBill
from greenroom.cli.showing import money
from greenroom.settings import BotFile

__all__ = ["bill_page"]

COLOURS = ("#4c78a8", "#f58518", "#54a24b", "#e45756", "#72b7b2", "#b279a2")
OTHERS = "#9d9da0"
"""Of what is too little for a colour of its own."""
WIDTH, HEIGHT, LEFT, BELOW = 760, 220, 70, 24
"""Of the plot, in its own units; and how much of it is for words at its left and below it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Piece:
    x: float
    y: float
    width: float
    height: float
    colour: str
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Mark:
    at: float
    words: str


def bill_page(file: BotFile, bill: Bill, days: Sequence[DayOfBill], *, by: str) -> str:
    """Return the page. Names of people stand in it as text, whatever is written in them."""
    import jinja2

    template = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined).from_string(
        files("greenroom.cli").joinpath("bill.html").read_text(encoding="utf-8")
    )
    colours = {line.name: COLOURS[number] for number, line in enumerate(bill.lines[: len(COLOURS)])}
    most = max([file.limits.spend.amount.micros, *(sum(day.micros.values()) for day in days)])
    return template.render(
        bot=file.bot,
        by=by,
        when=bill.period.value,
        whole=money(bill.micros),
        written=f"{bill.until.astimezone(file.timezone):%Y-%m-%d %H:%M}",
        lines=[
            (colours.get(line.name, OTHERS), line.name, f"{line.calls:,}", money(line.micros)) for line in bill.lines
        ],
        dearest=bill.dearest,
        forecast=None if bill.forecast is None else (money(bill.month), money(bill.forecast)),
        width=WIDTH,
        height=HEIGHT,
        left=LEFT,
        pieces=[piece for number, day in enumerate(days) for piece in _stack(day, number, len(days), most, colours)],
        names=[_Mark(at=_middle(at, len(days)), words=_short(one.day, len(days))) for at, one in enumerate(days)],
        limit=_Mark(at=_y(file.limits.spend.amount.micros, most), words=money(file.limits.spend.amount.micros)),
        ground=_y(0, most),
    )


def _stack(day: DayOfBill, number: int, count: int, most: int, colours: dict[str, str]) -> list[_Piece]:
    """Return the pieces of one day's bar, from the ground up."""
    width = (WIDTH - LEFT) / count
    pieces: list[_Piece] = []
    below = 0
    for name, micros in sorted(day.micros.items(), key=lambda item: -item[1]):
        top = _y(below + micros, most)
        pieces.append(
            _Piece(
                x=round(LEFT + number * width + 0.15 * width, 2),
                y=top,
                width=round(0.7 * width, 2),
                height=round(_y(below, most) - top, 2),
                colour=colours.get(name, OTHERS),
                words=f"{day.day:%Y-%m-%d}, {name}: {money(micros)}",
            )
        )
        below += micros
    return pieces


def _middle(number: int, count: int) -> float:
    return round(LEFT + (number + 0.5) * (WIDTH - LEFT) / count, 2)


def _y(micros: int, most: int) -> float:
    room = HEIGHT - BELOW - 12
    return round(12 + room - (room * micros / most if most else 0), 2)


def _short(day: date, count: int) -> str:
    return f"{day:%a} {day.day}" if count <= 7 else str(day.day)
