"""What one worker carries on PostgreSQL, beside the same on SQLite.

    python tests/benchmarks/on_postgres.py [--events N] [--idle SECONDS]

Prints a JSON object for each figure. `ledger`: the store alone, three commits for each event as the product makes them
(received, sending, sent with its receipt), 256 at a time. `bot`: the whole bot of `make bench`, with everything that it
does for an event. `idle`: the part of a core that a worker needs that is connected and has nothing to do. CPU is that
of the worker's process; the server's own comes on top, on its machine.
"""

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from greenroom.clock import SystemClock
from greenroom.interpreter import keep_what_is_built, suit_a_bot
from greenroom.storage import Draft, Part, State, open_ledger
from greenroom.stores import Database, Store
from greenroom.testing.ledger import mention_turn
from greenroom_adapters.contract import Post
from greenroom_adapters.testing.stage import RunningStage

HERE = Path(__file__).resolve().parent
WINDOW = 256
BOT = """\
bot: idle
persona: persona.yaml
timezone: UTC
accounts: {{home: {{platform: stage, server: "{stage}"}}}}
engines: hold
answer: mentions
store: {store}
"""


async def ledger_alone(store: Store, events: int) -> dict[str, Any]:
    """Return what so many events cost the store."""
    numbers = iter(range(events))
    async with open_ledger(store, bot="bench", clock=SystemClock()) as ledger:

        async def carry() -> None:
            for number in numbers:
                turn = mention_turn(number, conversation=f"c{number % 5000}")
                ledger.receive(turn, "mentions", str(number))
                await ledger.committed()
                turn.state, turn.draft = State.SENDING, Draft(parts=("Yes.",), engine="constant")
                turn.outbox = [Part(key=f"k{number}", post=Post(text="Yes."), number=1)]
                ledger.save(turn)
                await ledger.committed()
                turn.state, turn.outbox[0].post_id = State.SENT, f"x{number}"
                ledger.save(turn)
                ledger.receipt(turn, 0)
                await ledger.committed()

        keep_what_is_built()
        began, cpu = time.perf_counter(), time.process_time()
        async with asyncio.TaskGroup() as tasks:
            for _ in range(WINDOW):
                tasks.create_task(carry())
        took, used = time.perf_counter() - began, time.process_time() - cpu
        assert (await ledger.counts()) == {State.SENT: events}
    return {"per_second": round(events / took), "cpu_us": round(used / events * 1e6, 1)}


def whole_bot(store: Store | None, folder: Path) -> dict[str, Any]:
    """Return what the bot of the benchmark needs for an event."""
    done = subprocess.run(  # noqa: S603 - our own script
        [sys.executable, str(HERE / "peer_greenroom.py"), "--window", str(WINDOW), "--secs", "3"],
        capture_output=True,
        text=True,
        check=True,
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join((str(HERE / "peers"), *(part for part in sys.path if part))),
            "BENCH_DATA": str(folder),
            "BENCH_STORE": "" if store is None else str(store),
        },
    )
    result: dict[str, Any] = json.loads(next(line for line in done.stdout.splitlines() if line.startswith("{")))
    return result


def idle(store: Store, folder: Path, seconds: float) -> float:
    """Return the part of a core that a connected worker needs, in percent."""
    with RunningStage(data=folder / "stage.db") as stage:
        (folder / "bot.yaml").write_text(BOT.format(stage=stage.url, store=store))
        (folder / "persona.yaml").write_text("persona: Idle\nwho: waits\n")
        with subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-m", "greenroom", "run", str(folder / "bot.yaml")], stdout=subprocess.DEVNULL
        ) as bot:
            try:
                time.sleep(20)
                before = _ticks(bot.pid)
                time.sleep(seconds)
                return round((_ticks(bot.pid) - before) / os.sysconf("SC_CLK_TCK") / seconds * 100, 2)
            finally:
                bot.terminate()


def _ticks(pid: int) -> int:
    user, system = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    return int(user) + int(system)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=30_000)
    parser.add_argument("--idle", type=float, default=60.0)
    options = parser.parse_args()
    sys.path.append(str(HERE.parent / "servers" / "support"))
    from postgres import Postgres

    suit_a_bot()
    postgres = Postgres().start()
    try:
        with tempfile.TemporaryDirectory(dir=os.environ.get("BENCH_DATA")) as data:
            folder = Path(data)
            stores: dict[str, Store] = {"sqlite": folder / "bench.db", "postgresql": Database(postgres.url)}
            for name, store in stores.items():
                _tell(figure="ledger", store=name, **asyncio.run(ledger_alone(store, options.events)))
            # the bot of the benchmark has the same name, and wants a ledger of its own
            asyncio.run(_drop(postgres.url))
            for name, at in (("sqlite", None), ("postgresql", stores["postgresql"])):
                _tell(figure="bot", store=name, **whole_bot(at, folder))
            for name, at in (("sqlite", folder / "idle.db"), ("postgresql", stores["postgresql"])):
                _tell(figure="idle", store=name, percent=idle(at, folder, options.idle))
    finally:
        postgres.close()


async def _drop(url: str) -> None:
    import asyncpg

    connection = await asyncpg.connect(url)
    try:
        await connection.execute("DROP SCHEMA greenroom_bench CASCADE")
    finally:
        await connection.close()


def _tell(**figure: object) -> None:
    print(json.dumps(figure), flush=True)  # noqa: T201 - the result


if __name__ == "__main__":
    main()
