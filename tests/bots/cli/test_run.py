"""`greenroom run` in a process of its own, and the other commands beside it."""

import json
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from greenroom.cli import live
from greenroom_adapters.testing.stage import RunningStage

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="sends signals that Windows has not")


def answers(stage: RunningStage, handle: str) -> list[Mapping[str, Any]]:
    token = stage.sign_in("reader")
    return list(stage.call("GET", f"/api/accounts/{handle}/posts", token=token)["posts"])


def test_a_bot_answers_stops_cleanly_and_says_so(
    running: Callable[..., Any], write_bot: Callable[..., Path], stage: RunningStage, until: Callable[..., Any]
) -> None:
    write_bot(server=stage.url, handle="calm", more="limits: {spend: 2 USD/day}\n")
    bot = running()
    start = next(entry for entry in bot.entries if entry["event"] == "running")
    assert start["ledger"].endswith("data/ada.db")
    assert start["accounts"] == {"home": "stage"}
    stage.say(stage.sign_in("ben"), "@calm is the lamp lit?")
    turn = bot.read_until("turn")
    assert turn["state"] == "sent"
    assert turn["input"]["author"] == "ben"
    assert turn["posts"][0]["url"].startswith(stage.url)
    bot.signal(signal.SIGTERM)
    code, errors = bot.wait()
    assert code == 0
    assert errors == ""
    assert [entry["event"] for entry in bot.entries][-2:] == ["stopping", "stopped"]


def test_what_a_bot_writes_is_its_owners_alone(
    running: Callable[..., Any], write_bot: Callable[..., Path], stage: RunningStage, home: Path
) -> None:
    write_bot(server=stage.url, handle="discreet")
    bot = running()
    stage.say(stage.sign_in("ben"), "@discreet is the lamp lit?")
    bot.read_until("turn")
    modes = {path.name: path.stat().st_mode for path in (home / "data", *(home / "data").rglob("*"))}
    assert modes.keys() > {"data", "ada.db", "ada.db-wal", "ada.db-runner"}
    assert [name for name, mode in modes.items() if mode & 0o077] == []


def test_a_killed_bot_goes_on_and_commands_work_beside_it(
    running: Callable[..., Any],
    write_bot: Callable[..., Path],
    stage: RunningStage,
    greenroom: Callable[..., Any],
    until: Callable[..., Any],
) -> None:
    write_bot(server=stage.url, handle="stubborn")
    ben = stage.sign_in("ben")
    running().kill()
    assert greenroom("status").code == 3
    for number in range(5):
        stage.say(ben, f"@stubborn is the lamp lit, evening {number}?")
    running()
    until(lambda: len(answers(stage, "stubborn")) == 5)

    health = greenroom("status", "--json")
    assert health.code == 0
    assert health.json["running"] is True
    assert health.json["accounts"]["home"]["connected"] is True
    assert health.json["needs"] == []

    second = greenroom("run")
    assert second.code == 4
    assert "stop that one first" in second.err

    now = greenroom("post", "Lamp lit.", "--json").json
    assert now["running"] is True
    assert [turn["answer"] for turn in now["turns"]] == [["Lamp lit."]]
    assert now["turns"][0]["state"] == "sent"

    assert greenroom("pause", "home", "--why", "a storm").code == 0
    paused = greenroom("status")
    assert paused.code == 3
    assert "paused (a storm)" in paused.out
    waiting = greenroom("post", "Lamp out.")
    assert "greenroom resume" in waiting.out
    assert all(post["text"] != "Lamp out." for post in answers(stage, "stubborn"))
    assert greenroom("resume", "home").code == 0
    until(lambda: any(post["text"] == "Lamp out." for post in answers(stage, "stubborn")))

    later = greenroom("post", "Good night.", "--at", "in 5 hours", "--json").json["items"][0]
    assert greenroom("queue", "edit", str(later), "Sleep well.").code == 0
    assert [one["say"] for one in greenroom("queue", "list", "--json").json if one["item"]] == ["Sleep well."]
    assert greenroom("queue", "cancel", str(later)).code == 0
    assert greenroom("log", "--limit", "3").code == 0
    assert len(answers(stage, "stubborn")) == 7


def test_many_posts_from_a_file_reach_a_running_bot(
    running: Callable[..., Any],
    write_bot: Callable[..., Path],
    home: Path,
    stage: RunningStage,
    greenroom: Callable[..., Any],
    until: Callable[..., Any],
) -> None:
    write_bot(server=stage.url, handle="busy")
    running()
    (home / "posts.txt").write_text("".join(f"Line {number}\n" for number in range(20)), encoding="utf-8")
    assert len(greenroom("post", "--from-file", "posts.txt", "--json").json["items"]) == 20
    until(lambda: len(answers(stage, "busy")) == 20)


def test_the_demo_starts_the_stage_in_an_empty_folder_and_takes_it_along(
    running: Callable[..., Any], home: Path
) -> None:
    bot = running()
    start = next(entry for entry in bot.entries if entry["event"] == "running")
    assert start["ledger"] == str(home / "data" / "demo.db")
    assert start["addresses"]["stage"].startswith("http://127.0.0.1:")
    stage = json.loads((home / "data" / "stage.db.json").read_text(encoding="utf-8"))
    bot.signal(signal.SIGINT)
    code, errors = bot.wait()
    assert (code, errors) == (0, "")
    with pytest.raises(ProcessLookupError):
        os.kill(stage["pid"], 0)
    assert {path.name for path in home.iterdir()} == {"data"}


def test_a_second_signal_stops_at_once(
    running: Callable[..., Any], write_bot: Callable[..., Path], until: Callable[..., Any]
) -> None:
    with RunningStage() as stage:
        write_bot(server=stage.url, handle="stuck")
        bot = running()
        stage.freeze()
        try:
            bot.signal(signal.SIGINT)
            bot.read_until("stopping")
            time.sleep(0.4)  # what comes sooner is the same Ctrl-C, passed on twice
            bot.signal(signal.SIGINT)
            code, _ = bot.wait()
        finally:
            stage.thaw()
    assert code == 130


def test_a_bot_waits_for_a_platform_that_is_away(
    home: Path, write_bot: Callable[..., Path], running: Callable[..., Any]
) -> None:
    stage = RunningStage(data=home / "away.db").start()
    try:
        write_bot(server=stage.url, handle="patient")
        bot = running()
        stage.stop()
        time.sleep(0.5)
        stage.start()
        stage.say(stage.sign_in("ben"), "@patient are you there?")
        assert bot.read_until("turn")["state"] == "sent"
        bot.signal(signal.SIGTERM)
        assert bot.wait() == (0, "")
    finally:
        stage.stop()


def test_the_command_for_other_bots_can_be_typed_where_no_path_leads_to_it(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = home / "bin" / "greenroom"
    program.parent.mkdir()
    program.touch(mode=0o755)
    monkeypatch.setattr(sys, "argv", ["bin/greenroom", "run", "demo"])
    monkeypatch.setenv("PATH", str(home))
    assert live.program_name() == "bin/greenroom"
    monkeypatch.setenv("PATH", str(program.parent))
    assert live.program_name() == "greenroom"
