"""`greenroom live`: let an account publish, or let it rehearse again."""

import asyncio
from collections.abc import Mapping
from typing import Annotated, Any

import typer

from greenroom.cli.choosing import AccountArgument, BotOption, choose
from greenroom.cli.failing import for_owners
from greenroom.cli.showing import AsJson, say, write_json

__all__ = ["live"]


@for_owners
def live(
    account: AccountArgument,
    rehearse: Annotated[
        bool,
        typer.Option("--rehearse", help="The other way: let it rehearse, publishing nothing.", show_default=False),
    ] = False,
    bot: BotOption = None,
    as_json: AsJson = False,
) -> None:
    """Let an account that rehearses publish.

    An account with `live: false` rehearses: it listens truly, and `greenroom log` shows what it would have said. This
    changes that one word in the bot file and nothing else: comments and layout stay. A running bot takes it up within
    two seconds. What it would have said before is not said later.

    Example: greenroom live masto
    """
    from greenroom.cli.asking import ask, runs
    from greenroom.settings import Platforms
    from greenroom.settings.editing import set_live
    from greenroom_adapters.contract import ConfigurationError

    chosen = choose(bot)
    file = chosen.file()
    changed = set_live(chosen.path, account, live=not rehearse, platforms=Platforms.installed())
    running = runs(file)
    if running:
        # what the file says is one thing, what the bot does is what counts
        answer = asyncio.run(ask(file, "take-up", {}))
        if answer["live"].get(account) is rehearse:
            raise ConfigurationError(_not_taken_up(account, answer, start=chosen.start, rehearse=rehearse))
    if as_json:
        write_json({"account": account, "live": not rehearse, "changed": changed, "running": running})
        return
    how = "rehearses: it listens, and nothing is published" if rehearse else "is live: what it says is published"
    if not changed:
        say(f"{account} {how} already; {chosen.path} is as it was.")
        return
    say(f"{account} {how}. {chosen.path} says so now.")
    if running:
        say("The running bot has taken it up.")


def _not_taken_up(account: str, answer: Mapping[str, Any], *, start: str, rehearse: bool) -> str:
    """Say that the running bot does otherwise than its file says, and what helps."""
    if (strayed := answer["strayed"]) is not None:
        return f"the file says so now, but everything rehearses, for {strayed}: `{start} --take-over` ends that"
    refused = answer["refused"]
    goes_on = "goes on publishing" if rehearse else "goes on rehearsing"
    why = f", because its files have mistakes:\n{refused}" if refused else ""
    return f"the file says so now, but the running bot {goes_on} on {account}{why}" + (
        f"\n`greenroom pause {account}` silences it at once" if rehearse else ""
    )
