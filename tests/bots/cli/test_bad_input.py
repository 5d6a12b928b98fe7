"""What an owner can do wrong: each is told in words, with what helps, and never with a traceback."""

import os
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from greenroom.storage import State
from greenroom_adapters.testing.stage import RunningStage

FILES: dict[str, tuple[str, tuple[str, ...]]] = {
    "broken YAML": ("bot: [ada\n", ("bot.yaml:", "not closed")),
    "an empty file": ("", ("bot.yaml:1:1", "empty")),
    "a tab": ("bot: ada\n\tpersona: x\n", ("bot.yaml:2", "tab")),
    "an unknown key": ("bot: ada\npersona: p.yaml\naccounts: {home: stage}\nposts: 3\n", ("bot.yaml:4:1", "`post`")),
    "a misspelt key": ("bot: ada\npersona: p.yaml\nacounts: {home: stage}\n", ("bot.yaml:3:1", "`accounts`")),
    "a wrong time zone": (
        "bot: ada\npersona: p.yaml\naccounts: {home: stage}\ntimezone: Europe/Lisboa\n",
        ("bot.yaml:4", "Europe/Lisbon"),
    ),
    "an unknown platform": ("bot: ada\npersona: p.yaml\naccounts: {home: stag}\n", ("bot.yaml:3", "`stage`")),
    "a time that is none": (
        "bot: ada\npersona: p.yaml\naccounts: {home: stage}\npost: {at: 25:00}\n",
        ("bot.yaml:4", "08:00"),
    ),
    "a missing persona": ("bot: ada\npersona: gone.yaml\naccounts: {home: stage}\n", ("gone.yaml",)),
    "a key in plain sight": (
        "bot: ada\npersona: p.yaml\naccounts: {home: stage}\n"
        "engines: {text: {model: openai/gpt-5-mini, key: sk-0123456789abcdef}}\n",
        ("bot.yaml:4", "{env: NAME}"),
    ),
    "not UTF-8": ("bot: ad\udcff\n", ("bot.yaml:1", "UTF-8")),
}


@pytest.mark.parametrize("command", ["check", "run", "status"])
@pytest.mark.parametrize("mistake", FILES)
def test_a_mistake_in_a_file_is_told_with_its_place_and_its_mend(
    greenroom: Callable[..., Any], home: Path, mistake: str, command: str
) -> None:
    text, fragments = FILES[mistake]
    (home / "p.yaml").write_text("persona: Ada\nwho: keeps the lamp\n", encoding="utf-8")
    (home / "bot.yaml").write_bytes(text.encode("utf-8", "surrogateescape"))
    if mistake == "a missing persona" and command == "status":
        pytest.skip("the status of a bot does not read its persona")
    said = greenroom(command, "bot.yaml")
    assert said.code == 1
    assert said.err.startswith("error: ")
    for fragment in fragments:
        assert fragment in said.err
    assert "sk-0123456789abcdef" not in said.err


def test_every_mistake_of_a_file_is_told_at_once(greenroom: Callable[..., Any], home: Path) -> None:
    (home / "bot.yaml").write_text("bot: ada\ntimezone: Mars\nposts: 1\naccounts: {home: stag}\n", encoding="utf-8")
    said = greenroom("check", "bot.yaml")
    assert said.code == 1
    assert all(f"bot.yaml:{line}:" in said.err for line in (2, 3, 4))
    assert len(greenroom("check", "bot.yaml", "--json").json["mistakes"]) >= 4


# words, what to type → what must be told
COMMANDS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "no such file": (("run", "nope.yaml"), ("nope.yaml", "There are: bot.yaml")),
    "a folder for a file": (("run", "data"), ("data is a folder", "no bot in it")),
    "an unknown account": (("pause", "hme"), ("`hme`", "home")),
    "an unknown place": (("post", "hello", "--in", "hme"), ("`hme`", "Did you mean `home`?")),
    "no such turn": (("log", "--turn", "99"), ("turn 99", "greenroom log")),
    "no such turn to answer": (("held", "answer", "99", "Hello."), ("turn 99", "greenroom log")),
    "a turn that nobody passed on": (("held", "answer", "1", "Hello."), ("turn 1 is sent", "tell: true")),
    "nothing can be taken back without a bot": (("undo",), ("start it with `greenroom run bot.yaml`",)),
    "nothing can be drafted without a bot": (("calendar", "--draft", "--yes"), ("start it with `greenroom run`",)),
    "no such turn to retry": (("dead", "retry", "99"), ("turn 99", "greenroom dead")),
    "no such turn to explain": (("explain", "--turn", "99"), ("turn 99", "greenroom log")),
    "a turn in another state": (("dead", "sent", "1"), ("turn 1 is sent",)),
    "no such post": (("queue", "cancel", "99"), ("post 99", "greenroom queue")),
    "no such post to edit": (("queue", "edit", "99", "x"), ("post 99", "greenroom queue")),
    "a time that is none": (("post", "hello", "--at", "teatime"), ("`teatime`", "18:00", "in 2 hours")),
    "a time with minutes or months": (("post", "hello", "--at", "in 10m"), ("10 minutes",)),
    "a time that has passed": (("post", "hello", "--at", "2001-01-01 12:00"), ("has passed",)),
    "an empty text": (("post", "  "), ("empty",)),
    "no such picture": (("post", "x", "--picture", "gone.png", "--alt", "a lamp"), ("gone.png", "no such picture")),
    "a picture that is none": (("post", "x", "--picture", "bot.yaml", "--alt", "a"), ("bot.yaml", ".png")),
    "no such list": (("post", "--from-file", "gone.txt"), ("gone.txt",)),
    "an empty list": (("post", "--from-file", "empty.txt"), ("empty.txt", "one a line")),
    "a list with a past time": (("post", "--from-file", "past.txt"), ("past.txt:2", "has passed")),
    "a list that is not UTF-8": (("post", "--from-file", "latin.txt"), ("latin.txt", "UTF-8")),
    "an empty change": (("queue", "edit", "1", " "), ("greenroom queue cancel 1",)),
    "an unknown kind": (("explain", "--text", "x", "--kind", "mentoin"), ("`mentoin`", "`mention`")),
    "a join into nowhere": (("explain", "--kind", "join"), ("--in account/room",)),
    "an unknown platform": (("new", "--platform", "stag"), ("`stage`",)),
    "a file that exists": (("new", "--name", "Taken", "--folder", "."), ("taken.yaml exists", "--name")),
    "an unknown account to go live": (("live", "hme"), ("`hme`", "home")),
    "an account in a broken file to go live": (("live", "home", "--bot", "more/broken.yaml"), ("broken.yaml:2",)),
    "an unknown account to catch up": (("catch-up", "hme"), ("`hme`", "home")),
    "a bad stretch to catch up": (("catch-up", "home", "--since", "10m"), ("--since", "10 minutes")),
    "catching up without a running bot": (("catch-up", "home"), ("greenroom run bot.yaml",)),
    "a reset without a ledger": (("reset", "more/other.yaml", "--yes"), ("other.db", "nothing to forget")),
    "a folder that is a file": (("schema", "--out", "bot.yaml/x"), ("bot.yaml",)),
}


@pytest.mark.parametrize("mistake", COMMANDS)
def test_a_command_that_cannot_be_done_says_why_and_what_helps(
    greenroom: Callable[..., Any],
    home: Path,
    write_bot: Callable[..., Path],
    ledger_with: Callable[..., None],
    mistake: str,
) -> None:
    write_bot()
    ledger_with(State.SENT)
    (home / "empty.txt").write_text("\n \n", encoding="utf-8")
    (home / "past.txt").write_text("first\n2001-01-01 12:00 second\n", encoding="utf-8")
    (home / "latin.txt").write_bytes("müde\n".encode("latin-1"))
    (home / "more").mkdir()
    (home / "more" / "broken.yaml").write_text("bot: [ada\n", encoding="utf-8")
    other = "bot: other\npersona: ../persona.yaml\naccounts: {home: stage}\n"
    (home / "more" / "other.yaml").write_text(other, encoding="utf-8")
    (home / "taken.yaml").write_text("persona: Somebody\nwho: is here\n", encoding="utf-8")
    words, fragments = COMMANDS[mistake]
    said = greenroom(*words)
    assert said.code == 1
    assert said.out == ""
    for fragment in fragments:
        assert fragment in said.err
    as_json = greenroom(*words, "--json")
    assert as_json.code == 1
    assert set(as_json.json) == {"error"}


USAGE: dict[str, tuple[str, ...]] = {
    "no account to go live": ("live",),
    "no account to catch up": ("catch-up",),
    "an unknown command": ("runn",),
    "an unknown option": ("status", "--jsn"),
    "no text": ("post",),
    "two texts": ("post", "hello", "--about", "the sea"),
    "a picture without words": ("post", "hello", "--picture", "lamp.png"),
    "a number that is none": ("dead", "drop", "first"),
    "nothing to explain": ("explain",),
    "nothing to change": ("queue", "edit", "1"),
    "every without a file": ("post", "hello", "--every", "1 hour"),
    "no post at all": ("log", "--limit", "0"),
}


@pytest.mark.parametrize("mistake", USAGE)
def test_a_command_line_that_is_not_understood_leaves_with_2(
    greenroom: Callable[..., Any], write_bot: Callable[..., Path], mistake: str
) -> None:
    write_bot()
    said = greenroom(*USAGE[mistake])
    assert said.code == 2
    assert "Error: " in said.err


LEADS: dict[str, tuple[tuple[str, ...], str]] = {
    "a word too many": (("queue", "edit", "9", "Hello.", "there"), "Example: greenroom queue edit 12"),
    "nothing said": (("post",), "Example: greenroom post"),
    "nothing to change": (("queue", "edit", "9"), "Error: say what to change: its words (TEXT)"),
    "nothing named": (("live",), "Example: greenroom live"),
    "a part of a command's name": (("stop",), "Did you mean 'stop-all' or 'pause'?"),
    "the beginning of a command's name": (("catch",), "Did you mean 'catch-up'?"),
    "what others call a command": (("start",), "Did you mean 'run'?"),
    "a command that is nearly one": (("chekc",), "Did you mean 'check'?"),
    "no command of a group": (("queue", "9"), "There are: list, edit, cancel"),
    "a post of the bot file to edit": (("queue", "edit", "morning", "New."), "`morning` is no number. What"),
    "a post of the bot file to cancel": (("queue", "cancel", "morning"), "in the bot file and is changed there"),
    "a word for a number": (("dead", "retry", "first"), "'TURN': this must be a number"),
    "a number that is too small": (("log", "--limit", "0"), "'--limit': this must be at least 1"),
    "a number that is too large": (("queue", "list", "--times", "1001"), "'--times': this must be at most 1000"),
    "a word that is none of a few": (("try", "bot", "Hello.", "--surface", "tweet"), "'-s': 'tweet' is not one of"),
    "no command at all": (("xyzzy",), "`greenroom --help` lists all of them"),
    "what somebody says to a post": (("try", "bot", "the sea", "--surface", "post"), "--about WORDS"),
    "what a reply is about": (("try", "bot", "--about", "the sea", "--surface", "reply"), "keep one of them"),
}


@pytest.mark.parametrize("mistake", LEADS)
def test_a_command_line_that_is_not_understood_is_told_with_what_leads_on(
    greenroom: Callable[..., Any], write_bot: Callable[..., Path], mistake: str
) -> None:
    write_bot()
    words, lead = LEADS[mistake]
    said = greenroom(*words)
    assert said.code == 2
    assert lead in said.err


def test_the_number_of_a_turn_is_no_bot(greenroom: Callable[..., Any], write_bot: Callable[..., Path]) -> None:
    write_bot()
    assert "`greenroom log --turn 99`" in greenroom("log", "99").err


def test_several_bots_are_named_when_none_was_chosen(
    greenroom: Callable[..., Any], home: Path, write_bot: Callable[..., Path]
) -> None:
    text = write_bot().read_text(encoding="utf-8")
    (home / "other.yaml").write_text(text.replace("bot: ada", "bot: other"), encoding="utf-8")
    said = greenroom("status")
    assert said.code == 1
    assert "bot.yaml, other.yaml" in said.err


@pytest.mark.parametrize("words", [("status",), ("log",), ("dead", "list"), ("queue", "cancel", "1")])
def test_a_missing_ledger_is_told_and_not_made(
    greenroom: Callable[..., Any], home: Path, write_bot: Callable[..., Path], words: tuple[str, ...]
) -> None:
    write_bot()
    said = greenroom(*words)
    assert said.code == 1
    assert "greenroom run" in said.err
    assert not (home / "data").exists()


@pytest.mark.parametrize("words", [("run",), ("check",), ("check", "--json")])
def test_a_missing_secret_is_told_with_its_place(
    greenroom: Callable[..., Any],
    write_bot: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
    words: tuple[str, ...],
) -> None:
    monkeypatch.delenv("LIGHTHOUSE_KEY", raising=False)
    write_bot(more="engines: {text: {model: openai/gpt-5-mini, key: {env: LIGHTHOUSE_KEY}}}\n")
    said = greenroom(*words)
    assert said.code == 1
    assert "export LIGHTHOUSE_KEY=" in said.out + said.err


def test_a_model_without_a_price_is_told_with_the_line_to_add(
    greenroom: Callable[..., Any], write_bot: Callable[..., Path]
) -> None:
    write_bot(more="engines: openai/gpt-99\n")
    said = greenroom("run")
    assert said.code == 1
    assert "price: {input:" in said.err


def test_a_model_that_is_spelt_otherwise_is_told_with_the_nearest_that_has_a_price(
    greenroom: Callable[..., Any], write_bot: Callable[..., Path]
) -> None:
    write_bot(more="engines: openai/gpt-5-minni\n")
    said = greenroom("run")
    assert said.code == 1
    assert "Did you mean `openai/gpt-5-mini`? Else add to it" in said.err


@pytest.mark.parametrize("words", [("run",), ("check",)])
def test_an_account_whose_settings_do_not_go_together_is_told_by_its_name(
    greenroom: Callable[..., Any], write_bot: Callable[..., Path], words: tuple[str, ...]
) -> None:
    account = "accounts: {tower: {platform: x}}"
    write_bot().write_text(f"bot: ada\npersona: persona.yaml\n{account}\nanswer: mentions\n", encoding="utf-8")
    said = greenroom(*words)
    assert said.code == 1
    assert said.err.count("account `tower`") == 1
    assert "`api_key`, `api_secret`, `token`, `token_secret` missing" in said.err


def test_a_server_that_cannot_be_reached_is_told_by_check(
    greenroom: Callable[..., Any], write_bot: Callable[..., Path]
) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        write_bot(server=f"http://127.0.0.1:{port}")
        said = greenroom("check")
    assert said.code == 1
    assert "account `home`" in said.err
    assert "does it run?" in said.err


def test_a_token_that_was_taken_back_is_told_by_check(
    greenroom: Callable[..., Any], home: Path, write_bot: Callable[..., Path], stage: RunningStage
) -> None:
    path = write_bot(server=stage.url, handle="revoked")
    (home / "token").write_text("no-such-token", encoding="utf-8")
    (home / "token").chmod(0o600)
    text = path.read_text(encoding="utf-8").replace("handle: revoked", "token: {file: token}")
    path.write_text(text, encoding="utf-8")
    said = greenroom("check")
    assert said.code == 1
    assert "greenroom check" in said.err
    assert "credentials" in said.err
    assert "no-such-token" not in said.out + said.err


def test_a_second_runner_is_refused_with_the_first_ones_process(
    greenroom: Callable[..., Any], home: Path, write_bot: Callable[..., Path], ledger_with: Callable[..., None]
) -> None:
    write_bot()
    ledger_with()
    lock = sqlite3.connect(home / "data" / "ada.db-runner", isolation_level=None)
    try:
        lock.execute("BEGIN EXCLUSIVE")
        said = greenroom("run")
    finally:
        lock.close()
    assert said.code == 4
    assert f"process {os.getpid()}" in said.err
    assert "stop that one first" in said.err


@pytest.mark.parametrize("words", [("run",), ("status",), ("log",), ("post", "hello"), ("pause",), ("queue",)])
def test_a_damaged_ledger_is_told_with_what_to_do(
    greenroom: Callable[..., Any], home: Path, write_bot: Callable[..., Path], words: tuple[str, ...]
) -> None:
    write_bot()
    (home / "data").mkdir()
    (home / "data" / "ada.db").write_bytes(b"this was a ledger once, and is none any more" * 100)
    said = greenroom(*words)
    assert said.code == 1
    assert "ada.db" in said.err
    assert "restore a backup" in said.err


@pytest.mark.parametrize("words", [("run",), ("status",), ("post", "hello")])
def test_a_ledger_of_a_newer_program_is_told(
    greenroom: Callable[..., Any],
    home: Path,
    write_bot: Callable[..., Path],
    ledger_with: Callable[..., None],
    words: tuple[str, ...],
) -> None:
    write_bot()
    ledger_with()
    db = sqlite3.connect(home / "data" / "ada.db")
    db.execute("PRAGMA user_version=99")
    db.commit()
    db.close()
    said = greenroom(*words)
    assert said.code == 1
    assert "update greenroom" in said.err


def test_the_ledger_of_another_bot_is_told(
    greenroom: Callable[..., Any], home: Path, write_bot: Callable[..., Path], ledger_with: Callable[..., None]
) -> None:
    ledger_with()
    path = write_bot(more="store: data/ada.db\n")
    path.write_text(path.read_text(encoding="utf-8").replace("bot: ada", "bot: bella"), encoding="utf-8")
    said = greenroom("run")
    assert said.code == 1
    assert "give each bot its own `store`" in said.err


@pytest.mark.parametrize("words", [("run",), ("post", "hello"), ("pause",)])
def test_a_place_that_cannot_be_written_is_told(
    greenroom: Callable[..., Any], home: Path, write_bot: Callable[..., Path], words: tuple[str, ...]
) -> None:
    # a file where a folder should be: that is refused to every user, the administrator too
    (home / "occupied").write_text("", encoding="utf-8")
    write_bot(more="store: occupied/ada.db\n")
    said = greenroom(*words)
    assert said.code == 1
    assert "occupied" in said.err


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="an administrator may write everywhere")
@pytest.mark.parametrize("words", [("run",), ("post", "hello"), ("new",)])
def test_a_folder_that_is_read_only_is_told(
    greenroom: Callable[..., Any], home: Path, write_bot: Callable[..., Path], words: tuple[str, ...]
) -> None:
    write_bot()
    home.chmod(0o500)
    try:
        said = greenroom(*words)
    finally:
        home.chmod(0o700)
    assert said.code == 1
    assert str(home) in said.err or "Permission denied" in said.err


def test_a_port_that_is_taken_is_told(home: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        ended = subprocess.run(  # noqa: S603 - our own program
            [sys.executable, "-m", "greenroom", "stage", "--port", port],
            cwd=home,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert ended.returncode == 1
    assert port in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_mistake_of_our_own_is_called_that_and_debug_shows_where(
    greenroom: Callable[..., Any],
    write_bot: Callable[..., Path],
    ledger_with: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    write_bot()
    ledger_with()

    def broken(*given: object, **more: object) -> None:
        raise ZeroDivisionError("of the test")

    monkeypatch.setattr("greenroom.cli.asking.reading", broken)
    said = greenroom("log")
    assert said.code == 1
    assert "a mistake of its own (ZeroDivisionError: of the test)" in said.err
    monkeypatch.setattr(sys, "argv", ["greenroom", "log", "--debug"])
    from greenroom.cli import main

    with pytest.raises(SystemExit):
        main()
    assert "Traceback" in capsys.readouterr().err
