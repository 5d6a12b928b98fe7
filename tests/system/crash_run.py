"""One run of the crash test: a bot is killed again and again, and the platform's database says what became of it."""

import argparse
import asyncio
import random
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bot_process import BotProcess, read_modules_once
from counting import Count
from crash_bot import Life
from crash_verdict import to_go_out_first
from ledger_facts import ends, has_cursor, open_turns, parked, received, standing, stored, waiting
from network import DOUBTS, Network

from greenroom.app import put_down
from greenroom.clock import SystemClock
from greenroom.faults import POINTS
from greenroom.storage import Due, SqliteLedger

__all__ = ["CrashTest"]

STARTS = 3
"""Starts without an end that make a turn dead. That is for turns that bring the process down, which none does here."""
RECEIVED, SENDING = 0, 3
CALM = 40.0
"""Seconds without anything open or to come after which what is missing is lost; a lost connection may take as long."""
SOONER, LATER = 0.7, 1.1
"""What a kill at work that met nothing to do, and one that met something, make of the pause before the next ones: where
the bot is quick they come sooner, where it is slow later, until about four of five fall while there is work."""
LONGEST = 4.0
"""Times a network's `moment` to which that pause may grow."""
ARRIVALS = 10.0
"""Seconds that a bot has for hearing what was said before it is killed anyway."""
MORE = 8
"""So many kills come besides, at the most, where chance left too much for the drain."""
LOG_LINES = 30
"""So much of the bot's log is shown where something is left over."""
PERSONA = "persona: Keeper\nwho: repeats what it hears\n"


class CrashTest:
    """One run; see the module."""

    def __init__(
        self, options: argparse.Namespace, network: Network, folder: Path, *, tell: Callable[[int, int, str], None]
    ) -> None:
        """Take what to do, where, and a folder for the files; `tell` hears how many kills of how many are done."""
        self.options = options
        self.network = network
        self.tell = tell
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
        self.pause = network.moment
        """Seconds from the last mention to a kill at work, on average."""
        self.start_took = 0.5
        """Seconds that the last start took which was waited for."""
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
        read_modules_once(self.network.platform)
        with self.network:
            (self.folder / "bot.yaml").write_text(self.network.bot_file)
            (self.folder / "persona.yaml").write_text(PERSONA)
            self._first_start()
            if options.lose_answers:
                self.network.lose_answers(options.lose_answers)
            self._kill_at_every_point()
            self._kill_at_random()
            self._kill_until_enough_was_met()
            self.answers_lost, self.posts_left = self.network.answers_lost, options.posts - self.put_down
            self.sent_before = self._count().sent
            self._finish()
            return self._report()

    # the bot

    def _start(self, *, die_at: str | None = None, die_on: int = 1) -> BotProcess:
        # as long as the pauses before the kills, so that they meet what it has put off
        late = 1.6 * self.network.moment if self.options.late is None else self.options.late
        life = Life(
            file=self.folder / "bot.yaml",
            platform=self.network.platform,
            generations=self.bill,
            die_at=die_at,
            die_on=die_on,
            plant=self.options.plant,
            late=late,
            is_quick=self.network.is_quick,
        )
        return BotProcess(life, log=self.bot_log)

    def _wait_until_running(self, bot: BotProcess) -> None:
        self.start_took = bot.wait_until_running()

    def _first_start(self) -> None:
        """Let the account start at now: what is mentioned before a bot was ever there is not its own."""
        bot = self._start()
        self._wait_until_running(bot)
        deadline = time.monotonic() + 20
        while not has_cursor(self.ledger):
            if time.monotonic() > deadline or not bot.is_alive:
                raise SystemExit(f"the bot never noted where it begins to listen:\n{bot.last_words}")
            time.sleep(0.05)
        self._kill(bot)

    def _kill(self, bot: BotProcess) -> bool:
        """End the bot by SIGKILL; say whether that met a turn on which work was to be done."""
        bot.kill()
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
            if not (
                self._kills_at(point, times=self.chance.choice((1, 1, 2)), patience=2.0)
                or self._kills_at(point, times=1, patience=15.0)
            ):
                self.not_reached[point] = None
            if self.is_ailing:
                self._let_it_write()
            self._tell(f"at the point {point}")

    def _kills_at(self, point: str, *, times: int, patience: float) -> bool:
        """Have the bot killed when it comes to `point` for the `times`-th time; say whether it came there."""
        self._ask(1)
        bot = self._start(die_at=point, die_on=times)
        self._wait_until_running(bot)
        deadline, asked = time.monotonic() + patience, 0
        while bot.is_alive and time.monotonic() < deadline:
            if asked < max(2, self.options.mentions // (10 * len(POINTS))):
                if point in DOUBTS:
                    self.network.lose_next_answer()
                self._ask(1)
                asked += 1
                if asked == 1 or "due" in point:
                    self._post_now()
            time.sleep(0.05)
        reached = not bot.is_alive
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
            bot, is_at_work = self._start(), False
            if number in deaths:
                self._wait_until_running(bot)
                self._ask(1 + self._share(options.mentions - self.asked, 1.75 * left))
                bot = self._kill_server(bot)
                self.kills["around the server's death"] += 1
                if not self.server_over_work:
                    deaths.add(number + 1)
            elif self.chance.random() < 0.25:
                time.sleep(self.chance.uniform(0.3, 2.5) * self.start_took)
                self.kills["around start-up"] += 1
            else:
                self._wait_until_running(bot)
                self._ask(self._share(options.mentions - self.asked, 1.75 * left))
                if self.chance.random() < 0.7:
                    self._wait_for_arrivals()
                time.sleep(self.chance.expovariate(1 / self.pause))
                self.kills["at work"] += 1
                is_at_work = True
            met_work = self._kill(bot)
            self.over_work += met_work
            if is_at_work:
                self.pause = min(LONGEST * self.network.moment, self.pause * (LATER if met_work else SOONER))
            if self.is_ailing:
                self._let_it_write()
            self._tell("at random")

    def _kill_until_enough_was_met(self) -> None:
        """Go on where chance let the kills fall so early that little was sent, or that few met work: each next one
        waits for some of both."""
        options = self.options
        for _ in range(MORE):
            missing = to_go_out_first(options.mentions + options.posts + self.posts_now) - self._count().sent
            has_met = self.over_work >= self.kills.total() // 2
            if missing <= 0 and has_met:
                return
            self._ask(2)
            bot = self._start()
            self._wait_until_running(bot)
            sent, deadline = self._count().sent, time.monotonic() + ARRIVALS
            while missing > 0 and self._count().sent < sent + max(1, missing // 3) and time.monotonic() < deadline:
                time.sleep(0.02)
            if not has_met:
                self._post_now()
                self._wait_for_work()
            self.kills["at work"] += 1
            self.over_work += self._kill(bot)
            if self.is_ailing:
                self._let_it_write()
            self._tell("until enough was met")

    def _wait_for_work(self) -> None:
        """Let the bot live until there is a turn on which work is to be done."""
        deadline = time.monotonic() + ARRIVALS
        while not open_turns(self.ledger) and time.monotonic() < deadline:
            time.sleep(0.005)

    def _wait_for_arrivals(self) -> None:
        """Let the bot live until all mentions have come in: one that only ever starts never gets far enough to fail."""
        deadline = time.monotonic() + ARRIVALS
        while received(self.ledger) < self.asked and time.monotonic() < deadline:
            time.sleep(0.005)

    def _kill_server(self, bot: BotProcess) -> BotProcess:
        """End the server by SIGKILL in the middle of the work, and have it back; return the bot that runs then. Every
        other time the bot does not live to see it."""
        self._wait_for_work()
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
        self._tell("none any more, the bot finishes its work")
        while time.monotonic() < deadline:
            counted = self._count()
            if open_turns(self.ledger) or waiting(self.ledger):
                calm_since = time.monotonic()
            elif not set(counted.lost) - parked(self.ledger) or time.monotonic() > calm_since + CALM:
                break
            time.sleep(0.25)
        bot.stop()
        self._check_generations()

    # the result

    def _tell(self, where: str) -> None:
        done = sum(self.kills.values()) - self.kills["in vain for a point"]
        points = sum(point not in self.network.unreachable for point in self.options.points)
        self.tell(done, points + self.options.kills, f"{where}; {self.asked + self.put_down} things asked of the bot")

    def _count(self) -> Count:
        return self.network.count(self.tokens)

    def _log_lines(self) -> list[str]:
        """The end of the bot's log."""
        return self.bot_log.read_text().splitlines()[-LOG_LINES:]

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
            "left over": [*standing(self.ledger), *self._log_lines()] if lost else [],
        }
