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


def test_check_says_where_one_room_is_written_in_two_ways(
    greenroom: Callable[..., Any], write_bot: Callable[..., Path]
) -> None:
    path = write_bot(more="rooms: {fog: {is: home/Fog, mode: ignore}, bell: home/bell}\ntell: home/bell\n")
    rule = "answer: [{to: messages, in: home/fog}, {to: mentions, in: home/bell}]\n"
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text("".join(rule if line.startswith("answer") else line for line in lines), encoding="utf-8")
    warnings = greenroom("check", "--offline", "--json").json["warnings"]
    assert [one for one in warnings if "one room" in one] == [
        "`home/Fog` and `home/fog` are one room: write it the same everywhere, or only one of them holds there"
    ]
