"""`greenroom dead`: what waits for a person, and the three things that he can do about it."""

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from greenroom.cli.choosing import BotOption, choose
from greenroom.cli.failing import for_owners
from greenroom.cli.showing import AsJson, console, say, write_json

if TYPE_CHECKING:
    from greenroom.settings import BotFile
    from greenroom.storage import Turn

__all__ = ["dead"]

dead = typer.Typer(
    help="What waits for a person: list, retry, drop, sent. It is dead (cannot go out), unknown (may have gone out) "
    "or held (a draft to look at).",
    invoke_without_command=True,
)

Seq = Annotated[int, typer.Argument(metavar="TURN", help="Number of the turn, from `dead list`.", show_default=False)]


@dead.callback()
def _alone(context: typer.Context) -> None:  # pyright: ignore[reportUnusedFunction]  # registered
    if context.invoked_subcommand is None:
        list_()


@dead.command("list")
@for_owners
def list_(
    limit: Annotated[int, typer.Option(metavar="N", min=1, help="How many at the most, newest first.")] = 20,
    bot: BotOption = None,
    as_json: AsJson = False,
) -> None:
    """List what waits, with its reason.

    Example: greenroom dead list
    """
    from greenroom.cli.turn_words import as_object, turn_lines

    file = choose(bot).file()
    turns = asyncio.run(_waiting(file, limit))
    if as_json:
        write_json([as_object(turn) for turn in turns])
        return
    if not turns:
        say("Nothing waits for a person.")
        return
    place = console()
    for turn in reversed(turns):
        place.print(turn_lines(turn, file.timezone, with_date=True, with_number=True))
    say("")
    say("retry TURN: it did not go out, try again (a held draft: write it anew)")
    say("drop TURN:  it shall not go out")
    say("sent TURN:  it did go out, I have seen it")


async def _waiting(file: "BotFile", limit: int) -> "list[Turn]":
    from greenroom.cli.asking import reading
    from greenroom.storage import State

    async with reading(file) as ledger:
        return await ledger.turns(states=(State.DEAD, State.UNKNOWN, State.HELD), limit=limit)


@dead.command()
@for_owners
def retry(turn: Seq, bot: BotOption = None, as_json: AsJson = False) -> None:
    """Say that it did not go out: it is tried again. A held draft is written anew.

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

    answer = asyncio.run(ask(choose(bot).file(), command, arguments))
    if as_json:
        write_json(answer)
    else:
        say(done)
