"""`greenroom store`: the ledger itself, and where it is."""

from pathlib import Path
from typing import Annotated

import typer

from greenroom.cli.choosing import BotOption, choose
from greenroom.cli.failing import for_owners
from greenroom.cli.progress import progress_bar
from greenroom.cli.showing import AsJson, say, write_json
from greenroom.cli.usage import Commands
from greenroom.stores import Database, Store
from greenroom_adapters.contract import ConfigurationError

__all__ = ["store"]

store = typer.Typer(help="Take the ledger from a file into a database, or back.", no_args_is_help=True, cls=Commands)


@store.command("copy")
@for_owners
def copy(
    source: Annotated[str, typer.Argument(metavar="FROM", help="A file, or postgresql://USER@HOST/DATABASE.")],
    target: Annotated[str, typer.Argument(metavar="TO", help="The same; there must be no ledger of this bot yet.")],
    bot: BotOption = None,
    as_json: AsJson = False,
) -> None:
    """Copy a ledger into another store, and prove it.

    All of it is copied while the bot does not run, read back and compared row by row; where one is missing nothing was
    done. From then on the bot runs on the copy alone: the ledger that was copied stays and refuses to run. Write the
    new place in `store`, then start the bot.

    Example: greenroom store copy data/ada.db postgresql://greenroom@db.example/greenroom --bot ada
    """
    from greenroom.clock import SystemClock
    from greenroom.storage import take_across

    name = choose(bot).file().bot
    with progress_bar(f"copying {name}", quiet=as_json) as told:
        copied = take_across(_store(source), _store(target), bot=name, now=SystemClock().micros(), told=told)
    if as_json:
        write_json({"bot": name, "from": source, "to": target, "rows": copied.rows})
        return
    for table, rows in copied.rows.items():
        if rows:
            say(f"  {rows:>9,}  {table}")
    say(f"{sum(copied.rows.values()):,} rows of {name} are the same on both sides. Now write `store: {target}`.")


def _store(written: str) -> Store:
    if not Database.is_meant(written):
        return Path(written).expanduser()
    try:
        return Database.at(written)
    except ValueError as error:
        raise ConfigurationError(str(error)) from None
