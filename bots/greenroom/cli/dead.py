"""`greenroom dead`: what waits for a person, and the three things that he can do about it."""

import asyncio
from typing import Annotated

import typer

from greenroom.cli.choosing import BotOption, choose
from greenroom.cli.failing import for_owners
from greenroom.cli.naming import lists_alone
from greenroom.cli.showing import AsJson, say, write_json
from greenroom.cli.waiting import Limit, show_waiting

__all__ = ["dead"]

dead = typer.Typer(
    help="Settle what could not be brought to its end. It is dead (cannot go out) or unknown (may have gone out).",
    invoke_without_command=True,
)

Seq = Annotated[int, typer.Argument(metavar="TURN", help="Number of the turn, from `dead list`.", show_default=False)]


@dead.command("list")
@for_owners
def list_(limit: Limit = 20, bot: BotOption = None, as_json: AsJson = False) -> None:
    """List what waits, with its reason.

    Example: greenroom dead list
    """
    from greenroom.storage import State

    show_waiting(
        bot,
        (State.DEAD, State.UNKNOWN),
        limit,
        as_json=as_json,
        nothing="Nothing is dead or unknown.",
        helps=(
            ("greenroom dead retry TURN", "it did not go out, try again"),
            ("greenroom dead drop TURN", "it shall not go out"),
            ("greenroom dead sent TURN", "it did go out, I have seen it"),
        ),
    )


lists_alone(dead, list_)


@dead.command()
@for_owners
def retry(turn: Seq, bot: BotOption = None, as_json: AsJson = False) -> None:
    """Say that it did not go out: it is tried again. A held draft (`greenroom held`) is written anew.

    Example: greenroom dead retry 41
    """
    _do(bot, "retry", {"turn": turn}, f"Turn {turn} is tried again.", as_json=as_json)


@dead.command()
@for_owners
def drop(turn: Seq, bot: BotOption = None, as_json: AsJson = False) -> None:
    """Say that it shall not go out. What it would have answered is not answered again.

    Example: greenroom dead drop 41
    """
    _do(bot, "drop", {"turn": turn}, f"Turn {turn} is dropped.", as_json=as_json)


@dead.command()
@for_owners
def sent(
    turn: Seq,
    post: Annotated[
        str | None,
        typer.Argument(
            metavar="POST", help="Its address or id on the platform, where you know it.", show_default=False
        ),
    ] = None,
    bot: BotOption = None,
    as_json: AsJson = False,
) -> None:
    """Say that it did go out: you have seen it on the platform.

    Example: greenroom dead sent 41 https://example.social/@ada/112233
    """
    _do(bot, "went-out", {"turn": turn, "post": post}, f"Turn {turn} is noted as sent.", as_json=as_json)


def _do(bot: str | None, command: str, arguments: dict[str, object], done: str, *, as_json: bool) -> None:
    from greenroom.cli.asking import ask

    answer = asyncio.run(ask(choose(bot).in_force(), command, arguments))
    if as_json:
        write_json(answer)
    else:
        say(done)
