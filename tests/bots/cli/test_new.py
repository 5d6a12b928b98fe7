"""`greenroom new`: what it writes can be used as it is."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from greenroom.cli.writing import write_bot
from greenroom.personas import load_persona
from greenroom.personas.foreign import Character
from greenroom.settings import Platforms, load_bot
from greenroom_adapters.text import plain

WORDS = st.text(min_size=1, max_size=60).filter(lambda text: bool(text.strip()))


def test_without_a_terminal_it_writes_a_bot_that_passes_check(greenroom: Callable[..., Any], home: Path) -> None:
    said = greenroom("new")
    assert said.code == 0
    assert {path.name for path in home.iterdir()} == {"ada.yaml", "ada-bot.yaml"}
    assert "greenroom run ada-bot.yaml" in said.out
    assert greenroom("check").code == 0
    assert greenroom("check", "ada", "--offline").code == 0


def test_options_are_answers(greenroom: Callable[..., Any], home: Path) -> None:
    greenroom("new", "--name", "Old Tom", "--who", "a cat: grey, fat", "--voice", "curt", "--topics", "fish, naps")
    persona = load_persona(home / "old-tom.yaml")
    assert (persona.persona, persona.who, persona.voice.everywhere) == ("Old Tom", "a cat: grey, fat", "curt")
    assert persona.topics == ("fish", "naps")
    assert load_bot(home / "old-tom-bot.yaml").bot == "old-tom"


def test_the_zone_of_this_machine_is_written_down_so_that_its_times_stay_on_another(
    greenroom: Callable[..., Any], home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tzlocal.get_localzone_name", lambda: "America/New_York")
    greenroom("new")
    monkeypatch.setattr("tzlocal.get_localzone_name", lambda: "Asia/Tokyo")
    assert load_bot(home / "ada-bot.yaml").timezone.key == "America/New_York"


def test_letters_with_marks_are_plain_ones_in_the_name_of_a_file(greenroom: Callable[..., Any], home: Path) -> None:
    assert greenroom("new", "--name", "Zoë Ünal").code == 0
    assert load_persona(home / "zoe-unal.yaml").persona == "Zoë Ünal"


def test_questions_are_asked_on_a_terminal(
    greenroom: Callable[..., Any], home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def prompt(question: str, default: str) -> str:
        asked.append(question)
        return {"What is it called?": "Bella"}.get(question, default)

    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("typer.prompt", prompt)
    assert greenroom("new", "--who", "a bell buoy").code == 0
    assert asked[0] == "What is it called?"
    assert not any("Who is it" in question for question in asked)
    assert load_persona(home / "bella.yaml").who == "a bell buoy"


def test_files_are_written_beside_those_that_are_there(greenroom: Callable[..., Any], home: Path) -> None:
    (home / "config" / "bots").mkdir(parents=True)
    assert greenroom("new", "--name", "Ada").code == 0
    assert (home / "config" / "bots" / "ada.yaml").exists()
    assert (home / "config" / "personas" / "ada.yaml").exists()
    assert greenroom("check", "--offline").code == 0


def test_nothing_is_ever_overwritten(greenroom: Callable[..., Any], home: Path) -> None:
    greenroom("new")
    before = {path: path.read_bytes() for path in home.iterdir()}
    assert greenroom("new", "--who", "somebody else").code == 1
    assert {path: path.read_bytes() for path in home.iterdir()} == before


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=WORDS, who=WORDS, voice=WORDS, topics=WORDS)
def test_whatever_is_answered_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, name: str, who: str, voice: str, topics: str
) -> None:
    subjects = tuple(topic.strip() for topic in topics.split(",") if topic.strip())
    character = Character(name=name, who=who, voice=voice, topics=subjects)
    written = write_bot(character, platform="stage", folder=tmp_path_factory.mktemp("new"))
    persona = load_persona(written.persona)
    assert (persona.persona, persona.who) == (plain(name).strip(), plain(who).strip())
    assert persona.topics == tuple(plain(topic.strip()) for topic in topics.split(",") if topic.strip())


def test_a_platform_that_needs_more_is_asked_for_it_and_its_secret_is_never_written(
    greenroom: Callable[..., Any], home: Path
) -> None:
    refused = greenroom("new", "--name", "Mara", "--platform", "matrix")
    assert refused.code == 1
    assert "matrix needs to know: server. Write --set server=..." in refused.err
    assert list(home.glob("*.yaml")) == []
    made = greenroom("new", "--name", "Mara", "--platform", "matrix", "--set", "server=https://matrix.example.org")
    assert made.code == 0
    assert "in the environment, as MARA_MATRIX_TOKEN" in made.out
    account = (home / "mara-bot.yaml").read_text(encoding="utf-8")
    assert "token: {env: MARA_MATRIX_TOKEN}, live: false}" in account
    assert greenroom("check", "mara-bot.yaml", "--offline").code == 0


@pytest.mark.parametrize("platform", ["discord", "instagram", "matrix", "telegram", "tiktok"])
def test_posts_that_need_what_only_the_owner_knows_wait_for_him_in_a_comment(tmp_path: Path, platform: str) -> None:
    character = Character(name="Mara", who="keeps a log")
    known = {"matrix": {"server": "https://matrix.example.org"}, "tiktok": {"client_key": "awkey"}}.get(platform, {})
    written = write_bot(character, platform=platform, folder=tmp_path, settings=known)
    text = written.bot.read_text(encoding="utf-8")
    assert "# posts need " in text
    installed = Platforms.installed()
    assert load_bot(written.bot, platforms=installed).post == ()
    completed = re.sub(r"(?m)^# (post:|  (?:name|every|about):)", r"\1", text)
    written.bot.write_text(completed, encoding="utf-8")
    assert [entry.name for entry in load_bot(written.bot, platforms=installed).post] == ["log"]
