"""The gateway: HELLO, IDENTIFY, RESUME with what was missed, heartbeats, the codes with which it closes."""

import asyncio
import itertools
import json
import logging
import secrets
import time
import zlib
from collections import deque
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from aiohttp import web

from fake_discord.objects import Objects
from fake_discord.store import Document, Store

__all__ = ["MESSAGE_CONTENT", "Gateway", "Session"]

logger = logging.getLogger(__name__)

GUILDS, MEMBERS, GUILD_MESSAGES, GUILD_REACTIONS, DM_MESSAGES, DM_REACTIONS, MESSAGE_CONTENT = (
    *(1 << 0, 1 << 1, 1 << 9, 1 << 10),
    *(1 << 12, 1 << 13, 1 << 15),
)
PRESENCES = 1 << 8
KNOWN = 0b11_0011_0001_1111_1111_1111_1111
"""Every intent that there is: bits 0 to 16, 20, 21, 24, 25."""
PRIVILEGED = {MEMBERS: (1 << 14) | (1 << 15), PRESENCES: (1 << 12) | (1 << 13), MESSAGE_CONTENT: (1 << 18) | (1 << 19)}
"""Intent → the flags of an application, one of which it needs."""
NEEDED = {
    "MESSAGE_CREATE": (GUILD_MESSAGES, DM_MESSAGES),
    "MESSAGE_UPDATE": (GUILD_MESSAGES, DM_MESSAGES),
    "MESSAGE_DELETE": (GUILD_MESSAGES, DM_MESSAGES),
    "MESSAGE_DELETE_BULK": (GUILD_MESSAGES, GUILD_MESSAGES),
    "MESSAGE_REACTION_ADD": (GUILD_REACTIONS, DM_REACTIONS),
    "GUILD_MEMBER_ADD": (MEMBERS, MEMBERS),
}
"""Event → the intent that it needs in a server, and in a direct conversation; any other needs `GUILDS`."""
REPLAYED = 5000
SENT_PER_MINUTE = 120


@dataclass
class Session:
    """What a bot has begun and may resume."""

    id: str
    bot: str
    intents: int
    shard: int = 0
    shards: int = 1
    seq: int = 0
    sent: deque[tuple[int, Document]] = field(default_factory=lambda: deque(maxlen=REPLAYED))
    way: "Way | None" = None
    orders: list[str] = field(default_factory=list[str])
    held: list[tuple[str, Document]] = field(default_factory=list[tuple[str, Document]])

    def hears(self, guild: str | None) -> bool:
        """Say whether its shard is told of a server; None: of direct conversations."""
        return self.shard == (0 if guild is None else (int(guild) >> 22) % self.shards)

    @property
    def reads_all(self) -> bool:
        """Whether it is told what does not concern it."""
        return bool(self.intents & MESSAGE_CONTENT)


class Way:
    """One open connection; what is said on it goes out in order."""

    def __init__(self, socket: web.WebSocketResponse, *, compress: bool) -> None:
        self.socket = socket
        self._zlib = zlib.compressobj() if compress else None
        self._queue: asyncio.Queue[Document | bytes | int] = asyncio.Queue()

    def say(self, payload: Document | bytes) -> None:
        """Send a payload, or raw bytes as they are."""
        self._queue.put_nowait(payload)

    def close(self, code: int) -> None:
        """Close with this code, after what was said."""
        self._queue.put_nowait(code)

    async def run(self) -> None:
        """Send until it is closed."""
        while True:
            said = await self._queue.get()
            if isinstance(said, int):
                await self.socket.close(code=said)
                return
            text = said if isinstance(said, bytes) else json.dumps(said).encode()
            if self._zlib is None:
                await self.socket.send_str(text.decode())
            else:
                await self.socket.send_bytes(self._zlib.compress(text) + self._zlib.flush(zlib.Z_SYNC_FLUSH))


class Gateway:
    """All sessions."""

    def __init__(self, store: Store, objects: Objects, *, heartbeat: float, starts: int, url: str = "") -> None:
        self._store = store
        self._objects = objects
        self._heartbeat = heartbeat
        self._starts = starts
        self._sessions: dict[str, Session] = {}
        self._numbers = itertools.count(1)
        self.url = url
        self.begun: dict[str, list[float]] = {}
        """Bot → when it began sessions."""

    def sessions(self, bot: str) -> list[Session]:
        """Return the sessions of a bot."""
        return [session for session in self._sessions.values() if session.bot == bot]

    def starts_left(self, bot: str) -> int:
        """Return how often it may still begin one today."""
        day_ago = time.time() - 86_400
        return self._starts - sum(at > day_ago for at in self.begun.get(bot, []))

    # What happens ----------------------------------------------------------------------------------------------------

    def dispatch(self, bot: str, event: str, data: Document, *, is_direct: bool = False) -> None:
        """Tell a bot, in each of its sessions."""
        for session in self.sessions(bot):
            self.dispatch_to(session, event, data, is_direct=is_direct)

    def dispatch_to(self, session: Session, event: str, data: Document, *, is_direct: bool = False) -> None:
        """Tell one session, if it asked for such events."""
        if event == "INTERACTION_CREATE":
            # needs no intent
            if session.hears(data.get("guild_id")):
                self._send(session, event, data)
            return
        needed = NEEDED.get(event, (GUILDS, GUILDS))[is_direct]
        if event not in ("READY", "RESUMED"):
            told = data or {}  # tests send nonsense too
            guild = told.get("guild_id") or (told.get("id") if event.startswith("GUILD_") else None)
            if not session.intents & needed or not session.hears(guild if str(guild).isdecimal() else None):
                return
        if session.held:
            held, session.held = session.held, []
            self._send(session, event, data)
            for late in held:
                self._send(session, *late)
            return
        if event == "MESSAGE_CREATE" and session.orders:
            match session.orders.pop(0):
                case "redeliver":
                    self._send(session, event, data)
                case "reorder":
                    session.held.append((event, data))
                    return
        self._send(session, event, data)

    def _send(self, session: Session, event: str, data: Document) -> None:
        session.seq += 1
        payload = {"op": 0, "s": session.seq, "t": event, "d": data}
        session.sent.append((session.seq, payload))
        if session.way is not None:
            session.way.say(payload)

    def revoke(self, bot: str) -> None:
        """End every session of a bot whose token is gone."""
        for session in self.sessions(bot):
            if session.way is not None:
                session.way.close(4004)
            del self._sessions[session.id]

    def forget(self, bot: str) -> None:
        """Forget the sessions of a bot: what it resumes next is invalid."""
        for session in self.sessions(bot):
            del self._sessions[session.id]

    # Connections -----------------------------------------------------------------------------------------------------

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        """Serve one connection until its end."""
        socket = web.WebSocketResponse(autoclose=False, compress=False, max_msg_size=4096)
        await socket.prepare(request)
        way = Way(socket, compress=request.query.get("compress") == "zlib-stream")
        if request.query.get("v") != "10" or request.query.get("encoding") != "json":
            await socket.close(code=4012)
            return socket
        sender = asyncio.create_task(way.run())
        session: Session | None = None
        try:
            way.say({"op": 10, "s": None, "t": None, "d": {"heartbeat_interval": int(self._heartbeat * 1000)}})
            session = await self._converse(socket, way)
        finally:
            sender.cancel()
            await asyncio.gather(sender, return_exceptions=True)
            for known in self._sessions.values():
                if known.way is way:
                    known.way = None
            if session is not None and socket.close_code in (1000, 1001):
                self._sessions.pop(session.id, None)  # the client threw it away
        return socket

    async def _converse(self, socket: web.WebSocketResponse, way: Way) -> Session | None:
        session: Session | None = None
        beat, sent = time.monotonic(), deque[float](maxlen=SENT_PER_MINUTE)
        while True:
            patience = 2 * self._heartbeat - (time.monotonic() - beat)
            try:
                message = await socket.receive(timeout=max(0.01, patience))
            except TimeoutError:
                way.close(4009)
                return session
            if message.type is not aiohttp.WSMsgType.TEXT:
                if message.type is aiohttp.WSMsgType.CLOSE:
                    await socket.close(code=message.data or 1000)
                return session
            sent.append(time.monotonic())
            if len(sent) == SENT_PER_MINUTE and sent[-1] - sent[0] < 60:
                way.close(4008)
                return session
            try:
                said = json.loads(message.data)
                op, data = said["op"], said["d"]
            except (ValueError, KeyError, TypeError):
                way.close(4002)
                return session
            match op:
                case 1:
                    beat = time.monotonic()
                    way.say({"op": 11, "s": None, "t": None, "d": None})
                case 2 | 6 if session is not None:
                    way.close(4005)
                case 2:
                    session = self._identify(data, way)
                case 6:
                    session = self._resume(data, way)
                case _ if session is None:
                    way.close(4003)
                case 3 | 4 | 8:
                    pass
                case _:
                    way.close(4001)

    def _identify(self, data: dict[str, Any], way: Way) -> Session | None:
        bot = self._bot_of(data["token"])
        if bot is None:
            way.close(4004)
            return None
        shard, shards = data["shard"]
        if not {"os", "browser", "device"} <= data["properties"].keys():
            way.close(4002)
            return None
        if shards != bot.get("shards", 1) or not 0 <= shard < shards:
            way.close(4010)
            return None
        intents = data["intents"]
        if not isinstance(intents, int) or intents & ~KNOWN:
            way.close(4013)
            return None
        if any(intents & intent and not bot["flags"] & flags for intent, flags in PRIVILEGED.items()):
            way.close(4014)
            return None
        self.begun.setdefault(bot["id"], []).append(time.time())
        if self.starts_left(bot["id"]) < 0:
            self._store.put("bot", bot["id"], {**bot, "token": secrets.token_hex(20)})
            way.close(4004)
            return None
        session = Session(
            f"session-{next(self._numbers)}-{secrets.token_hex(4)}", bot["id"], intents, shard, shards, way=way
        )
        self._sessions[session.id] = session
        mine = [guild for guild in self._store.all("guild") if bot["id"] in guild["members"]]
        guilds = [guild for guild in mine if session.hears(guild["id"])]
        ready = {
            "v": 10,
            "user": self._objects.user(bot["id"]),
            "guilds": [{"id": guild["id"], "unavailable": True} for guild in guilds],
            "session_id": session.id,
            "resume_gateway_url": self.url,
            "shard": data["shard"],
            "application": {"id": bot["id"], "flags": bot["flags"]},
            "private_channels": [],
            "user_settings": {},
        }
        self.dispatch_to(session, "READY", ready)
        for guild in guilds:
            if not guild.get("out_of_order"):
                self.dispatch_to(session, "GUILD_CREATE", self.guild_create(guild, bot["id"]))
        return session

    def _resume(self, data: dict[str, Any], way: Way) -> Session | None:
        bot, session = self._bot_of(data["token"]), self._sessions.get(data["session_id"])
        if bot is None:
            way.close(4004)
            return None
        oldest = session.sent[0][0] if session is not None and session.sent else 0
        if session is None or session.bot != bot["id"] or data["seq"] > session.seq or data["seq"] < oldest - 1:
            way.say({"op": 9, "s": None, "t": None, "d": False})
            return None
        if session.way is not None:
            session.way.close(4000)
        session.way = way
        for seq, payload in session.sent:
            if seq > data["seq"]:
                way.say(payload)
        self.dispatch_to(session, "RESUMED", {"_trace": []})
        return session

    def guild_create(self, guild: Document, bot: str) -> Document:
        """Return what `GUILD_CREATE` tells a bot of a server."""
        channels = [channel for channel in self._store.all("channel") if channel.get("guild_id") == guild["id"]]
        return {
            **self._objects.guild(guild),
            "unavailable": False,
            "joined_at": guild["members"][bot]["joined_at"],
            "large": False,
            "member_count": len(guild["members"]),
            "members": [self._objects.member(guild, bot)],
            "channels": [self._objects.channel(one) for one in channels if one["type"] not in (10, 11, 12)],
            "threads": [
                self._objects.channel(one) for one in channels if one["type"] in (10, 11, 12) and not one["archived"]
            ],
            "voice_states": [],
            "presences": [],
            "stage_instances": [],
            "guild_scheduled_events": [],
            "soundboard_sounds": [],
        }

    def _bot_of(self, token: str) -> Document | None:
        return next((bot for bot in self._store.all("bot") if bot["token"] == token), None)
