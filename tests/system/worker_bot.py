"""One worker of the crash test on PostgreSQL: runs the bot, or stands by, until it is told to stop or is killed.

python tests/system/worker_bot.py BOT_FILE BILL [HOST SETTLED]

With the last two its host is called so, and bots are moved between hosts that many seconds after the last move. When it
comes to the fault point whose name stands in the file `stop-at` beside its bot file, it takes the order away and stops
itself (SIGSTOP).
"""

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from crash_bot import TokenEngine, quickened

from greenroom.app import Bot, Options, keep_running
from greenroom.settings import Platforms
from greenroom.storage import Patience
from greenroom.telemetry import logging_to

__all__ = ["work"]


def stopper(order: Path) -> Callable[[str], None]:
    """Return a hook that stops this process, every thread of it, at the point whose name stands in `order`."""

    def reached(name: str) -> None:
        if order.exists() and order.read_text() == name:
            order.unlink()
            os.kill(os.getpid(), signal.SIGSTOP)

    return reached


async def work(file: Path, bill: Path, host: str | None = None, settled: str = "60") -> None:
    platforms = Platforms.of(quickened(Platforms.installed().adapter("stage")))

    def load(standing_by: Callable[[str], None]) -> Bot:
        options = Options(
            faults=stopper(file.with_name("stop-at")),
            engines=(TokenEngine(bill),),
            platforms=platforms,
            grace=2.0,
            flush_every=0.5,
            standing_by=standing_by,
            host=host,
            patience=Patience(settled=float(settled)),
        )
        return Bot.load(file, options)

    async def live(bot: Bot) -> None:
        await bot.run()

    stop = asyncio.Event()
    working = asyncio.create_task(keep_running(load, live, is_stopping=stop.is_set))

    def told() -> None:
        stop.set()
        working.cancel()

    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, told)
    try:
        await working
    except asyncio.CancelledError:
        return


if __name__ == "__main__":
    with logging_to(lambda entry: print(entry, file=sys.stderr, flush=True)):  # noqa: T201 - read when it fails
        asyncio.run(work(Path(sys.argv[1]), Path(sys.argv[2]), *sys.argv[3:]))
