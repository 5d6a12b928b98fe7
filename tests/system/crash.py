"""The crash test: a bot is killed with -9 again and again, and the platform's own database says what became of it.

    python tests/system/crash.py [--mentions 1000] [--posts 100] [--kills 200] [--idempotency keyed] [--seed N]
                                 [--lose-answers 0.05] [--plant double|loss]

One run against one Stage: the bot is killed at every named fault point, then at random instants (start-up, work and
drain), while mentions come in and scheduled posts fall due; then it may finish. The result is the exit code: 0 when
nothing was lost, doubled or generated again after it was stored. In the class `none` an answer that was lost cannot be
looked up: such a post is parked for a person, and counted apart.
"""

import argparse
import asyncio
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from counting import count, crashed, ends, has_cursor, parked, stored, waiting

from greenroom.app.commands import put_down
from greenroom.clock import SystemClock
from greenroom.faults import POINTS
from greenroom.storage import Due, SqliteLedger
from greenroom_adapters.testing.stage import RunningStage

HERE = Path(__file__).parent
PEOPLE = 25
KEYED_WINDOW = 5
"""Seconds for which the Stage of class `keyed-window` honours a key: less than a restart may take."""
CLASSES = {
    "keyed": "keyed",
    "keyed-window": f"keyed:{KEYED_WINDOW}",
    "two_phase": "two_phase",
    "listed": "listed",
    "none": "none",
}
AT_WORK = {"after_inbox_insert", "before_generate", "after_generate_before_store", "after_draft", "after_intent"}
"""Fault points at which a turn's start has been counted and its draft is not stored."""
CALM = 40.0
"""Seconds without anything open or to come after which what is missing is lost; a lost connection may take as long."""
PATIENCE = {"after_cursor": 6.5, "after_checkpoint": 1.0}
"""Seconds in which a fault point must be reached, where it is not the usual 2."""
BOT = """\
bot: keeper
persona: persona.yaml
timezone: UTC
accounts:
  home: {{platform: stage, server: "{url}"}}
engines: hold
answer: mentions
"""
PERSONA = "persona: Keeper\nwho: repeats what it hears\n"


class Network:
    """The people on the Stage, over its HTTP API alone."""

    def __init__(self, url: str, *, two_phase: bool) -> None:
        self._url = url
        self.two_phase = two_phase
        self._tokens: dict[str, str] = {}

    def call(self, method: str, path: str, body: object = None, token: str | None = None) -> Any:
        request = urllib.request.Request(  # noqa: S310 - our own server on loopback
            self._url + path, method=method, data=None if body is None else json.dumps(body).encode()
        )
        request.add_header("Content-Type", "application/json")
        if token is not None:
            request.add_header("Authorization", f"Bearer {token}")
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
            text = answer.read()
        return json.loads(text) if text else None

    def person(self, number: int) -> str:
        handle = f"person{number}"
        if handle not in self._tokens:
            self._tokens[handle] = self.call("POST", "/api/session", {"handle": handle})["token"]
        return self._tokens[handle]

    def mention(self, token: str, number: int) -> None:
        body, person = {"text": f"@keeper say {token} for me"}, self.person(number % PEOPLE)
        if self.two_phase:
            container = self.call("POST", "/api/containers", body, person)["id"]
            self.call("POST", f"/api/containers/{container}/publish", {}, person)
        else:
            self.call("POST", "/api/posts", body, person)


class CrashTest:
    """One run; see the module."""

    def __init__(self, options: argparse.Namespace, folder: Path) -> None:
        self.options = options
        self.chance = random.Random(options.seed)  # noqa: S311 - a test's dice, printed with the result
        self.folder = folder
        self.ledger = folder / "data" / "keeper.db"
        self.bill = folder / "generations"
        self.repeated: set[str] = set()
        self.kills = Counter[str]()
        self.not_reached: list[str] = []
        self.stored_then: dict[str, int] = {}
        """Event id of a stored generation → how often it was billed when the bot died."""
        self.tokens: set[str] = set()
        self.asked = 0
        self.posts_now = 0

    def run(self) -> dict[str, Any]:
        options = self.options
        fault_options = ["--faults", "--writes", "1000000/1", "--idempotency", CLASSES[options.idempotency]]
        with RunningStage(*fault_options, data=self.folder / "stage.db") as stage:
            self.network = Network(stage.url, two_phase=options.idempotency == "two_phase")
            (self.folder / "bot.yaml").write_text(BOT.format(url=stage.url))
            (self.folder / "persona.yaml").write_text(PERSONA)
            self._first_start()
            self._put_posts_down()
            if options.lose_answers:
                fault = {"kind": "lose_answer", "chance": options.lose_answers, "count": 10**9, "account": "keeper"}
                self.network.call("POST", "/api/admin/faults", fault, self.network.person(0))
            self._kill_at_every_point()
            self._kill_at_random()
            self._finish()
            return self._report()

    # the bot

    def _start(self, *more: str) -> subprocess.Popen[str]:
        command = [sys.executable, str(HERE / "crash_bot.py"), str(self.folder / "bot.yaml")]
        command += ["--generations", str(self.bill), *more]
        if self.options.plant:
            command += ["--plant", self.options.plant]
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)  # noqa: S603

    def _wait_until_running(self, bot: subprocess.Popen[str]) -> bool:
        assert bot.stdout is not None
        return bot.stdout.readline().startswith("RUNNING")

    def _first_start(self) -> None:
        """Let the account start at now: what is mentioned before a bot was ever there is not its own."""
        bot = self._start()
        self._wait_until_running(bot)
        deadline = time.monotonic() + 20
        while not has_cursor(self.ledger) and time.monotonic() < deadline:
            time.sleep(0.05)
        self._kill(bot)

    def _kill(self, bot: subprocess.Popen[str]) -> None:
        if bot.poll() is None:
            bot.send_signal(signal.SIGKILL)
        _, errors = bot.communicate()
        if bot.returncode != -signal.SIGKILL:
            raise SystemExit(f"the bot ended by itself with {bot.returncode}:\n{errors[-3000:]}")
        self._check_generations()

    def _check_generations(self) -> None:
        """A generation that was on disk when the bot died must never be asked for again."""
        known = stored(self.ledger) if self.ledger.exists() else set()
        billed = Counter(self.bill.read_text().split()) if self.bill.exists() else Counter()
        for event, times in self.stored_then.items():
            if billed[event] > times:
                self.repeated.add(event)
        self.stored_then = {event: billed[event] for event in known}

    # what comes in

    def _put_posts_down(self) -> None:
        """One post for every moment of the run, put down as `greenroom post --at` does."""
        options = self.options
        expected = 1.5 * (len(POINTS) + options.kills)
        begin = datetime.now(UTC)

        async def put() -> None:
            async with SqliteLedger(self.ledger, bot="keeper", clock=SystemClock()) as ledger:
                for number in range(options.posts):
                    token = f"p{number:05d}"
                    self.tokens.add(token)
                    moment = begin + timedelta(seconds=expected * number / options.posts)
                    event = Due(name="single", period="", due=moment, say=f"Log entry {token}.")
                    await put_down(ledger, [moment], event, accounts=["home"], late=timedelta(hours=12))

        asyncio.run(put())

    def _ask(self, count: int) -> None:
        for _ in range(min(count, self.options.mentions - self.asked)):
            token = f"m{self.asked:05d}"
            self.tokens.add(token)
            self.network.mention(token, self.asked)
            self.asked += 1

    # the kills

    def _kill_at_every_point(self) -> None:
        share = max(2, self.options.mentions // (2 * len(POINTS)))
        for point in POINTS:
            self._ask(1)
            bot = self._start("--die-at", point, "--die-on", str(self.chance.choice((1, 1, 2))))
            self._wait_until_running(bot)
            deadline = time.monotonic() + PATIENCE.get(point, 2.0)
            asked = 0
            while bot.poll() is None and time.monotonic() < deadline:
                if asked < share:
                    self._ask(1)
                    asked += 1
                    if asked == 1 or "due" in point:
                        self._post_now()
                time.sleep(0.05)
            if bot.poll() is None:
                self.not_reached.append(point)
            else:
                self.kills[point] += 1
            self._kill(bot)
            if point in AT_WORK:
                self._let_it_finish()

    def _let_it_finish(self) -> None:
        """Run the bot until nothing is open, then kill it: three deaths over one turn would make that turn dead."""
        bot = self._start()
        self._wait_until_running(bot)
        deadline = time.monotonic() + 10
        while self._open_turns() and time.monotonic() < deadline:
            time.sleep(0.05)
        self._kill(bot)

    def _open_turns(self) -> int:
        return sum(number for state, number in ends(self.ledger).items() if state < 4)

    def _post_now(self) -> None:
        """Tell the running bot to post, as `greenroom post` does beside it."""
        token = f"p{50_000 + self.posts_now:05d}"
        self.posts_now += 1
        self.tokens.add(token)

        async def ask() -> None:
            async with SqliteLedger(self.ledger, bot="keeper", clock=SystemClock(), beside=True) as ledger:
                await ledger.ask("post", {"text": f"Posted at once: {token}."})

        asyncio.run(ask())

    def _kill_at_random(self) -> None:
        options = self.options
        for number in range(options.kills):
            self._ask(self._share())
            bot = self._start()
            if self.chance.random() < 0.25:
                time.sleep(self.chance.uniform(0.2, 1.2))
                self.kills["around start-up"] += 1
            else:
                self._wait_until_running(bot)
                self._ask(self._share())
                time.sleep(self.chance.expovariate(1 / 0.15))
                self.kills["at work"] += 1
            self._kill(bot)
            progress(number + 1, options.kills, f"{self.asked} mentions")

    def _share(self) -> int:
        """How many mentions come now, so that all have come when the last kill has."""
        rounds = 2 * (len(POINTS) + self.options.kills)
        return max(1, self.chance.randint(0, 4 * self.options.mentions // rounds))

    def _finish(self) -> None:
        """Let the bot go on without a kill until all is done, or nothing has moved for a while."""
        self._ask(self.options.mentions)
        bot = self._start()
        self._wait_until_running(bot)
        now = time.monotonic()
        deadline, calm_since = now + self.options.patience, now
        while time.monotonic() < deadline:
            counted = count(self.folder / "stage.db", bot="keeper", tokens=self.tokens)
            if self._open_turns() or waiting(self.ledger):
                calm_since = time.monotonic()
            elif not set(counted.lost) - parked(self.ledger) or time.monotonic() > calm_since + CALM:
                break
            time.sleep(0.25)
        bot.send_signal(signal.SIGTERM)
        _, errors = bot.communicate(timeout=30)
        if bot.returncode != 0:
            raise SystemExit(f"the bot did not stop cleanly ({bot.returncode}):\n{errors[-3000:]}")
        self._check_generations()

    # the result

    def _report(self) -> dict[str, Any]:
        counted = count(self.folder / "stage.db", bot="keeper", tokens=self.tokens)
        aside = parked(self.ledger)
        dead = crashed(self.ledger)
        lost = sorted(set(counted.lost) - aside - dead)
        return {
            "idempotency": self.options.idempotency,
            "seed": self.options.seed,
            "asked": len(self.tokens),
            "sent": counted.sent,
            "lost": len(lost),
            "doubled": len(counted.doubled),
            "parked": len(aside),
            "dead": ends(self.ledger).get(15, 0),
            "dead by being killed three times": len(dead),
            "unasked": len(counted.unasked),
            "generations repeated after they were stored": len(self.repeated),
            "kills": sum(self.kills.values()),
            "points not reached": self.not_reached,
            "examples": {"lost": lost[:5], "doubled": list(counted.doubled[:5])},
        }


def progress(done: int, of: int, note: str) -> None:
    if sys.stderr.isatty():
        print(f"\r{done}/{of} kills, {note}   ", end="\n" if done == of else "", file=sys.stderr, flush=True)  # noqa: T201 - for the person who waits


def holds(result: dict[str, Any]) -> bool:
    """Say whether the promise was kept; only where nothing can be looked up may posts be parked."""
    kept = not (
        result["lost"]
        or result["doubled"]
        or result["unasked"]
        or result["generations repeated after they were stored"]
    )
    # three kills in a row over one turn make it dead by rule; more than a few of them would be a fault of ours
    kept = kept and result["dead"] == result["dead by being killed three times"] <= 2
    return kept and (result["idempotency"] == "none" or result["parked"] == 0)


def arguments(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mentions", type=int, default=1000)
    parser.add_argument("--posts", type=int, default=100)
    parser.add_argument("--kills", type=int, default=200, help="at random instants, besides one at every fault point")
    parser.add_argument("--idempotency", choices=list(CLASSES), default="keyed")
    parser.add_argument(
        "--lose-answers", type=float, default=0.05, help="share of writes that commit without an answer"
    )
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--patience", type=float, default=180.0, help="seconds for the drain at the end")
    parser.add_argument("--plant", choices=["double", "loss"], help="give the bot a bug that this test must find")
    parser.add_argument("--keep", type=Path, help="folder for the files of the run, to look into a failure")
    options = parser.parse_args(argv)
    if options.seed is None:
        options.seed = int.from_bytes(os.urandom(4))
    return options


def crash_test(options: argparse.Namespace) -> dict[str, Any]:
    if options.keep is not None:
        options.keep.mkdir(parents=True)
        return CrashTest(options, options.keep.resolve()).run()
    with tempfile.TemporaryDirectory(prefix="greenroom-crash-") as folder:
        return CrashTest(options, Path(folder)).run()


def main() -> None:
    result = crash_test(arguments())
    print(json.dumps(result))  # noqa: T201 - the result
    print(f"{result['sent']} sent / {result['lost']} lost / {result['doubled']} doubled")  # noqa: T201 - the result
    sys.exit(0 if holds(result) else 1)


if __name__ == "__main__":
    main()
