"""The world of a bot on a real relay: its key, another person, and a proxy between bot and relay."""

import asyncio
import itertools
import json
import sqlite3
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from nostr_people import BEHIND, Line, Person
from running import RunningServer, own_python, unavailable
from typing_extensions import override

from greenroom_adapters.contract import Adapter, PostRef, Secret
from greenroom_adapters.nostr import NostrAdapter, NostrSettings
from greenroom_adapters.testing import FaultyProxy, Order, Published, World
from greenroom_adapters.transport import Pace

EVENT = r'^\["EVENT",\{"id":"([0-9a-f]{64})"'
OK = r'^\["OK"'
MANY = 10**9
LONGEST = 4096
"""Characters of an event that nostr-relay takes; it says so nowhere."""


def a_relay(*settings: dict[str, Any]) -> RunningServer:
    """Return a nostr-relay that is not started yet."""
    python = own_python("NOSTR_RELAY_PYTHON", ".venv-nostr")
    if python is None:
        unavailable("nostr-relay is not installed: run tests/servers/nostr/install.sh, or set NOSTR_RELAY_PYTHON")
    options = [f"--settings={json.dumps(one)}" for one in settings]
    return RunningServer("nostr", *options, environment={"NOSTR_RELAY_PYTHON": str(python)})


class NostrWorld(World):
    """One bot and one other person, at a relay that others use at the same time."""

    def __init__(self, server: RunningServer, proxy: FaultyProxy) -> None:
        self.proxy = proxy
        self.database = server.directory / "nostr.sqlite3"
        clock = itertools.count(int(time.time()) - BEHIND)
        self.bot, self.alice = Person(clock=clock), Person(clock=clock)
        self.line = Line(server.facts["url"])
        self.nsec = self.bot.keys.secret_key().to_bech32()
        self.line.send(self.bot.profile(name="Ada"))
        self.url = f"ws{proxy.url.removeprefix('http')}"
        self.settings = NostrSettings(key=Secret(self.nsec), relays=(self.url,), text_length=LONGEST)

    def adapter(self, *, heartbeat: float = 1.0, **changed: Any) -> NostrAdapter:
        """Return an adapter with other settings, that waits as little as a test may."""
        return NostrAdapter(
            replace(self.settings, **changed),
            account="home",
            heartbeat=timedelta(seconds=heartbeat),
            pace=Pace(slow=timedelta(seconds=0.5)),
        )

    async def send(self, event: dict[str, Any]) -> dict[str, Any]:
        """Send an event past the adapter and return it."""
        await asyncio.to_thread(self.line.send, event)
        return event

    async def stored(self, *filters: dict[str, Any]) -> list[dict[str, Any]]:
        """Return what the relay has, past the adapter."""
        return await asyncio.to_thread(self.line.stored, *filters)

    @override
    def connect(self) -> Adapter:
        return self.adapter()

    @override
    async def mention_bot(self, text: str) -> None:
        await self.send(self.alice.mention(self.bot.id, text))

    @override
    async def published(self) -> Sequence[Published]:
        return await asyncio.to_thread(self._published)

    @override
    def secrets(self) -> Sequence[str]:
        return [self.nsec, self.bot.keys.secret_key().to_hex()]

    @override
    async def post_of_somebody(self, text: str) -> PostRef:
        event = await self.send(self.alice.note(text))
        return PostRef(id=event["id"])

    @override
    async def reply_to_bot(self, ref: PostRef, text: str) -> None:
        (event,) = await self.stored({"ids": [ref.id]})
        await self.send(self.alice.answer(event, text))

    @override
    async def message_bot(self, text: str) -> str:
        await self.send(self.alice.message(self.bot.id, text))
        return str(self.alice.id)

    @override
    async def remove(self, ref: PostRef) -> None:
        (event,) = await self.stored({"ids": [ref.id]})
        author = self.bot if event["pubkey"] == self.bot.id else self.alice
        await self.send(author.delete(ref.id))

    @override
    async def bot_says_elsewhere(self, text: str) -> None:
        await self.send(self.bot.mention(self.bot.id, text, at=int(time.time()) + 1))

    @override
    async def likes(self, ref: PostRef) -> int:
        return len(await self.stored({"kinds": [7], "#e": [ref.id]}))

    @override
    async def lose_next_answer(self) -> None:
        self.order("lose", until=OK)

    @override
    async def refuse_next(self) -> None:
        self.order("refuse")

    @override
    async def commit_next_late(self, seconds: float) -> None:
        self.order("late", seconds=seconds)

    @override
    async def delay_next(self, seconds: float) -> None:
        self.order("delay", seconds=seconds, until=OK)

    @override
    async def garble_next(self) -> None:
        self.order("garble", until=OK)

    @override
    async def answer_next(self, status: int, *, retry_after: int | None = None) -> None:
        # A relay has no statuses: these are the words for what the statuses say.
        words = f"rate-limited: slow down, try again in {retry_after} seconds" if status == 429 else f"error: {status}"
        self.order("answer", body=json.dumps(["OK", "ID", False, words]).replace("ID", r"\1").encode())

    @override
    async def revoke_token(self) -> None:
        self.proxy.order(Order(kind="answer", method="GET", path="^/$", status=403, count=MANY))
        await asyncio.to_thread(self.proxy.cut, "^/$")
        await asyncio.sleep(0.3)

    @override
    def unreachable(self) -> Adapter:
        return self.adapter(relays=("ws://127.0.0.1:9",))

    @override
    async def drop_stream(self) -> None:
        await asyncio.to_thread(self.proxy.cut, "^/$")

    @override
    async def silence_stream(self) -> None:
        await asyncio.to_thread(self.proxy.mute, "^/$")

    @override
    def arrived_keys(self) -> Sequence[str]:
        events = [json.loads(frame)[1] for frame in self.proxy.frames() if frame.startswith('["EVENT"')]
        return [dict(tag[:2] for tag in event["tags"])["greenroom"] for event in events if event["kind"] == 1]

    @override
    def open_connections(self) -> int:
        return self.proxy.open_connections

    def order(self, kind: str, **details: Any) -> None:
        """Order a fault for the bot's next event."""
        self.proxy.order(Order(kind=kind, method="GET", path="^/$", frame=EVENT, **details))

    def _published(self) -> list[Published]:
        told: list[Published] = []
        for event in events_of(self.database):
            if event["pubkey"] == self.bot.id and event["kind"] == 1:
                told.append(public(event))
            elif event["kind"] == 1059 and ["p", self.alice.id] in event["tags"]:
                sender, message = self.alice.opened(event)
                if sender == self.bot.id:
                    told.append(Published(text=message["content"], id=f"dm/{message['id']}", direct_to=self.alice.id))
        return told


def events_of(database: Path) -> list[dict[str, Any]]:
    """Return what stands in a relay's own database, in the order in which it was taken."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as opened:
        rows = opened.execute("SELECT id, pubkey, created_at, kind, tags, content, sig FROM events ORDER BY rowid")
        return [
            {
                "id": row[0].hex(),
                "pubkey": row[1].hex(),
                "created_at": row[2],
                "kind": row[3],
                "tags": json.loads(row[4]),
                "content": row[5],
                "sig": row[6].hex(),
            }
            for row in rows
        ]


def public(event: dict[str, Any]) -> Published:
    """Return a note as it shows."""
    tags = {tag[0]: tag[1] for tag in event["tags"] if len(tag) > 1}
    marked = {tag[3]: tag[1] for tag in event["tags"] if tag[0] == "e"}
    quote = tags.get("q")
    text = event["content"]
    if quote is not None:
        text, _, link = text.rpartition("\n\n")
        assert link.startswith("nostr:nevent1")
    files = [dict(part.split(" ", 1) for part in tag[1:]) for tag in event["tags"] if tag[0] == "imeta"]
    for file in reversed(files):
        text = text.removesuffix(f"\n\n{file['url']}")
    return Published(
        text=text,
        id=event["id"],
        in_reply_to=marked.get("reply", marked.get("root")),
        alts=tuple(file["alt"] for file in files),
        quote=quote,
        content_warning=tags.get("content-warning"),
    )
