"""`greenroom calendar`: each due time once, on the clock of the bot, as it will look."""

import re
import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest

from greenroom.scheduling import Schedule
from greenroom.settings import load_bot
from greenroom_adapters.testing.stage import RunningStage

LISBON = ZoneInfo("Europe/Lisbon")
POSTS = """\
post:
  - {name: watch, at: 08:00, about: the weather at sea}
  - {name: lamp, at: 18:00, say: The lamp is lit., poll: {options: [good, bad]}, in: home}
"""
Greenroom = Callable[..., Any]


@pytest.fixture
def bot(write_bot: Callable[..., Path]) -> Path:
    path = write_bot()
    text = path.read_text(encoding="utf-8")
    text = text[: text.index("post:")] + POSTS
    text = text.replace("accounts:\n", "accounts:\n  away: {platform: stage, server: 'http://127.0.0.1:9'}\n")
    path.write_text(text, encoding="utf-8")
    return path


def test_every_due_time_of_the_days_ahead_is_listed_once(greenroom: Greenroom, bot: Path) -> None:
    found = greenroom("calendar", "--days", "10", "--json").json
    now, file = datetime.now(LISBON), load_bot(bot)
    end = (now + timedelta(days=10)).replace(hour=0, minute=0, second=0, microsecond=0)
    expected = {
        (entry.name, one.due.isoformat())
        for entry in file.post
        for one in Schedule.of(entry, timezone=LISBON).between(now, end - timedelta(microseconds=1))
    }
    listed = [
        (one["schedule"], datetime.fromisoformat(one["due"]).astimezone(ZoneInfo("UTC")).isoformat()) for one in found
    ]
    # a time that came between the two looks may be missing in one of them
    assert len(set(listed) ^ expected) <= 1
    assert len(listed) == len(set(listed))
    assert sorted(listed, key=lambda one: one[1]) == listed
    assert {datetime.fromisoformat(one["due"]).astimezone(LISBON).hour for one in found} == {8, 18}


def test_fixed_words_are_shown_whole_and_counted_and_topics_are_told(greenroom: Greenroom, bot: Path) -> None:
    found = greenroom("calendar", "--json").json
    lamp = next(one for one in found if one["schedule"] == "lamp")
    assert (lamp["say"], lamp["in"], lamp["beside"]) == ("The lamp is lit.", ["home"], ["poll: good / bad"])
    assert lamp["counted"] == {"home": {"length": 16, "limit": 500}}
    watch = next(one for one in found if one["schedule"] == "watch")
    assert (watch["about"], sorted(watch["in"]), watch["cost_micros"]) == ("the weather at sea", ["away", "home"], 0)
    said = greenroom("calendar").out
    assert "The lamp is lit." in said
    assert "home: 16 of 500" in said
    assert "about the weather at sea" in said


def test_a_post_put_down_for_two_accounts_is_one_line_and_what_is_too_long_is_told(
    greenroom: Greenroom, bot: Path
) -> None:
    greenroom("post", "x" * 490, "--at", "in 1 hour")
    greenroom("post", "Far away.", "--at", "in 300 days")
    bot.write_text(bot.read_text(encoding="utf-8").replace("The lamp is lit.", "y" * 510), encoding="utf-8")
    said = greenroom("calendar", "--days", "2").out
    assert said.count("x" * 490) == 1
    assert "post 1, 2" in said
    assert "home: 510 of 500, too long by 10" in said
    assert "Far away." not in said


def test_what_a_model_writes_is_told_with_its_price(greenroom: Greenroom, bot: Path) -> None:
    with bot.open("a", encoding="utf-8") as file:
        file.write("engines: [openai/gpt-5-mini, script]\n")
    watch = next(one for one in greenroom("calendar", "--json").json if one["schedule"] == "watch")
    assert watch["cost_micros"] > 0
    assert "writing them costs about" in greenroom("calendar").out


def test_a_bot_that_posts_nothing_says_so(greenroom: Greenroom, bot: Path) -> None:
    bot.write_text(bot.read_text(encoding="utf-8").replace(POSTS, ""), encoding="utf-8")
    assert "Nothing will be posted in the next 3 days." in greenroom("calendar", "--days", "3").out


def test_drafts_need_a_running_bot(greenroom: Greenroom, bot: Path) -> None:
    said = greenroom("calendar", "--draft", "--yes")
    assert said.code == 1
    assert "start it with `greenroom run`" in said.err


@pytest.mark.skipif(sys.platform == "win32", reason="ends bots by signals that Windows has not")
def test_a_running_bot_drafts_ahead_and_the_owner_rewrites_it_in_the_queue(
    greenroom: Greenroom, write_bot: Callable[..., Path], running: Callable[..., Any], stage: RunningStage
) -> None:
    write_bot(server=stage.url, handle=f"draft{uuid4().hex[:8]}")
    running()
    assert "add --yes" in greenroom("calendar", "--draft").err
    found = greenroom("calendar", "--days", "3", "--draft", "--yes", "--json").json
    assert found
    assert all(one["say"] and one["item"] and "drafted ahead, by script" in one["beside"] for one in found)
    queued = greenroom("queue", "list", "--limit", "1", "--times", "1", "--json").json
    dues = [one["due"][:16] for one in queued]
    assert len(dues) == len(set(dues)), "what is drafted is not told as something to be written"
    number = str(found[-1]["item"])
    assert "change its time there" in greenroom("queue", "edit", number, "--at", "in 1 hour").err
    assert greenroom("queue", "edit", number, "In my own words.").code == 0
    again = greenroom("calendar", "--days", "3", "--json").json
    assert len(again) == len(found), "each is there once"
    assert (again[-1]["say"], again[-1]["beside"]) == ("In my own words.", ["drafted ahead, by you"])
    assert "it is written anew when its time comes" in greenroom("queue", "cancel", number).out


def test_what_is_not_listed_is_told_and_counted(
    greenroom: Greenroom, bot: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = bot.read_text(encoding="utf-8")
    bot.write_text(text.replace("name: watch, at: 08:00", "name: watch, cron: '0 * * * *'"), encoding="utf-8")
    whole = greenroom("calendar", "--days", "2")
    assert "more posts are not listed" not in whole.err
    monkeypatch.setattr("greenroom.cli.calendar.MOST", 5)
    cut = greenroom("calendar", "--days", "2")
    (more,) = re.findall(r"`watch`: (\d+) more posts are not listed", cut.err)
    assert int(more) >= 19, "a day has 24 hours, and five of them are listed"
    (total,), (before,) = (re.findall(r"(\d+) posts \(", said.out) for said in (cut, whole))
    # an hour may have begun between the two looks
    assert 0 <= int(before) - int(total) <= 2
    assert len([one for one in greenroom("calendar", "--days", "2", "--json").json if one["schedule"] == "watch"]) == 5


OFTEN = """\
limits: {posts: 12/day}
post:
  - {name: ticker, every: 5 minutes, about: the tide}
  - {name: lamp, at: 18:00, say: The lamp is lit.}
"""


def test_many_posts_of_one_entry_are_one_line_a_day_and_those_over_the_cap_are_told(
    greenroom: Greenroom, write_bot: Callable[..., Path]
) -> None:
    path = write_bot()
    text = path.read_text(encoding="utf-8")
    path.write_text(text[: text.index("post:")] + OFTEN, encoding="utf-8")
    said = greenroom("calendar", "--days", "3")
    assert said.code == 0
    lines = said.out.splitlines()
    assert len(lines) < 40
    assert sum("288 posts until 23:55" in line for line in lines) == 2
    over = re.search(r"home: (\d+) posts are over its limit of 12/day", said.err)
    assert over is not None
    count = sum(one["schedule"] == "ticker" for one in greenroom("calendar", "--days", "3", "--json").json)
    # twelve go out on each of the three days at the most
    assert count - 36 <= int(over[1]) <= count - 24


def test_what_the_owner_words_himself_is_under_no_cap(greenroom: Greenroom, write_bot: Callable[..., Path]) -> None:
    path = write_bot()
    text = path.read_text(encoding="utf-8")
    own = OFTEN.replace("about: the tide", "say: The tide.")
    path.write_text(text[: text.index("post:")] + own, encoding="utf-8")
    assert "over its limit" not in greenroom("calendar", "--days", "2").err
