"""Whichever way a bot is named, it is that bot."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from greenroom.storage import State

Greenroom = Callable[..., Any]


@pytest.fixture(autouse=True)
def two_bots(write_bot: Callable[..., Path], home: Path, ledger_with: Callable[..., None]) -> None:
    """Two bots; with that a command that is not told which of them stops with an error. Only ada has a ledger."""
    write_bot()
    ben = (home / "bot.yaml").read_text(encoding="utf-8").replace("bot: ada", "bot: ben")
    (home / "ben.yaml").write_text(ben, encoding="utf-8")
    ledger_with(State.HELD)


@pytest.mark.parametrize(
    "words",
    [
        ("status", "bot", "--json"),
        ("status", "--bot", "bot", "--json"),
        ("log", "-b", "bot.yaml"),
        ("week", "--bot", "bot"),
        ("held", "--bot", "bot"),
        ("held", "--bot", "bot", "--json"),
        ("held", "list", "--bot", "bot"),
        ("held", "--bot", "bot", "list"),
        ("held", "--bot", "bot", "refuse", "1"),
        ("queue", "--bot", "bot"),
        ("dead", "-b", "bot"),
        ("rooms", "--json", "-b", "bot"),
        ("try", "--bot", "bot", "is the lamp lit?"),
        ("try", "bot", "is the lamp lit?"),
        ("knowledge", "--bot", "bot"),
        ("persona", "history", "--bot", "bot"),
    ],
    ids=" ".join,
)
def test_a_bot_is_named_by_a_word_or_by_an_option(greenroom: Greenroom, words: tuple[str, ...]) -> None:
    said = greenroom(*words)
    assert said.code in (0, 3) or "has no documents" in said.err
    assert "which bot?" not in said.err


def test_without_a_name_it_is_asked_which_and_two_names_are_one_too_many(greenroom: Greenroom) -> None:
    assert "which bot?" in greenroom("log").err
    twice = greenroom("log", "ben", "--bot", "bot")
    assert twice.code == 2
    assert "named twice: ben and bot" in twice.err


def test_commands_that_are_of_help_with_a_bot_name_it_as_it_was_named(
    greenroom: Greenroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "greenroom held approve TURN --bot bot let it out" in " ".join(greenroom("held", "-b", "bot").out.split())
    monkeypatch.setenv("GREENROOM_BOT", "bot")
    assert "greenroom held approve TURN let it out" in " ".join(greenroom("held").out.split())


def test_the_option_wins_over_the_environment(greenroom: Greenroom, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GREENROOM_BOT", "ben")
    assert greenroom("log").code == 1, "ben has never run"
    assert greenroom("log", "--bot", "bot").code == 0


def test_the_week_of_a_bot_is_ten_lines_an_object_or_bars(greenroom: Greenroom) -> None:
    lines = greenroom("week", "bot").out.splitlines()
    assert len(lines) == 10
    assert lines[4].startswith("Held: 1 (1 wait for you)")
    found = greenroom("week", "bot", "--json").json
    assert (found["bot"], found["held_now"], found["posted"], len(found["days"])) == ("ada", 1, 0, 7)
    assert len(greenroom("week", "bot", "--bars").out.splitlines()) == 18
    assert len(greenroom("week", "bot", "--last", "--json").json["days"]) == 7


@pytest.mark.parametrize(
    "words",
    [("pause", "ben"), ("post", "ben"), ("resume", "bot"), ("queue", "ben"), ("held", "bot"), ("dead", "demo")],
)
def test_a_bot_that_stands_where_another_word_belongs_is_told_how_it_is_named(
    greenroom: Greenroom, words: tuple[str, ...]
) -> None:
    said = greenroom(*words)
    assert said.code != 0
    assert f"`{words[-1]}` is a bot" in said.err
    assert f"--bot {words[-1]}" in said.err


def test_a_bot_that_is_named_in_its_place_is_not_told_how(greenroom: Greenroom) -> None:
    said = greenroom("reset", "--bot", "ben")
    assert said.code == 1, "it has never run"
    assert "is a bot" not in said.err


def test_who_names_no_bot_among_several_reads_how_one_is_named(greenroom: Greenroom) -> None:
    assert "Name one, like `--bot ben.yaml`" in greenroom("queue").err


def test_a_bot_is_known_by_the_name_in_its_file_too(greenroom: Greenroom) -> None:
    assert greenroom("held", "--bot", "ada", "--json").json == greenroom("held", "--bot", "bot", "--json").json


def test_a_bot_that_does_not_run_is_said_to_be_not_running(greenroom: Greenroom) -> None:
    said = greenroom("status", "bot").out
    assert "home on stage: not running" in said
    assert "signed in" not in said


def test_a_persona_without_the_end_of_its_name_is_told_with_it(greenroom: Greenroom, home: Path) -> None:
    bot = home / "ben.yaml"
    bot.write_text("bot: ben\npersona: ada\naccounts: {home: stage}\nanswer: mentions\n", encoding="utf-8")
    (home / "ada.yaml").write_text("persona: Ada\nwho: keeps the lighthouse\n", encoding="utf-8")
    assert "there is no file ada. Did you mean `ada.yaml`?" in greenroom("check", "ben").err
