"""`greenroom spend`: what a bot has cost, by what, and what the month will cost."""

import asyncio
import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from greenroom.cli.choosing import BotArgument, choose
from greenroom.cli.failing import for_owners
from greenroom.cli.pages import may_be_written, write_page
from greenroom.cli.showing import AsJson, console, money, say, warn, write_json

if TYPE_CHECKING:
    from greenroom.app.comparing_bills import ComparedBills
    from greenroom.cli.bill import Bill, DayOfBill
    from greenroom.settings import BotFile

__all__ = ["spend"]

WIDEST = 24
"""Characters of the longest bar."""


@for_owners
def spend(
    bot: BotArgument = None,
    day: Annotated[bool, typer.Option("--day", help="Of today.", show_default=False)] = False,
    week: Annotated[bool, typer.Option("--week", help="Of the last seven days.", show_default=False)] = False,
    month: Annotated[
        bool, typer.Option("--month", help="Of this month: what is shown without any of these.", show_default=False)
    ] = False,
    by: Annotated[str, typer.Option(metavar="WHAT", help="rule, person, account or model.")] = "rule",
    html: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write it as one page with a plot as well.", show_default=False),
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--replace", help="Write over the page where it is there.", show_default=False)
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show what the bot has cost, and will cost.

    Models and what platforms charge are one bill. A call of which nobody knows what came of it counts with all that was
    set aside for it. Where the file says `engines: usage`, OpenAI's own figures stand beside it.

    Example: greenroom spend --week --by person --html bill.html
    """
    from greenroom.cli.bill import By, Period, bill_of, days_of
    from greenroom.clock import SystemClock
    from greenroom_adapters.contract import ConfigurationError

    if day + week + month > 1:
        raise ConfigurationError("write one of --day, --week and --month")
    if by not in [one.value for one in By]:
        raise ConfigurationError(f"costs are not told apart by `{by}`: write rule, person, account or model")
    may_be_written(html, overwrite=overwrite)
    file = choose(bot).in_force()
    period = Period.DAY if day else Period.WEEK if week else Period.MONTH

    async def read() -> "tuple[Bill, list[DayOfBill]]":
        from greenroom.cli.asking import reading

        now = SystemClock().now()
        async with reading(file) as ledger:
            bill = await bill_of(file, ledger, period=period, by=By(by), now=now)
            days = [] if html is None else await days_of(file, ledger, bill, by=By(by))
            if file.engines.usage is not None:
                from greenroom.app.comparing_bills import compare_bills

                both = await compare_bills(file, ledger, since=bill.since, now=now, environ=os.environ, warn=warn)
                bill = replace(bill, provider=both)
            return bill, days

    bill, days = asyncio.run(read())
    if html is not None:
        from greenroom.cli.bill_page import bill_page

        write_page(html, bill_page(file, bill, days, by=by))
    if as_json:
        write_json(_as_object(bill, file, by))
        return
    _tell(bill, file, by)
    if html is not None:
        say(f"{html} written: open it in a browser.")


def _as_object(bill: "Bill", file: "BotFile", by: str) -> dict[str, Any]:
    limit = file.limits.spend.amount.micros
    return {
        "since": bill.since.astimezone(file.timezone).isoformat(),
        "until": bill.until.astimezone(file.timezone).isoformat(),
        "spent_micros": bill.micros,
        "unknown_micros": bill.open_micros,
        "unknown_calls": bill.open_calls,
        "by": by,
        "lines": [{"name": one.name, "calls": one.calls, "micros": one.micros} for one in bill.lines],
        "dearest": list(bill.dearest),
        "month_micros": bill.month,
        "forecast_micros": bill.forecast,
        "today_micros": bill.today,
        "limit_micros": limit,
        "left_micros": max(0, limit - bill.today),
        "share_micros": file.limits.share,
        "provider": _provider(bill),
    }


def _provider(bill: "Bill") -> dict[str, Any] | None:
    both = bill.provider
    if both is None or isinstance(both, str):
        return None if both is None else {"error": both}
    return {
        "since": both.since.isoformat(),
        "billed_micros": both.billed,
        "ledger_micros": both.ledger,
        "difference_micros": both.difference,
    }


def _tell(bill: "Bill", file: "BotFile", by: str) -> None:
    say(f"{file.bot} has cost {money(bill.micros) if bill.lines else 'nothing'} {bill.period.value}.")
    if bill.lines:
        _table(bill, by)
    for number, words in enumerate(bill.dearest, 1):
        say(f"{number}. {words}")
    if bill.open_calls:
        calls = "one call" if bill.open_calls == 1 else f"{bill.open_calls:,} calls"
        say(f"{money(bill.open_micros)} of it were set aside for {calls} whose outcome is not known: counted as spent.")
    limit = file.limits.spend.amount.micros
    say(
        f"Today: {money(bill.today)} of {money(limit)}, {money(max(0, limit - bill.today))} left. "
        f"One person may cost {money(file.limits.share)} a day."
    )
    if bill.forecast is not None:
        say(
            f"This month: {money(bill.month)} so far, about {money(bill.forecast)} by its end at the pace of the last "
            f"days ({money(bill.pace)} a day)."
        )
    if (both := bill.provider) is not None:
        say(f"OpenAI's own figures: {both}." if isinstance(both, str) else _beside(both))


def _beside(both: "ComparedBills") -> str:
    """Say what OpenAI has billed, and what may be behind a difference."""
    words = (
        f"OpenAI has billed {money(both.billed)} since {both.since:%Y-%m-%d} (UTC), the ledger has {money(both.ledger)}"
    )
    if not both.difference:
        return f"{words}: the same."
    if both.difference > 0:
        return (
            f"{words}: {money(both.difference)} more. OpenAI's figures come some hours late, bill cached input at "
            "less, and know what came of calls that count here as set aside."
        )
    return (
        f"{words}: {money(-both.difference)} less. Something else may use the same project (`engines: usage` can name "
        "one), or a price is out of date: `greenroom prices`."
    )


def _table(bill: "Bill", by: str) -> None:
    from rich.table import Table
    from rich.text import Text

    from greenroom_adapters.text import plain

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column(by, overflow="fold")
    table.add_column("calls", justify="right", no_wrap=True)
    table.add_column("cost", justify="right", no_wrap=True)
    table.add_column("share", justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    most, whole = max(1, bill.lines[0].micros), max(1, bill.micros)
    for one in bill.lines:
        bar = "█" * (max(1, round(WIDEST * one.micros / most)) if one.micros else 0)
        share = f"{round(100 * one.micros / whole)} %"
        name = Text(plain(one.name, one_line=True))
        table.add_row(name, f"{one.calls:,}", money(one.micros), share, Text(bar, "cyan"))
    console().print(table)
