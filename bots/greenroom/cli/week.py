"""`greenroom week`: what happened in seven days, in ten lines, or as bars."""

import asyncio
from typing import TYPE_CHECKING, Annotated, Any

import typer

from greenroom.cli.choosing import BotArgument, choose
from greenroom.cli.failing import for_owners
from greenroom.cli.showing import AsJson, console, say, write_json

if TYPE_CHECKING:
    from greenroom.app.week import Week
    from greenroom.settings import BotFile

__all__ = ["week"]

WIDEST = 40
"""Characters of the longest bar."""


@for_owners
def week(
    bot: BotArgument = None,
    last: Annotated[
        bool,
        typer.Option(
            "--last", help="The week from Monday to Sunday that is over: what `tell` says.", show_default=False
        ),
    ] = False,
    bars: Annotated[bool, typer.Option("--bars", help="Show each day as a bar as well.", show_default=False)] = False,
    as_json: AsJson = False,
) -> None:
    """Say what the bot did in the last seven days.

    Ten lines: posted, answered, left alone and why, held, taken back, late, not done, money, complaints. Whoever `tell`
    names gets them on Mondays at 8, for the week that is over. A post on several accounts counts once.

    Example: greenroom week --bars
    """
    file = choose(bot).in_force()
    counted = asyncio.run(_counted(file, last=last))
    if as_json:
        write_json(_as_object(counted, file))
        return

    from greenroom.app.week import week_lines

    for line in week_lines(counted, file):
        say(line)
    if bars:
        _bars(counted)


async def _counted(file: "BotFile", *, last: bool) -> "Week":
    from greenroom.app.week import MOMENT, Span, count_week
    from greenroom.cli.asking import reading
    from greenroom.clock import SystemClock

    now = SystemClock().now()
    span = Span.before(now, file.timezone) if last else Span.up_to(now + MOMENT, file.timezone)
    async with reading(file) as ledger:
        return await count_week(file, ledger, span)


def _as_object(week: "Week", file: "BotFile") -> dict[str, Any]:
    zone = file.timezone
    return {
        "bot": file.bot,
        "since": week.span.since.astimezone(zone).isoformat(),
        "until": week.span.until.astimezone(zone).isoformat(),
        "posted": len(week.posted),
        "posted_on": dict(week.posted_on),
        "answered": week.answered,
        "answered_on": dict(week.answered_on),
        "people": len(week.people),
        "told": week.told,
        "published_on": dict(week.published),
        "left_alone": dict(week.left_alone),
        "held": week.held,
        "held_now": week.held_now,
        "held_let_out": week.let_out,
        "held_refused": week.held_refused,
        "held_expired": week.held_expired,
        "taken_back": week.withdrawn,
        "late": len(week.late),
        "latest_seconds": round(week.latest.total_seconds()),
        "missed": len(week.missed),
        "left_out": len(week.repeated),
        "unknown": week.unknown,
        "dead": week.dead,
        "spent_micros": week.spent,
        "calls": week.calls,
        "complaints": week.complaints,
        "said_stop": week.stops,
        "days": {
            day.isoformat(): {"posted": done["posted"], "answered": done["answered"]}
            for day, done in week.daily.items()
        },
    }


def _bars(week: "Week") -> None:
    from rich.table import Table
    from rich.text import Text

    most = max(1, *(done.total() for done in week.daily.values()))
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=False)
    for day, done in week.daily.items():
        posted, both = (round(WIDEST * number / most) for number in (done["posted"], done.total()))
        bar = Text.assemble(("█" * posted, "cyan"), ("▒" * (both - posted), "green"))
        table.add_row(f"{day:%a} {day.day}", f"{done['posted']:,} posted", f"{done['answered']:,} answered", bar)
    say("")
    console().print(table)
