"""The day's limit holds: under concurrency, over restarts, after crashes, around midnight."""

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from greenroom.clock import to_micros
from greenroom.policy.budget import USD, Budget, Lack, Reserved, start_of_day
from greenroom.storage import NOBODYS, Cause
from greenroom.testing.clock import ManualClock

LISBON = ZoneInfo("Europe/Lisbon")


class SqliteSpend:
    """The ledger's port on a real file. Every call gives way to other tasks first, as a disk would."""

    def __init__(self, path: Path | str) -> None:
        self.connection = sqlite3.connect(path, isolation_level=None)
        self.connection.execute(
            "create table if not exists spend"
            " (id integer primary key, at integer, turn text, model text, micros integer, person text)"
        )

    def close(self) -> None:
        self.connection.close()

    async def spent_since(self, moment: datetime) -> int:
        await asyncio.sleep(0)
        row = self.connection.execute("select coalesce(sum(micros), 0) from spend where at >= ?", [to_micros(moment)])
        return int(row.fetchone()[0])

    async def spent_by(self, platform: str, person: str, *, since: datetime) -> int:
        await asyncio.sleep(0)
        row = self.connection.execute(
            "select coalesce(sum(micros), 0) from spend where at >= ? and person = ?",
            [to_micros(since), f"{platform}/{person}"],
        )
        return int(row.fetchone()[0])

    async def reserve(self, *, at: datetime, turn: str, model: str, micros: int, cause: Cause = NOBODYS) -> int:
        await asyncio.sleep(0)
        cursor = self.connection.execute(
            "insert into spend (at, turn, model, micros, person) values (?, ?, ?, ?, ?) returning id",
            [to_micros(at), turn, model, micros, f"{cause.platform}/{cause.person}"],
        )
        return int(cursor.fetchone()[0])

    async def settle(self, id: int, micros: int) -> None:
        await asyncio.sleep(0)
        self.connection.execute("update spend set micros = ? where id = ?", [micros, id])

    def rows(self) -> list[tuple[str, str, int]]:
        return list(self.connection.execute("select turn, model, micros from spend order by id"))


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[SqliteSpend]:
    with closing(SqliteSpend(tmp_path / "spend.db")) as opened:
        yield opened


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(datetime(2026, 11, 24, 12, tzinfo=UTC))


async def take(budget: Budget, micros: int) -> Reserved:
    reserved = await budget.reserve(micros, turn="t", model="m")
    assert isinstance(reserved, Reserved)
    return reserved


@pytest.mark.asyncio
async def test_what_fits_exactly_is_granted_and_the_next_millionth_is_not(
    ledger: SqliteSpend, clock: ManualClock
) -> None:
    budget = Budget(ledger, clock=clock, zone=UTC, limit=1000)
    await take(budget, 1000)
    assert await budget.reserve(1, turn="t", model="m") is Lack.DAY
    assert await budget.spent() == 1000


@pytest.mark.asyncio
async def test_a_refused_reservation_leaves_no_record(ledger: SqliteSpend, clock: ManualClock) -> None:
    budget = Budget(ledger, clock=clock, zone=UTC, limit=1000)
    assert await budget.reserve(1001, turn="t", model="m") is Lack.DAY
    assert ledger.rows() == []


@pytest.mark.asyncio
async def test_a_reservation_says_which_turn_and_which_model_it_is_for(ledger: SqliteSpend, clock: ManualClock) -> None:
    await Budget(ledger, clock=clock, zone=UTC).reserve(7, turn="mention:1", model="gpt-5-mini")
    assert ledger.rows() == [("mention:1", "gpt-5-mini", 7)]


@pytest.mark.asyncio
async def test_settling_gives_back_what_was_not_used(ledger: SqliteSpend, clock: ManualClock) -> None:
    budget = Budget(ledger, clock=clock, zone=UTC, limit=1000)
    reserved = await take(budget, 1000)
    await reserved.settle(400)
    assert reserved.micros == 1000
    await take(budget, 600)
    assert await budget.reserve(1, turn="t", model="m") is Lack.DAY


@pytest.mark.asyncio
async def test_the_limit_is_one_dollar_a_day_unless_written_otherwise(ledger: SqliteSpend, clock: ManualClock) -> None:
    budget = Budget(ledger, clock=clock, zone=UTC)
    assert budget.limit == USD
    await take(budget, 1_000_000)
    assert await budget.reserve(1, turn="t", model="m") is Lack.DAY


@pytest.mark.asyncio
async def test_an_open_reservation_counts_in_full_after_a_restart(tmp_path: Path, clock: ManualClock) -> None:
    path = tmp_path / "spend.db"
    with closing(SqliteSpend(path)) as before:
        await take(Budget(before, clock=clock, zone=UTC, limit=1000), 800)
    with closing(SqliteSpend(path)) as after:
        again = Budget(after, clock=clock, zone=UTC, limit=1000)
        assert await again.reserve(201, turn="t", model="m") is Lack.DAY
        assert await again.reserve(200, turn="t", model="m") is not Lack.DAY


@pytest.mark.asyncio
async def test_callers_at_the_same_moment_cannot_share_the_last_cent(ledger: SqliteSpend, clock: ManualClock) -> None:
    budget = Budget(ledger, clock=clock, zone=UTC, limit=1000)
    results = await asyncio.gather(*(budget.reserve(300, turn=str(n), model="m") for n in range(20)))
    assert sum(isinstance(result, Reserved) for result in results) == 3
    assert await budget.spent() == 900


@pytest.mark.asyncio
async def test_a_cancelled_caller_holds_nobody_up(ledger: SqliteSpend, clock: ManualClock) -> None:
    budget = Budget(ledger, clock=clock, zone=UTC, limit=1000)
    task = asyncio.create_task(budget.reserve(10, turn="t", model="m"))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await budget.reserve(990, turn="t", model="m") is not Lack.DAY


@pytest.mark.asyncio
async def test_the_day_begins_at_midnight_of_the_files_time_zone(ledger: SqliteSpend, clock: ManualClock) -> None:
    clock.turn_to(datetime(2026, 7, 1, 22, 59, 59, tzinfo=UTC))  # 23:59:59 in Lisbon
    budget = Budget(ledger, clock=clock, zone=LISBON, limit=1000)
    yesterday = await take(budget, 1000)
    assert await budget.reserve(1, turn="t", model="m") is Lack.DAY
    clock.turn(timedelta(seconds=1))
    await take(budget, 1000)
    # What yesterday's call turns out to cost is yesterday's.
    await yesterday.settle(1)
    assert await budget.spent() == 1000


@pytest.mark.asyncio
async def test_a_budget_of_nothing_pays_nothing(ledger: SqliteSpend, clock: ManualClock) -> None:
    budget = Budget(ledger, clock=clock, zone=UTC, limit=0)
    assert await budget.reserve(1, turn="t", model="m") is Lack.DAY


def test_a_negative_limit_is_refused(ledger: SqliteSpend, clock: ManualClock) -> None:
    with pytest.raises(ValueError, match="not negative"):
        Budget(ledger, clock=clock, zone=UTC, limit=-1)


@pytest.mark.asyncio
async def test_a_negative_price_is_refused(ledger: SqliteSpend, clock: ManualClock) -> None:
    with pytest.raises(ValueError, match="not negative"):
        await Budget(ledger, clock=clock, zone=UTC).reserve(-1, turn="t", model="m")


@pytest.mark.parametrize(
    ("zone", "moment", "begin"),
    [
        ("Europe/Lisbon", "2026-07-01T12:00:00+00:00", "2026-06-30T23:00:00+00:00"),
        # 24 hours of wall clock, 25 of real time: the day in which the hour comes twice
        ("Europe/Lisbon", "2026-10-25T23:30:00+00:00", "2026-10-24T23:00:00+00:00"),
        # Midnight is skipped: clocks go from 00:00 to 01:00
        ("Africa/Cairo", "2026-04-24T12:00:00+00:00", "2026-04-23T22:00:00+00:00"),
        # Midnight comes twice: clocks go from 01:00 back to 00:00
        ("America/Havana", "2026-11-01T05:30:00+00:00", "2026-11-01T04:00:00+00:00"),
    ],
)
def test_a_day_starts_where_the_zone_says(zone: str, moment: str, begin: str) -> None:
    assert start_of_day(datetime.fromisoformat(moment), ZoneInfo(zone)) == datetime.fromisoformat(begin)


def asks(person: str, *, is_spared: bool = False) -> Cause:
    return Cause(platform="stage", person=person, is_spared=is_spared)


@pytest.mark.asyncio
async def test_one_person_gets_his_share_and_leaves_the_rest_to_others(ledger: SqliteSpend, clock: ManualClock) -> None:
    budget = Budget(ledger, clock=clock, zone=UTC, limit=1000, share=100)
    first = await budget.reserve(70, turn="t", model="m", cause=asks("u1"))
    assert isinstance(first, Reserved)
    assert await budget.reserve(31, turn="t", model="m", cause=asks("u1")) is Lack.PERSON
    assert await budget.spent() == 70, "what does not fit leaves no record"
    assert not budget.is_exhausted
    await first.settle(20)
    assert isinstance(await budget.reserve(80, turn="t", model="m", cause=asks("u1")), Reserved)
    assert isinstance(await budget.reserve(100, turn="t", model="m", cause=asks("u2")), Reserved)
    assert isinstance(await budget.reserve(500, turn="t", model="m"), Reserved), "a post of the bot is nobody's"
    clock.turn(timedelta(days=1))
    assert isinstance(await budget.reserve(100, turn="t", model="m", cause=asks("u1")), Reserved)


@pytest.mark.asyncio
async def test_one_call_a_day_fits_into_every_share_but_none(ledger: SqliteSpend, clock: ManualClock) -> None:
    budget = Budget(ledger, clock=clock, zone=UTC, limit=1000, share=100)
    first, second = await asyncio.gather(
        *(budget.reserve(300, turn=turn, model="dear", cause=asks("u1")) for turn in ("one", "two"))
    )
    assert isinstance(first, Reserved)
    assert second is Lack.PERSON
    await first.settle(0)
    budget.change(zone=UTC, limit=1000, share=0)
    assert await budget.reserve(1, turn="t", model="m", cause=asks("u1")) is Lack.PERSON


@pytest.mark.asyncio
async def test_whom_the_share_spares_still_meets_the_limit_of_the_day(ledger: SqliteSpend, clock: ManualClock) -> None:
    budget = Budget(ledger, clock=clock, zone=UTC, limit=1000, share=100)
    assert isinstance(await budget.reserve(900, turn="t", model="m", cause=asks("u1", is_spared=True)), Reserved)
    assert await budget.reserve(101, turn="t", model="m", cause=asks("u1", is_spared=True)) is Lack.DAY


@pytest.mark.asyncio
async def test_a_thousand_calls_at_once_stay_within_the_share_of_who_asked(
    ledger: SqliteSpend, clock: ManualClock
) -> None:
    budget = Budget(ledger, clock=clock, zone=UTC, limit=100_000, share=1000)
    calls = (budget.reserve(10, turn=str(n), model="m", cause=asks("u1")) for n in range(1000))
    assert sum(isinstance(one, Reserved) for one in await asyncio.gather(*calls)) == 100
    budget.change(zone=UTC, limit=100_000, share=1010)
    assert isinstance(await budget.reserve(10, turn="t", model="m", cause=asks("u1")), Reserved)


ACTIONS = st.lists(
    st.one_of(
        st.tuples(st.just("reserve"), st.integers(0, 700)),
        st.tuples(st.just("settle"), st.integers(0, 100)),
        st.tuples(st.just("together"), st.integers(1, 400)),
        st.tuples(st.just("crash"), st.just(0)),
    ),
    max_size=25,
)


@settings(max_examples=100, deadline=None)
@given(actions=ACTIONS, limit=st.integers(0, 1500))
def test_no_order_of_reserving_settling_and_crashing_exceeds_the_limit(
    actions: list[tuple[str, int]], limit: int
) -> None:
    async def run() -> None:
        clock = ManualClock(datetime(2026, 11, 24, 12, tzinfo=UTC))
        with closing(SqliteSpend(":memory:")) as ledger:
            budget = Budget(ledger, clock=clock, zone=LISBON, limit=limit)
            opened: list[Reserved] = []
            for name, number in actions:
                if name == "reserve":
                    granted = await budget.reserve(number, turn="t", model="m")
                    opened.extend([granted] if isinstance(granted, Reserved) else [])
                elif name == "together":
                    results = await asyncio.gather(
                        *(budget.reserve(number, turn="t", model="m") for _ in range(4)),
                        *(reserved.settle(reserved.micros // 2) for reserved in opened),
                    )
                    opened = [result for result in results if isinstance(result, Reserved)]
                elif name == "settle" and opened:
                    reserved = opened.pop()
                    await reserved.settle(reserved.micros * number // 100)
                elif name == "crash":
                    # The process ends: what was open stays open for ever, only the ledger remains.
                    opened = []
                    budget = Budget(ledger, clock=clock, zone=LISBON, limit=limit)
                assert await budget.spent() <= limit

    asyncio.run(run())
