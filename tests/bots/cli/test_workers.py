"""A bot whose ledger is in a database, as its owner's commands see it."""

import asyncio
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from postgres import UNHURRIED, Postgres

from greenroom.clock import SystemClock
from greenroom.storage.postgres import PostgresLedger


def test_commands_of_a_bot_without_a_ledger_in_the_database_say_so(
    postgres: Postgres, greenroom: Callable[..., Any], write_bot: Callable[..., Path]
) -> None:
    file = write_bot(more=f"store: {postgres.url}\n")
    file.write_text(file.read_text().replace("bot: ada", f"bot: ada{uuid.uuid4().hex[:8]}"))
    said = greenroom("status")
    assert said.code == 1
    assert "there is no ledger of this bot yet" in said.err


def test_what_is_typed_reaches_the_ledger_in_the_database_and_workers_are_listed(
    postgres: Postgres, greenroom: Callable[..., Any], write_bot: Callable[..., Path]
) -> None:
    bot = f"ada{uuid.uuid4().hex[:8]}"
    file = write_bot(more=f"store: {postgres.url}\n")
    file.write_text(file.read_text().replace("bot: ada", f"bot: {bot}"))
    said = greenroom("post", "The lamp is lit.", "--at", "2099-12-01 09:00")
    assert said.code == 0, said.err
    assert "The lamp is lit." in greenroom("queue", "list").out
    assert not greenroom("status", "--json").json["running"]

    async def while_it_runs() -> None:
        async with PostgresLedger(postgres.url, bot=bot, clock=SystemClock(), patience=UNHURRIED):
            (mine,) = [one for one in greenroom("workers", "--json").json if one["bot"] == bot]
            assert mine["owns"]
            told = greenroom("workers", "--on", postgres.url).out
            assert f"{bot}  runs on {mine['worker']}, since" in told
            assert f"{mine['host']} runs " in told
            assert " and stands by for " in told

    asyncio.run(while_it_runs())
    assert bot not in greenroom("workers").out


def test_workers_of_a_file_are_no_question(greenroom: Callable[..., Any], write_bot: Callable[..., Path]) -> None:
    write_bot()
    assert "one process runs a bot whose ledger is a file" in greenroom("workers").err


def test_a_database_that_cannot_be_reached_is_an_error_that_says_so(
    greenroom: Callable[..., Any], write_bot: Callable[..., Path]
) -> None:
    write_bot(more="store: postgresql://ada@127.0.0.1:9/greenroom\n")
    for command in ("status", "run", "workers"):
        said = greenroom(command)
        assert said.code == 1
        assert "the connection is lost" in said.err
        assert "127.0.0.1:9" in said.err
        assert "(Connection refused)" in said.err


def test_files_are_checked_offline_without_asking_the_database(
    greenroom: Callable[..., Any], write_bot: Callable[..., Path]
) -> None:
    file = write_bot(more="store: postgresql://ada@127.0.0.1:9/greenroom\n")
    said = greenroom("check", "--offline")
    assert said.code == 0, said.err
    assert "that same folder" not in said.out + said.err
    file.write_text(file.read_text().replace("accounts:\n", "accounts:\n  x: {platform: x, live: false}\n"))
    warnings = greenroom("check", "--offline", "--json").json["warnings"]
    (said_of_keeping,) = [one for one in warnings if "that same folder" in one]
    assert said_of_keeping.startswith("what x is signed in with changes while the bot runs")
    assert "is kept in data:" in said_of_keeping


def test_a_database_that_is_away_keeps_no_other_bot_from_being_chosen(
    home: Path, greenroom: Callable[..., Any], write_bot: Callable[..., Path]
) -> None:
    text = write_bot().read_text()
    away = text.replace("bot: ada", "bot: ben") + "store: postgresql://ada@127.0.0.1:9/greenroom\n"
    (home / "second.yaml").write_text(away)
    said = greenroom("status")
    assert "which bot? There are" in said.err
    assert "lost" not in said.err


@pytest.mark.parametrize("command", [("reset", "--yes"), ("pack",)])
def test_what_is_done_with_files_is_refused_for_a_database(
    greenroom: Callable[..., Any], write_bot: Callable[..., Path], command: tuple[str, ...]
) -> None:
    write_bot(more="store: postgresql://ada@127.0.0.1:9/greenroom\n")
    assert greenroom(*command).err


@pytest.mark.parametrize(
    ("place", "mistake"),
    [
        ("postgresql://ada:hunter2@db.example/greenroom", "a password does not belong in an address"),
        ("postgresql://db.example/greenroom?user=ada&password=hunter2", "a password does not belong in an address"),
        ("postgresql:///greenroom", "which server?"),
        ("postgresql://[", "cannot be read"),
    ],
)
def test_a_ledger_is_not_copied_to_an_address_that_a_bot_file_could_not_have_either(
    greenroom: Callable[..., Any], write_bot: Callable[..., Path], place: str, mistake: str
) -> None:
    write_bot()
    said = greenroom("store", "copy", "data/ada.db", place)
    assert (said.code, said.out) == (1, "")
    assert mistake in said.err
    assert "hunter2" not in said.err


def test_a_ledger_is_copied_into_a_database_and_the_file_is_left(
    postgres: Postgres, greenroom: Callable[..., Any], write_bot: Callable[..., Path]
) -> None:
    bot = f"ada{uuid.uuid4().hex[:8]}"
    file = write_bot()
    text = file.read_text().replace("bot: ada", f"bot: {bot}")
    file.write_text(text)
    assert greenroom("post", "The lamp is lit.", "--at", "2099-12-01 09:00").code == 0
    said = greenroom("store", "copy", f"data/{bot}.db", postgres.url)
    assert said.code == 0, said.err
    assert f"rows of {bot} are the same on both sides" in said.out
    assert "goes on there" in greenroom("post", "Again.", "--at", "2099-12-01 09:00").err
    file.write_text(f"{text}store: {postgres.url}\n")
    said = greenroom("queue", "list", "--json")
    assert "The lamp is lit." in said.out
    assert "already; nothing was copied" in greenroom("store", "copy", f"data/{bot}.db", postgres.url).err
