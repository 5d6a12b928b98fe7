"""The crash test: a bot is killed with -9 again and again, and the platform's own database says what became of it.

    python tests/system/crash.py [--platform stage] [--mentions 1000] [--posts 100] [--kills 200] [--server-kills 0]
                                 [--idempotency keyed] [--seed N] [--lose-answers 0.05] [--plant double|loss|trust]

One run against one platform, a Stage, a strict fake or a real server: the bot is killed at every named fault
point, then at random instants (start-up, work and drain), while mentions come in and scheduled posts fall due, and at
times the server is killed as well; then it may finish. The result is the exit code: 0 when nothing was lost, doubled or
generated again after it was stored, and when the run could have shown it: every point was reached, the kills met open
work, answers were lost on the way. In the Stage's class `none` an answer that was lost cannot be looked up: such a post
is parked for a person, and counted apart.
"""

import argparse
import asyncio
import contextlib
import importlib
import json
import os
import random
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from counting import Count
from ledger_facts import ends, has_cursor, open_turns, parked, received, stored, waiting
from network import Network
from stage_network import CLASSES, StageNetwork

from greenroom.app import put_down
from greenroom.clock import SystemClock
from greenroom.faults import POINTS
from greenroom.storage import Due, SqliteLedger

HERE = Path(__file__).parent
MISSING = 69
"""Exit code of a run that could not begin, because the platform's server is not installed."""
BROKEN, UNSHOWN = 1, 3
"""Exit codes of a run that broke a promise, and of one that broke none and met too little to show it."""
MEDIUM = {"mentions": 200, "posts": 20, "kills": 60, "server_kills": 3}
SIZES: Mapping[str, Mapping[str, int]] = {
    "stage": {"mentions": 1000, "posts": 100, "kills": 200, "server_kills": 0},
    "bluesky": MEDIUM,
    "discord": MEDIUM,
    "mastodon": MEDIUM,
    "mastodon-keyed": MEDIUM,
    "matrix": MEDIUM,
    "nostr": MEDIUM,
    "x": MEDIUM,
}
"""Platform → how large a run is that does not say so."""
NETWORKS = {
    "bluesky": "bluesky_network:BlueskyNetwork",
    "discord": "discord_network:DiscordNetwork",
    "mastodon": "snac_network:SnacNetwork",
    "mastodon-keyed": "mastodon_network:MastodonNetwork",
    "matrix": "matrix_network:MatrixNetwork",
    "nostr": "nostr_network:NostrNetwork",
    "x": "x_network:XNetwork",
}
"""Platform → its network, imported only for a run on it: it needs what starts servers."""
DOUBTS = {"before_reconcile", "after_reconcile"}
"""Fault points behind an answer that was lost."""
NEVER = (
    "lost",
    "doubled",
    "unasked",
    "strange",
    "dead",
    "parked without a try in doubt",
    "generations repeated after they were stored",
)
STARTS = 3
"""Starts without an end that make a turn dead. That is for turns that bring the process down, which none does here."""
RECEIVED, SENDING = 0, 3
CALM = 40.0
"""Seconds without anything open or to come after which what is missing is lost; a lost connection may take as long."""
SELDOM = {"after_cursor": 6.5}
"""Fault points that are reached only every few seconds → in how many they must be. The others come at once."""
STARTUP = 60.0
"""Seconds after which a bot that does not say that it runs hangs."""
PERSONA = "persona: Keeper\nwho: repeats what it hears\n"


class CrashTest:
    """One run; see the module."""

    def __init__(self, options: argparse.Namespace, network: Network, folder: Path) -> None:
        self.options = options
        self.network = network
        self.chance = random.Random(options.seed)  # noqa: S311 - a test's dice, printed with the result
        self.folder = folder
        self.ledger = folder / "data" / "keeper.db"
        self.bill = folder / "generations"
        self.repeated: set[str] = set()
        self.bot_log = folder / "bot.log"
        self.kills = Counter[str]()
        self.over_work = 0
        """Kills that met a turn on which work was to be done."""
        self.outlasted = 0
        """Restarts that were put off until the keys of what was being sent were forgotten."""
        self.tried: set[str] = set()
        """Tokens of the turns that were found in `sending` after a kill: their outcome is in doubt."""
        self.is_ailing = False
        """The last kill left a turn that has one start left: a third kill over it would make it dead, by rule."""
        self.not_reached: dict[str, str | None] = {}
        """Fault point → why it cannot be reached; None: it should have been."""
        self.stored_then: dict[str, int] = {}
        """Event id of a stored generation → how often it was billed when the bot died."""
        self.tokens: set[str] = set()
        self.server_deaths = 0
        self.server_over_work = 0
        """Deaths of the server that met such a turn."""
        self.asked = 0
        self.put_down = self.posts_now = 0
        self.posts_left = self.answers_lost = self.sent_before = 0

    def run(self) -> dict[str, Any]:
        options = self.options
        with self.network:
            (self.folder / "bot.yaml").write_text(self.network.bot_file)
            (self.folder / "persona.yaml").write_text(PERSONA)
            self._first_start()
            if options.lose_answers:
                self.network.lose_answers(options.lose_answers)
            self._kill_at_every_point()
            self._kill_at_random()
            self.answers_lost, self.posts_left = self.network.answers_lost, options.posts - self.put_down
            self.sent_before = self._count().sent
            self._finish()
            return self._report()

    # the bot

    def _start(self, *more: str) -> subprocess.Popen[str]:
        command = [sys.executable, str(HERE / "crash_bot.py"), str(self.folder / "bot.yaml")]
        command += ["--platform", self.network.platform, "--generations", str(self.bill), *more]
        if self.network.is_quick:
            command.append("--quick")
        if self.options.plant:
            # as long as the pauses before the kills, so that they meet what it has put off
            late = 1.6 * self.network.moment if self.options.late is None else self.options.late
            command += ["--plant", self.options.plant, "--late", str(late)]
        # into a file: a bot whose log nobody reads would stand still
        with self.bot_log.open("a") as log:
            return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)  # noqa: S603

    def _wait_until_running(self, bot: subprocess.Popen[str]) -> None:
        """Wait for the word of the bot, or its end."""
        assert bot.stdout is not None
        ready, _, _ = select.select([bot.stdout], [], [], STARTUP)
        if not ready:
            bot.kill()
            raise SystemExit(f"the bot did not start within {STARTUP:.0f} s:\n{self._last_words()}")
        bot.stdout.readline()

    def _last_words(self) -> str:
        return self.bot_log.read_text()[-3000:]

    def _first_start(self) -> None:
        """Let the account start at now: what is mentioned before a bot was ever there is not its own."""
        bot = self._start()
        self._wait_until_running(bot)
        deadline = time.monotonic() + 20
        while not has_cursor(self.ledger):
            if time.monotonic() > deadline:
                raise SystemExit(f"the bot never noted where it begins to listen:\n{self._last_words()}")
            time.sleep(0.05)
        self._kill(bot)

    def _kill(self, bot: subprocess.Popen[str]) -> bool:
        """End the bot by SIGKILL; say whether that met a turn on which work was to be done."""
        if bot.poll() is None:
            bot.send_signal(signal.SIGKILL)
        bot.communicate()
        if bot.returncode != -signal.SIGKILL:
            raise SystemExit(f"the bot ended by itself with {bot.returncode}:\n{self._last_words()}")
        self._check_generations()
        return self._look_at_the_wreck()

    def _look_at_the_wreck(self) -> bool:
        """Note what the kill met; that is what later may be parked, or dead, and nothing else."""
        met = open_turns(self.ledger) if self.ledger.exists() else []
        in_doubt = {turn.token for turn in met if turn.state == SENDING}
        self.tried |= in_doubt
        self.is_ailing = any(turn.state == RECEIVED and turn.starts >= STARTS - 1 for turn in met)
        # the first ones surely, and some over all of the run
        outlasts = self.outlasted < 2 or self.chance.random() < 0.05
        window = self.network.key_window
        if window is not None and in_doubt and outlasts:
            time.sleep(window + 1)
            self.outlasted += 1
        return bool(met)

    def _check_generations(self) -> None:
        """A generation that was on disk when the bot died must never be asked for again."""
        known = stored(self.ledger) if self.ledger.exists() else set()
        billed = Counter(self.bill.read_text().split()) if self.bill.exists() else Counter()
        for event, times in self.stored_then.items():
            if billed[event] > times:
                self.repeated.add(event)
        self.stored_then = {event: billed[event] for event in known}

    # what comes in

    def _put_posts_down(self, count: int) -> None:
        """Put posts down for the coming moments, as `greenroom post --at` does."""
        count = min(count, self.options.posts - self.put_down)
        begin = datetime.now(UTC)

        async def put() -> None:
            async with SqliteLedger(self.ledger, bot="keeper", clock=SystemClock()) as ledger:
                for _ in range(count):
                    token = f"p{self.put_down:05d}"
                    self.put_down += 1
                    self.tokens.add(token)
                    moment = begin + timedelta(seconds=self.chance.uniform(0.2, 3.0))
                    event = Due(name="single", period="", due=moment, say=f"Log entry {token}.")
                    await put_down(ledger, [moment], event, accounts=["home"], late=timedelta(hours=12))

        if count:
            asyncio.run(put())

    def _ask(self, count: int) -> None:
        for _ in range(min(count, self.options.mentions - self.asked)):
            token = f"m{self.asked:05d}"
            self.tokens.add(token)
            self.network.mention(token, self.asked)
            self.asked += 1

    # the kills

    def _kill_at_every_point(self) -> None:
        self.not_reached = dict.fromkeys(set(POINTS).difference(self.options.points), "left out")
        for point in self.options.points:
            if (why := self.network.unreachable.get(point)) is not None:
                self.not_reached[point] = why
                continue
            times = 1 if point in SELDOM else self.chance.choice((1, 1, 2))
            if not (
                self._kills_at(point, times=times, patience=SELDOM.get(point, 2.0))
                or self._kills_at(point, times=1, patience=15.0)
            ):
                self.not_reached[point] = None
            self._let_it_write()

    def _kills_at(self, point: str, *, times: int, patience: float) -> bool:
        """Have the bot killed when it comes to `point` for the `times`-th time; say whether it came there."""
        self._ask(1)
        bot = self._start("--die-at", point, "--die-on", str(times))
        self._wait_until_running(bot)
        deadline, asked = time.monotonic() + patience, 0
        while bot.poll() is None and time.monotonic() < deadline:
            if asked < max(2, self.options.mentions // (10 * len(POINTS))):
                if point in DOUBTS:
                    self.network.lose_next_answer()
                self._ask(1)
                asked += 1
                if asked == 1 or "due" in point:
                    self._post_now()
            time.sleep(0.05)
        reached = bot.poll() is not None
        self.kills[point if reached else "in vain for a point"] += 1
        self.over_work += self._kill(bot)
        return reached

    def _let_it_write(self) -> None:
        """Run the bot until every turn has its draft, then kill it: no turn is to have all its starts killed."""
        bot = self._start()
        self._wait_until_running(bot)
        deadline = time.monotonic() + 10
        while any(turn.state == RECEIVED for turn in open_turns(self.ledger)) and time.monotonic() < deadline:
            time.sleep(0.02)
        self._kill(bot)

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
        deaths = {options.kills * (number + 1) // (options.server_kills + 1) for number in range(options.server_kills)}
        for number in range(options.kills):
            left = options.kills - number
            self._ask(self._share(options.mentions - self.asked, 1.75 * left))
            self._put_posts_down(self._share(options.posts - self.put_down, left))
            bot = self._start()
            if number in deaths:
                self._wait_until_running(bot)
                self._ask(1 + self._share(options.mentions - self.asked, 1.75 * left))
                bot = self._kill_server(bot)
                self.kills["around the server's death"] += 1
            elif self.chance.random() < 0.25:
                time.sleep(self.chance.uniform(0.2, 1.2))
                self.kills["around start-up"] += 1
            else:
                self._wait_until_running(bot)
                self._ask(self._share(options.mentions - self.asked, 1.75 * left))
                if self.chance.random() < 0.7:
                    self._wait_for_arrivals()
                time.sleep(self.chance.expovariate(1 / self.network.moment))
                self.kills["at work"] += 1
            self.over_work += self._kill(bot)
            if self.is_ailing:
                self._let_it_write()
            progress(number + 1, options.kills, f"{self.asked} mentions")

    def _wait_for_arrivals(self) -> None:
        """Let the bot live until all mentions have come in: one that only ever starts never gets far enough to fail."""
        deadline = time.monotonic() + 3
        while received(self.ledger) < self.asked and time.monotonic() < deadline:
            time.sleep(0.005)

    def _kill_server(self, bot: subprocess.Popen[str]) -> subprocess.Popen[str]:
        """End the server by SIGKILL in the middle of the work, and have it back; return the bot that runs then. Every
        other time the bot does not live to see it."""
        deadline = time.monotonic() + 10
        while not open_turns(self.ledger) and time.monotonic() < deadline:
            time.sleep(0.005)
        time.sleep(self.chance.uniform(0.0, self.network.moment / 10))
        self.network.kill()
        self.server_deaths += 1
        self.server_over_work += bool(open_turns(self.ledger))
        if self.server_deaths % 2:
            self.over_work += self._kill(bot)
            self.kills["while the server was away"] += 1
            bot = self._start()
            self._wait_until_running(bot)
        self.network.start()
        time.sleep(self.chance.uniform(0.0, 4 * self.network.moment))
        return bot

    def _share(self, left: int, rounds: float) -> int:
        """How many of what is left come now, so that some come with the last of the rounds."""
        return round(self.chance.uniform(0, 2) * left / rounds)

    def _finish(self) -> None:
        """Let the bot go on without a kill until all is done, or nothing has moved for a while."""
        self._ask(self.options.mentions)
        self._put_posts_down(self.options.posts)
        bot = self._start()
        self._wait_until_running(bot)
        now = time.monotonic()
        deadline, calm_since = now + self.options.patience, now
        while time.monotonic() < deadline:
            counted = self._count()
            if open_turns(self.ledger) or waiting(self.ledger):
                calm_since = time.monotonic()
            elif not set(counted.lost) - parked(self.ledger) or time.monotonic() > calm_since + CALM:
                break
            time.sleep(0.25)
        bot.send_signal(signal.SIGTERM)
        bot.communicate(timeout=30)
        if bot.returncode != 0:
            raise SystemExit(f"the bot did not stop cleanly ({bot.returncode}):\n{self._last_words()}")
        self._check_generations()

    # the result

    def _count(self) -> Count:
        return self.network.count(self.tokens)

    def _report(self) -> dict[str, Any]:
        options = self.options
        counted = self._count()
        aside = parked(self.ledger)
        lost = sorted(set(counted.lost) - aside)
        unproven = (aside & set(counted.lost)) - self.tried
        return {
            "platform": self.network.platform,
            "idempotency": self.network.idempotency,
            "seed": options.seed,
            "asked": len(self.tokens),
            "sent": counted.sent,
            "lost": len(lost),
            "doubled": len(counted.doubled),
            "parked": len(aside),
            "dead": ends(self.ledger).get(15, 0),
            "parked without a try in doubt": len(unproven),
            "unasked": len(counted.unasked),
            "strange": len(counted.strange),
            "generations": len(self.bill.read_text().split()) if self.bill.exists() else 0,
            "generations repeated after they were stored": len(self.repeated),
            "mentions": self.asked,
            "kills": sum(self.kills.values()),
            "kills around start-up": self.kills["around start-up"],
            "kills over open work": self.over_work,
            "kills of the server": self.server_deaths,
            "kills of the server over open work": self.server_over_work,
            "tries in doubt after a kill": len(self.tried),
            "restarts after a key's window": self.outlasted,
            "answers lost": self.answers_lost,
            "answers to lose": options.lose_answers,
            "sent before the drain": self.sent_before,
            "posts left for the drain": self.posts_left,
            "points not reached": self.not_reached,
            "examples": {
                "lost": lost[:5],
                "doubled": list(counted.doubled[:5]),
                "strange": list(counted.strange[:5]),
                "parked without a try in doubt": sorted(unproven)[:5],
            },
        }


def progress(done: int, of: int, note: str) -> None:
    if sys.stderr.isatty():
        print(f"\r{done}/{of} kills, {note}   ", end="\n" if done == of else "", file=sys.stderr, flush=True)  # noqa: T201 - for the person who waits


def broken(result: dict[str, Any]) -> list[str]:
    """Return which promises were broken."""
    found = [f"{result[what]} {what}" for what in NEVER if result[what]]
    if result["idempotency"] != "none" and result["parked"]:
        found.append(f"{result['parked']} parked where everything can be looked up")
    if result["sent"] + result["parked"] < result["asked"]:
        found.append("some are neither sent nor told to a person")
    return found


def unshown(result: dict[str, Any]) -> list[str]:
    """Return what the run did not meet and would have had to: one that met nothing shows nothing."""
    found = [f"{point} was never reached" for point, why in result["points not reached"].items() if why is None]
    if result["generations"] < result["mentions"]:
        found.append("fewer generations were noted than mentions answered")
    if result["kills over open work"] < result["kills"] // 2:
        found.append(f"only {result['kills over open work']} of {result['kills']} kills met open work")
    if result["sent before the drain"] < result["asked"] // 3:
        found.append(f"only {result['sent before the drain']} went out while the bot was being killed")
    if result["kills of the server"] and not result["kills of the server over open work"]:
        found.append("no kill of the server met open work")
    if not result["tries in doubt after a kill"]:
        found.append("no kill met a post that was being sent")
    if result["answers to lose"] and not result["answers lost"]:
        found.append("no answer was lost on the way")
    if result["idempotency"] == "keyed-window" and not result["restarts after a key's window"]:
        found.append("no restart outlasted the window of a key")
    if result["posts left for the drain"] > (result["asked"] - result["mentions"]) / 2:
        found.append("most of the posts came when nothing killed the bot any more")
    return found


def points(told: str) -> tuple[str, ...]:
    """Return the fault points of an option: their names by comma, each as often as it stands there; or none."""
    named = tuple(name for name in told.split(",") if name != "none")
    if unknown := set(named).difference(POINTS):
        raise argparse.ArgumentTypeError(f"no fault point: {', '.join(sorted(unknown))}")
    return named


def arguments(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--platform", choices=list(SIZES), default="stage")
    parser.add_argument("--mentions", type=int)
    parser.add_argument("--posts", type=int)
    parser.add_argument("--kills", type=int, help="at random instants, besides one at every fault point")
    parser.add_argument("--points", type=points, default=POINTS, help="fault points at which it is killed, by comma")
    parser.add_argument("--server-kills", type=int, help="kills of the platform's server among them")
    parser.add_argument("--idempotency", choices=list(CLASSES), help="of the Stage; keyed when nothing is said")
    parser.add_argument(
        "--lose-answers", type=float, default=0.05, help="share of writes that commit without an answer"
    )
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--patience", type=float, default=180.0, help="seconds for the drain at the end")
    parser.add_argument(
        "--plant", choices=["double", "loss", "trust"], help="give the bot a bug that this test must find"
    )
    parser.add_argument("--late", type=float, help="seconds by which the planted bug `loss` puts events off")
    parser.add_argument("--keep", type=Path, help="folder for the files of the run, to look into a failure")
    options = parser.parse_args(argv)
    for what, size in SIZES[options.platform].items():
        if getattr(options, what) is None:
            setattr(options, what, size)
    if options.idempotency is not None and options.platform != "stage":
        parser.error("--idempotency is for the Stage: other platforms have their own")
    if options.server_kills >= max(options.kills, 1):
        parser.error("--server-kills are some of the --kills")
    if options.seed is None:
        options.seed = int.from_bytes(os.urandom(4))
    return options


def network_for(options: argparse.Namespace, folder: Path) -> Network:
    """Return the platform of a run, not yet started."""
    chance = random.Random(options.seed)  # noqa: S311 - a test's dice
    if options.platform in NETWORKS:
        module, _, name = NETWORKS[options.platform].partition(":")
        network: type[Network] = getattr(importlib.import_module(module), name)
        return network(folder, chance)
    return StageNetwork(folder, chance, idempotency=options.idempotency or "keyed")


def crash_test(options: argparse.Namespace) -> dict[str, Any]:
    with contextlib.ExitStack() as stack:
        if options.keep is None:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="greenroom-crash-")))
        else:
            options.keep.mkdir(parents=True)
            folder = options.keep.resolve()
        return CrashTest(options, network_for(options, folder), folder).run()


def main() -> None:
    try:
        result = crash_test(arguments())
    except pytest.skip.Exception as missing:
        # on a build server it fails
        print(f"SKIPPED: {missing}")  # noqa: T201 - the reason
        sys.exit(MISSING)
    print(json.dumps(result))  # noqa: T201 - the result
    print(f"{result['sent']} sent / {result['lost']} lost / {result['doubled']} doubled")  # noqa: T201 - the result
    for what in (faults := broken(result)):
        print(f"FAILED: {what}")  # noqa: T201 - the result
    for what in (gaps := unshown(result)):
        print(f"NOT SHOWN: {what}")  # noqa: T201 - the result
    sys.exit(BROKEN if faults else UNSHOWN if gaps else 0)


if __name__ == "__main__":
    main()
