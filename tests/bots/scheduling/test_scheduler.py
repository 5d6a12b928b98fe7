"""What is due comes into the inbox once, whatever happens to the process, and its mark with it."""

import asyncio
import contextlib
import sqlite3
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import pytest_asyncio
from typing_extensions import override

from greenroom.app import put_down
from greenroom.clock import Clock, to_micros
from greenroom.scheduling.scheduler import Scheduler
from greenroom.storage import AgendaItem, Due, SqliteLedger, State
from greenroom.testing import ManualClock, Trial

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
MORNING = "post: {name: morning, at: '08:00', say: Good morning., late_ok: 1 hour}\n"


@pytest_asyncio.fixture
async def trial(tmp_path: Path) -> AsyncIterator[Trial]:
    made = Trial(tmp_path, rules=MORNING, clock=ManualClock(NOON))
    yield made
    await made.stop()


def at(hour: int, minute: int = 0, *, day: int = 24, month: int = 11) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=UTC)


async def posted(trial: Trial, count: int) -> None:
    """Wait until so many posts are out, and see to it that no more follow."""
    async with asyncio.timeout(10):
        while len(trial.platform.posts) < count:
            await asyncio.sleep(0.005)
            # the scheduler may have been about to sleep when the clock was turned; it looks every minute
            trial.clock.turn(timedelta(seconds=1))
    await asyncio.sleep(0.03)
    await trial.bot.ledger.committed()
    assert len(trial.platform.posts) == count


async def pass_to(trial: Trial, moment: datetime, *, posts: int) -> None:
    """Let time pass to `moment`, when so many posts are out."""
    trial.clock.turn_to(moment)
    await posted(trial, posts)


@pytest.mark.asyncio
async def test_a_post_goes_out_at_its_time_once_a_day(trial: Trial) -> None:
    async with trial:
        await pass_to(trial, at(7, 59), posts=0)
        for day in (24, 25, 26):
            await pass_to(trial, at(8, day=day), posts=day - 23)
            await pass_to(trial, at(8, 30, day=day), posts=day - 23)
        ids = [turn.event_id for turn in await trial.bot.ledger.turns()]
    assert ids == ["post:morning@2026-11-26", "post:morning@2026-11-25", "post:morning@2026-11-24"]


@pytest.mark.parametrize("crash", [True, False])
@pytest.mark.asyncio
async def test_over_restarts_within_its_period_it_is_posted_once(trial: Trial, crash: bool) -> None:
    await trial.start()
    await pass_to(trial, at(8), posts=1)
    for minute in (1, 2, 3):
        await (trial.crash() if crash else trial.stop())
        await trial.start()
        await pass_to(trial, at(8, minute), posts=1)
    assert trial.platform.texts == ["Good morning."]


@pytest.mark.parametrize("point", ["before_due_insert", "after_due_insert"])
@pytest.mark.asyncio
async def test_dead_around_the_insert_it_is_posted_once_and_its_mark_is_not_without_it(
    trial: Trial, point: str
) -> None:
    await trial.start()
    trial.dies_at(point)
    trial.clock.turn_to(at(8))
    await trial.past(lambda: trial.is_dead)
    await trial.bury()
    with contextlib.closing(sqlite3.connect(trial.path.parent / "data" / "ada.db")) as db:
        ((until,),) = db.execute("SELECT until FROM schedules WHERE name='morning'")
        ((turns,),) = db.execute("SELECT count(*) FROM turns")
    assert (until >= at(8).timestamp() * 1e6) is (turns == 1)
    await trial.start()
    await pass_to(trial, at(8, 1), posts=1)
    await trial.counted({State.SENT: 1})
    assert trial.platform.texts == ["Good morning."]


@pytest.mark.asyncio
async def test_the_turn_and_the_mark_are_never_seen_without_each_other(trial: Trial) -> None:
    async with trial:
        with contextlib.closing(sqlite3.connect(trial.bot.file.home)) as db:
            seen = set()
            for day in range(24, 29):
                trial.clock.turn_to(at(8, day=day))
                async with asyncio.timeout(10):
                    while True:
                        row = db.execute(
                            "SELECT (SELECT max(received) FROM turns), "
                            "(SELECT until FROM schedules WHERE name='morning')"
                        ).fetchone()
                        seen.add(row)
                        if row[0] is not None and row[0] >= at(8, day=day).timestamp() * 1e6:
                            break
                        await asyncio.sleep(0.001)
                        trial.clock.turn(timedelta(seconds=1))
    assert all(until >= received for received, until in seen if received is not None)


@pytest.mark.asyncio
async def test_after_an_outage_within_its_lateness_it_is_posted_and_after_it_is_skipped_and_told(
    trial: Trial,
) -> None:
    async with trial:
        pass
    trial.clock.turn_to(at(9))
    async with trial:
        # it is due at its deadline, so time stands still until it is out
        await trial.until(lambda: trial.platform.posts)
    trial.clock.turn_to(at(9, 1, day=25))
    async with trial:
        await posted(trial, 1)
        assert any("skipped: post:morning@2026-11-25" in line for line in await trial.journal())


@pytest.mark.asyncio
async def test_an_outage_of_days_does_not_end_in_a_burst(trial: Trial) -> None:
    trial.rewrite("post: {name: log, every: 1 hour, say: Lamp lit.}\n")
    async with trial:
        await posted(trial, 1)
    trial.clock.turn_to(at(12, 5, day=26))
    async with trial:
        await posted(trial, 2)
        skipped = [line for line in await trial.journal() if line.startswith("skipped")]
        assert len(skipped) == 71


@pytest.mark.asyncio
async def test_a_clock_that_goes_back_posts_nothing_again(trial: Trial) -> None:
    async with trial:
        for moment in (at(8, 5), at(7, 50), at(8), at(8, 30)):
            await pass_to(trial, moment, posts=1)


@pytest.mark.asyncio
async def test_with_another_time_the_same_day_is_not_posted_again(trial: Trial) -> None:
    async with trial:
        await pass_to(trial, at(8), posts=1)
    trial.rewrite(MORNING.replace("08:00", "10:00"))
    async with trial:
        await pass_to(trial, at(10), posts=1)
        await pass_to(trial, at(10, day=25), posts=2)


@pytest.mark.parametrize("steps", range(8))
@pytest.mark.asyncio
async def test_what_becomes_due_while_the_agenda_is_read_is_not_late(trial: Trial, steps: int) -> None:
    async with trial:
        trial.clock.turn_to(at(8) - timedelta(milliseconds=1))
        await asyncio.sleep(0.03)
        trial.bot.commands._scheduler.wake()  # type: ignore[union-attr]  # the running bot's own
        for _ in range(steps):
            await asyncio.sleep(0)
        trial.clock.turn_to(at(8) + timedelta(milliseconds=1))
        await asyncio.sleep(0.03)
        trial.clock.turn(timedelta(seconds=1))
        await trial.until(lambda: trial.platform.posts)


# quiet hours


@pytest.mark.parametrize(("late_ok", "goes_out"), [("3 hours", True), ("1 hour", False), ("2 hours", True)])
@pytest.mark.asyncio
async def test_in_quiet_hours_a_due_post_waits_or_is_left_out_as_it_may_be_late(
    trial: Trial, late_ok: str, goes_out: bool
) -> None:
    trial.rewrite(MORNING.replace("1 hour", late_ok) + "limits: {quiet: '22:00-10:00'}\n")
    async with trial:
        trial.clock.turn_to(at(8))
        await trial.counted({State.RECEIVED: 1} if goes_out else {State.STALE: 1}, by=timedelta(seconds=1))
        await pass_to(trial, at(9), posts=0)
        await pass_to(trial, at(9, 59), posts=0)
        await pass_to(trial, at(10), posts=int(goes_out))


@pytest.mark.asyncio
async def test_a_wait_for_the_end_of_quiet_hours_is_durable(trial: Trial) -> None:
    trial.rewrite(MORNING.replace("1 hour", "3 hours") + "limits: {quiet: '22:00-10:00'}\n")
    await trial.start()
    trial.clock.turn_to(at(8))
    await trial.counted({State.RECEIVED: 1}, by=timedelta(seconds=1))
    await trial.crash()
    await trial.start()
    await pass_to(trial, at(9), posts=0)
    await pass_to(trial, at(10), posts=1)


# the agenda


@pytest.mark.asyncio
async def test_single_posts_put_down_from_beside_go_out_at_their_times_once_each(trial: Trial) -> None:
    await trial.start()
    moments = [NOON + timedelta(minutes=minute) for minute in (3, 1, 2, 1)]
    event = Due(name="single", period="", due=NOON, say="Now.")
    items = await put_down(trial.bot.ledger, moments, event, accounts=["home"])
    assert len(set(items)) == 4
    await trial.bot.commands.obey("wake", {})
    for minute, expected in ((1, 2), (2, 3), (3, 4)):
        await pass_to(trial, NOON + timedelta(minutes=minute), posts=expected)
        await trial.counted({State.SENT: expected})
        await trial.crash()
        await trial.start()
        await posted(trial, expected)
    assert await trial.bot.ledger.agenda() == []
    event_ids = {turn.event_id for turn in await trial.bot.ledger.turns()}
    assert event_ids == {f"post:single@{item}.{trial.bot.ledger.id}" for item in items}


@pytest.mark.parametrize("point", ["before_due_insert", "after_due_insert"])
@pytest.mark.asyncio
async def test_dead_in_the_middle_of_an_agenda_each_item_goes_out_once(trial: Trial, point: str) -> None:
    await trial.start()
    event = Due(name="single", period="", due=NOON, say="Now.")
    await put_down(trial.bot.ledger, [NOON] * 50, event, accounts=["home"])
    trial.dies_at(point, 25)
    await trial.bot.commands.obey("wake", {})
    await trial.until(lambda: trial.is_dead)
    await trial.bury()
    await trial.start()
    await trial.counted({State.SENT: 50})
    assert len(trial.platform.posts) == 50
    assert len({key for key, _ in trial.platform.posts}) == 50


@pytest.mark.asyncio
async def test_an_item_that_is_too_late_after_an_outage_is_stale(trial: Trial) -> None:
    async with trial:
        event = Due(name="single", period="", due=NOON, say="Now.")
        later = NOON + timedelta(minutes=5)
        await put_down(trial.bot.ledger, [later], event, accounts=["home"], late=timedelta(minutes=10))
    trial.clock.turn_to(NOON + timedelta(minutes=16))
    async with trial:
        await trial.counted({State.STALE: 1})
    assert trial.platform.attempts == []


@pytest.mark.asyncio
async def test_more_items_than_one_commit_holds_are_taken_once_each_over_a_crash(trial: Trial) -> None:
    await trial.start()
    await trial.bot.commands.obey("pause", {})
    event = Due(name="single", period="", due=NOON, say="Now.")
    await put_down(trial.bot.ledger, [NOON] * 2050, event, accounts=["home"])
    await trial.bot.commands.obey("wake", {})
    while not await trial.bot.ledger.counts():
        await asyncio.sleep(0)
    await trial.crash()
    await trial.start()
    async with asyncio.timeout(30):
        while await trial.bot.ledger.agenda(limit=1):
            await asyncio.sleep(0.01)
    assert sum((await trial.bot.ledger.counts()).values()) == 2050


class SetBack(Clock):
    """Passes by what is slept, and is set back by two hours during the first sleep."""

    def __init__(self, ledger: SqliteLedger) -> None:
        self._now = to_micros(NOON)
        self._ledger = ledger
        self._is_right = True

    @override
    def micros(self) -> int:
        return self._now

    @override
    async def sleep(self, seconds: float) -> None:
        self._now += max(0, round(seconds * 1e6))
        if self._is_right:
            self._is_right = False
            self._now -= to_micros(NOON) - to_micros(NOON - timedelta(hours=2))
            event = Due(name="now", period="1", due=self.now(), say="Lit.")
            await self._ledger.add_agenda([AgendaItem(id=0, due=self._now, late=0, account="home", event=event)])
        await asyncio.sleep(0)


@pytest.mark.asyncio
async def test_a_clock_that_is_set_back_keeps_nothing_waiting_for_longer_than_a_minute(tmp_path: Path) -> None:
    async with SqliteLedger(tmp_path / "ada.db", bot="ada", clock=ManualClock(NOON)) as ledger:
        clock = SetBack(ledger)
        served = asyncio.get_running_loop().create_future()

        def serve(point: str) -> None:
            if not served.done():
                served.set_result(clock.now())

        scheduler = Scheduler(ledger=ledger, clock=clock, put=lambda turn: None, faults=serve)
        running = asyncio.create_task(scheduler.run())
        async with asyncio.timeout(30):
            assert await served <= NOON - timedelta(hours=2) + timedelta(minutes=2)
        running.cancel()
