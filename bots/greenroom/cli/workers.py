"""`greenroom workers`: who runs, or stands by for, which bot of a database."""

from typing import TYPE_CHECKING, Annotated

import typer

from greenroom.cli.choosing import BotArgument, choose
from greenroom.cli.failing import for_owners
from greenroom.cli.showing import AsJson, say, write_json

if TYPE_CHECKING:
    from greenroom.storage import Worker

__all__ = ["workers"]


@for_owners
def workers(
    bot: BotArgument = None,
    on: Annotated[
        str | None,
        typer.Option(metavar="ADDRESS", help="A database, as it stands in `store`. Left out: that of the bot."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show who runs which bot of a database, and who stands by.

    All bots of that database are shown, not only the one that is named. What a worker runs it owns: it alone listens,
    answers and publishes for that bot, until its connection ends. A host that stands by for a bot, and runs two fewer
    than the one that has it, is given it after a while.

    Example: greenroom workers --on postgresql://greenroom@db.example/greenroom
    """
    from greenroom.storage import workers_on
    from greenroom.stores import Database
    from greenroom_adapters.contract import ConfigurationError

    store = Database(on) if on is not None else choose(bot).file().store
    if not isinstance(store, Database):
        raise ConfigurationError(
            f"{store}: one process runs a bot whose ledger is a file, and `greenroom status` shows it. For several "
            "workers write `store: postgresql://USER@HOST/DATABASE`"
        )
    found = workers_on(store)
    if as_json:
        write_json([_as_object(one) for one in found])
        return
    if not found:
        say(f"Nobody runs a bot on {store}.")
    for one in found:
        how = "runs on" if one.owns else "is waited for by"
        say(f"{one.bot}  {how} {one.name}, since {one.since:%Y-%m-%d %H:%M} UTC")
    for host in sorted({one.host for one in found}):
        runs, waits = ([one for one in found if one.host == host and one.owns is owns] for owns in (True, False))
        say(f"{host} runs {_bots(len(runs))} and stands by for {_bots(len({one.bot for one in waits}))}.")


def _bots(count: int) -> str:
    return "1 bot" if count == 1 else f"{count or 'no'} bots"


def _as_object(worker: "Worker") -> dict[str, object]:
    return {
        "bot": worker.bot,
        "worker": worker.name,
        "host": worker.host,
        "address": worker.address,
        "owns": worker.owns,
        "since": worker.since.isoformat(),
    }
