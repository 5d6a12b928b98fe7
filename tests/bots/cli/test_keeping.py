"""`check` beside a running bot, on a platform that takes a session back once: neither ends the other's."""

import json
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from greenroom_adapters.testing.stage import RunningStage

HARBOUR = Path(__file__).parents[1] / "harbour"
BOT = """\
bot: ada
persona: persona.yaml
timezone: UTC
accounts:
  quay: {{platform: harbour, server: "{server}", handle: ada, token: {{env: QUAY}}, sessions: "{book}"}}
answer: mentions
approve: never
"""


@pytest.fixture(autouse=True)
def harbour(monkeypatch: pytest.MonkeyPatch) -> None:
    """The harbour's adapter is installed, here and in the processes that are started."""
    monkeypatch.syspath_prepend(str(HARBOUR))
    monkeypatch.setenv("PYTHONPATH", str(HARBOUR), prepend=os.pathsep)


@pytest.fixture
def book(home: Path, stage: RunningStage, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The harbour's book of sessions; the bot's file and its token are in place."""
    (home / "persona.yaml").write_text("persona: Ada\nwho: keeps the lighthouse\n", encoding="utf-8")
    (home / "bot.yaml").write_text(BOT.format(server=stage.url, book=home / "book.json"), encoding="utf-8")
    monkeypatch.setenv("QUAY", stage.sign_in("ada"))
    return home / "book.json"


def test_check_asks_the_running_bot_and_both_stay_signed_in(
    book: Path, running: Callable[..., Any], greenroom: Callable[..., Any], stage: RunningStage
) -> None:
    bot = running("bot.yaml")
    at_start = json.loads(book.read_text())
    for _ in range(2):
        said = greenroom("check", "--no-tell", "--json")
        assert said.code == 0, said.err
        assert said.json["accounts"]["quay"]["handle"] == "ada"
    assert json.loads(book.read_text()) not in (at_start, "revoked")
    stage.say(stage.sign_in("ben"), "@ada is the lamp lit?")
    assert bot.read_until("turn")["state"] == "sent"
    bot.kill()
    # what the running bot kept last is what the next process shows
    assert greenroom("check", "--no-tell").code == 0
    assert json.loads(book.read_text()) != "revoked"


def test_a_bot_that_starts_while_another_process_is_signed_in_waits_for_it(
    book: Path, home: Path, running: Callable[..., Any]
) -> None:
    first = running("bot.yaml")
    text = (home / "bot.yaml").read_text(encoding="utf-8").replace("bot: ada", "bot: ada\nstore: data/ada.second")
    (home / "second.yaml").write_text(text, encoding="utf-8")
    # the same accounts, another ledger: as one who copied the file would have it
    second = running("second.yaml", connects=False)
    assert second.read_until("cannot be reached")["why"].startswith("another process is signed in as account `quay`")
    first.signal(signal.SIGTERM)
    assert first.wait()[0] == 0
    second.read_until("connected")
    assert json.loads(book.read_text()) != "revoked"
