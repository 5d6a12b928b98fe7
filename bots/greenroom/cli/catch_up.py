"""`greenroom catch-up`: what came in before an account began to listen."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from greenroom.cli.choosing import AccountArgument, BotOption, choose
from greenroom.cli.failing import for_owners
from greenroom.cli.showing import AsJson, Yes, money, say, write_json
from greenroom.clock import MICROSECOND

if TYPE_CHECKING:
    from greenroom.settings import BotFile

__all__ = ["catch_up"]

LOOK = 0.5
"""Seconds between two looks at how far it is."""
TOLD_EVERY = 5.0
"""Seconds between two lines about that."""


@for_owners
def catch_up(
    account: AccountArgument,
    since: Annotated[str, typer.Option(metavar="TIME", help="How far back: `2 hours`, or short 2h.")] = "2 hours",
    yes: Yes = False,
    bot: BotOption = None,
    as_json: AsJson = False,
) -> None:
    """Answer what came in before an account began to listen.

    A new account starts at now: what is older is left alone. This reads it, says how much of it is for the bot and
    what answering it would cost, asks, and lets the running bot answer it. What it has met before is not answered
    twice, whatever became of it.

    Example: greenroom catch-up masto --since 2h
    """
    from greenroom.cli.asking import runs
    from greenroom.cli.confirming import confirm
    from greenroom.settings.spelling import DURATION, SpellingError
    from greenroom_adapters.contract import ConfigurationError

    chosen = choose(bot)
    file, persona = chosen.load()
    if account not in file.accounts:
        raise ConfigurationError(f"the bot has no account `{account}`; it has: {', '.join(sorted(file.accounts))}")
    try:
        back = DURATION.read(since)
    except SpellingError as error:
        raise ConfigurationError(f"--since: {error}") from error
    if not runs(file):
        start = "greenroom run" if chosen.is_demo else f"greenroom run {chosen.path}"
        raise ConfigurationError(
            f"only a running bot can catch up: start it with `{start}`, then say this again beside it"
        )
    found = asyncio.run(_read(file, account, back, quiet=as_json))
    if not found["new"]:
        if as_json:
            write_json({"account": account, "new": 0, "known": found["known"], "seen": found["seen"], "taken": 0})
        else:
            say(f"Nothing to answer: {_counted(found)}.")
        return
    cost = _cost(file, persona, int(found["new"]))

    def tell() -> None:
        say(f"{found['new']} to answer on {account}: {_counted(found)}.")
        say("Answering them costs nothing." if cost is None else f"Answering them costs about {money(cost)}.")
        if not file.accounts[account].live:
            say(f"{account} rehearses: they stand in `greenroom log` as what would have been said.")

    confirm("Answer them?", tell=tell, yes=yes, as_json=as_json)
    done = asyncio.run(_take(file, account, quiet=as_json))
    if as_json:
        write_json(
            {"account": account, **{key: found[key] for key in ("new", "known", "seen")}, "taken": done["taken"]}
        )
    else:
        say(f"{done['taken']} are in the inbox; the bot answers them now. `greenroom log` shows how.")


def _counted(found: Mapping[str, Any]) -> str:
    settled = f", {found['settled']} answered by hand or taken back" if found["settled"] else ""
    return f"{found['seen']} looked at, {found['new']} for the bot and new, {found['known']} met before{settled}"


def _cost(file: "BotFile", persona: Any, count: int) -> int | None:
    from greenroom.cli.costs import answer_cost

    one = answer_cost(file, persona)
    return None if one is None else one * count


async def _read(file: "BotFile", account: str, back: timedelta, *, quiet: bool) -> Mapping[str, Any]:
    from greenroom.cli.asking import ask
    from greenroom.clock import SystemClock

    since = SystemClock().micros() - back // MICROSECOND
    await ask(file, "catch-up", {"account": account, "step": "begin", "since": since})
    return await _until(file, account, "read", quiet=quiet)


async def _take(file: "BotFile", account: str, *, quiet: bool) -> Mapping[str, Any]:
    from greenroom.cli.asking import ask

    await ask(file, "catch-up", {"account": account, "step": "take"})
    return await _until(file, account, "done", quiet=quiet)


async def _until(file: "BotFile", account: str, step: str, *, quiet: bool) -> Mapping[str, Any]:
    """Ask the running bot until it has come to `step`, and tell how far it is.

    :raises ConfigurationError: it failed
    """
    from greenroom.cli.asking import ask
    from greenroom_adapters.contract import ConfigurationError

    looks = 0
    while True:
        now = await ask(file, "catch-up", {"account": account, "step": "look"})
        if now["step"] == step:
            return now
        if now["step"] == "failed":
            raise ConfigurationError(f"{account} could not be caught up: {now['why']}")
        looks += 1
        if not quiet and looks % round(TOLD_EVERY / LOOK) == 0:
            say(f"{now['step']}: {now['seen']} looked at, {now['new']} to answer so far")
        await asyncio.sleep(LOOK)
