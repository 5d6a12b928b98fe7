"""`greenroom rooms` over the real command line."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

from greenroom.clock import SystemClock
from greenroom.policy import Standing, Strangers
from greenroom.storage import SqliteLedger, State


def test_places_of_strangers_are_listed_and_only_a_running_bot_decides_about_them(
    greenroom: Callable[..., Any], ledger_with: Callable[..., None], write_bot: Callable[..., Path], home: Path
) -> None:
    write_bot()
    ledger_with(State.SENT)
    assert greenroom("rooms").out == "Nobody else has taken the bot anywhere.\n"
    asyncio.run(_stranger(home))
    assert greenroom("rooms").out == "home/g7  : listen\n"
    (listed,) = greenroom("rooms", "list", "--json").json
    assert listed == {"place": "home/g7", "name": "", "standing": "listen", "is_in": True}
    refused = greenroom("rooms", "stay", "home/g7")
    assert refused.code == 1
    assert "only a running bot that is signed in on home can do that: start it with `greenroom run`" in refused.err
    whole = greenroom("rooms", "leave", "home")
    assert whole.code == 1
    assert "`home` is a whole account" in whole.err


async def _stranger(home: Path) -> None:
    """Let the owner have decided about a place."""
    (store,) = (home / "data").glob("*.db")
    async with SqliteLedger(store, bot=store.stem, clock=SystemClock()) as ledger:
        Strangers(ledger, SystemClock()).decide("home", "g7", Standing.LISTEN)
        await ledger.committed()
