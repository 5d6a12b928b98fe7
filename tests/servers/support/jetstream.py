"""A strict stand-in for Jetstream, the stream of everybody's posts.

Written from its lexicon (`network.bsky.jetstream.subscribeEvents`) and its documentation: what is not in them is
refused before the WebSocket opens, as there. The records that it carries are judged by their own lexicons.
"""

import asyncio
import contextlib
import json
import time
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from aiohttp import WSMsgType, web
from lexicons import Lexicons
from typing_extensions import override

from greenroom_adapters.testing.own_loop import OwnLoop
from greenroom_adapters.testing.serving import serving

T = TypeVar("T")

POST = "app.bsky.feed.post"
NAME = "network.bsky.jetstream.subscribeEvents"
KINDS = frozenset({"commit", "identity", "account", "sync"})
PARAMETERS = frozenset({"cursor", "kinds", "dids", "collections", "maxMessageSizeBytes", "zstdDictionary"})
SMALLEST_TIME = 10**15


@dataclass(frozen=True, slots=True)
class Entry:
    """One event as it is kept."""

    seq: int
    time: int
    """Microseconds since 1970."""
    collection: str
    frame: str


class Refused(Exception):
    """What is refused before the stream opens."""


class JetstreamServer(OwnLoop):
    """The service, on a port of its own: a context manager. It runs in a thread and a loop of its own."""

    def __init__(self, lexicons: Lexicons | None = None, *, port: int = 0) -> None:
        """Without lexicons, no record is judged."""
        super().__init__("jetstream")
        self._lexicons = lexicons
        self._port = port
        self._log: list[Entry] = []
        self._served = AsyncExitStack()
        self._open: dict[web.WebSocketResponse, asyncio.Event] = {}
        self._last = 0
        self._seq = 0
        self.asked: list[Mapping[str, str]] = []
        """The parameters of each stream that was opened."""
        self.sent = 0
        """Frames that were handed to connections."""
        self.oldest = 0
        """Nothing that was witnessed before is kept."""
        self.is_mute = False
        """Nothing is sent; connections stay open."""
        self.refusals: list[web.Response] = []
        """Answers to the next who want a stream, instead of one."""
        self.wrong: list[str] = []
        """What was asked that is not in the lexicon."""

    @property
    def url(self) -> str:
        """Address as an owner writes it."""
        return f"ws://127.0.0.1:{self._port}"

    @property
    def connections(self) -> int:
        """So many streams are open."""
        return len(self._open)

    # What happens on the network -------------------------------------------------------------------------------------

    def create(self, did: str, rkey: str, record: Mapping[str, Any], *, judged: bool = True, at: int = 0) -> str:
        """Let somebody write a record; return its address. `at` is when it is witnessed: 0, now."""
        if judged and self._lexicons is not None:
            wrong = self._lexicons.wrong_with_record(record)
            assert not wrong, wrong
        commit = {"operation": "create", "record": record, "cid": "bafyreidwaivazkwu67xztlmuobx35hs2lnfh3kolmgfm"}
        return self._commit(did, rkey, commit, at)

    def say(self, did: str, rkey: str, text: str, **more: Any) -> str:
        """Let somebody write a post; return its address."""
        created_at = datetime.now(UTC).isoformat().replace("+00:00", "Z")
        return self.create(did, rkey, {"$type": POST, "text": text, "createdAt": created_at, **more})

    def delete(self, did: str, rkey: str) -> None:
        """Let somebody delete a post."""
        self._commit(did, rkey, {"operation": "delete"}, 0)

    # What happens to the stream --------------------------------------------------------------------------------------

    def tell(self, frame: str | bytes) -> None:
        """Send something of which the log knows nothing."""

        async def tell() -> None:
            for socket in list(self._open):
                with contextlib.suppress(ConnectionError):  # it was cut a moment ago
                    await (socket.send_str(frame) if isinstance(frame, str) else socket.send_bytes(frame))

        self._run(tell())

    def tell_again(self, count: int) -> None:
        """Send the last events once more, the newest first."""
        for entry in self._log[: -count - 1 : -1]:
            self.tell(entry.frame)

    def cut(self) -> None:
        """Break every connection without a word."""

        def cut() -> None:
            for socket in list(self._open):
                transport = socket._req.transport if socket._req is not None else None
                if transport is not None:
                    transport.abort()

        self._loop.call_soon_threadsafe(cut)

    def end(self, error: str) -> None:
        """End every connection with an error, as the server does with those that read too slowly."""
        self.tell(json.dumps({"$type": "error", "error": error, "message": "so it is"}))

        async def end() -> None:
            for socket in list(self._open):
                await socket.close(code=1008)

        self._run(end())

    def refill(self, entries: list[Entry]) -> None:
        """Have these events besides, all at once."""
        self._loop.call_soon_threadsafe(self._append, entries)

    def entry(self, did: str, rkey: str, commit: Mapping[str, Any], at: int = 0) -> Entry:
        """Return an event as it is kept and sent."""
        witnessed = at or max(self._last + 1, time.time_ns() // 1000)
        self._last = max(self._last, witnessed)
        self._seq += 1
        moment = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=witnessed)).isoformat(
            timespec="microseconds"
        )
        payload = {
            "$type": f"{NAME}#commit",
            "seq": self._seq,
            "did": did,
            "time": moment.replace("+00:00", "Z"),
            "witnessedAt": moment.replace("+00:00", "Z"),
            "rev": "3l3qo2vutsw2b",
            "collection": POST,
            "rkey": rkey,
            **commit,
        }
        frame = json.dumps({"$type": "message", "payload": payload}, ensure_ascii=False, separators=(",", ":"))
        return Entry(self._seq, witnessed, POST, frame)

    # The service -----------------------------------------------------------------------------------------------------

    def _commit(self, did: str, rkey: str, commit: Mapping[str, Any], at: int) -> str:
        self._loop.call_soon_threadsafe(self._append, [self.entry(did, rkey, commit, at)])
        return f"at://{did}/{POST}/{rkey}"

    def _append(self, entries: list[Entry]) -> None:
        self._log += entries
        for bell in self._open.values():
            bell.set()

    @override
    async def _start(self) -> None:
        app = web.Application()
        app.router.add_get(f"/xrpc/{NAME}", self._serve)
        self._port = (await self._served.enter_async_context(serving(app, port=self._port))).port

    @override
    async def _stop(self) -> None:
        await self._served.aclose()

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        if self.refusals:
            return self.refusals.pop(0)
        try:
            place, first, largest = self._understood(request)
        except Refused as refusal:
            self.wrong.append(str(refusal))
            return web.json_response({"error": "InvalidRequest", "message": str(refusal)}, status=400)
        self.asked.append(dict(request.query))
        socket = web.WebSocketResponse(compress=False)
        await socket.prepare(request)
        bell = self._open[socket] = asyncio.Event()
        reader = asyncio.create_task(self._expect_nothing(socket))
        try:
            if first is not None:
                await socket.send_str(json.dumps({"$type": "message", "payload": first}))
            while not reader.done():
                while place < len(self._log) and not self.is_mute:
                    entry, place = self._log[place], place + 1
                    if not largest or len(entry.frame.encode()) <= largest:
                        self.sent += 1
                        await socket.send_str(entry.frame)
                bell.clear()
                await asyncio.wait([reader, waiting := asyncio.create_task(bell.wait())], return_when="FIRST_COMPLETED")
                waiting.cancel()
        except (ConnectionError, OSError):
            pass
        finally:
            reader.cancel()
            self._open.pop(socket, None)
        return socket

    async def _expect_nothing(self, socket: web.WebSocketResponse) -> None:
        """The service says something and is told nothing: whoever sends it a frame is put out."""
        async for message in socket:
            if message.type in (WSMsgType.TEXT, WSMsgType.BINARY):
                self.wrong.append("a frame was sent")
                await socket.close(code=1008)

    def _understood(self, request: web.Request) -> tuple[int, Mapping[str, str] | None, int]:
        """Return where in the log to begin, what to say first, and how large a frame may be."""
        query = request.query
        unheard = set(query) - PARAMETERS
        if unheard:
            raise Refused(f"{sorted(unheard)} are no parameters")
        kinds = query.getall("kinds", [])
        if not set(kinds) <= KINDS:
            raise Refused(f"kinds {kinds}")
        if "collections" in query and kinds and "commit" not in kinds:
            raise Refused("collections without commits")
        if "Authorization" in request.headers:
            self.wrong.append("a token was sent")
        largest = int(query.get("maxMessageSizeBytes", "0"))
        if "cursor" not in query:
            return len(self._log), None, largest
        cursor = int(query["cursor"])
        if cursor < SMALLEST_TIME:
            return (
                next((place for place, one in enumerate(self._log) if one.seq >= cursor), len(self._log)),
                None,
                largest,
            )
        since = max(cursor, self.oldest)
        said = {"$type": f"{NAME}#info", "name": "OutdatedCursor", "message": f"resumed from {since}"}
        place = next((place for place, one in enumerate(self._log) if one.time >= since), len(self._log))
        return place, said if since > cursor else None, largest
