"""`greenroom prices`: what models cost, by which list, and a list of one's own to edit."""

from pathlib import Path
from typing import Annotated

import typer

from greenroom.cli.choosing import BotArgument, choose
from greenroom.cli.failing import for_owners
from greenroom.cli.pages import may_be_written
from greenroom.cli.showing import AsJson, say, write_json

__all__ = ["prices"]

HEAD = """\
# What a million tokens cost. A bot file names this file: `prices: {name}`. A model that is not in here costs what
# Greenroom's own list says, and a `price` beside an engine in the bot file goes first.
# What one picture costs at the most goes below `pictures:`, as `some-model: 0.04 USD`.
"""


@for_owners
def prices(
    bot: BotArgument = None,
    write: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write Greenroom's own list there, for you to edit.", show_default=False),
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--replace", help="Write over the file where it is there.", show_default=False)
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show what the bot's models cost, by the lists that hold.

    Prices change: with --write you get the list that comes with Greenroom as a file of your own, which a bot file names
    as `prices: FILE`. An edit of it takes effect while the bot runs.

    Example: greenroom prices --write prices.yaml
    """
    if write is not None:
        may_be_written(write, overwrite=overwrite)
        write.write_text(HEAD.format(name=write.name) + _list(), encoding="utf-8")
        if as_json:
            write_json({"written": str(write)})
        else:
            say(f"{write} written. Name it in the bot file: `prices: {write.name}`")
        return
    from greenroom.cli.costs import engine_words

    file = choose(bot).in_force()
    lines = engine_words(file)
    if as_json:
        write_json({"file": None if file.prices is None else str(file.prices), "engines": lines})
        return
    say(f"By {'the list of Greenroom' if file.prices is None else file.prices}:")
    for line in lines:
        say(f"  {line}")


def _list() -> str:
    """Return Greenroom's own list as a price file."""
    from greenroom.generation import PRICES
    from greenroom.settings.spelling import MONEY, Money

    lines = ["tokens:"]
    for name, price in PRICES.items():
        read, written = (MONEY.write(Money(micros=micros)) for micros in (price.input, price.output))
        lines.append(f"  {name}: {{input: {read}, output: {written}}}")
    return "\n".join([*lines, ""])
