"""Greenroom in the peer benchmark: the product as a user's bot has it; only the wire and the model are constant.

Run by `run.py`, with the options of `peers/harness.py`. Variants: "" is durable, `memory` keeps the file in
memory-backed storage to show what the disk costs. BENCH_STORE names another store than a file.
"""

import asyncio
import os
import tempfile
from collections.abc import AsyncGenerator, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, ClassVar, Self

import msgspec
from harness import main
from payloads import TELEGRAM_MENTION, TELEGRAM_SENT, telegram_update
from typing_extensions import override

from greenroom.app import Bot, Options
from greenroom.generation import Brief, Engine, Generated
from greenroom.interpreter import keep_what_is_built, suit_a_bot
from greenroom.settings import Platforms
from greenroom.storage import State
from greenroom_adapters.contract import (
    Absent,
    Adapter,
    Attempt,
    Author,
    Capabilities,
    Event,
    Found,
    Idempotency,
    IdempotencyKind,
    Kind,
    Limits,
    MentionReceived,
    MessageReceived,
    Post,
    PostRef,
    Receipt,
    Room,
    Standing,
    Surface,
    TextLimit,
    Undecided,
)


class User(msgspec.Struct):
    id: int
    is_bot: bool
    first_name: str
    username: str | None = None


class Chat(msgspec.Struct):
    id: int
    type: str


class Entity(msgspec.Struct):
    offset: int
    length: int
    type: str


class Message(msgspec.Struct):
    message_id: int
    chat: Chat
    date: int
    from_: User = msgspec.field(name="from")
    text: str = ""
    entities: list[Entity] = []


class Update(msgspec.Struct):
    update_id: int
    message: Message


class Request(msgspec.Struct):
    chat_id: str
    text: str
    reply_to: str
    key: str


class Answer(msgspec.Struct):
    ok: bool
    result: Message


decode_update = msgspec.json.Decoder(Update).decode
decode_answer = msgspec.json.Decoder(Answer).decode
encode = msgspec.json.Encoder().encode
CANNED = TELEGRAM_SENT.replace('"message_id": 77', '"message_id": %d').encode()
"""The answer to a send; each has an id of its own, as on a real platform."""

CAPABILITIES = Capabilities(
    limits=Limits(text=(TextLimit(length=4096),)),
    idempotency=Idempotency(kind=IdempotencyKind.KEYED),
    settles_after=timedelta(seconds=30),
    kinds=frozenset({Kind.MENTION, Kind.MESSAGE}),
    surfaces=frozenset({Surface.REPLY, Surface.CHAT, Surface.POST}),
)


@dataclass(frozen=True)
class WireSettings:
    """Nothing to set."""


class WireAdapter(Adapter):
    """Decodes real update payloads; its platform answers at once, with a canned body."""

    platform: ClassVar[str] = "wire"
    Settings: ClassVar[type[Any]] = WireSettings
    hit: ClassVar[Callable[[], None]]
    mention: ClassVar[str] = TELEGRAM_MENTION

    def __init__(self, settings: WireSettings, *, account: str) -> None:
        self.sent = 0
        self._author = Author(id="1", handle="bench")

    @property
    @override
    def capabilities(self) -> Capabilities:
        return CAPABILITIES

    @property
    @override
    def me(self) -> Author:
        return self._author

    @override
    async def __aenter__(self) -> Self:
        return self

    @override
    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None
    ) -> None:
        return

    @override
    async def check(self) -> Standing:
        return Standing(me=self._author, may=())

    @override
    async def now(self) -> Mapping[str, str]:
        return {"updates": "0"}

    @override
    async def events(self, *, after: Mapping[str, str]) -> AsyncGenerator[Event, None]:
        await asyncio.Event().wait()
        yield self.read(b"")

    def read(self, raw: bytes) -> Event:
        """Turn one update, as it comes over the wire, into an event."""
        update = decode_update(raw)
        message = update.message
        user = message.from_
        chat = str(message.chat.id)
        text = message.text
        number = str(update.update_id)
        kind = MentionReceived if text.startswith(self.mention) else MessageReceived
        return kind(
            id=number,
            source="updates",
            cursor=number,
            occurred_at=datetime.now(UTC),
            post=PostRef(id=str(message.message_id)),
            author=Author(id=str(user.id), handle=user.username or user.first_name, is_bot=user.is_bot),
            text=text,
            conversation=chat,
            room=Room(id=chat) if message.chat.type != "private" else None,
        )

    @override
    def prepare(self, post: Post, *, key: str) -> bytes:
        return b""

    @override
    async def publish(self, attempt: Attempt) -> Receipt:
        post = attempt.post
        target = post.in_reply_to
        encode(Request(post.room or "", post.text, "" if target is None else target.id, attempt.key))
        self.sent += 1
        answer = decode_answer(CANNED % self.sent).result
        WireAdapter.hit()
        published_at = datetime.fromtimestamp(answer.date, UTC)
        return Receipt(key=attempt.key, ref=PostRef(id=str(answer.message_id)), published_at=published_at)

    @override
    async def find(self, attempt: Attempt) -> Found | Absent | Undecided:
        return Undecided(reason="nothing is listed", final=True)


class ConstantEngine(Engine):
    """The harness's stand-in for a model."""

    def __init__(self, generate: Any) -> None:
        self._generate = generate

    @property
    @override
    def name(self) -> str:
        return "constant"

    @override
    async def generate(self, brief: Brief) -> Generated:
        return Generated(text=await self._generate(brief.said or ""), engine="constant")


def write_files(folder: Path, rules: int) -> Path:
    """Write the bot as its owner would: one rule for each word."""
    (folder / "persona.yaml").write_text("persona: Bench\nwho: answers\nbounds: {length: 1-1000}\n")
    lines = ["bot: bench", "persona: persona.yaml", "accounts: {home: {platform: wire}}", "timezone: UTC"]
    lines += ["engines: hold", "answer:"]
    lines += [f"  - {{to: mentions, words: [p{number:04d}], gather: 0s}}" for number in range(rules)]
    lines += ["rooms: {elsewhere: {mode: mentions}}"]
    # every guard counts, and none of them stops what is to be measured
    lines += ["approve: never", "limits:"]
    lines += [f"  {limit}: 100000000/hour" for limit in ("replies", "replies_per_person", "replies_per_thread")]
    if store := os.environ.get("BENCH_STORE"):
        lines.append(f"store: {store}")
    path = folder / "bot.yaml"
    path.write_text("\n".join(lines) + "\n")
    return path


class Peer:
    """The slot of the harness."""

    def __init__(self, bot: Bot, options: Any) -> None:
        self._bot = bot
        self._options = options
        self._desk = bot.desks["home"]
        adapter = self._desk.adapter
        assert isinstance(adapter, WireAdapter)
        self._adapter = adapter
        self._running = asyncio.create_task(bot.run())

    def make(self, i: int, rule: int | None) -> bytes:
        """One payload."""
        raw: bytes = telegram_update(i, rule, self._options.users)
        return raw

    async def push(self, raw: bytes) -> None:
        """Take one event; returns when it is durable."""
        await self._desk.intake.take(self._adapter.read(raw))
        if self._options.hit != "miss":
            await self._bot.ledger.committed()

    async def push_batch(self, raws: Any) -> None:
        """Take what came together."""
        read, accept = self._adapter.read, self._desk.intake.accept
        for raw in raws:
            accept(read(raw))
        if self._options.hit != "miss":
            await self._bot.ledger.committed()

    async def listen(self, raws: Any) -> None:
        """Take one event after the other, as the desk of an account does."""
        for raw in raws:
            await self._desk.intake.take(self._adapter.read(raw))

    async def settle(self) -> None:
        """Wait until the last receipt is on disk."""
        await self._bot.settle()

    async def close(self) -> None:
        """Stop, and compare the ledger with what was sent."""
        counts = await self._bot.ledger.counts()
        self._running.cancel()
        await asyncio.gather(self._running, return_exceptions=True)
        await self._bot.__aexit__(None, None, None)
        assert set(counts) <= {State.SENT}, counts
        assert counts.get(State.SENT, 0) == self._adapter.sent, counts


async def setup(rules: int, generate: Any, sink: Any, options: Any) -> Peer:
    """Build the bot from its files, as `greenroom run` does."""
    WireAdapter.hit = sink.hit
    base = "/dev/shm" if options.variant == "memory" else os.environ.get("BENCH_DATA")  # noqa: S108 - memory is what is asked for
    folder = Path(tempfile.mkdtemp(prefix="greenroom-bench-", dir=base))
    path = write_files(folder, rules)
    bot = Bot.load(
        path,
        Options(
            platforms=Platforms.of(WireAdapter),
            engines=(ConstantEngine(generate),),
            admission=options.n if options.mode == "inflight" else 500,
        ),
    )
    suit_a_bot()
    await bot.__aenter__()
    keep_what_is_built()
    peer = Peer(bot, options)
    while not bot.desks["home"].is_connected:
        await asyncio.sleep(0.01)
    return peer


if __name__ == "__main__":
    main(setup, "greenroom", ("", "memory"))
