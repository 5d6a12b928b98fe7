"""`greenroom status`: how a bot is, in one look."""

import asyncio
from typing import TYPE_CHECKING, Any

import typer

from greenroom.cli.choosing import BotArgument, choose
from greenroom.cli.failing import NEEDS_A_PERSON, for_owners
from greenroom.cli.showing import AsJson, console, facts, moment_words, money, write_json

if TYPE_CHECKING:
    from greenroom.cli.health import Health

__all__ = ["status"]


@for_owners
def status(bot: BotArgument = None, as_json: AsJson = False) -> None:
    """Say how a bot is, and what needs a person.

    Does it run, are its accounts connected, what waits, what comes next, what did today cost?

    The exit code is 0 when all is well and 3 when something needs a person, so that a monitor can ask.

    Example: greenroom status config/bots/ada.yaml
    """
    from greenroom.cli.health import health_of

    chosen = choose(bot)
    health = asyncio.run(health_of(chosen.in_force(), start=chosen.start, is_valid=chosen.is_valid))
    if as_json:
        write_json(_as_object(health))
    else:
        _tell(health)
    if health.needs:
        raise typer.Exit(NEEDS_A_PERSON)


def _as_object(health: "Health") -> dict[str, Any]:
    return {
        "bot": health.bot,
        "running": health.runner is not None,
        "process": None if health.runner is None else health.runner.get("pid"),
        "ledger": health.ledger,
        "accounts": {
            account.name: {
                "platform": account.platform,
                "live": account.is_live,
                "connected": account.is_connected,
                "paused": account.paused,
            }
            for account in health.accounts
        },
        "turns": {state.word: count for state, count in health.counts.items()},
        "next": [
            {"due": one.due.isoformat(), "schedule": one.name, "item": one.item, "in": list(one.places)}
            for one in health.comings
        ],
        "slept": None if health.slept is None else [moment.isoformat() for moment in health.slept],
        "spent_micros": health.spent,
        "limit_micros": health.limit,
        "needs": list(health.needs),
    }


def _tell(health: "Health") -> None:
    from rich.text import Text

    from greenroom_adapters.text import plain

    place = console()
    title = Text.assemble((health.bot, "bold"), "  ")
    if health.runner is None:
        title.append("does not run", "yellow")
    else:
        title.append("runs", "green")
        title.append(f"  (process {health.runner.get('pid')})", "dim")
    place.print(title)
    rows = [("ledger", health.ledger)]
    for account in health.accounts:
        words = f"{account.name} on {account.platform}: "
        if account.paused is not None:
            words += f"paused ({account.paused})"
        elif account.is_connected is None:
            words += "not running" if health.runner is None else "the running bot does not say"
        else:
            words += "connected" if account.is_connected else "not connected"
        rows.append(("account", words + ("" if account.is_live else ", rehearsing")))
    counts = ", ".join(f"{count:,} {state.word}" for state, count in health.counts.items() if count)
    rows.append(("turns", counts or "none yet"))
    if health.slept is not None:
        since, until = (moment_words(moment, health.now, health.zone) for moment in health.slept)
        rows.append(("slept", f"from {since} to {until}: the machine was suspended, or its clock was set"))
    for coming in health.comings:
        number = coming.name if coming.item is None else f"post {coming.item}"
        where = ", ".join(coming.places)
        rows.append(("next", f"{moment_words(coming.due, health.now, health.zone)}  {number} in {where}"))
    rows.append(("today", f"{money(health.spent)} of {money(health.limit)}"))
    facts(rows, place)
    for need in health.needs:
        place.print(Text.assemble(("! ", "bold yellow"), plain(need)))
