"""Once a copy is taken over, nothing of feeds, folders and calendars is posted that the other copy may have posted."""

import asyncio
import json
import shutil
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import pytest_asyncio
from feed_server import FeedServer, rss

from greenroom.testing import ManualClock, ScriptedPlatform, Trial
from greenroom_adapters.contract import IdempotencyKind

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
STEP = timedelta(minutes=10)
"""A longer one would be a gap, in which nothing ran."""
ONE, TWO, THREE, FOUR = (
    (str(number), title, f"https://harbour.example/{number}")
    for number, title in enumerate(("Fog on the bar", "Ferry at six", "Lamp relit", "Buoy adrift"), start=1)
)
FEED = "post: {{name: boats, from: {{feed: '{}', private: true{}}}{}}}\n"
PLAN = "post: {name: plan, from: {calendar: plan.csv}}\n"


@pytest_asyncio.fixture
async def server() -> AsyncIterator[FeedServer]:
    async with FeedServer() as server:
        server.body = rss(ONE)
        yield server


@pytest_asyncio.fixture
async def trial(tmp_path: Path) -> AsyncIterator[Trial]:
    """A bot whose platform takes whatever is published, twice as well."""
    made = Trial(tmp_path / "bot", rules="", clock=ManualClock(NOON))
    made.platform = ScriptedPlatform(made.clock, kind=IdempotencyKind.LISTED)
    yield made
    await made.stop()


def back_up(trial: Trial) -> Callable[[], None]:
    """Keep a copy of the ledger of a stopped bot; what is returned puts it back."""
    store, backup = trial.path.parent / "data" / "ada.db", trial.path.parent.parent / "backup.db"
    shutil.copyfile(store, backup)
    return lambda: (shutil.copyfile(backup, store), None)[1]


def said(trial: Trial) -> list[str]:
    """Return what was published, of an item of a feed its title."""
    return [text.partition("\n")[0] for text in trial.platform.texts]


async def taken_over(trial: Trial, *, rehearses_first: bool = False) -> None:
    """Start the bot as the one that runs now, at once or after two hours beside another."""
    if rehearses_first:
        async with trial:
            assert trial.bot.ledger.strayed is not None
            await passed(trial, 2 * HOUR)
    trial.take_over = True
    await trial.start()


async def passed(trial: Trial, time: timedelta) -> None:
    """Let time pass as a clock does, with all that happens in it."""
    until = trial.clock.now() + time
    await passed_until(trial, lambda: trial.clock.now() >= until)


async def passed_until(trial: Trial, reached: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not reached():
            trial.clock.turn(STEP)
            for _ in range(5):
                await asyncio.sleep(0.004)
                await trial.bot.settle()


async def read(trial: Trial, server: FeedServer) -> None:
    """Let time pass until the feed was read, and what it has now is taken."""
    asked = len(server.asked)
    await passed_until(trial, lambda: len(server.asked) > asked)
    await taken(trial, server)


async def taken(trial: Trial, server: FeedServer) -> None:
    """Wait, the clock standing still, until what the feed has now is taken."""
    name = "brought:boats"
    async with asyncio.timeout(30):
        while json.loads((await trial.bot.ledger.facts(name)).get(name, "{}")).get("etag") != server.tag:
            await asyncio.sleep(0.005)


async def says(trial: Trial, *titles: str) -> None:
    """Let time pass until so much was published, and an hour more: it is this and nothing else."""
    await passed_until(trial, lambda: len(trial.platform.texts) >= len(titles))
    await passed(trial, HOUR)
    assert said(trial) == list(titles)


@pytest.mark.parametrize("rehearses_first", [False, True])
@pytest.mark.asyncio
async def test_items_that_the_other_copy_has_posted_are_known_and_later_ones_are_posted(
    trial: Trial, server: FeedServer, *, rehearses_first: bool
) -> None:
    trial.rewrite(FEED.format(server.feed, "", ""))
    async with trial:
        await taken(trial, server)
    put_back = back_up(trial)
    server.body = rss(ONE, TWO)
    async with trial:
        await read(trial, server)
        await says(trial, "Ferry at six")
    put_back()
    await taken_over(trial, rehearses_first=rehearses_first)
    await read(trial, server)
    server.body = rss(ONE, TWO, THREE)
    await read(trial, server)
    await says(trial, "Ferry at six", "Lamp relit")


@pytest.mark.asyncio
async def test_a_feed_that_is_away_at_the_takeover_is_learned_when_it_is_back(trial: Trial, server: FeedServer) -> None:
    trial.rewrite(FEED.format(server.feed, "", ""))
    async with trial:
        await taken(trial, server)
    put_back = back_up(trial)
    server.body = rss(ONE, TWO)
    async with trial:
        await read(trial, server)
        await says(trial, "Ferry at six")
    put_back()
    server.answering.clear()
    await taken_over(trial)
    await passed(trial, HOUR)
    await trial.stop()
    trial.take_over = False
    server.answering.set()
    async with trial:
        await read(trial, server)
        server.body = rss(ONE, TWO, THREE)
        await read(trial, server)
        await says(trial, "Ferry at six", "Lamp relit")


@pytest.mark.asyncio
async def test_a_feed_that_has_not_changed_since_the_copy_was_made_goes_on(trial: Trial, server: FeedServer) -> None:
    trial.rewrite(FEED.format(server.feed, "", ""))
    async with trial:
        await taken(trial, server)
    put_back = back_up(trial)
    async with trial:
        pass
    put_back()
    await taken_over(trial)
    unchanged = server.unchanged
    await read(trial, server)
    assert server.unchanged > unchanged
    server.body = rss(ONE, TWO)
    await read(trial, server)
    await says(trial, "Ferry at six")


@pytest.mark.parametrize("rehearses_first", [False, True])
@pytest.mark.asyncio
async def test_items_that_waited_in_both_copies_are_posted_by_one(
    trial: Trial, server: FeedServer, *, rehearses_first: bool
) -> None:
    server.body = rss(ONE, TWO, THREE, FOUR)
    # the first of them waits for one o'clock, the last for eight
    trial.rewrite(
        FEED.format(server.feed, ", old: 4", ", at: ['13:00', '14:00', '15:00', '20:00'], late_ok: 10 minutes")
    )
    async with trial:
        await taken(trial, server)
    put_back = back_up(trial)
    async with trial:
        await passed_until(trial, lambda: said(trial) == ["Fog on the bar", "Ferry at six"])
    put_back()
    await taken_over(trial, rehearses_first=rehearses_first)
    # what is due later is posted in its time
    await passed_until(trial, lambda: "Buoy adrift" in said(trial))
    await passed(trial, timedelta(hours=20))
    assert sorted(said(trial)) == sorted(set(said(trial))), "each once"


@pytest.mark.asyncio
async def test_what_came_into_a_feed_while_a_copy_rehearsed_is_left_to_the_other_one(
    trial: Trial, server: FeedServer
) -> None:
    trial.rewrite(FEED.format(server.feed, "", ", at: ['13:00', '20:00']"))
    async with trial:
        await taken(trial, server)
    put_back = back_up(trial)
    server.body = rss(ONE, TWO)
    async with trial:
        await read(trial, server)
        await says(trial, "Ferry at six")
    put_back()
    await taken_over(trial, rehearses_first=True)
    await passed(trial, timedelta(hours=12))
    assert said(trial) == ["Ferry at six"]


def table(trial: Trial, *rows: str) -> None:
    (trial.path.parent / "plan.csv").write_text("\n".join(["id,when,text", *rows, ""]), encoding="utf-8")


@pytest.mark.parametrize("rehearses_first", [False, True])
@pytest.mark.asyncio
async def test_rows_of_a_calendar_that_were_due_before_are_skipped_and_later_ones_are_posted(
    trial: Trial, *, rehearses_first: bool
) -> None:
    table(trial, "a,2026-11-23 13:00,One.", "b,2026-11-23 18:00,Two.")
    trial.rewrite(PLAN)
    async with trial:
        pass
    put_back = back_up(trial)
    # a row that the copy does not know of
    table(trial, "a,2026-11-23 13:00,One.", "c,2026-11-23 13:10,Three.", "b,2026-11-23 18:00,Two.")
    async with trial:
        await says(trial, "One.", "Three.")
    put_back()
    await taken_over(trial, rehearses_first=rehearses_first)
    await says(trial, "One.", "Three.", "Two.")


@pytest.mark.parametrize("rehearses_first", [False, True])
@pytest.mark.asyncio
async def test_a_row_that_the_other_copy_posted_at_an_earlier_time_is_not_posted_again(
    trial: Trial, *, rehearses_first: bool
) -> None:
    table(trial, "a,2026-11-23 18:00,One.", "b,2026-11-23 19:00,Two.")
    trial.rewrite(PLAN)
    async with trial:
        pass
    put_back = back_up(trial)
    table(trial, "a,2026-11-23 12:30,One.", "b,2026-11-23 19:00,Two.")
    async with trial:
        await says(trial, "One.")
    put_back()
    await taken_over(trial, rehearses_first=rehearses_first)
    await says(trial, "One.", "Two.")
