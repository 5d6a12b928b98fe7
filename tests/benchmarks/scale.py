"""What many accounts and many people cost one bot, in simulated time.

    python tests/benchmarks/scale.py [--accounts N] [--people N] [--days N] [--plot FILE.svg]

One bot with so many accounts runs for so many days on a platform in memory. Each day its share of the people mention
one of the accounts for the first time, each once, and the scripted voice answers them all; then the night comes, with
everything that a bot does on its own: retention, cursors, forgotten texts. Everything but the wire is the product,
built from its two files, with the ledger on disk.

Prints a JSON object a step, twenty in all: `people` so far, `us_each` of CPU for a mention in this step, `ledger_mb`
and `memory_mb`; the last one is about the whole: `start_s` and `start_mb` of CPU and memory to start so many accounts,
`idle_us` of CPU for one of them in a simulated hour without an event.
"""

import argparse
import asyncio
import itertools
import json
import random
import resource
import sys
import tempfile
import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, ClassVar, Self

from typing_extensions import override

from greenroom.app import Bot, Options
from greenroom.interpreter import keep_what_is_built, suit_a_bot
from greenroom.settings import Platforms
from greenroom.storage import State
from greenroom.testing import ManualClock
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
    Post,
    PostRef,
    Receipt,
    Standing,
    Surface,
    TextLimit,
    Undecided,
)

STEPS = 20
BATCH = 250
"""Mentions that come at about the same time."""
PERSONA = "persona: Ada\nwho: keeps the lighthouse\nexamples: [The lamp is lit.]\n"
QUESTIONS = ("is the lamp lit?", "what is the weather at sea?", "who are you?", "my name is {name}. Good evening!")
CAPABILITIES = Capabilities(
    limits=Limits(text=(TextLimit(length=500),)),
    idempotency=Idempotency(kind=IdempotencyKind.KEYED),
    settles_after=timedelta(seconds=30),
    kinds=frozenset({Kind.MENTION}),
    surfaces=frozenset({Surface.REPLY, Surface.POST}),
)


@dataclass(frozen=True)
class Nothing:
    """There is nothing to set."""


class Crowd(Adapter):
    """One account of a platform in memory, on which people mention it."""

    platform: ClassVar[str] = "crowd"
    Settings: ClassVar[type[Any]] = Nothing
    clock: ClassVar[ManualClock]
    accounts: ClassVar[dict[str, "Crowd"]] = {}
    listening: ClassVar[int] = 0
    sent: ClassVar[int] = 0

    def __init__(self, settings: Nothing, *, account: str) -> None:
        self._author = Author(id=account, handle=account)
        self._said: asyncio.Queue[Event] = asyncio.Queue()
        self._numbers = itertools.count(1)
        self.accounts[account] = self

    def mention(self, number: int) -> None:
        """Let the person of this number mention the account now."""
        name = f"person{number}"
        cursor = str(next(self._numbers))
        self._said.put_nowait(
            MentionReceived(
                id=f"m{number}",
                source="mentions",
                cursor=cursor,
                occurred_at=self.clock.now(),
                post=PostRef(id=f"p{number}"),
                author=Author(id=f"u{number}", handle=name),
                text=f"@{self._author.handle} {QUESTIONS[number % len(QUESTIONS)].format(name=name)}",
                conversation=f"c{number}",
            )
        )

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
        return {"mentions": "0"}

    @override
    async def events(self, *, after: Mapping[str, str]) -> AsyncGenerator[Event, None]:
        Crowd.listening += 1
        while True:
            yield await self._said.get()

    @override
    def prepare(self, post: Post, *, key: str) -> bytes:
        return b""

    @override
    async def publish(self, attempt: Attempt) -> Receipt:
        Crowd.sent += 1
        return Receipt(key=attempt.key, ref=PostRef(id=f"a{Crowd.sent}"), published_at=self.clock.now())

    @override
    async def find(self, attempt: Attempt) -> Found | Absent | Undecided:
        return Undecided(reason="nothing is listed", final=True)


def write_files(folder: Path, accounts: int) -> Path:
    """Write the bot as its owner would."""
    (folder / "persona.yaml").write_text(PERSONA)
    names = ", ".join(f"a{number}: {{platform: crowd}}" for number in range(accounts))
    path = folder / "bot.yaml"
    path.write_text(
        f"bot: ada\npersona: persona.yaml\ntimezone: UTC\naccounts: {{{names}}}\n"
        "answer: {to: mentions, gather: 0s}\napprove: never\nlimits: {replies: 1000000/hour}\n"
    )
    return path


def megabytes(folder: Path) -> float:
    """Return what the ledger takes on the disk."""
    return sum(file.stat().st_size for file in (folder / "data").glob("ada.db*")) / 1e6


def memory() -> float:
    """Return the most that the process has had in memory, in megabytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


async def until(reached: Any) -> None:
    """Wait, the clock standing still."""
    while not reached():
        await asyncio.sleep(0.001)


async def hours_pass(clock: ManualClock, hours: float) -> None:
    """Let time pass in steps in which everybody who waits for it has his turn."""
    for _ in range(round(hours * 4)):
        clock.turn(timedelta(minutes=15))
        await asyncio.sleep(0.002)


async def simulate(accounts: int, people: int, days: int, folder: Path) -> list[dict[str, float]]:
    """Run the bot for these days; return the steps and, last, the whole."""
    Crowd.clock = clock = ManualClock()
    chance = random.Random(7)  # noqa: S311 - which account somebody mentions, the same in every run
    rows: list[dict[str, float]] = []
    suit_a_bot()
    before, memory_before = time.process_time(), memory()
    bot = Bot.load(write_files(folder, accounts), Options(clock=clock, platforms=Platforms.of(Crowd)))
    async with bot:
        running = asyncio.create_task(bot.run())
        await until(lambda: running.done() or Crowd.listening == accounts)
        start_s, start_mb = time.process_time() - before, memory() - memory_before
        keep_what_is_built()
        before = time.process_time()
        await hours_pass(clock, 1)
        idle_us = (time.process_time() - before) / accounts * 1e6
        everybody = iter(range(people))
        for step in range(STEPS):
            spent = 0.0
            for day in range(days * step // STEPS, days * (step + 1) // STEPS):
                today = people * (day + 1) // days - people * day // days
                while batch := list(itertools.islice(everybody, min(BATCH, today))):
                    today -= len(batch)
                    began, goal = time.process_time(), Crowd.sent + len(batch)
                    for number in batch:
                        Crowd.accounts[f"a{chance.randrange(accounts)}"].mention(number)
                    await until(lambda goal=goal: running.done() or Crowd.sent == goal)
                    await bot.settle()
                    spent += time.process_time() - began
                    if running.done():
                        await running
                await hours_pass(clock, 24)
            done = people * (days * (step + 1) // STEPS) // days
            row = {
                "people": done,
                "us_each": round(spent / max(1, done - people * (days * step // STEPS) // days) * 1e6, 1),
                "ledger_mb": round(megabytes(folder), 1),
                "memory_mb": round(memory(), 1),
            }
            rows.append(row)
            sys.stdout.write(json.dumps(row) + "\n")
            sys.stdout.flush()
        counts = await bot.ledger.counts()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    assert Crowd.sent == people, (Crowd.sent, people)
    assert counts.get(State.SENT, 0) <= people, counts
    rows.append(
        {
            "accounts": accounts,
            "people": people,
            "start_s": round(start_s, 2),
            "start_mb": round(start_mb, 1),
            "idle_us": round(idle_us, 1),
        }
    )
    return rows


def draw(rows: Sequence[Mapping[str, float]], into: Path) -> None:
    """Draw CPU for a mention and size of the ledger against the people met."""
    wide, high, left, right, top = 720, 200, 70, 45, 36
    width = wide - left - right
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide} {2 * (high + 70) + 16}" font-family="sans-serif" '
        'font-size="13"><rect width="100%" height="100%" fill="white"/>'
    ]
    most_people = max(row["people"] for row in rows)
    for place, (key, title, colour) in enumerate(
        (("us_each", "CPU of one mention, µs", "#2a6f97"), ("ledger_mb", "ledger on the disk, MB", "#bc6c25"))
    ):
        base = place * (high + 70) + top
        most = max(row[key] for row in rows) * 1.1
        points = " ".join(
            f"{left + row['people'] / most_people * width:.1f},{base + high * (1 - row[key] / most):.1f}"
            for row in rows
        )
        parts.append(f'<text x="{left}" y="{base - 12}" font-weight="bold">{title}</text>')
        for share in (0, 0.5, 1):
            y = base + high - share * high
            parts.append(f'<line x1="{left}" x2="{wide - right}" y1="{y}" y2="{y}" stroke="#ddd"/>')
            parts.append(f'<text x="{left - 8}" y="{y + 4}" text-anchor="end">{share * most:,.0f}</text>')
        for share in (0, 0.5, 1):
            x = left + share * width
            parts.append(f'<text x="{x}" y="{base + high + 18}" text-anchor="middle">{share * most_people:,.0f}</text>')
        parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2.5"/>')
    parts.append(f'<text x="{wide / 2}" y="{2 * (high + 70) + 8}" text-anchor="middle">people met</text></svg>')
    into.write_text("\n".join(parts) + "\n", encoding="utf-8")


def main() -> None:
    """Run it, as the command line says."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--accounts", type=int, default=100)
    parser.add_argument("--people", type=int, default=100_000)
    parser.add_argument("--days", type=int, default=200)
    parser.add_argument("--plot", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        *steps, whole = asyncio.run(simulate(options.accounts, options.people, options.days, Path(folder)))
    if options.plot is not None:
        draw(steps, options.plot)
    sys.stdout.write(json.dumps(whole) + "\n")


if __name__ == "__main__":
    main()
