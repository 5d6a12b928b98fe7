"""The bot of the crash test: the product with an engine that repeats tokens, and at times with a planted bug."""

import asyncio
import os
import signal
import sys
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from counting import TOKEN
from typing_extensions import override

from greenroom.app import Bot, Options
from greenroom.generation import Brief, Engine, Generated
from greenroom.settings import Platforms
from greenroom.storage import Turn
from greenroom.telemetry import logging_to
from greenroom_adapters.contract import Absent, Adapter, Attempt, Capabilities, Found, Receipt, Undecided

__all__ = ["Life", "live"]


@dataclass(frozen=True, kw_only=True)
class Life:
    """What one start of the bot is told."""

    file: Path
    """The bot file."""
    platform: str
    """Name of the platform of its only account."""
    generations: Path
    """The bill: a line for each generation."""
    die_at: str | None = None
    """Fault point at which it kills itself."""
    die_on: int = 1
    """When the point is reached for that many times."""
    plant: str | None = None
    """The bug it is given: `double`, `forget`, `loss` or `trust`."""
    late: float = 0.0
    """Seconds by which the bug `loss` puts events off."""
    is_quick: bool = False
    """Whether its adapter has shorter times."""


class TokenEngine(Engine):
    """Answers a mention with its token, and notes every generation before it returns, as a provider's bill would."""

    def __init__(self, bill: Path) -> None:
        self._bill = os.open(bill, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    @property
    @override
    def name(self) -> str:
        return "token"

    @override
    async def generate(self, brief: Brief) -> Generated:
        await asyncio.sleep(0.002)
        os.write(self._bill, f"{brief.seed}\n".encode())
        token = TOKEN.search(brief.said or "")
        return Generated(text=f"Heard {token[0] if token else 'nothing'}, thank you.", engine="token")


def plant_double(adapter: type[Adapter]) -> type[Adapter]:
    """Return the adapter with a bug: a new key on every try, and no look at what became of the last one."""

    class Doubling(adapter):  # type: ignore[misc, valid-type]  # the base is chosen at run time
        @override
        async def publish(self, attempt: Attempt) -> Receipt:
            key = uuid.uuid4().hex
            prepared: bytes = self.prepare(attempt.post, key=key)
            receipt: Receipt = await super().publish(replace(attempt, key=key, prepared=prepared))
            return replace(receipt, key=attempt.key)

        @override
        async def find(self, attempt: Attempt) -> Found | Absent | Undecided:
            return Absent()

    return Doubling


def plant_forget(adapter: type[Adapter]) -> type[Adapter]:
    """Return the adapter with a bug: every try begins anew, whatever an earlier one has put down."""

    class Forgetting(adapter):  # type: ignore[misc, valid-type]  # the base is chosen at run time
        @override
        async def publish(self, attempt: Attempt) -> Receipt:
            receipt: Receipt = await super().publish(replace(attempt, state=None))
            return receipt

        @override
        async def find(self, attempt: Attempt) -> Found | Absent | Undecided:
            return Absent()

    return Forgetting


def plant_trust(adapter: type[Adapter]) -> type[Adapter]:
    """Return the adapter with a bug: it takes the platform's keys for keys that are honoured for ever."""

    class Trusting(adapter):  # type: ignore[misc, valid-type]  # the base is chosen at run time
        @property
        @override
        def capabilities(self) -> Capabilities:
            told: Capabilities = super().capabilities
            return replace(told, idempotency=replace(told.idempotency, window=None))

        @override
        async def find(self, attempt: Attempt) -> Found | Absent | Undecided:
            return Undecided(reason="whoever trusts the key does not look")

    return Trusting


def plant_loss(bot: Bot, *, late: float, faults: Callable[[str], None]) -> None:
    """Give the bot a bug: the cursor is on disk, and the event only so many seconds later.

    What takes the one for the other believes that the event is in the inbox as soon as its cursor is.
    """
    ledger = bot.ledger
    receive = ledger.receive

    def receive_late(turn: Turn, source: str | None = None, cursor: str | None = None) -> None:
        if source is None or cursor is None:
            receive(turn, source, cursor)
            return
        ledger.move_cursor(turn.account, source, cursor)
        asyncio.get_running_loop().call_later(late, receive, turn)
        asyncio.get_running_loop().call_later(late / 2, faults, "after_inbox_insert")

    ledger.receive = receive_late  # type: ignore[method-assign]  # the planted bug


def shorter_times(platform: str) -> dict[str, Any]:
    """Return the times of an adapter, a tenth to a third of the usual ones: how soon a try that got no answer is over,
    and how often a platform without streams is looked at."""
    if platform == "stage":
        return {"publish_deadline": timedelta(seconds=4)}
    if platform == "x":
        from greenroom_adapters.x.sources import Intervals  # only where it is tested

        return {
            "intervals": Intervals(mentions=timedelta(seconds=0.2)),
            "publish_deadline": timedelta(seconds=5),
            "visible_within": timedelta(seconds=4),
        }
    if platform in ("facebook", "instagram", "threads"):
        return {
            "every": timedelta(seconds=0.2),
            "publish_deadline": timedelta(seconds=5),
            "visible_within": timedelta(seconds=4),
        }
    if platform == "tiktok":
        return {
            "every": timedelta(seconds=0.2),
            "publish_deadline": timedelta(seconds=3),
            "visible_within": timedelta(seconds=1),
            "look_every": 0.1,
            "minute": timedelta(0),
        }
    from greenroom_adapters.mastodon.listening import Rhythm  # only where it is tested

    return {
        "rhythm": Rhythm(without_stream=timedelta(seconds=0.3)),
        "in_flight": timedelta(seconds=0.5),
        "publish_deadline": timedelta(seconds=4),
        "visible_within": timedelta(seconds=2),
    }


def quickened(adapter: type[Adapter]) -> type[Adapter]:
    """Return the adapter with shorter times."""

    class Quick(adapter):  # type: ignore[misc, valid-type]  # the base is chosen at run time
        def __init__(self, settings: Any, *, account: str) -> None:
            super().__init__(settings, account=account, **shorter_times(adapter.platform))

    return Quick


def illustrating(folder: Path) -> Callable[[type[Adapter]], type[Adapter]]:
    """Return what makes the adapter of a platform without words alone one whose posts have the picture in a folder."""

    def illustrated(adapter: type[Adapter]) -> type[Adapter]:
        from illustrated import Illustrated  # only where it is tested

        assert issubclass(Illustrated, adapter)
        return type("Illustrated", (Illustrated,), {"folder": folder})

    return illustrated


def filming(folder: Path) -> Callable[[type[Adapter]], type[Adapter]]:
    """Return what makes the adapter of a platform without words alone one whose posts have the video in a folder."""

    def filmed(adapter: type[Adapter]) -> type[Adapter]:
        from filmed import Filmed  # only where it is tested

        assert issubclass(Filmed, adapter)
        return type("Filmed", (Filmed,), {"folder": folder})

    return filmed


def killer(point: str | None, times: int) -> Callable[[str], None]:
    """Return a hook that kills this process when `point` is reached for the `times`-th time."""
    left = times

    def reached(name: str) -> None:
        nonlocal left
        if name == point:
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    return reached


async def serve(life: Life, running: Callable[[], None]) -> None:
    platforms = Platforms.installed()
    furnished = {"instagram": illustrating, "tiktok": filming}
    changes = [furnished[life.platform](life.file.parent)] if life.platform in furnished else []
    if life.is_quick:
        changes.append(quickened)
    planted = {"double": plant_double, "forget": plant_forget, "trust": plant_trust}
    if life.plant in planted:
        changes.append(planted[life.plant])
    for change in changes:
        platforms = Platforms.of(change(platforms.adapter(life.platform)))
    faults = killer(life.die_at, life.die_on)
    bot = Bot.load(
        life.file,
        Options(
            faults=faults,
            engines=(TokenEngine(life.generations),),
            platforms=platforms,
            grace=2.0,
            flush_every=0.5,
        ),
    )
    async with bot:
        if life.plant == "loss":
            plant_loss(bot, late=life.late, faults=faults)
        work = asyncio.create_task(bot.run())
        for name in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(name, work.cancel)
        running()
        try:
            await work
        except asyncio.CancelledError:
            return


def live(life: Life, *, running: Callable[[], None]) -> None:
    """Run the bot until it is told to stop, and write its log to standard error; `running` is called once it runs."""
    with logging_to(lambda entry: print(entry, file=sys.stderr, flush=True)):  # noqa: T201 - read when it fails
        asyncio.run(serve(life, running))
