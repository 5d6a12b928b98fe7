"""`greenroom spend` explains the bill: by what, by whom, what is dearest, what is not known, and what comes of it."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from greenroom.cli.bill import Bill, By, Period, bill_of
from greenroom.settings import BotFile, Platforms, load_bot
from greenroom.storage import Cause, Ledger, SqliteLedger, State
from greenroom.testing import ManualClock
from greenroom.testing.ledger import mention_turn

CENT = 10_000


def file_with(folder: Path, more: str = "") -> BotFile:
    path = folder / "bot.yaml"
    path.write_text(
        "bot: ada\npersona: ada.yaml\naccounts: {home: stage}\ntimezone: UTC\nanswer: mentions\n" + more,
        encoding="utf-8",
    )
    (folder / "ada.yaml").write_text("persona: Ada\nwho: keeps the lighthouse\n", encoding="utf-8")
    return load_bot(path, platforms=Platforms.installed())


async def filled(ledger: Ledger, now: datetime) -> None:
    """Let one rule cost 60 cents, 50 of them for iris, reading 3, and a call of unknown outcome 7, on two days."""
    turn = mention_turn(1, at=now)
    ledger.receive(turn)
    await ledger.committed()
    iris = Cause(account="home", seq=turn.seq, platform="stage", person="u1")
    for number in range(5):
        id = await ledger.reserve(at=now - timedelta(days=number % 2), turn="t", model="big", micros=90_000, cause=iris)
        await ledger.settle(id, 10 * CENT)
    other = Cause(account="home", seq=turn.seq, platform="stage", person="u2")
    await ledger.settle(await ledger.reserve(at=now, turn="t", model="big", micros=1, cause=other), 10 * CENT)
    read = await ledger.reserve(at=now, turn="", model="reading on home", micros=3 * CENT, cause=Cause(account="home"))
    await ledger.settle(read, 3 * CENT)
    await ledger.reserve(at=now, turn="t", model="small", micros=7 * CENT, cause=Cause(account="home"))


@pytest.mark.asyncio
async def test_the_bill_is_the_same_sum_by_whatever_it_is_told(tmp_path: Path) -> None:
    clock, file = ManualClock(datetime(2026, 11, 24, 12, tzinfo=UTC)), file_with(tmp_path)
    async with SqliteLedger(tmp_path / "ada.db", bot="ada", clock=clock) as ledger:
        await filled(ledger, clock.now())
        bills: dict[By, Bill] = {}
        for by in By:
            bills[by] = await bill_of(file, ledger, period=Period.MONTH, by=by, now=clock.now())
        today = await bill_of(file, ledger, period=Period.DAY, by=By.RULE, now=clock.now())
        tomorrow = clock.now() + timedelta(days=1)
        assert (await bill_of(file, ledger, period=Period.DAY, by=By.RULE, now=tomorrow)).lines == []
    assert {sum(line.micros for line in bill.lines) for bill in bills.values()} == {70 * CENT}
    assert [(line.name, line.calls, line.micros) for line in bills[By.MODEL].lines] == [
        ("big", 6, 60 * CENT),
        ("small", 1, 7 * CENT),
        ("reading on home", 1, 3 * CENT),
    ]
    assert [(line.name, line.micros) for line in bills[By.ACCOUNT].lines] == [("home", 70 * CENT)]
    whole = bills[By.PERSON]
    assert [line.micros for line in whole.lines] == [50 * CENT, 10 * CENT, 10 * CENT]
    assert whole.lines[0].name == "@iris"
    assert (whole.open_calls, whole.open_micros) == (1, 7 * CENT)
    assert whole.dearest == [
        "rule answer 1 (big) cost 0.60 USD, 86 % of it, in 6 calls of about 0.10 USD; 0.50 USD for @iris",
        "not known any more (small) cost 0.07 USD, 10 % of it, in one call",
        "reading (reading on home) cost 0.03 USD, 4 % of it, in one call",
    ]
    assert today.micros == 50 * CENT


@pytest.mark.asyncio
async def test_who_is_forgotten_has_no_name_on_the_bill(tmp_path: Path) -> None:
    clock, file = ManualClock(datetime(2026, 11, 24, 12, tzinfo=UTC)), file_with(tmp_path)
    async with SqliteLedger(tmp_path / "ada.db", bot="ada", clock=clock) as ledger:
        await filled(ledger, clock.now())
        turn = await ledger.turn(1)
        assert turn is not None
        turn.state = State.SENT
        ledger.save(turn)
        await ledger.forget_person("stage", "u1", accounts=("home",))
        bill = await bill_of(file, ledger, period=Period.MONTH, by=By.PERSON, now=clock.now())
        assert bill.lines[0].name == f"somebody forgotten ({ledger.pseudonym('stage', 'u1')[:6]})"
    assert bill.lines[0].micros == 50 * CENT


@pytest.mark.parametrize(("limit", "pace"), [("9 USD/day", 466_667), ("0.10 USD/day", 10 * CENT)])
@pytest.mark.asyncio
async def test_the_forecast_goes_on_at_the_pace_of_the_last_days_within_the_limit(
    tmp_path: Path, limit: str, pace: int
) -> None:
    clock = ManualClock(datetime(2026, 11, 24, 12, tzinfo=UTC))
    file = file_with(tmp_path, f"limits: {{spend: {limit}}}\n")
    async with SqliteLedger(tmp_path / "ada.db", bot="ada", clock=clock) as ledger:
        await filled(ledger, clock.now() - timedelta(hours=12))
        # the first call is 36 hours old, and six and a half days of November are left
        bill = await bill_of(file, ledger, period=Period.WEEK, by=By.RULE, now=clock.now())
    assert (bill.pace, bill.forecast) == (pace, 70 * CENT + round(6.5 * pace))


@pytest.mark.parametrize(
    ("zone_now", "since"),
    [
        ("2026-03-29T12:00+00:00", ("2026-03-28T23:00+00:00", "2026-03-22T23:00+00:00", "2026-02-28T23:00+00:00")),
        ("2026-10-31T23:30+00:00", ("2026-10-31T23:00+00:00", "2026-10-25T23:00+00:00", "2026-10-31T23:00+00:00")),
    ],
)
def test_periods_begin_with_a_day_of_the_owners_zone(zone_now: str, since: tuple[str, ...]) -> None:
    now = datetime.fromisoformat(zone_now)
    assert [one.begins(now, ZoneInfo("Europe/Berlin")).isoformat(timespec="minutes") for one in Period] == list(since)


def spent(home: Path) -> None:
    async def write() -> None:
        async with SqliteLedger(home / "data" / "ada.db", bot="ada", clock=ManualClock()) as ledger:
            now = datetime.now(UTC)
            cause = Cause(account="home", seq=1, platform="stage", person="id-of-ben")
            await ledger.settle(await ledger.reserve(at=now, turn="t", model="m", micros=9, cause=cause), 3 * CENT)
            await ledger.reserve(at=now, turn="t", model="m", micros=CENT, cause=cause)

    asyncio.run(write())


def test_an_owner_reads_a_table_with_bars_and_what_is_left(
    greenroom: Callable[..., Any], write_bot: Callable[..., Path], ledger_with: Callable[..., None], home: Path
) -> None:
    write_bot(more="limits: {spend: 2 USD/day}\n")
    ledger_with(State.SENT)
    spent(home)
    said = greenroom("spend", "--day", "--by", "person")
    assert said.code == 0
    assert "ada has cost 0.04 USD today." in said.out
    assert "@ben        2  0.04 USD" in said.out
    assert "████" in said.out
    assert "1. rule answer 1 (m) cost 0.04 USD, 100 % of it, in 2 calls of about 0.02 USD; all for @ben" in said.out
    assert "0.01 USD of it were set aside for one call whose outcome is not known: counted as spent." in said.out
    assert "Today: 0.04 USD of 2.00 USD, 1.96 USD left. One person may cost 0.20 USD a day." in said.out
    assert "This month: " in said.out
    found = greenroom("spend", "--json").json
    assert (found["spent_micros"], found["unknown_micros"], found["left_micros"]) == (4 * CENT, CENT, 196 * CENT)
    assert found["lines"] == [{"name": "rule answer 1", "calls": 2, "micros": 4 * CENT}]


def test_nothing_spent_is_said_and_a_wrong_word_is_told(
    greenroom: Callable[..., Any], write_bot: Callable[..., Path], ledger_with: Callable[..., None]
) -> None:
    write_bot()
    ledger_with(State.SENT)
    assert "ada has cost nothing this month." in greenroom("spend").out
    assert "write rule, person, account or model" in greenroom("spend", "--by", "mood").err
    assert "one of --day, --week and --month" in greenroom("spend", "--day", "--week").err
