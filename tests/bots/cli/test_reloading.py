"""`greenroom run` with files that are edited, over the real command line."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from greenroom_adapters.testing.stage import RunningStage

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="ends bots by signals that Windows has not")


def test_an_edit_is_taken_up_a_mistake_is_told_and_a_restart_goes_on_with_the_last_good_version(
    running: Callable[..., Any],
    write_bot: Callable[..., Path],
    home: Path,
    stage: RunningStage,
    greenroom: Callable[..., Any],
) -> None:
    path = write_bot(server=stage.url, handle="edited")
    bot = running()
    good = (home / "persona.yaml").read_text(encoding="utf-8")
    (home / "persona.yaml").write_text(good + "nicknames: [lamp]\n", encoding="utf-8")
    taken = bot.read_until("taken up")
    assert taken["file"] == "persona.yaml"
    assert len(taken["was"]) == len(taken["now"]) == 8
    assert bot.read_until("next post")["post"] == "watch"
    path.write_text(path.read_text(encoding="utf-8").replace("answer:", "answr:"), encoding="utf-8")
    refused = bot.read_until("edit refused")
    assert "bot.yaml:6:1" in refused["why"]
    assert refused["level"] == "error"

    # whoever has just spoilt his file can still stop the bot, and see how it is
    stopped = greenroom("stop-all")
    assert stopped.code == 0, stopped.err
    assert "bot.yaml:6:1" in stopped.err
    assert bot.read_until("everything stopped")["what"] == "stopped by hand"
    status = greenroom("status", "--json")
    assert status.code == 3
    assert "greenroom check" in status.json["needs"][0]
    assert "stopped" in status.json["needs"][1]
    assert greenroom("resume").code == 0
    assert bot.read_until("resumed")["what"] == "everything"
    bot.kill()

    again = running()
    start = next(entry for entry in again.entries if entry["event"] == "running")
    assert "bot.yaml:6:1" in start["mistakes"][0]
    assert any(entry["event"] == "edit refused" for entry in again.entries)
    stage.say(stage.sign_in("ben"), "@edited is the lamp lit?")
    assert again.read_until("turn")["state"] == "sent"
    assert greenroom("check").code == 1

    path.write_text(path.read_text(encoding="utf-8").replace("answr:", "answer:") + "# mended\n", encoding="utf-8")
    assert again.read_until("taken up")["file"] == "bot.yaml"
