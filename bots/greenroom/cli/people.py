"""`greenroom people`: who wants to be left alone."""

import asyncio
from typing import TYPE_CHECKING

from greenroom.cli.choosing import BotArgument, choose
from greenroom.cli.failing import for_owners
from greenroom.cli.showing import AsJson, say, write_json

if TYPE_CHECKING:
    from greenroom.settings import BotFile
    from greenroom.storage import Stopped

__all__ = ["people"]


@for_owners
def people(bot: BotArgument = None, as_json: AsJson = False) -> None:
    """List who has said stop.

    They are left alone, on every account of that platform, until they say start.

    Example: greenroom people config/bots/ada.yaml
    """
    from greenroom.clock import from_micros

    file = choose(bot).in_force()
    stopped = asyncio.run(_stopped(file))
    if as_json:
        write_json(
            [
                {
                    "platform": one.platform,
                    "id": one.person,
                    "handle": one.handle,
                    "since": from_micros(one.at).isoformat(),
                }
                for one in stopped
            ]
        )
        return
    if not stopped:
        say("Nobody has said stop.")
    for one in stopped:
        called = f"@{one.handle}" if one.handle else one.person
        say(f"{called} on {one.platform}, since {from_micros(one.at).astimezone(file.timezone):%Y-%m-%d %H:%M}")


async def _stopped(file: "BotFile") -> "list[Stopped]":
    from greenroom.cli.asking import reading

    async with reading(file) as ledger:
        return await ledger.stopped()
