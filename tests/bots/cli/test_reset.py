"""`greenroom reset` moves a ledger aside, and says first what would be forgotten."""

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from greenroom.storage import State


@pytest.fixture
def store(home: Path) -> Path:
    return home / "data" / "ada.db"


def test_it_names_what_would_be_forgotten_and_moves_everything_aside(
    greenroom: Callable[..., Any], write_bot: Callable[..., Path], ledger_with: Callable[..., None], store: Path
) -> None:
    write_bot()
    ledger_with(State.SENT, State.SENT, State.HELD)
    assert greenroom("post", "Good night.", "--at", "in 5 hours").code == 0
    said = greenroom("reset", "--yes")
    assert said.code == 0
    assert "3 turns" in said.out
    assert "1 of them waits for you (`greenroom held`)" in said.out
    assert "1 post put down by hand" in said.out
    assert "on home: what was answered could be answered again" in said.out
    assert not list(store.parent.glob("ada.db*"))
    (moved,) = store.parent.glob("ada-before-*.db")
    assert f"{moved.parent.name}/{moved.name}" in said.out
    with sqlite3.connect(moved) as db:
        assert db.execute("SELECT count(*) FROM turns").fetchone() == (3,)
    db.close()
    assert "no ledger" in greenroom("reset", "--yes").err
    moved.rename(store)
    assert len(greenroom("log", "--json").json) >= 3, "put back, nothing was forgotten"


def test_it_names_the_commands_that_show_what_waits(
    greenroom: Callable[..., Any], write_bot: Callable[..., Path], ledger_with: Callable[..., None], store: Path
) -> None:
    write_bot()
    ledger_with(State.HELD, State.DEAD)
    assert "2 of them wait for you (`greenroom held`, `greenroom dead list`)" in greenroom("reset", "--yes").out


def test_nothing_is_moved_without_a_yes(
    greenroom: Callable[..., Any],
    write_bot: Callable[..., Path],
    ledger_with: Callable[..., None],
    store: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    write_bot()
    ledger_with(State.SENT)
    said = greenroom("reset")
    assert said.code == 1
    assert "--yes" in said.err
    answers = iter([False, True])
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("typer.confirm", lambda question: next(answers))
    assert greenroom("reset").code == 0
    assert store.exists()
    assert greenroom("reset").code == 0
    assert not store.exists()


def test_it_is_refused_while_the_bot_runs(
    greenroom: Callable[..., Any], write_bot: Callable[..., Path], ledger_with: Callable[..., None], store: Path
) -> None:
    write_bot()
    ledger_with(State.SENT)
    runner = sqlite3.connect(f"{store}-runner", isolation_level=None)
    try:
        runner.execute("BEGIN EXCLUSIVE")
        said = greenroom("reset", "--yes")
    finally:
        runner.close()
    assert said.code == 1
    assert "stop it first" in said.err
    assert store.exists()


def test_a_damaged_ledger_can_be_moved_aside(
    greenroom: Callable[..., Any], write_bot: Callable[..., Path], store: Path
) -> None:
    write_bot()
    store.parent.mkdir()
    store.write_bytes(b"this was a ledger once" * 100)
    said = greenroom("reset", "--yes", "--json")
    assert said.code == 0
    assert said.json["forgotten"] is None
    assert Path(said.json["to"]).read_bytes().startswith(b"this was")
    assert greenroom("post", "hello", "--at", "in 5 hours").code == 0


def test_two_resets_in_one_second_keep_both_ledgers(
    greenroom: Callable[..., Any], write_bot: Callable[..., Path], ledger_with: Callable[..., None], store: Path
) -> None:
    write_bot()
    for _ in range(3):
        ledger_with(State.SENT)
        assert greenroom("reset", "--yes").code == 0
    assert len(list(store.parent.glob("ada-before-*.db"))) == 3
