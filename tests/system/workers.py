"""The crash test with several workers on one PostgreSQL: who runs the bot is killed, stopped, or loses its database.

    python tests/system/workers.py [--rounds 50] [--mentions 20] [--idempotency keyed] [--only kill,stop,...] [--calm]

Each round asks for something and then does one of these to whoever owns the bot: `kill` it with -9, `stop` it (SIGSTOP)
until another owns it and let it go on, `end` its session at the server, kill the server itself with -9 and `restart`
it, have the owner `leave` (SIGTERM), `cut` its connections to the database until another owns it, `mute` them (they
stay open and nothing passes), make them `slow` for a while. With `down`, which root alone can do, each worker has a
network of its own, and the link of the owner to the database goes down without a word until another owns the bot. The
name of a fault point is a deed as well: the owner stops when it comes there, until another owns the bot; `points` are
all that it can come to.

People talk in threads, so there is an order. The Stage's own database says in the end what was lost, said twice, or
said out of order, and the pings that workers answered whether two of them listened at the same time; the result is the
exit code. It also tells how long it took each time until the bot was owned again (p50 and the longest).
"""

import argparse
import asyncio
import contextlib
import itertools
import json
import os
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
from counting import TOKEN
from hosts import Host, why_no_hosts
from listeners import Listeners
from network import BOT, DOUBTS
from postgres import Postgres
from stage_network import CLASSES, UNREACHABLE, StageNetwork
from wire import Wire

from greenroom.app import put_down
from greenroom.clock import SystemClock
from greenroom.faults import POINTS
from greenroom.storage import Due, State, StorageError, open_ledger, runner_of, workers_on
from greenroom.storage.postgres.address import schema_of
from greenroom.stores import Database

__all__ = ["WorkersTest", "arguments"]

HERE = Path(__file__).parent
WORKERS = 3
DEEDS = ("kill", "stop", "end", "restart", "leave", "cut", "mute", "slow")
ALONE = "down"
"""The deed for which workers live in networks of their own, so that no wire that could be cut is between them and the
database."""
SLOW = 0.4
"""Seconds that everything takes each way on a slow wire, at the most. A worker bears with two for an answer."""
PATIENCE = 180.0
"""Seconds for what has to come about: a build server may be slow."""
SESSIONS = """
SELECT string_agg(concat_ws(' ',a.pid,a.application_name,a.state,a.wait_event_type,a.wait_event,
  clock_timestamp()-a.state_change,left(a.query,60),l.locktype,l.objid,l.granted), chr(10))
FROM pg_stat_activity a LEFT JOIN pg_locks l ON l.pid=a.pid AND l.locktype='advisory'
WHERE a.backend_type='client backend'
"""
"""What the server knows of its sessions."""
PERSONA = "persona: Keeper\nwho: repeats what it hears\n"


class WorkersTest:
    """One run; see the module."""

    def __init__(self, options: argparse.Namespace, folder: Path) -> None:
        self.options = options
        self.folder = folder
        self.chance = random.Random(options.seed)  # noqa: S311 - a test's dice, printed with the result
        self.opened = contextlib.ExitStack()
        self.hosts = [
            self.opened.enter_context(Host(number)) for number in range(WORKERS if ALONE in options.only else 0)
        ]
        self.postgres = Postgres(addresses=[host.here for host in self.hosts])
        self.store = Database(self.postgres.url)
        self.network = StageNetwork(folder, self.chance, idempotency=options.idempotency, has_threads=True)
        self.wires: list[Wire] = []
        """Worker → its way to the database, unless it has a host of its own."""
        self.listeners = Listeners()
        self.workers: dict[int, tuple[int, subprocess.Popen[bytes]]] = {}
        """Process id → number and process."""
        self.tokens: set[str] = set()
        self.asked = self.posts = 0
        self.took: defaultdict[str, list[float]] = defaultdict(list)
        self.owners: set[int] = set()

    def run(self) -> dict[str, Any]:
        try:
            self.postgres.start()
            with self.network:
                for number in range(WORKERS):
                    self._connect(number)
                    self._start(number)
                self._until(lambda: self._owner() is not None, "nobody took the bot")
                self._until(self._has_cursor, "nobody noted where it begins to listen")
                deeds = itertools.cycle(self.options.only)
                for _ in range(self.options.rounds):
                    self._ask(self.options.mentions)
                    self._post()
                    time.sleep(self.chance.uniform(0.0, 0.4))
                    self._do(next(deeds))
                self._until(self._is_done, "", fails=False)
                return self._report()
        finally:
            for _, process in self.workers.values():
                process.kill()
                process.wait()
            self.opened.close()
            self.postgres.close()

    def _connect(self, number: int) -> None:
        """Lay the wires of a worker to the Stage and the database, and write its files."""
        stage, home = ("127.0.0.1", self.network.port), self.folder / f"worker-{number}"
        host = self.hosts[number] if self.hosts else None
        listener = None if host is None else host.listen(self.network.port)
        heard = self.listeners.heard(f"worker {number}")
        port = self.opened.enter_context(Wire(stage, listener=listener, heard=heard)).port
        if host is None:
            wire = self.opened.enter_context(Wire(("127.0.0.1", self.postgres.port)))
            self.wires.append(wire)
            store = self.store.url.replace(f":{self.postgres.port}", f":{wire.port}")
        else:
            store = self.store.url.replace("127.0.0.1", host.here)
        home.mkdir()
        (home / "bot.yaml").write_text(f"{self.network.bot_file_through(port)}store: {store}\n")
        (home / "persona.yaml").write_text(PERSONA)

    def _start(self, number: int) -> None:
        home = self.folder / f"worker-{number}"
        there = self.hosts[number].command if self.hosts else []
        program = [sys.executable, str(HERE / "worker_bot.py"), str(home / "bot.yaml"), str(self.folder / "bill")]
        with (home / "log").open("ab") as log:
            process = subprocess.Popen(  # noqa: S603 - our own worker
                [*there, *program],
                stderr=log,
                env={**os.environ, "PYTHONPATH": os.pathsep.join(part for part in sys.path if part)},
            )
        self.workers[process.pid] = (number, process)

    # what is done to the owner

    def _do(self, deed: str) -> None:
        if self.options.calm:
            self._until(self._all_are_there, "the others do not stand by")
        owner = self._until_owned()
        session = self._session()
        self.owners.add(owner)
        number, process = self.workers[owner]
        if deed in POINTS:
            self._stop_at(deed, owner)
        began = time.monotonic()
        if deed in POINTS:
            pass  # it has stopped itself
        elif deed == "kill":
            process.kill()
        elif deed == "stop":
            process.send_signal(signal.SIGSTOP)
        elif deed == "leave":
            process.terminate()
        elif deed == "end":
            self._sql(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE $1",
                f"greenroom worker %:{owner} %",
            )
        elif deed == "cut":
            self.wires[number].cut(refuses=True)
        elif deed == "mute":
            self.wires[number].silence()
        elif deed == "down":
            self.hosts[number].link("down")
        elif deed == "slow":
            # it may lose the bot, or bear it
            self.wires[number].delay = self.chance.uniform(SLOW / 4, SLOW)
            self._ask(self.options.mentions)
            time.sleep(self.chance.uniform(1.0, 3.0))
            self.wires[number].delay = 0.0
            return
        else:
            self.postgres.kill()
            self.postgres.start()
            self._until_owned()
            return
        # whose session was ended may be the first to come again
        self._until(lambda: self._session() not in (None, session), f"nobody took over after: {deed}")
        self.took[deed].append(time.monotonic() - began)
        if deed == "stop" or deed in POINTS:
            # it wakes up while another is at work, which may have begun long ago
            time.sleep(self.chance.uniform(0.0, 1.0))
            process.send_signal(signal.SIGCONT)
        elif deed in ("cut", "mute"):
            self.wires[number].mend()
        elif deed == "down":
            self.hosts[number].link("up")
        elif deed in ("kill", "leave"):
            code = process.wait()
            assert deed == "kill" or code == 0, f"a worker that was told to stop ended with {code}"
            del self.workers[owner]
            self._start(number)

    def _stop_at(self, point: str, owner: int) -> None:
        """Have the owner stop when it comes to this fault point, and give it work until it is there."""
        home = self.folder / f"worker-{self.workers[owner][0]}"
        (home / "order").write_text(point)
        (home / "order").rename(home / "stop-at")
        tries = itertools.count()

        def has_stopped() -> bool:
            if Path(f"/proc/{owner}/stat").read_text().rpartition(")")[2].split()[0] == "T":
                return True
            if next(tries) % 20 == 0:
                if point in DOUBTS:
                    self.network.lose_next_answer()
                self._ask(1)
                self._post()
            return False

        self._until(has_stopped, f"the worker never came to: {point}")

    # what comes in

    def _ask(self, count: int) -> None:
        for _ in range(count):
            token = f"m{self.asked:05d}"
            self.tokens.add(token)
            self.network.mention(token, self.asked)
            self.asked += 1

    def _post(self) -> None:
        token = f"p{self.posts:05d}"
        self.posts += 1
        self.tokens.add(token)
        event = Due(name="single", period="", due=datetime.now(UTC), say=f"Log entry {token}.")

        async def put() -> None:
            async with open_ledger(self.store, bot=BOT, clock=SystemClock(), beside=True) as ledger:
                moment = event.due + timedelta(seconds=self.chance.uniform(0.2, 2.0))
                await put_down(ledger, [moment], event, accounts=["home"], late=timedelta(hours=12))
                await ledger.ask("wake", {})

        asyncio.run(put())

    # what can be seen

    def _session(self) -> tuple[int, int] | None:
        """Return process and beginning of the session that owns the bot."""
        try:
            who = runner_of(self.store, BOT)
        except StorageError:
            return None
        return None if who is None else (int(who["pid"]), int(who["since"]))

    def _all_are_there(self) -> bool:
        return len([one for one in workers_on(self.store) if one.bot == BOT]) == WORKERS

    def _owner(self) -> int | None:
        session = self._session()
        return None if session is None else session[0]

    def _until_owned(self) -> int:
        self._until(lambda: self._owner() in self.workers, "nobody runs the bot")
        owner = self._owner()
        return owner if owner in self.workers else self._until_owned()

    def _has_cursor(self) -> bool:
        if self._sql("SELECT to_regclass($1)::text", f'"{schema_of(BOT)}".cursors') is None:
            return False
        return bool(self._sql(f'SELECT count(*) FROM "{schema_of(BOT)}".cursors'))  # noqa: S608 - ours

    def _is_done(self) -> bool:
        """Say whether no turn is at work and everything went out or is parked."""
        if not self._is_at_rest():
            return False
        lost = set(self.network.count(self.tokens).lost)
        return not lost or not lost - asyncio.run(self._ends())[1]

    def _is_at_rest(self) -> bool:
        return not self._sql(f'SELECT count(*) FROM "{schema_of(BOT)}".at_work')  # noqa: S608 - ours

    def _sql(self, sql: str, *values: object) -> Any:
        async def ask() -> Any:
            connection = await asyncpg.connect(self.store.url)
            try:
                return await connection.fetchval(sql, *values)
            finally:
                await connection.close()

        return asyncio.run(ask())

    def _until(self, is_so: Callable[[], bool], what: str, *, fails: bool = True) -> None:
        deadline = time.monotonic() + PATIENCE
        while not is_so():
            if time.monotonic() > deadline:
                if fails:
                    logs = "\n\n".join(log.read_text()[-6000:] for log in self.folder.glob("worker-*/log"))
                    raise SystemExit(f"{what}\n{self._sql(SESSIONS)}\n{logs}")
                return
            time.sleep(0.05)

    def _report(self) -> dict[str, Any]:
        count = self.network.count(self.tokens)
        states, parked = asyncio.run(self._ends())
        return {
            "idempotency": self.options.idempotency,
            "seed": self.options.seed,
            "rounds": self.options.rounds,
            "asked": len(self.tokens),
            "sent": count.sent,
            "parked": len(parked),
            "lost": len(set(count.lost) - parked),
            "doubled": len(count.doubled),
            "strange": len(count.strange),
            "out of order": len(self.network.out_of_order()),
            "streams": self.listeners.count,
            "listened together": sorted(round(seconds, 2) for seconds in self.listeners.together()),
            "states": {state.word: number for state, number in states.items()},
            "workers that ran it": len(self.owners),
            "takeover": {
                deed: {"times": len(took), "p50": round(statistics.median(took), 2), "max": round(max(took), 2)}
                for deed, took in self.took.items()
            },
        }

    async def _ends(self) -> tuple[dict[State, int], set[str]]:
        """Return how many turns stand in each state, and the tokens of those that were parked for a person."""
        async with open_ledger(self.store, bot=BOT, clock=SystemClock(), beside=True) as ledger:
            aside = await ledger.turns(states=[State.UNKNOWN], limit=len(self.tokens))
            texts = [part.post.text for turn in aside for part in turn.outbox]
            return await ledger.counts(), {token for text in texts for token in TOKEN.findall(text)}


def arguments(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=50)
    parser.add_argument("--mentions", type=int, default=20, help="in each round")
    parser.add_argument("--idempotency", choices=list(CLASSES), default="keyed")
    parser.add_argument(
        "--only", type=lambda told: tuple(told.split(",")), default=DEEDS, help="of the deeds, by comma"
    )
    parser.add_argument("--calm", action="store_true", help="wait until all others stand by; for times of takeover")
    parser.add_argument("--seed", type=int, default=int.from_bytes(os.urandom(4)))
    options = parser.parse_args(argv)
    if options.only == ("points",):
        options.only = tuple(point for point in POINTS if point not in UNREACHABLE.get(options.idempotency, {}))
    if unknown := set(options.only).difference((*DEEDS, ALONE, *POINTS)):
        parser.error(f"no such deed: {', '.join(sorted(unknown))}")
    if ALONE in options.only:
        if without := {"cut", "mute", "slow"}.intersection(options.only):
            parser.error(f"with {ALONE} there is no wire for: {', '.join(sorted(without))}")
        if why := why_no_hosts():
            parser.error(why)
    return options


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="greenroom-workers-") as folder:
        result = WorkersTest(arguments(), Path(folder)).run()
    print(json.dumps(result))  # noqa: T201 - the result
    never = ["lost", "doubled", "strange", "out of order", "listened together"]
    if result["idempotency"] != "none":
        never.append("parked")
    sys.exit(any(result[what] for what in never))


if __name__ == "__main__":
    main()
