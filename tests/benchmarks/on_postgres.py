"""What one worker carries on PostgreSQL, beside the same on SQLite.

    python tests/benchmarks/on_postgres.py [--rounds N] [--events N] [--idle SECONDS]

Prints a JSON object for each figure, and in the end the middle of the rounds. `bare`: the bare json loop of `make
bench`: how fast the machine is at that moment. `to_bare` is a figure's CPU divided by its CPU, and `of_bare`
a rate divided by its rate, in a round. `ledger`: the store alone, three commits for each event as the product
makes them (received, sending, sent with its receipt), 256 at a time. `bot`: the whole bot of `make bench`, with
everything that it does for an event. `idle`: the part of a core that a worker needs that is connected and has nothing
to do. CPU is that of the worker's process; the server's own comes on top, on its machine. The server writes through
to the disk, as it does where it matters.
"""

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
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


async def ledger_alone(store: Store, events: int) -> dict[str, float]:
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


def whole_bot(store: Store | None, folder: Path) -> dict[str, float]:
    """Return what the bot of the benchmark needs for an event."""
    return _peer(
        HERE / "peer_greenroom.py",
        PYTHONPATH=os.pathsep.join((str(HERE / "peers"), *(part for part in sys.path if part))),
        BENCH_DATA=str(folder),
        BENCH_STORE="" if store is None else str(store),
    )


def bare() -> dict[str, float]:
    """Return what a bare loop needs that decodes an event, looks its rule up and encodes the answer."""
    return _peer(HERE / "peers" / "bare.py")


def _peer(script: Path, **environment: str) -> dict[str, float]:
    done = subprocess.run(  # noqa: S603 - our own script
        [sys.executable, str(script), "--window", str(WINDOW), "--secs", "3"],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, **environment},
    )
    result: dict[str, Any] = json.loads(next(line for line in done.stdout.splitlines() if line.startswith("{")))
    return {"per_second": round(result["ev_s"]), "cpu_us": round(result["cpu_us"], 1)}


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
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--events", type=int, default=30_000)
    parser.add_argument("--idle", type=float, default=60.0)
    options = parser.parse_args()
    sys.path.append(str(HERE.parent / "servers" / "support"))
    from postgres import Postgres

    suit_a_bot()
    postgres = Postgres(fsync=True).start()
    rounds: dict[tuple[str, str], list[dict[str, float]]] = defaultdict(list)
    try:
        for number in range(options.rounds):
            with tempfile.TemporaryDirectory(dir=os.environ.get("BENCH_DATA")) as data:
                for (figure, store), cell in one_round(Path(data), Database(postgres.url), options.events):
                    rounds[figure, store].append(cell)
                    _tell(round=number + 1, figure=figure, store=store, **cell)
        for (figure, store), cells in rounds.items():
            middle = {name: statistics.median(cell[name] for cell in cells) for name in cells[0]}
            _tell(figure=figure, store=store, **middle)
        with tempfile.TemporaryDirectory(dir=os.environ.get("BENCH_DATA")) as data:
            folder = Path(data)
            for name, at in (("sqlite", folder / "idle.db"), ("postgresql", Database(postgres.url))):
                _tell(figure="idle", store=name, percent=idle(at, folder, options.idle))
    finally:
        postgres.close()


def one_round(folder: Path, database: Database, events: int) -> Iterator[tuple[tuple[str, str], dict[str, float]]]:
    """Give each figure of one round as soon as it is known, with what it is beside bare."""
    loop = bare()
    yield ("bare", "none"), loop

    def beside(cell: dict[str, float]) -> dict[str, float]:
        return {
            **cell,
            "to_bare": round(cell["cpu_us"] / loop["cpu_us"], 2),
            "of_bare": round(cell["per_second"] / loop["per_second"], 3),
        }

    yield ("ledger", "sqlite"), beside(asyncio.run(ledger_alone(folder / "bench.db", events)))
    yield ("ledger", "postgresql"), beside(asyncio.run(ledger_alone(database, events)))
    # the bot of the benchmark has the same name, and wants a ledger of its own
    asyncio.run(_drop(database.url))
    yield ("bot", "sqlite"), beside(whole_bot(None, folder))
    yield ("bot", "postgresql"), beside(whole_bot(database, folder))
    asyncio.run(_drop(database.url))


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
