"""The week in ten lines is what the ledger and the platform know, and the owner hears of it once on Mondays."""

import asyncio
import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from greenroom.app.week import Span, Week, count_week, week_lines
from greenroom.storage import State
from greenroom.testing import Trial
from greenroom_adapters.contract import Author

HOUR, DAY, SECOND = timedelta(hours=1), timedelta(days=1), timedelta(seconds=1)
BEN, RUDE = Author(id="u2", handle="ben"), Author(id="u3", handle="rude")
TWO = """\
bot: ada
persona: ada.yaml
accounts: {home: {platform: scripted}, away: {platform: scripted}}
timezone: UTC
engines: hold
"""


async def counted(trial: Trial) -> Week:
    await trial.bot.ledger.committed()
    file = trial.bot.file
    return await count_week(file, trial.bot.ledger, Span.up_to(trial.clock.now() + SECOND, file.timezone))


async def passes(trial: Trial, time: timedelta, *, by: timedelta = HOUR) -> None:
    """Let time pass in steps, each of which the scheduler has looked at before the next."""
    end = trial.clock.now() + time
    while trial.clock.now() < end:
        trial.clock.turn(by)
        now = trial.clock.micros()
        async with asyncio.timeout(60):
            while ((await trial.bot.ledger.marks())["watch"].until or 0) < now:
                # it may have begun to sleep just before
                trial.clock.turn(SECOND)
                await asyncio.sleep(0.001)
        await trial.bot.settle()


@pytest.mark.asyncio
async def test_what_happened_in_a_week_is_counted_once_and_told_in_ten_lines(trial: Trial) -> None:
    async with trial:
        trial.mention("old news")
        await trial.counted({State.SENT: 1})
        trial.clock.turn(8 * DAY)
        await trial.bot.commands.obey("post", {"text": "Fog."})
        await trial.past(lambda: len(trial.platform.posts) == 2)
        for author in (BEN, BEN, RUDE):
            trial.mention(author=author)
        await trial.past(lambda: len(trial.platform.posts) == 5)
        trial.mention("stop", author=RUDE)
        await trial.counted({State.SENT: 6})
        for _ in range(2):
            trial.mention("hello?", author=RUDE)
        trial.bot.policy.hands.seen("home", "his", trial.clock.micros())
        trial.mention(author=BEN, conversation="his")
        await trial.counted({State.SENT: 6, State.IGNORED: 3})
        week = await counted(trial)
        lines = week_lines(week, trial.bot.file)
    assert (len(week.posted), week.answered, len(week.people), week.stops) == (1, 4, 2, 1)
    assert week.published["home"] == 5 == len(trial.platform.posts) - 1, "one of them is older than the week"
    assert dict(week.left_alone) == {"said stop": 2, "left to you": 1}
    assert sum(day.total() for day in week.daily.values()) == 5
    assert len(lines) == 10
    assert lines[0] == "ada, Wed 25 Nov to Tue 1 Dec"
    assert lines[1:4] == [
        "Posted: 1",
        "Answered: 4, to 2 people",
        "Left alone: 3 (2 said stop, 1 left to you)",
    ]
    assert lines[9] == "Complaints: 0; 1 person said stop"


@pytest.mark.asyncio
async def test_a_post_on_two_accounts_is_one_and_each_account_has_its_own_figure(trial: Trial) -> None:
    trial.rewrite("answer: mentions\n", head=TWO)
    async with trial:
        for text in ("Fog.", "Wind."):
            await trial.bot.commands.obey("post", {"text": text})
        await trial.past(lambda: len(trial.platform.posts) == 4)
        await trial.counted({State.SENT: 4})
        week = await counted(trial)
        assert len(week.posted) == 2
        assert dict(week.posted_on) == {"home": 2, "away": 2}
        assert week_lines(week, trial.bot.file)[1] == "Posted: 2 (away 2, home 2)"


@pytest.mark.asyncio
async def test_what_was_held_is_told_by_what_became_of_it(trial: Trial) -> None:
    trial.rewrite("answer: {to: mentions, within: 1 hour}\napprove: always\n")
    async with trial:
        for _ in range(4):
            trial.mention()
        await trial.counted({State.HELD: 4})
        await trial.bot.commands.obey("approve", {"turns": [1]})
        await trial.bot.commands.obey("refuse", {"turns": [2]})
        await trial.counted({State.HELD: 2, State.SENT: 1, State.WITHDRAWN: 1})
        await trial.counted({State.STALE: 2, State.SENT: 1, State.WITHDRAWN: 1}, by=timedelta(minutes=5))
        trial.mention()
        await trial.counted({State.HELD: 1, State.STALE: 2, State.SENT: 1, State.WITHDRAWN: 1})
        week = await counted(trial)
        line = week_lines(week, trial.bot.file)[4]
    assert line == "Held: 5 (1 wait for you, 1 went out, 1 refused by you, 2 waited too long) See them: greenroom held"
    assert week.withdrawn == 0, "what never went out is not taken back"


@pytest.mark.asyncio
async def test_posts_that_repeat_others_have_a_line_of_their_own(trial: Trial) -> None:
    trial.rewrite("post: {name: log, every: 1 hour, about: the sea}\n")
    trial.engine.outcomes += ["Too late for the tide: fog since four, and the horn answers it every minute."] * 5
    async with trial:
        await trial.past(lambda: len(trial.engine.briefs) == 5, by=15 * SECOND)
        await trial.counted({State.SENT: 1, State.IGNORED: 2})
        week = await counted(trial)
        lines = week_lines(week, trial.bot.file)
    assert lines[1] == "Posted: 1"
    assert lines[3] == "Left alone: 0"
    assert [line for line in lines if line.startswith("Left out: 2 posts")] == [lines[7]]


@pytest.mark.asyncio
async def test_a_late_post_and_one_that_was_too_late_are_told(trial: Trial) -> None:
    trial.rewrite("post: {name: watch, at: '18:00', say: Fog., late_ok: 2 hours}\n")
    async with trial:
        await trial.until(lambda: trial.clock.awaited)
        trial.clock.turn_to(datetime(2026, 11, 23, 12, 30, tzinfo=UTC))
        await passes(trial, 6 * HOUR, by=6 * HOUR)
        await trial.counted({State.SENT: 1})
        await passes(trial, DAY + 3 * HOUR, by=DAY + 3 * HOUR)
        line = week_lines(await counted(trial), trial.bot.file)[6]
    assert re.fullmatch(r"Late: 1 post, by [3-5]\d minutes at the most; 1 not posted, it was too late", line)


@pytest.mark.asyncio
async def test_a_post_whose_time_was_over_when_the_bot_first_ran_is_not_late(trial: Trial) -> None:
    trial.rewrite("post: {name: watch, every: 30 minutes, say: Fog.}\n")
    trial.clock.turn(timedelta(minutes=25))
    async with trial:
        await trial.counted({State.SENT: 1})
        assert week_lines(await counted(trial), trial.bot.file)[6] == "Late: 0 posts; 0 not posted, it was too late"


@pytest.mark.parametrize("zone", ["UTC", "Europe/Lisbon", "Pacific/Auckland", "America/St_Johns"])
@pytest.mark.parametrize("weekday", range(7))
def test_the_week_that_is_over_is_seven_whole_days_from_monday_on(zone: str, weekday: int) -> None:
    # the clocks go back in this one in Lisbon, and forward in Auckland a month before
    now = datetime(2026, 10, 26 + weekday if weekday < 6 else 26, 11, 59, tzinfo=UTC)
    span, here = Span.before(now, ZoneInfo(zone)), ZoneInfo(zone)
    assert len(span.days(here)) == 7
    assert span.days(here)[0].weekday() == 0
    assert span.until <= now < span.until + 7 * DAY + 2 * HOUR
    for edge in (span.since, span.until):
        assert edge.astimezone(here).strftime("%a %H:%M") == "Mon 00:00"


@pytest.mark.asyncio
async def test_the_owner_hears_of_the_week_on_monday_once_however_often_the_bot_starts(trial: Trial) -> None:
    trial.platform.people["maria"] = Author(id="u9", handle="maria")
    trial.rewrite("answer: mentions\ntell: home/@maria\n")

    def told() -> list[str]:
        return [post.text for _, post in trial.platform.posts if post.direct_to == "u9"]

    async with trial:
        trial.mention()
        await trial.counted({State.SENT: 1})
        trial.clock.turn_to(datetime(2026, 11, 30, 7, 30, tzinfo=UTC))
        await trial.until(lambda: trial.clock.awaited)
        assert told() == []
        await trial.past(told, by=timedelta(minutes=1))
        assert trial.clock.now() >= datetime(2026, 11, 30, 8, tzinfo=UTC)
        trial.clock.turn(HOUR)
        await trial.until(lambda: trial.clock.awaited)
    async with trial:
        trial.clock.turn_to(datetime(2026, 12, 7, 7, 30, tzinfo=UTC))
        await trial.until(lambda: trial.clock.awaited)
        assert len(told()) == 1
        await trial.past(lambda: len(told()) == 2, by=timedelta(minutes=1))
    first, second = told()
    assert first.startswith("ada, Mon 23 Nov to Sun 29 Nov\nPosted: 0\nAnswered: 1, to 1 person\nLeft alone: 0\n")
    assert second.startswith("ada, Mon 30 Nov to Sun 6 Dec\nPosted: 0\nAnswered: 0\n")
    assert len(first.splitlines()) == 10


@pytest.mark.asyncio
async def test_who_comes_back_on_a_monday_before_eight_hears_of_each_week_once(trial: Trial) -> None:
    trial.platform.people["maria"] = Author(id="u9", handle="maria")
    trial.rewrite("answer: mentions\ntell: home/@maria\n")

    def told() -> list[str]:
        return [post.text.partition("\n")[0] for _, post in trial.platform.posts if post.direct_to == "u9"]

    async with trial:
        await trial.until(lambda: trial.clock.awaited)
    trial.clock.turn_to(datetime(2026, 12, 14, 3, tzinfo=UTC))
    async with trial:
        await trial.past(told, by=timedelta(minutes=1))
        assert trial.clock.now() < datetime(2026, 12, 14, 8, tzinfo=UTC)
        trial.clock.turn_to(datetime(2026, 12, 14, 7, 59, tzinfo=UTC))
        await trial.past(lambda: len(told()) == 2, by=timedelta(minutes=1))
    assert told() == ["ada, Mon 30 Nov to Sun 6 Dec", "ada, Mon 7 Dec to Sun 13 Dec"]
