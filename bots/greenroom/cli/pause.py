"""`greenroom pause`, `greenroom stop-all` and `greenroom resume`: nothing goes out for a while."""

import asyncio
from typing import Annotated

import typer

from greenroom.cli.choosing import BotOption, choose, complete_account
from greenroom.cli.failing import for_owners
from greenroom.cli.showing import AsJson, say, write_json

__all__ = ["pause", "resume", "stop_all"]

Account = Annotated[
    str | None,
    typer.Argument(
        metavar="ACCOUNT",
        autocompletion=complete_account,
        help="Name of the account in the bot file. Left out: all of them.",
        show_default=False,
    ),
]


@for_owners
def pause(
    account: Account = None,
    why: Annotated[str | None, typer.Option(metavar="WORDS", help="A note for the log.", show_default=False)] = None,
    bot: BotOption = None,
    as_json: AsJson = False,
) -> None:
    """Let nothing go out any more.

    The bot goes on listening, and what it would say waits. Holds over restarts, until `greenroom resume`.

    Example: greenroom pause masto --why "a storm in the replies"
    """
    from greenroom.cli.asking import ask

    arguments = {"account": account, "why": why}
    answer = asyncio.run(ask(choose(bot).in_force(), "pause", arguments, makes=True))
    if as_json:
        write_json(answer)
    else:
        say(f"Paused: {account or 'all accounts'}. `greenroom resume{f' {account}' if account else ''}` ends it.")


@for_owners
def stop_all(
    why: Annotated[str | None, typer.Option(metavar="WORDS", help="A note for the log.", show_default=False)] = None,
    bot: BotOption = None,
    as_json: AsJson = False,
) -> None:
    """Stop everything at once.

    Nothing is said, on no account, and no engine is asked or paid. The bot goes on noting what comes in. Holds over
    restarts, until `greenroom resume`; what is still worth it then is answered.

    Example: greenroom stop-all --why "something is wrong, I look into it"
    """
    from greenroom.cli.asking import ask

    answer = asyncio.run(ask(choose(bot).in_force(), "stop-all", {"why": why}, makes=True))
    if as_json:
        write_json(answer)
    else:
        say("Everything is stopped. `greenroom resume` ends it.")


@for_owners
def resume(account: Account = None, bot: BotOption = None, as_json: AsJson = False) -> None:
    """Let things go out again, after `pause` or `stop-all`.

    An account whose sign-in was refused is tried once more.

    Example: greenroom resume masto
    """
    from greenroom.cli.asking import ask

    answer = asyncio.run(ask(choose(bot).in_force(), "resume", {"account": account}, makes=True))
    if as_json:
        write_json(answer)
    else:
        say(f"Resumed: {account or 'all accounts'}.")
        for name, why in answer.get("still_paused", {}).items():
            say(f"{name} was paused before ({why}) and stays so: `greenroom resume {name}` ends that.")
