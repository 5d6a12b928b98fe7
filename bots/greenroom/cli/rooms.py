"""`greenroom rooms`: places where somebody took the bot, and what it is to do there."""

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from greenroom.cli.choosing import BotOption, choose
from greenroom.cli.failing import for_owners
from greenroom.cli.naming import lists_alone
from greenroom.cli.showing import AsJson, say, write_json

if TYPE_CHECKING:
    from greenroom.policy import Stranger
    from greenroom.settings import BotFile

__all__ = ["rooms"]

rooms = typer.Typer(
    help="Decide about places where others took the bot. "
    "In a room or server of strangers, also one that invites it, it says nothing there until you decide.",
    invoke_without_command=True,
)

Place = Annotated[
    str, typer.Argument(metavar="PLACE", help="account/id, as `greenroom rooms` lists it.", show_default=False)
]


@rooms.command("list")
@for_owners
def list_(bot: BotOption = None, as_json: AsJson = False) -> None:
    """List where others took the bot, and what you decided.

    Example: greenroom rooms list
    """
    from greenroom_adapters.text import plain

    found = asyncio.run(_strangers(choose(bot).in_force()))
    if as_json:
        write_json(
            [
                {"place": f"{account}/{id}", "name": one.name, "standing": str(one.standing), "is_in": one.is_in}
                for (account, id), one in found.items()
            ]
        )
        return
    if not found:
        say("Nobody else has taken the bot anywhere.")
    for (account, id), one in found.items():
        where = "" if one.is_in else ", invited"
        say(f"{account}/{id}  {plain(one.name, one_line=True)}: {one.standing}{where}")


lists_alone(rooms, list_)


@rooms.command()
@for_owners
def stay(place: Place, bot: BotOption = None, as_json: AsJson = False) -> None:
    """Let the bot stay there, and answer who addresses it.

    An invitation is accepted.

    Example: greenroom rooms stay discord/41771983423143937
    """
    _decide(place, "stay", "It stays there, and answers who addresses it.", bot, as_json=as_json)


@rooms.command()
@for_owners
def listen(place: Place, bot: BotOption = None, as_json: AsJson = False) -> None:
    """Let the bot stay there, and say nothing.

    An invitation is accepted.

    Example: greenroom rooms listen discord/41771983423143937
    """
    _decide(place, "listen", "It stays there, and says nothing.", bot, as_json=as_json)


@rooms.command()
@for_owners
def leave(place: Place, bot: BotOption = None, as_json: AsJson = False) -> None:
    """Let the bot go away from there.

    It goes also when it is taken there again. An invitation is declined.

    Example: greenroom rooms leave discord/41771983423143937
    """
    _decide(place, "leave", "It has left.", bot, as_json=as_json)


def _decide(place: str, standing: str, done: str, bot: str | None, *, as_json: bool) -> None:
    from greenroom.cli.asking import ask
    from greenroom.cli.places import place_of
    from greenroom_adapters.contract import ConfigurationError

    file = choose(bot).in_force()
    where = place_of(place, file)[0]
    if where.room is None:
        raise ConfigurationError(f"`{place}` is a whole account: write account/id, as `greenroom rooms` lists it")
    arguments = {"account": where.account, "room": where.room, "standing": standing}
    answer = asyncio.run(ask(file, "place", arguments, patience=30.0))
    if as_json:
        write_json(answer)
    else:
        say(done)


async def _strangers(file: "BotFile") -> "dict[tuple[str, str], Stranger]":
    from greenroom.cli.asking import reading
    from greenroom.policy import read_strangers

    async with reading(file) as ledger:
        return await read_strangers(ledger)
