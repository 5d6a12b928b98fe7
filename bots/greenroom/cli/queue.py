"""`greenroom queue`: what will be posted, and changing what was put down by hand."""

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from greenroom.cli.choosing import BotOption, choose
from greenroom.cli.failing import for_owners
from greenroom.cli.naming import lists_alone
from greenroom.cli.showing import AsJson, console, moment_words, say, write_json

if TYPE_CHECKING:
    from greenroom.cli.upcoming import Coming
    from greenroom.settings import BotFile

__all__ = ["queue"]

queue = typer.Typer(help="List, edit or cancel what will be posted.", invoke_without_command=True)


def _number(word: str) -> int:
    if not word.isdecimal():
        raise ValueError(
            f"`{word}` is no number. What `greenroom queue` lists by a name stands in the bot file and is changed there"
        )
    return int(word)


Item = Annotated[
    int,
    typer.Argument(
        metavar="ID", help="Number of the post, as `queue list` shows it.", parser=_number, show_default=False
    ),
]


@queue.command("list")
@for_owners
def list_(
    limit: Annotated[int, typer.Option(metavar="N", min=1, help="How many of those put down by hand.")] = 20,
    times: Annotated[
        int, typer.Option(metavar="N", min=1, max=1000, help="How many times of each entry of the bot file.")
    ] = 2,
    bot: BotOption = None,
    as_json: AsJson = False,
) -> None:
    """List the next posts.

    Those put down by hand have a number; the others come from the bot file.

    Example: greenroom queue list --limit 50
    """
    file = choose(bot).in_force()
    comings = asyncio.run(_coming(file, limit, times))
    if as_json:
        write_json(
            [
                {
                    "item": one.item,
                    "due": one.due.isoformat(),
                    "schedule": one.name,
                    "in": list(one.places),
                    "say" if one.is_fixed else "about": one.words,
                }
                for one in comings
            ]
        )
    elif not comings:
        say("Nothing is planned: neither does the bot file post, nor was anything put down.")
    else:
        _table(comings, file)


lists_alone(queue, list_)


async def _coming(file: "BotFile", limit: int, times: int) -> "list[Coming]":
    from greenroom.cli.asking import is_there, reading
    from greenroom.cli.upcoming import coming_up
    from greenroom.clock import SystemClock

    now = SystemClock().now()
    if not is_there(file):
        return await coming_up(file, None, now=now, limit=limit, times=times)
    async with reading(file) as ledger:
        return await coming_up(file, ledger, now=now, limit=limit, times=times)


def _table(comings: "list[Coming]", file: "BotFile") -> None:
    from rich.table import Table
    from rich.text import Text

    from greenroom.clock import SystemClock
    from greenroom_adapters.text import plain

    now = SystemClock().now()
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("post", justify="right", no_wrap=True)
    table.add_column("when", no_wrap=True)
    table.add_column("where", overflow="fold")
    table.add_column("what", overflow="ellipsis", no_wrap=True)
    for one in comings:
        number = Text(one.name, "dim") if one.item is None else Text(str(one.item))
        what = Text(plain(one.words, one_line=True), "" if one.is_fixed else "italic")
        table.add_row(
            number, moment_words(one.due, now, file.timezone), Text(plain(", ".join(one.places)), "cyan"), what
        )
    console().print(table)


@queue.command()
@for_owners
def edit(
    item: Item,
    text: Annotated[
        str | None, typer.Argument(metavar="TEXT", help="What it says instead.", show_default=False)
    ] = None,
    at: Annotated[str | None, typer.Option(metavar="WHEN", help="When instead.", show_default=False)] = None,
    bot: BotOption = None,
    as_json: AsJson = False,
) -> None:
    """Change the words or the time of a post that was put down.

    Example: greenroom queue edit 12 "The lights are on." --at "2026-12-24 19:00"
    """
    if text is None and at is None:
        raise typer.BadParameter("say what to change: its words (TEXT), its time (--at WHEN), or both")

    from greenroom.cli.asking import ask
    from greenroom.cli.when import moment_of
    from greenroom.clock import SystemClock, to_micros
    from greenroom_adapters.contract import ConfigurationError

    if text is not None and not text.strip():
        raise ConfigurationError(f"there is nothing to say: `greenroom queue cancel {item}` takes the post back")
    file = choose(bot).in_force()
    moment = None if at is None else moment_of(at, now=SystemClock().now(), zone=file.timezone)
    arguments = {"item": item, "text": text, "at": None if moment is None else to_micros(moment)}
    answer = asyncio.run(ask(file, "edit", arguments))
    if as_json:
        write_json(answer)
        return
    if moment is None:
        say(f"Post {item} is changed.")
    else:
        say(f"Post {item} is changed: it comes {moment_words(moment, SystemClock().now(), file.timezone)}.")


@queue.command()
@for_owners
def cancel(item: Item, bot: BotOption = None, as_json: AsJson = False) -> None:
    """Take a post back that was put down. What the bot file plans is taken back there.

    Example: greenroom queue cancel 12
    """
    from greenroom.cli.asking import ask

    answer = asyncio.run(ask(choose(bot).in_force(), "cancel", {"item": item}))
    if as_json:
        write_json(answer)
    else:
        anew = " The bot file still has it: it is written anew when its time comes." if answer["comes_anew"] else ""
        say(f"Post {item} is cancelled.{anew}")
