"""One connection to the gateway.

discord.py speaks the protocol: HELLO, heartbeats and their answers, RESUME, the codes with which a connection closes.
What is dispatched is taken from it unread, so that nothing is cached and nothing is looked at twice.
"""

import asyncio
import sys
import zlib
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import aiohttp
import msgspec
from discord.errors import ConnectionClosed
from discord.gateway import DiscordWebSocket, ReconnectWebSocket
from typing_extensions import override

from greenroom_adapters.contract import Secret
from greenroom_adapters.discord.wire import FRAMES
from greenroom_adapters.transport import levelled

__all__ = ["MESSAGE_CAP", "Dispatch", "Lost", "Socket"]

MESSAGE_CAP = 64 * 1024 * 1024
"""The largest servers come in one frame of some megabytes."""
FLUSHED = b"\x00\x00\xff\xff"
"""How a compressed frame that is complete ends ("Encoding and compression")."""
LARGE = 50
"""Servers above this size do not send their members who are offline; nobody here looks at members."""


@dataclass(frozen=True, slots=True)
class Dispatch:
    """Something that happened. `name` is `READY` for the first of a new session."""

    name: str
    data: msgspec.Raw


@dataclass(frozen=True, slots=True)
class Lost:
    """A frame that could not be read."""

    raw: bytes


class Socket(DiscordWebSocket):
    """One connection. What is dispatched waits in `inbox` after each `poll_event`."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse, *, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(socket, loop=loop)
        self.inbox: list[tuple[int | None, Dispatch | Lost]] = []
        self._zlib = zlib.decompressobj()
        self._compressed = bytearray()
        self.intents = 0

    @classmethod
    async def greet(
        cls, socket: aiohttp.ClientWebSocketResponse, *, token: Secret, shard: int, shards: int, silence: timedelta
    ) -> "Socket":
        """Take a socket that was just opened, and greet. `silence` is after which it counts as dead."""
        opened = cls(socket, loop=asyncio.get_running_loop())
        opened.token = token.reveal()
        opened.shard_id = shard
        opened.shard_count = shards
        opened._max_heartbeat_timeout = silence.total_seconds()
        await opened.poll_event()
        return opened

    @override
    async def identify(self) -> None:
        """Begin a new session."""
        properties = {"os": sys.platform, "browser": "greenroom", "device": "greenroom"}
        identity = {
            "token": self.token,
            "properties": properties,
            "large_threshold": LARGE,
            "shard": [self.shard_id, self.shard_count],
            "intents": self.intents,
        }
        await self.send_as_json({"op": self.IDENTIFY, "d": identity})

    @override
    async def received_message(self, msg: Any, /) -> None:
        text = self._decompressed(msg) if isinstance(msg, bytes) else str(msg).encode()
        if text is None:
            return
        text = levelled(text)
        try:
            frame = FRAMES.decode(text)
        except (msgspec.DecodeError, UnicodeDecodeError):
            self._live()
            self.inbox.append((None, Lost(text)))
            return
        if frame.op != self.DISPATCH:
            await self._control(frame.op, text)
            return
        self._live()
        if frame.s is not None:
            self.sequence = frame.s
        self.inbox.append((frame.s, Dispatch(frame.t or "", frame.d)))

    def _live(self) -> None:
        if self._keep_alive is not None:
            self._keep_alive.tick()

    async def _control(self, op: int, text: bytes) -> None:
        try:
            await super().received_message(text.decode())
        except (ReconnectWebSocket, ConnectionClosed, OSError):
            raise
        except (KeyError, TypeError, ValueError, AttributeError):
            # a word of the protocol that is not what it should be: what is dispatched goes on
            self.inbox.append((None, Lost(text)))

    def _decompressed(self, chunk: bytes) -> bytes | None:
        """Return a frame when it is complete.

        :raises OSError: the stream cannot be read any more
        """
        self._compressed += chunk
        if not chunk.endswith(FLUSHED):
            if len(self._compressed) > MESSAGE_CAP:
                raise OSError("a frame of the gateway is too large")
            return None
        whole, self._compressed = bytes(self._compressed), bytearray()
        try:
            frame = self._zlib.decompress(whole, MESSAGE_CAP)
        except zlib.error as error:
            raise OSError("the gateway's stream cannot be read any more") from error
        if self._zlib.unconsumed_tail:
            raise OSError("a frame of the gateway is too large")
        return frame
