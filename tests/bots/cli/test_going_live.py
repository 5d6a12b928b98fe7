"""`greenroom live` and what an account says and does not say before it."""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from greenroom.cli.writing import write_bot as write_new
from greenroom.personas.foreign import Character
from greenroom.settings import load_bot
from greenroom_adapters.testing.stage import RunningStage


@pytest.mark.skipif(sys.platform == "win32", reason="ends bots by signals that Windows has not")
def test_a_running_bot_that_rehearses_goes_live_by_a_command(
    running: Callable[..., Any],
    write_bot: Callable[..., Path],
    stage: RunningStage,
    greenroom: Callable[..., Any],
) -> None:
    path = write_bot(server=stage.url, handle="bashful")
    path.write_text(
        path.read_text(encoding="utf-8").replace("handle: bashful", "handle: bashful, live: false"), "utf-8"
    )
    bot = running()
    ben = stage.sign_in("ben")
    stage.say(ben, "@bashful is the lamp lit?")
    rehearsed = bot.read_until("turn")
    assert rehearsed["state"] == "ignored"
    assert rehearsed["answer"]
    shown = greenroom("log")
    assert rehearsed["answer"][0] in shown.out
    assert "rehearsing: this would have been said" in shown.out

    said = greenroom("live", "home")
    assert said.code == 0
    assert "The running bot has taken it up." in said.out
    assert bot.read_until("taken up")["file"] == "bot.yaml"
    stage.say(ben, "@bashful and now?")
    assert bot.read_until("turn")["state"] == "sent"

    assert greenroom("live", "home", "--rehearse", "--json").json == {
        "account": "home",
        "live": False,
        "changed": True,
        "running": True,
    }
    bot.read_until("taken up")
    stage.say(ben, "@bashful once more?")
    assert bot.read_until("turn")["state"] == "ignored"
    posts = stage.call("GET", "/api/accounts/bashful/posts", token=stage.sign_in("reader"))["posts"]
    assert len(posts) == 1, "what it would have said before is not said later"


@pytest.mark.skipif(sys.platform == "win32", reason="ends bots by signals that Windows has not")
def test_what_the_running_bot_does_not_do_is_not_said(
    running: Callable[..., Any],
    write_bot: Callable[..., Path],
    stage: RunningStage,
    greenroom: Callable[..., Any],
) -> None:
    path = write_bot(server=stage.url, handle="loud")
    persona = load_bot(path).persona
    bot = running()
    whole = persona.read_text(encoding="utf-8")
    persona.write_text(f"{whole}voicce: dry\n", encoding="utf-8")
    said = greenroom("live", "home", "--rehearse")
    assert (said.code, said.err) == (0, "")
    assert "home rehearses: it listens, and nothing is published." in said.out
    stage.say(stage.sign_in("ben"), "@loud is the lamp lit?")
    assert bot.read_until("turn")["state"] == "ignored"
    refused = greenroom("live", "home")
    assert refused.code == 1
    assert "the running bot goes on rehearsing on home, because its files have mistakes" in refused.err
    assert "voicce" in refused.err
    persona.write_text(whole, encoding="utf-8")
    assert "is live" in greenroom("live", "home").out


def test_nothing_is_edited_twice(greenroom: Callable[..., Any], write_bot: Callable[..., Path]) -> None:
    path = write_bot()
    before = path.read_bytes()
    said = greenroom("live", "home")
    assert said.code == 0
    assert "already" in said.out
    assert path.read_bytes() == before


def test_a_new_bot_on_a_real_platform_rehearses_and_one_on_this_machine_does_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = tmp_path / "site" / "a_platform-1.0.dist-info"
    site.mkdir(parents=True)
    (site / "METADATA").write_text("Metadata-Version: 2.1\nName: a-platform\nVersion: 1.0\n", encoding="utf-8")
    (site / "entry_points.txt").write_text(
        "[greenroom.adapters]\nfar-away = greenroom_adapters.stage:StageAdapter\n", encoding="utf-8"
    )
    monkeypatch.setattr(sys, "path", [str(site.parent), *sys.path])
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))

    def live(name: str, platform: str, *, at_once: bool = False) -> bool:
        character = Character(name=name, who="is here", voice="dry")
        written = write_new(character, platform=platform, folder=tmp_path, live=at_once)
        account = load_bot(written.bot).accounts["home"]
        assert written.rehearses is not account.live
        return account.live

    assert live("One", "stage")
    assert not live("Two", "far-away")
    assert live("Three", "far-away", at_once=True)
