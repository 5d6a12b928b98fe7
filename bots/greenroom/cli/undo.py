"""`greenroom undo`: take back what was said."""

import asyncio
from collections.abc import Mapping
from typing import Annotated, Any

import typer

from greenroom.cli.choosing import BotOption, choose
from greenroom.cli.failing import FAILED, for_owners
from greenroom.cli.showing import AsJson, Yes, say, write_json

__all__ = ["undo"]

PATIENCE = 60.0
"""Seconds in which the platforms must have deleted it."""


@for_owners
def undo(
    what: Annotated[
        str,
        typer.Argument(metavar="POST", help="Address or id of a post. Left out: the last one.", show_default=False),
    ] = "last",
    turn: Annotated[
        int | None,
        typer.Option(metavar="TURN", help="The turn of this number instead, from `log`.", show_default=False),
    ] = None,
    yes: Yes = False,
    bot: BotOption = None,
    as_json: AsJson = False,
) -> None:
    """Take back what the bot said, on all accounts.

    Shows it, asks, and lets the running bot delete it: every part of a thread, on every account that the post went to;
    where it waits to go out, it does not. What it answered is not answered again. Where a platform lets nothing be
    deleted, that is said with the address. Moderators say `undo` in their room.

    Example: greenroom undo https://example.social/@ada/112233
    """
    from greenroom.cli.asking import ask, runs
    from greenroom.cli.confirming import confirm
    from greenroom_adapters.contract import ConfigurationError

    chosen = choose(bot)
    file = chosen.in_force()
    if not runs(file):
        raise ConfigurationError(
            f"only a running bot can delete what it said: start it with `{chosen.start}`, then say this again beside it"
        )
    found = asyncio.run(ask(file, "undo-look", {"what": what, "turn": turn}))
    if not any(one["can"] for one in found["turns"]):
        raise ConfigurationError("; ".join(f"{one['account']}: {one['why']}" for one in found["turns"]))
    if all(one["state"] == "withdrawn" for one in found["turns"]):
        raise ConfigurationError("it is taken back already")
    confirm("Take it back?", tell=lambda: _tell(found), yes=yes, as_json=as_json)
    numbers = [one["turn"] for one in found["turns"] if one["can"]]
    answer = asyncio.run(ask(file, "undo", {"turns": numbers}, patience=PATIENCE))
    left = [one for one in found["turns"] if not one["can"]] + list(answer["left"])
    if as_json:
        write_json({**answer, "left": [{key: one[key] for key in ("turn", "account", "why")} for one in left]})
    else:
        if done := ", ".join(one["account"] for one in answer["turns"]):
            say(f"Taken back: {done}.")
        for one in left:
            say(f"Not on {one['account']}: {one['why']}")
    if not answer["turns"]:
        raise typer.Exit(FAILED)


def _tell(found: Mapping[str, Any]) -> None:
    for text in found["texts"]:
        say(f"> {text}")
    for one in found["turns"]:
        where = ", ".join(one["posts"]) or one["state"]
        stays = "" if one["can"] else f" (stays: {one['why']})"
        say(f"  {one['account']}: {where}{stays}")
