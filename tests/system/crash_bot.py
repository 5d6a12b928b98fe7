"""The bot of the crash test, as a process that can be killed: the product with an engine that repeats tokens.

crash_bot.py BOT_FILE --platform NAME --generations FILE [--die-at POINT --die-on N]
             [--plant double|loss|trust --late SECONDS] [--quick]
"""

import argparse
import asyncio
import os
import signal
import sys
import uuid
from collections.abc import Callable
from dataclasses import replace
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
    """Return the times of an adapter, about a tenth of the usual ones: how soon a try that got no answer is over, and
    for Mastodon how often a server without streams is looked at."""
    if platform == "stage":
        return {"publish_deadline": timedelta(seconds=4)}
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


async def serve(options: argparse.Namespace) -> None:
    platforms = Platforms.installed()
    changes = []
    if options.quick:
        changes.append(quickened)
    if options.plant in ("double", "trust"):
        changes.append(plant_double if options.plant == "double" else plant_trust)
    for change in changes:
        platforms = Platforms.of(change(platforms.adapter(options.platform)))
    faults = killer(options.die_at, options.die_on)
    bot = Bot.load(
        options.file,
        Options(
            faults=faults,
            engines=(TokenEngine(options.generations),),
            platforms=platforms,
            grace=2.0,
        ),
    )
    async with bot:
        if options.plant == "loss":
            plant_loss(bot, late=options.late, faults=faults)
        running = asyncio.create_task(bot.run())
        for name in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(name, running.cancel)
        print("RUNNING", flush=True)  # noqa: T201 - the word that the test waits for
        try:
            await running
        except asyncio.CancelledError:
            return


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("--platform", required=True)
    parser.add_argument("--generations", type=Path, required=True)
    parser.add_argument("--die-at")
    parser.add_argument("--die-on", type=int, default=1)
    parser.add_argument("--plant", choices=["double", "loss", "trust"])
    parser.add_argument("--late", type=float, default=0.0)
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    # read when it fails
    with logging_to(lambda entry: print(entry, file=sys.stderr)):  # noqa: T201
        asyncio.run(serve(options))


if __name__ == "__main__":
    main()
