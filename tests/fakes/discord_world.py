"""The world of a bot on the fake Discord: its server, another person, and a proxy between bot and server."""

import asyncio
import itertools
import json
import queue
import subprocess
import sys
import tempfile
import threading
import urllib.request
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, ClassVar, Self

from typing_extensions import override

from greenroom_adapters.contract import Adapter, PostRef, Secret
from greenroom_adapters.discord import DiscordAdapter, DiscordSettings
from greenroom_adapters.testing import FaultyProxy, ProxiedWorld, Published
from greenroom_adapters.transport import Pace

__all__ = ["GATEWAY", "SENDING", "DiscordWorld", "RunningDiscord"]

FAKES = Path(__file__).parent
SENDING = r"/channels/\d+/messages$"
GATEWAY = r"/gateway\?"
START_SECONDS = 30.0
LIKE = "\N{THUMBS UP SIGN}"
numbers = itertools.count(1)


class RunningDiscord:
    """The fake in a process of its own: started by entering, stopped by leaving. Its state outlives `kill`."""

    def __init__(self, *options: str, data: Path | None = None) -> None:
        self._options = options
        self._folder = tempfile.TemporaryDirectory(prefix="discord-") if data is None else None
        self.data = Path(self._folder.name) / "discord.db" if self._folder is not None else Path(str(data))
        """Its SQLite file. Others may read it at any time."""
        self._process: subprocess.Popen[str] | None = None
        self._port = 0

    @property
    def url(self) -> str:
        """Where it listens, without a slash at the end; the same after each start."""
        return f"http://127.0.0.1:{self._port}"

    def start(self) -> Self:
        """Start it, again on the same port and state when it ran before."""
        command = [sys.executable, "-m", "fake_discord", "--data", str(self.data), "--port", str(self._port)]
        process = subprocess.Popen(  # noqa: S603 - our own module, no shell
            [*command, *self._options],
            cwd=FAKES,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._process = process
        said: queue.SimpleQueue[str] = queue.SimpleQueue()
        assert process.stdout is not None
        reader = process.stdout
        threading.Thread(target=lambda: said.put(reader.readline()), daemon=True).start()
        line = said.get(timeout=START_SECONDS)
        assert line.startswith("READY "), line
        self._port = int(json.loads(line.removeprefix("READY "))["url"].rpartition(":")[2])
        return self

    def kill(self) -> None:
        """Kill it without a word."""
        if self._process is not None:
            self._process.kill()
            self._ended()

    def stop(self) -> None:
        """Stop it."""
        if self._process is not None:
            assert self._process.stdin is not None
            self._process.stdin.close()
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()
            self._ended()

    def call(self, name: str, /, **arguments: Any) -> Any:
        """Order something of it."""
        request = urllib.request.Request(  # noqa: S310 - our own server on loopback
            f"{self.url}/_fake/{name}", json.dumps(arguments).encode(), {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
            return json.loads(answer.read())

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None
    ) -> None:
        self.stop()
        if self._folder is not None:
            self._folder.cleanup()

    def _ended(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.wait(10)
            for end in (process.stdin, process.stdout):
                if end is not None:
                    end.close()


class DiscordWorld(ProxiedWorld):
    """One bot and one other person in a server of their own, on a Discord that others use at the same time."""

    sending: ClassVar[str] = SENDING

    def __init__(self, discord: RunningDiscord, proxy: FaultyProxy, *, flags: int = 1 << 19) -> None:
        number = next(numbers)
        self.discord = discord
        self.proxy = proxy
        self.alice = discord.call("person", name=f"alice{number}")["id"]
        self.bot = discord.call("bot", name=f"lightbot{number}", owner=self.alice, flags=flags)
        self.me = self.bot["id"]
        self.guild = discord.call("guild", name=f"Lighthouse {number}", owner=self.alice, members=[self.me])
        self.home = self.guild["channel"]
        self.settings = DiscordSettings(
            token=Secret(self.bot["token"]),
            home="#general",
            base_url=f"{proxy.url}/api/v10",
            gateway_url=f"{proxy.url.replace('http', 'ws')}/gateway",
        )

    def adapter(self, *, pace: Pace | None = None, **changed: Any) -> DiscordAdapter:
        """Return an adapter with other settings, which notices silence soon."""
        settings = replace(self.settings, **changed)
        return DiscordAdapter(settings, account="home", silence=timedelta(seconds=2), pace=pace)

    def ref(self, message: dict[str, Any]) -> PostRef:
        """Return what the adapter calls a message."""
        return PostRef(id=f"{message['channel_id']}/{message['id']}")

    async def call(self, name: str, /, **arguments: Any) -> Any:
        """Order something of the fake."""
        return await asyncio.to_thread(self.discord.call, name, **arguments)

    async def say(self, text: str, *, channel: str | None = None, **more: Any) -> PostRef:
        """Let the other person say something."""
        said = await self.call("say", channel=channel or self.home, author=self.alice, content=text, **more)
        return self.ref(said)

    async def give(self, name: str, *, channel: str | None = None, text: str | None = None) -> dict[str, Any]:
        """Let the other person give a command: in a channel, or to the bot alone."""
        where = {} if channel is None else {"channel": channel}
        given = await self.call("give", bot=self.me, user=self.alice, name=name, **where, text=text)
        return dict(given)

    @override
    def connect(self) -> Adapter:
        return self.adapter()

    @override
    async def mention_bot(self, text: str) -> None:
        await self.say(f"<@{self.me}> {text}")

    @override
    async def published(self) -> Sequence[Published]:
        return [self._published(said) for said in await self.call("published", bot=self.me)]

    def _published(self, said: dict[str, Any]) -> Published:
        channel, poll = said["channel"], said.get("poll")
        answered = said.get("message_reference", {}).get("message_id")
        return Published(
            text=said["content"] if poll is None else poll["question"]["text"],
            id=f"{channel['id']}/{said['id']}",
            in_reply_to=f"{channel['id']}/{answered}" if answered else None,
            direct_to=next(user for user in channel["between"] if user != self.me) if channel["type"] == 1 else None,
            alts=tuple(file.get("description", "") for file in said["attachments"]),
            poll=() if poll is None else tuple(answer["poll_media"]["text"] for answer in poll["answers"]),
        )

    @override
    def secrets(self) -> Sequence[str]:
        return [self.bot["token"]]

    @override
    async def post_of_somebody(self, text: str) -> PostRef:
        return await self.say(text)

    @override
    async def reply_to_bot(self, ref: PostRef, text: str) -> None:
        channel, _, message = ref.id.partition("/")
        await self.say(text, channel=channel, answers=message)

    @override
    async def message_bot(self, text: str) -> str:
        await self.call("message", author=self.alice, to=self.me, content=text)
        return str(self.alice)

    @override
    async def give_command(self, name: str, text: str) -> None:
        while not (await self.call("sessions", bot=self.me))["open"]:
            await asyncio.sleep(0.02)
        await self.give(name, channel=self.home, text=text)

    @override
    async def remove(self, ref: PostRef) -> None:
        await self.call("delete", message=ref.id)

    @override
    async def bot_says_elsewhere(self, text: str) -> None:
        await self.call("say", channel=self.home, author=self.me, content=f"<@{self.me}> {text}")

    @override
    async def likes(self, ref: PostRef) -> int:
        return len((await self.call("said", message=ref.id))["reacted"].get(LIKE, []))

    @override
    async def answer_next(self, status: int, *, retry_after: int | None = None) -> None:
        headers = {} if retry_after is None else {"Retry-After": str(retry_after), "X-RateLimit-Scope": "user"}
        body = {"message": "You are being rate limited.", "retry_after": retry_after, "global": False}
        self.order("answer", status=status, headers=headers, body=json.dumps(body if status == 429 else {}).encode())

    @override
    async def revoke_token(self) -> None:
        await self.call("revoke", bot=self.me)

    @override
    def unreachable(self) -> Adapter:
        return self.adapter(base_url="http://127.0.0.1:9/api/v10", gateway_url="ws://127.0.0.1:9/gateway")

    @override
    async def drop_stream(self) -> None:
        await asyncio.to_thread(self.proxy.cut, GATEWAY)

    @override
    async def silence_stream(self) -> None:
        await asyncio.to_thread(self.proxy.mute, GATEWAY)

    @override
    async def redeliver_next(self) -> None:
        await self._order_of_gateway("redeliver")

    @override
    async def reorder_next(self) -> None:
        await self._order_of_gateway("reorder")

    async def _order_of_gateway(self, kind: str) -> None:
        while not (await self.call("sessions", bot=self.me))["open"]:
            await asyncio.sleep(0.02)
        await asyncio.sleep(0.1)  # what the session begins with is told
        await self.call("order", bot=self.me, kind=kind)

    @override
    def arrived_keys(self) -> Sequence[str]:
        return [
            str(json.loads(request.body)["nonce"])
            for request in self.proxy.requests()
            if request.method == "POST" and request.path.endswith("/messages")
        ]
