"""What a message from Discord's gateway costs, here and in plain discord.py, and what 1,000 servers weigh.

    python tests/benchmarks/discord_gateway.py [MESSAGES]

Prints one JSON object: CPU microseconds for a message that is not for the bot (`miss`) and one that mentions it
(`hit`), from the frame to the router's decision here, and to the end of an `on_message` that looks for its own mention
there; and megabytes that a process holds more after 1,000 servers of 50 channels came in (`servers`), and after 20
messages in each of them, in different channels by different people (`events`). With fewer messages there are fewer
servers as well.
"""

import asyncio
import json
import resource
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import discord
from discord.gateway import DiscordWebSocket

from greenroom.routing import Hit, Router
from greenroom.settings.answering import AnswerRule
from greenroom.settings.bot import People
from greenroom_adapters.contract import Kind
from greenroom_adapters.discord.allowance import Allowance
from greenroom_adapters.discord.api import Api
from greenroom_adapters.discord.hearing import Hearing
from greenroom_adapters.discord.interactions import Interactions
from greenroom_adapters.discord.mapping import Reader
from greenroom_adapters.discord.memory import Memory
from greenroom_adapters.discord.places import Places
from greenroom_adapters.discord.socket import Socket
from greenroom_adapters.transport import Http

sys.path.append(str(Path(__file__).parent / "peers"))
from payloads import BOT, BOT_ID, DISCORD_GUILD, discord_event

MESSAGES = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
GUILDS = min(1000, max(1, MESSAGES // 20))
MESSAGES_IN_EACH = min(20, max(1, MESSAGES // 1000))


def guild_create(number: int) -> bytes:
    """Return the frame that tells of one server, like all the others but for its ids."""
    guild: dict[str, Any] = json.loads(json.dumps(DISCORD_GUILD))
    id = int(guild["id"]) + number * 1_000_000
    guild["id"] = guild["roles"][0]["id"] = str(id)
    for place, channel in enumerate(guild["channels"]):
        channel["id"] = str(id + 1000 + place)
    return json.dumps({"t": "GUILD_CREATE", "s": 1, "op": 0, "d": guild}).encode()


def message_create(number: int, guild: int) -> bytes:
    """Return the frame of a message in one of the servers, by somebody who has not written before."""
    event: dict[str, Any] = json.loads(discord_event(number, None))
    id = int(DISCORD_GUILD["id"]) + guild * 1_000_000
    event["d"]["id"] = str(id + 500_000 + number)
    event["d"]["guild_id"], event["d"]["channel_id"] = str(id), str(id + 1000 + number % len(DISCORD_GUILD["channels"]))
    event["d"]["author"]["id"] = str(BOT_ID + 1 + guild * MESSAGES_IN_EACH + number)
    return json.dumps(event).encode()


class Ours:
    """From the frame to the router."""

    def __init__(self) -> None:
        self._socket = Socket(None, loop=asyncio.get_running_loop())  # type: ignore[arg-type]  # nothing is sent
        places = Places(me=str(BOT_ID), served=())
        self._hearing = Hearing(
            {},
            reader=Reader(me=str(BOT_ID), places=places),
            places=places,
            memory=Memory(),
            now=lambda: datetime.now(UTC),
            reads_everything=True,
            begins=1,
            interactions=Interactions(
                Api(Http("http://127.0.0.1:9", platform="discord", account="home"), Allowance()),
                application=lambda: str(BOT_ID),
                is_private=lambda name: True,
                are_ours=True,
                now=lambda: datetime.now(UTC),
            ),
        )
        self._router = Router.compile(
            [AnswerRule(to=(Kind.MENTION,))],
            rooms={},
            people=People(),
            persona_names=["Ada"],
            quiet=None,
            timezone=ZoneInfo("UTC"),
            accounts=["home"],
        )
        self.hits = 0

    async def push(self, frame: bytes) -> None:
        """Take a frame in."""
        await self._socket.received_message(frame.decode())
        taken, self._socket.inbox = self._socket.inbox, []
        for _, dispatch in taken:
            self._hearing.handle(dispatch)
        while (event := self._hearing.take()) is not None:
            self.hits += isinstance(self._router.decide(event, "home"), Hit)

    async def drain(self) -> None:
        """Return when all is done."""


class Client(discord.Client):
    """A plain client that looks for its own mention."""

    hits = 0

    async def on_message(self, message: discord.Message) -> None:
        """Look."""
        if self.user is not None and self.user in message.mentions:
            self.hits += 1


class Theirs:
    """From the frame to the end of `on_message`."""

    def __init__(self) -> None:
        self.client = Client(intents=discord.Intents.all(), chunk_guilds_at_startup=False)
        state: Any = self.client._connection
        me = {**BOT, "id": str(BOT_ID), "discriminator": "0", "avatar": None, "bot": True}
        state.user = state._users[BOT_ID] = discord.user.ClientUser(state=state, data=me)  # type: ignore[arg-type]
        self._socket = DiscordWebSocket(None, loop=asyncio.get_running_loop())  # type: ignore[arg-type]
        self._socket._discord_parsers = state.parsers
        self._socket._dispatch = self.client.dispatch
        self._socket.shard_id = None

    @property
    def hits(self) -> int:
        """How many were for the bot."""
        return self.client.hits

    async def setup(self) -> None:
        """Be ready."""
        await self.client._async_setup_hook()

    async def push(self, frame: bytes) -> None:
        """Take a frame in."""
        await self._socket.received_message(frame.decode())

    async def drain(self) -> None:
        """Return when all is done."""
        for _ in range(3):
            await asyncio.sleep(0)


async def made(side: str) -> Ours | Theirs:
    if side == "ours":
        return Ours()
    theirs = Theirs()
    await theirs.setup()
    return theirs


async def cost(side: str, rule: int | None) -> float:
    """Return microseconds for a message."""
    peer = await made(side)
    await peer.push(json.dumps({"t": "GUILD_CREATE", "s": 1, "op": 0, "d": DISCORD_GUILD}).encode())
    frames = [discord_event(number, rule) for number in range(MESSAGES)]
    for frame in frames[: MESSAGES // 10]:
        await peer.push(frame)
    await peer.drain()
    rest = frames[MESSAGES // 10 :]
    began = time.process_time()
    for number, frame in enumerate(rest):
        await peer.push(frame)
        if number % 50 == 0:
            await peer.drain()
    await peer.drain()
    spent = time.process_time() - began
    assert peer.hits == (0 if rule is None else MESSAGES), peer.hits
    return spent / len(rest) * 1e6


async def weight(side: str, messages: int) -> float:
    """Return megabytes that the servers weigh after so many messages in each."""
    peer = await made(side)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for number in range(GUILDS):
        await peer.push(guild_create(number))
    await peer.drain()
    for message in range(messages):
        for number in range(GUILDS):
            await peer.push(message_create(message, number))
        await peer.drain()
    return (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024


def main() -> None:
    """Measure all, each in a process of its own."""
    if len(sys.argv) > 3:
        side, what = sys.argv[2:4]
        if what in ("servers", "events"):
            work = weight(side, MESSAGES_IN_EACH if what == "events" else 0)
        else:
            work = cost(side, None if what == "miss" else 1)
        print(asyncio.run(work))  # noqa: T201 - the result
        return
    result: dict[str, dict[str, float]] = {}
    for side in ("ours", "theirs"):
        for what in ("miss", "hit", "servers", "events"):
            command = [sys.executable, __file__, str(MESSAGES), side, what]
            done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603 - our own script
            result.setdefault(side, {})[what] = round(float(done.stdout), 2)
    print(json.dumps(result))  # noqa: T201 - the result


if __name__ == "__main__":
    main()
