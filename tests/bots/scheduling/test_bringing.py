"""What comes from feeds, folders and calendars is posted once, ever, whatever becomes of it or of the process."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
import pytest_asyncio
from aiohttp import web
from feed_server import FeedServer, rss

from greenroom.storage import State
from greenroom.testing import ManualClock, Trial

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
ONE = ("1", "Fog on the bar", "https://harbour.example/1")
TWO = ("2", "Ferry at six", "https://harbour.example/2")
THREE = ("3", "Lamp relit", "https://harbour.example/3")


def said(*items: tuple[str, str, str]) -> list[str]:
    return [f"{title}\n{link}" for _, title, link in items]


@pytest_asyncio.fixture
async def server() -> AsyncIterator[FeedServer]:
    async with FeedServer() as server:
        server.body = rss(ONE)
        yield server


@pytest_asyncio.fixture
async def trial(tmp_path: Path) -> AsyncIterator[Trial]:
    made = Trial(tmp_path, rules="", clock=ManualClock(NOON))
    yield made
    await made.stop()


def feed(trial: Trial, server: FeedServer, more: str = "", *, origin: str = "") -> None:
    trial.rewrite(f"post: {{name: boats, from: {{feed: '{server.feed}', private: true{origin}}}{more}}}\n")


async def looked(trial: Trial, server: FeedServer, *, posts: int) -> None:
    """Let the next look at the feed come, and everything that follows from it; so many posts are out then."""
    asked = len(server.asked)
    trial.clock.turn(HOUR)
    await trial.past(lambda: len(server.asked) > asked)
    await taken(trial, server)
    await settled(trial, posts)


async def taken(trial: Trial, server: FeedServer) -> None:
    """Wait until what stands in the feed now is taken, and on disk."""
    name = "brought:boats"
    async with asyncio.timeout(30):
        while json.loads((await trial.bot.ledger.facts(name)).get(name, "{}")).get("etag") != server.tag:
            await asyncio.sleep(0.005)


async def settled(trial: Trial, posts: int) -> None:
    await trial.past(lambda: len(trial.platform.posts) >= posts)
    for _ in range(5):
        await asyncio.sleep(0.01)
        await trial.bot.settle()
    assert len(trial.platform.posts) == posts


async def began(trial: Trial, server: FeedServer) -> None:
    await trial.start()
    await trial.past(lambda: bool(server.asked))
    await taken(trial, server)
    await settled(trial, 0)


@pytest.mark.asyncio
async def test_what_stood_in_a_feed_before_is_not_posted_and_what_comes_is(trial: Trial, server: FeedServer) -> None:
    feed(trial, server)
    await began(trial, server)
    server.body = rss(ONE, TWO, THREE)
    await looked(trial, server, posts=2)
    await looked(trial, server, posts=2)
    assert trial.platform.texts == said(TWO, THREE)
    assert server.unchanged >= 1


@pytest.mark.asyncio
async def test_as_many_old_ones_as_asked_for_are_posted_once(trial: Trial, server: FeedServer) -> None:
    server.body = rss(ONE, TWO, THREE)
    feed(trial, server, origin=", old: 2")
    await trial.start()
    await settled(trial, 2)
    await trial.stop()
    await trial.start()
    await looked(trial, server, posts=2)
    assert trial.platform.texts == said(TWO, THREE)


@pytest.mark.parametrize(
    "edited",
    [
        ("2", "Ferry at seven", TWO[2]),
        ("other", TWO[1], TWO[2] + "?utm_source=rss"),
        ("2", TWO[1], "https://elsewhere.example/"),
    ],
)
@pytest.mark.asyncio
async def test_an_item_that_was_edited_at_its_source_is_not_posted_again(
    trial: Trial, server: FeedServer, edited: tuple[str, str, str]
) -> None:
    feed(trial, server)
    await began(trial, server)
    server.body = rss(ONE, TWO)
    await looked(trial, server, posts=1)
    server.body = rss(ONE, edited)
    await looked(trial, server, posts=1)
    # what was new of it has become a mark as well
    server.body = rss(ONE, (edited[0], "Everything else is new", edited[2]))
    await looked(trial, server, posts=1)


@pytest.mark.asyncio
async def test_an_old_item_that_comes_up_where_a_newer_one_was_deleted_is_not_posted(
    trial: Trial, server: FeedServer
) -> None:
    four = ("4", "Buoy adrift", "https://harbour.example/4")
    dates = {id: datetime(2026, 11, day, 9, tzinfo=UTC) for id, day in (("1", 18), ("2", 19), ("3", 20), ("4", 19))}
    server.body = rss(TWO, THREE, dates=dates)
    feed(trial, server)
    await began(trial, server)
    server.body = rss(ONE, TWO, dates=dates)
    await looked(trial, server, posts=0)
    assert sum("older than all" in line for line in await trial.journal()) == 1
    # one that is as old as the oldest of the first look may have come late, and one without a date is new
    server.body = rss(ONE, TWO, four, ("5", "No date", "https://harbour.example/5"), dates=dates)
    await looked(trial, server, posts=2)
    await trial.stop()
    await trial.start()
    server.body = rss(("0", "Older still", "https://harbour.example/0"), ONE, dates={**dates, "0": dates["1"]})
    await looked(trial, server, posts=2)


@pytest.mark.parametrize("point", ["before_due_insert", "after_due_insert"])
@pytest.mark.parametrize("reached", [1, 2, 3])
@pytest.mark.asyncio
async def test_killed_around_any_commit_each_item_is_posted_once(
    trial: Trial, server: FeedServer, point: str, reached: int
) -> None:
    feed(trial, server)
    await began(trial, server)
    server.body = rss(ONE, TWO, THREE)
    trial.dies_at(point, reached)
    trial.clock.turn(HOUR)
    await trial.past(lambda: trial.is_dead)
    await trial.bury()
    await trial.start()
    trial.clock.turn(HOUR)
    await settled(trial, 2)
    await looked(trial, server, posts=2)
    assert sorted(trial.platform.texts) == sorted(said(TWO, THREE))


@pytest.mark.asyncio
async def test_what_is_over_the_cap_waits_its_turn(trial: Trial, server: FeedServer) -> None:
    feed(trial, server, origin=", most: 2/day")
    await began(trial, server)
    server.body = rss(ONE, TWO, THREE, ("4", "Four", "https://harbour.example/4"))
    await looked(trial, server, posts=2)
    await looked(trial, server, posts=2)
    trial.clock.turn(timedelta(days=1))
    await settled(trial, 3)


@pytest.mark.asyncio
async def test_with_times_one_goes_out_at_each_of_them_and_a_new_time_holds_for_what_waits(
    trial: Trial, server: FeedServer
) -> None:
    feed(trial, server, ", at: 09:00")
    await began(trial, server)
    server.body = rss(ONE, TWO, THREE)
    await looked(trial, server, posts=0)
    due = [item.due for item in await trial.bot.ledger.brought("boats")]
    assert [datetime.fromtimestamp(one / 1e6, UTC).isoformat()[:16] for one in due] == [
        "2026-11-24T09:00",
        "2026-11-25T09:00",
    ]
    await trial.stop()
    feed(trial, server, ", at: 18:00")
    await trial.start()
    trial.clock.turn_to(NOON.replace(hour=18))
    await settled(trial, 1)
    trial.clock.turn_to(NOON.replace(hour=18, day=24))
    await settled(trial, 2)
    assert trial.platform.texts == said(TWO, THREE)


@pytest.mark.asyncio
async def test_after_days_without_the_bot_what_waited_comes_one_by_one(trial: Trial, server: FeedServer) -> None:
    feed(trial, server, ", at: 09:00")
    await began(trial, server)
    server.body = rss(ONE, TWO, THREE)
    await looked(trial, server, posts=0)
    await trial.stop()
    trial.clock.turn(timedelta(days=5))
    await trial.start()
    await settled(trial, 0)
    trial.clock.turn_to(NOON.replace(day=29, hour=9))
    await settled(trial, 1)
    # a machine that slept past its time has missed it: what waits takes the next one
    trial.clock.turn_to(NOON.replace(day=30, hour=12))
    await settled(trial, 1)
    trial.clock.turn_to(NOON.replace(day=30, hour=9) + timedelta(days=1))
    await settled(trial, 2)


@pytest.mark.asyncio
async def test_words_come_from_the_template_and_the_link_is_kept_whatever_is_cut(
    trial: Trial, server: FeedServer
) -> None:
    feed(trial, server, ', say: "Heard: {{ item.title }} ({{ item.text }}) {{ item.link }} over."')
    await began(trial, server)
    long = ("4", "Fog " * 60, "https://harbour.example/4")
    server.body = rss(ONE, TWO, long)
    await looked(trial, server, posts=2)
    first, second = trial.platform.texts
    assert first == f"Heard: {TWO[1]} (About {TWO[1]}) {TWO[2]} over."
    assert second.startswith("Heard: Fog Fog")
    assert second.endswith(f"\n{long[2]}")
    assert len(second) <= 500


@pytest.mark.asyncio
async def test_an_engine_reads_the_item_as_a_strangers_words_and_the_link_stands_below(
    trial: Trial, server: FeedServer
) -> None:
    feed(trial, server, ", about: what it means for small boats")
    trial.engine.outcomes.append("Stay in.")
    await began(trial, server)
    server.body = rss(ONE, TWO)
    await looked(trial, server, posts=1)
    assert trial.platform.texts == [f"Stay in.\n{TWO[2]}"]
    (brief,) = trial.engine.briefs
    assert (brief.about, brief.item) == ("what it means for small boats", f"{TWO[1]}\nAbout {TWO[1]}")


@pytest.mark.asyncio
async def test_words_of_a_feed_are_not_the_owners_and_are_held_where_he_wants_to_see_everything(
    trial: Trial, server: FeedServer
) -> None:
    feed(trial, server, ", approve: always")
    await began(trial, server)
    server.body = rss(ONE, TWO)
    await looked(trial, server, posts=0)
    await trial.counted({State.HELD: 1})


@pytest.mark.asyncio
async def test_a_feed_that_cannot_be_read_is_asked_less_and_less_often_and_its_owner_is_told_once(
    trial: Trial, server: FeedServer
) -> None:
    feed(trial, server)
    await began(trial, server)
    asked = len(server.asked)
    server.answers.extend([lambda: web.Response(status=500)] * 100)
    for _ in range(14):
        trial.clock.turn(timedelta(minutes=34))
        await asyncio.sleep(0.03)
    # eight hours: after half an hour, one, two and four more; sixteen times without a pause that grows
    assert len(server.asked) - asked <= 6
    while not any("feed unreadable" in line for line in await trial.journal()):
        trial.clock.turn(timedelta(minutes=34))
        await asyncio.sleep(0.03)
    server.answers.clear()
    server.body = rss(ONE, TWO)
    trial.clock.turn(timedelta(hours=7))
    await settled(trial, 1)
    assert sum("feed unreadable" in line for line in await trial.journal()) == 1
    assert any("feed readable" in line for line in await trial.journal())


@pytest.mark.asyncio
async def test_an_edit_while_an_item_waits_is_taken_up_and_one_by_hand_stays(trial: Trial, server: FeedServer) -> None:
    feed(trial, server, ", at: 09:00")
    await began(trial, server)
    server.body = rss(ONE, TWO, THREE)
    await looked(trial, server, posts=0)
    by_hand = (await trial.bot.ledger.brought("boats"))[1]
    trial.bot.ledger.change_agenda(msgspec.structs.replace(by_hand, event=replace(by_hand.event, say="By hand.")))
    await trial.bot.ledger.committed()
    server.body = rss(ONE, ("2", "Ferry at seven", TWO[2]), THREE)
    await looked(trial, server, posts=0)
    waiting = [item.event.say for item in await trial.bot.ledger.brought("boats")]
    assert waiting == ["Ferry at seven", "By hand."]


def draft(trial: Trial, name: str, text: str) -> None:
    (trial.path.parent / "drafts" / name).write_text(text, encoding="utf-8")


async def walked(trial: Trial, posts: int) -> None:
    """Let the folder be looked at often enough."""
    for _ in range(8):
        trial.clock.turn(timedelta(seconds=6))
        await asyncio.sleep(0.02)
    await settled(trial, posts)


@pytest.mark.asyncio
async def test_drafts_go_out_once_also_edited_or_renamed_afterwards_and_after_a_restart(trial: Trial) -> None:
    (trial.path.parent / "drafts").mkdir()
    draft(trial, "b.md", "Second.")
    draft(trial, "a.txt", "First.")
    draft(trial, "_c.md", "Not ready.")
    trial.rewrite("post: {name: log, from: {folder: drafts}}\n")
    await trial.start()
    await walked(trial, 2)
    draft(trial, "a.txt", "First, edited.")
    (trial.path.parent / "drafts" / "b.md").rename(trial.path.parent / "drafts" / "z.md")
    await walked(trial, 2)
    await trial.stop()
    await trial.start()
    draft(trial, "d.md", "Third.")
    await walked(trial, 3)
    assert trial.platform.texts == ["First.", "Second.", "Third."]


@pytest.mark.asyncio
async def test_a_draft_that_waits_follows_its_file_and_is_taken_back_with_it(trial: Trial) -> None:
    (trial.path.parent / "drafts").mkdir()
    draft(trial, "a.md", "---\nwhen: 2026-11-24 08:00\n---\nOne.")
    draft(trial, "b.md", "---\nwhen: 2026-11-24 09:00\n---\nTwo.")
    draft(trial, "old.md", "---\nwhen: 2026-11-01 09:00\n---\nOver.")
    trial.rewrite("post: {name: log, from: {folder: drafts}}\n")
    await trial.start()
    await walked(trial, 0)
    draft(trial, "a.md", "---\nwhen: 2026-11-24 10:00\n---\nOne, later.")
    (trial.path.parent / "drafts" / "b.md").unlink()
    await walked(trial, 0)
    trial.clock.turn_to(datetime(2026, 11, 24, 9, 30, tzinfo=UTC))
    await settled(trial, 0)
    trial.clock.turn_to(datetime(2026, 11, 24, 10, tzinfo=UTC))
    await settled(trial, 1)
    assert trial.platform.texts == ["One, later."]
    assert any("its time was over" in line for line in await trial.journal())


@pytest.mark.parametrize("again", ["a.md", "b.md"])
@pytest.mark.asyncio
async def test_a_draft_that_was_withdrawn_while_it_waited_and_is_put_back_is_posted_at_the_next_time(
    trial: Trial, again: str
) -> None:
    drafts = trial.path.parent / "drafts"
    drafts.mkdir()
    draft(trial, "a.md", "One.")
    trial.rewrite("post: {name: log, from: {folder: drafts}, at: '18:00'}\n")
    await trial.start()
    await walked(trial, 0)
    (drafts / "a.md").rename(drafts / "_a.md")
    await walked(trial, 0)
    assert await trial.bot.ledger.brought("log") == []
    (drafts / "_a.md").rename(drafts / again)
    await walked(trial, 0)
    trial.clock.turn_to(NOON.replace(hour=18))
    await settled(trial, 1)
    # once posted it is known for ever
    (drafts / again).rename(drafts / "_a.md")
    await walked(trial, 1)
    (drafts / "_a.md").rename(drafts / "a.md")
    await walked(trial, 1)
    assert await trial.bot.ledger.brought("log") == []


@pytest.mark.asyncio
async def test_a_draft_that_was_posted_to_one_of_its_places_is_never_posted_there_again(trial: Trial) -> None:
    drafts = trial.path.parent / "drafts"
    drafts.mkdir()
    draft(trial, "a.md", "One.")
    trial.rewrite("post: {name: log, from: {folder: drafts}, at: '18:00', in: [home/quay, home/pier]}\n")
    await trial.start()
    await walked(trial, 0)
    first, _ = await trial.bot.ledger.brought("log")
    trial.bot.ledger.change_agenda(msgspec.structs.replace(first, due=trial.clock.micros()))
    await trial.bot.ledger.committed()
    await walked(trial, 1)
    (drafts / "a.md").rename(drafts / "_a.md")
    await walked(trial, 1)
    (drafts / "_a.md").rename(drafts / "b.md")
    await walked(trial, 1)
    assert await trial.bot.ledger.brought("log") == []
    trial.clock.turn_to(NOON.replace(hour=18))
    await settled(trial, 1)


@pytest.mark.asyncio
async def test_a_draft_does_not_queue_up_behind_one_that_has_a_time_of_its_own(trial: Trial) -> None:
    (trial.path.parent / "drafts").mkdir()
    draft(trial, "feast.md", "---\nwhen: 2026-12-24 18:00\n---\nThe feast.")
    trial.rewrite("post: {name: log, from: {folder: drafts}}\n")
    await trial.start()
    await walked(trial, 0)
    draft(trial, "now.md", "Now.")
    await walked(trial, 1)
    assert trial.platform.texts == ["Now."]


@pytest.mark.asyncio
async def test_a_draft_that_cannot_be_posted_is_told_once_and_the_others_go_out(trial: Trial) -> None:
    (trial.path.parent / "drafts").mkdir()
    draft(trial, "bad.md", "---\nwhn: 2026-12-24 18:00\n---\nBad.")
    draft(trial, "good.md", "Good.")
    trial.rewrite("post: {name: log, from: {folder: drafts}}\n")
    await trial.start()
    await walked(trial, 1)
    draft(trial, "more.md", "More.")
    await walked(trial, 2)
    assert sum("draft refused" in line for line in await trial.journal()) == 1


async def noted(trial: Trial, words: str) -> None:
    """Let time pass until the journal says it."""
    async with asyncio.timeout(20):
        while not any(words in line for line in await trial.journal()):
            trial.clock.turn(timedelta(seconds=1))
            await asyncio.sleep(0.005)


def table(trial: Trial, *rows: str) -> None:
    (trial.path.parent / "plan.csv").write_text("\n".join(["id,when,text", *rows, ""]), encoding="utf-8")


PLAN = "post: {name: plan, from: {calendar: plan.csv}}\n"


@pytest.mark.asyncio
async def test_rows_of_a_calendar_follow_the_table_and_what_was_posted_stays_posted(trial: Trial) -> None:
    table(trial, "past,2026-11-01 08:00,Past.", "a,2026-11-23 13:00,One.", "b,2026-11-24 13:00,Two.")
    trial.rewrite(PLAN)
    await trial.start()
    trial.clock.turn_to(NOON + HOUR)
    await settled(trial, 1)
    table(
        trial,
        "a,2026-11-25 13:00,One edited and moved.",
        "b,2026-11-24 14:00,Two edited.",
        "c,2026-11-24 15:00,Three.",
        "d,2026-11-24 16:00,Four.",
    )
    await noted(trial, "taken up: plan.csv")
    trial.clock.turn_to(datetime(2026, 11, 24, 13, 30, tzinfo=UTC))
    await settled(trial, 1)
    trial.clock.turn_to(datetime(2026, 11, 24, 14, tzinfo=UTC))
    await settled(trial, 2)
    trial.clock.turn_to(datetime(2026, 11, 24, 15, tzinfo=UTC))
    await settled(trial, 3)
    await trial.stop()
    table(trial, "a,2026-11-25 13:00,One edited and moved.")
    await trial.start()
    trial.clock.turn_to(datetime(2026, 11, 26, tzinfo=UTC))
    await settled(trial, 3)
    assert sorted(trial.platform.texts) == ["One.", "Three.", "Two edited."]


@pytest.mark.asyncio
async def test_a_table_with_a_mistake_changes_nothing_and_what_was_valid_last_goes_on(trial: Trial) -> None:
    table(trial, "a,2026-11-23 13:00,One.")
    trial.rewrite(PLAN)
    await trial.start()
    table(trial, "a,tomorrow,One.")
    await noted(trial, "edit refused")
    await trial.stop()
    await trial.start()
    trial.clock.turn_to(NOON + HOUR)
    await settled(trial, 1)


@pytest.mark.asyncio
async def test_what_an_entry_brought_that_has_gone_from_the_file_is_taken_back(trial: Trial) -> None:
    table(trial, "a,2026-11-23 13:00,One.")
    trial.rewrite(PLAN)
    await trial.start()
    await trial.stop()
    trial.rewrite("")
    await trial.start()
    trial.clock.turn_to(NOON + HOUR)
    await settled(trial, 0)


@pytest.mark.asyncio
async def test_while_a_feed_does_not_answer_edits_are_taken_up_and_posts_come_after_a_gap(
    trial: Trial, server: FeedServer
) -> None:
    boats = f"{{name: boats, from: {{feed: '{server.feed}', private: true}}}}"
    trial.rewrite(f"post: {boats}\n")
    await began(trial, server)
    server.answering.clear()
    asked = len(server.asked)
    trial.clock.turn(HOUR)
    await trial.past(lambda: len(server.asked) > asked)
    trial.rewrite(f"post: [{boats}, {{name: bell, at: '15:00', say: Bell.}}]\n")
    await noted(trial, "taken up")
    trial.clock.turn_to(NOON.replace(hour=15))
    await settled(trial, 1)
    server.body = rss(ONE, TWO)
    server.answering.set()
    await taken(trial, server)
    await settled(trial, 2)
    assert trial.platform.texts == ["Bell.", *said(TWO)]
