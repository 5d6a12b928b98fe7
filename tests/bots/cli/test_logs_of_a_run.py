"""What `greenroom run` writes for programs: whose it is in each line, no credential, no word where none is wanted."""

import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from greenroom.cli.live import JsonLog, LiveLog
from greenroom.storage import Draft, State, Turn
from greenroom_adapters.contract import Author, MentionReceived, PostRef, Surface, Trust
from greenroom_adapters.testing.stage import RunningStage

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="sends signals that Windows has not")

PERSONAL = ("sorrow", "ben", "lamp")


def turn() -> Turn:
    event = MentionReceived(
        id="e1",
        source="mentions",
        cursor="1",
        occurred_at=datetime(2026, 11, 23, tzinfo=UTC),
        post=PostRef(id="p1"),
        author=Author(id="person-of-ben", handle="ben"),
        text="my secret sorrow",
        conversation="c1",
    )
    made = Turn("home", "e1", "home/c1", "mention", event, Surface.REPLY, "answer 1", Trust.ANYONE, 1, 2, "p1")
    made.seq, made.state, made.draft = 7, State.IGNORED, Draft(parts=("The lamp is lit.",), engine="script")
    made.reason = "@ben has had 5 answers within an hour (limits: replies_per_person)"
    return made


def test_every_line_says_whose_it_is_and_masks_what_looks_like_a_credential(
    running: Callable[..., Any], write_bot: Callable[..., Path], stage: RunningStage
) -> None:
    write_bot(server=stage.url, handle="open")
    bot = running("--observe", "127.0.0.1:0")
    stage.say(stage.sign_in("ben"), "@open is sk-live-0123456789abcdef yours?")
    told = bot.read_until("turn")
    assert {entry["bot"] for entry in bot.entries} == {"ada"}
    assert all(entry["at"] and entry["event"] for entry in bot.entries)
    assert (told["account"], told["turn"], told["input"]["author"]) == ("home", 1, "ben")
    assert told["posts"][0]["post"]
    assert "***" in told["input"]["text"]
    assert "0123456789abcdef" not in json.dumps(bot.entries)


def test_without_texts_no_line_has_a_word_or_a_person(
    running: Callable[..., Any], write_bot: Callable[..., Path], stage: RunningStage
) -> None:
    write_bot(server=stage.url, handle="shy")
    bot = running("--no-texts", "--debug")
    stage.say(stage.sign_in("ben"), "@shy my secret sorrow")
    told = bot.read_until("turn")
    assert (told["state"], told["reason"], told["kind"]) == ("sent", "usual", "mention")
    assert "sorrow" not in json.dumps(bot.entries)
    assert "ben" not in {told.get("author"), *map(str, told.values())}
    assert "input" not in told
    assert "answer" not in told


@pytest.mark.parametrize("log", [JsonLog("ada", texts=False), LiveLog(UTC, texts=False)])
def test_what_became_of_a_turn_is_told_without_words(
    log: JsonLog | LiveLog, capsys: pytest.CaptureFixture[str]
) -> None:
    log.rested(turn())
    said = capsys.readouterr().out
    assert "ignored" in said
    assert "limit" in said
    assert not any(word in said for word in PERSONAL)


def test_why_a_turn_waits_is_told_without_words(capsys: pytest.CaptureFixture[str]) -> None:
    JsonLog("ada", texts=False).wrote({"event": "stale", "level": "info", "turn": 7, "why": "@ben: too late for it"})
    assert json.loads(capsys.readouterr().out)["why"] == "too_late"
