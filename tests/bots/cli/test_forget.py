"""`greenroom forget` names what it would empty and which posts stay, asks, and does what /forget-me does."""

import asyncio
import contextlib
import dataclasses
import sqlite3
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from greenroom.app import Commands
from greenroom.clock import SystemClock
from greenroom.settings import Platforms, load_bot
from greenroom.storage import Due, SqliteLedger, State, Turn
from greenroom.testing.ledger import due_turn, mention_turn

LINK = "https://x.example/p1"


@pytest.fixture
def store(home: Path) -> Path:
    return home / "data" / "ada.db"


@pytest.fixture
def filled(write_bot: Callable[..., Path], ledger_with: Callable[..., None], store: Path) -> Path:
    """A ledger with three turns of ben (sent with a receipt, held, just received), who has said stop, and one of
    iris."""
    path = write_bot()
    ledger_with(State.SENT, State.HELD, State.RECEIVED)

    async def more() -> None:
        clock = SystemClock()
        async with SqliteLedger(store, bot="ada", clock=clock) as ledger:
            sent = await ledger.turn(1)
            assert sent is not None
            ledger.receipt(sent, 0)
            ledger.stop_speaking("stage", "id-of-ben", "ben", at=clock.micros())
            other = mention_turn(9, at=datetime.now(UTC))
            ledger.receive(other)
            other.state = State.SENT
            ledger.save(other)
            await ledger.committed()

    asyncio.run(more())
    return path


def dumped(store: Path) -> str:
    with contextlib.closing(sqlite3.connect(store)) as db:
        return "\n".join(db.iterdump())


def states(store: Path) -> list[int]:
    with contextlib.closing(sqlite3.connect(store)) as db:
        return [state for (state,) in db.execute("SELECT state FROM turns ORDER BY seq")]


@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize("person", ["@ben", "BEN", "id-of-ben", "home/@ben"])
def test_nothing_of_him_is_left_and_the_posts_that_stay_are_told(
    greenroom: Callable[..., Any], store: Path, person: str
) -> None:
    said = greenroom("forget", person, "--yes")
    assert said.code == 0, said.err
    assert "Of @ben on stage the bot would forget:" in said.out
    assert "  3 turns: what he wrote or was told, his names, and the drafts for him" in said.out
    assert "  1 of them waits for you, and would be over" in said.out
    assert "  his name among those who said stop; he is still left alone" in said.out
    assert f"1 post that was said to him and may quote him:\n  {LINK}" in said.out
    assert "Forgotten: 3 turns emptied." in said.out
    whole = dumped(store)
    assert [word for word in ("lamp lit", "It is lit", "@ben", "'ben'", '"ben"') if word in whole] == []
    assert "iris" in whole
    assert states(store) == [State.SENT, State.IGNORED, State.IGNORED, State.SENT], "he is not answered any more"
    assert [one["id"] for one in greenroom("people", "--json").json] == ["id-of-ben"], "a stop stays one"
    assert "keeps nothing of anybody called `ben`" in greenroom("forget", "ben", "--yes").err


@pytest.mark.usefixtures("filled")
def test_nothing_is_emptied_without_a_yes_or_for_a_name_that_nobody_has(
    greenroom: Callable[..., Any], store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = dumped(store)
    assert "--yes" in greenroom("forget", "@ben").err
    assert "keeps nothing of anybody called `@carla`" in greenroom("forget", "@carla", "--yes").err
    assert "no account `away`" in greenroom("forget", "@ben", "--account", "away", "--yes").err
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("typer.confirm", lambda question: False)
    said = greenroom("forget", "@ben")
    assert (said.code, "Nothing was done." in said.out) == (0, True)
    assert dumped(store) == before


@pytest.mark.usefixtures("filled")
def test_of_two_who_are_called_so_one_is_named_by_his_id(greenroom: Callable[..., Any], store: Path) -> None:
    with contextlib.closing(sqlite3.connect(store)) as db:
        db.execute("UPDATE turns SET event=replace(event,'\"iris\"','\"ben\"')")
        db.commit()
    said = greenroom("forget", "@ben", "--yes")
    assert said.code == 1
    assert "@ben on stage with the id id-of-ben, @ben on stage with the id u1" in said.err
    assert greenroom("forget", "u1", "--yes", "--json").json == {"platform": "stage", "emptied": 1, "posts": []}


@pytest.fixture
def obeying(filled: Path, store: Path) -> Iterator[None]:
    """Hold the ledger as a running bot does, and obey what is asked beside it, until the test ends."""
    ready, ending = threading.Event(), threading.Event()

    async def obey() -> None:
        file = load_bot(filled, platforms=Platforms.installed())
        async with SqliteLedger(store, bot="ada", clock=SystemClock()) as ledger:
            commands = Commands(ledger, file, clock=SystemClock())
            ready.set()
            while not ending.is_set():
                for one in await ledger.open_commands():
                    await commands.obey(one.name, one.arguments, command=one.id)
                await asyncio.sleep(0.02)

    thread = threading.Thread(target=lambda: asyncio.run(obey()))
    thread.start()
    assert ready.wait(30)
    yield
    ending.set()
    thread.join(30)


def test_what_is_still_to_be_said_to_him_alone_is_given_up(
    greenroom: Callable[..., Any], filled: Path, store: Path
) -> None:
    def words(person: str) -> Turn:
        turn = due_turn(1, name=f"share of {person}", say="Ask me again tomorrow.")
        assert isinstance(turn.event, Due)
        turn.event = dataclasses.replace(turn.event, direct_to=person)
        return turn

    async def more() -> None:
        async with SqliteLedger(store, bot="ada", clock=SystemClock()) as ledger:
            for person in ("id-of-ben", "u1"):
                ledger.receive(words(person))
            await ledger.committed()

    asyncio.run(more())
    assert greenroom("forget", "@ben", "--yes").code == 0
    assert states(store)[-2:] == [State.IGNORED, State.RECEIVED]


def test_a_bot_that_dies_before_it_has_answered_does_it_again_and_names_nobody(filled: Path, store: Path) -> None:
    async def obey() -> list[Any]:
        file, clock = load_bot(filled, platforms=Platforms.installed()), SystemClock()
        async with SqliteLedger(store, bot="ada", clock=clock) as ledger:
            number = await ledger.ask("forget", {"platform": "stage", "person": "id-of-ben"})
            commands = Commands(ledger, file, clock=clock)
            (one,) = await ledger.open_commands()
            # it is killed when that is on disk: the answer is not
            await commands.obey(one.name, one.arguments)
        async with SqliteLedger(store, bot="ada", clock=clock) as ledger:
            commands = Commands(ledger, file, clock=clock)
            (one,) = await ledger.open_commands()
            await commands.obey(one.name, one.arguments, command=one.id)
            return [await ledger.answered(number), await ledger.open_commands()]

    assert asyncio.run(obey()) == [{"done": "forgotten", "turns": 0}, []]
    with contextlib.closing(sqlite3.connect(store)) as db:
        assert db.execute("SELECT name,arguments FROM commands").fetchall() == [("forget", "{}")]


@pytest.mark.usefixtures("obeying")
def test_beside_a_running_bot_it_is_done_by_that_and_the_wish_names_nobody_afterwards(
    greenroom: Callable[..., Any], store: Path
) -> None:
    found = greenroom("forget", "@ben", "--yes", "--json").json
    assert found == {"platform": "stage", "emptied": 3, "posts": [{"account": "home", "post": "p1", "url": LINK}]}
    with contextlib.closing(sqlite3.connect(store)) as db:
        assert db.execute("SELECT name,arguments FROM commands").fetchall() == [("forget", "{}")]
    assert "lamp lit" not in dumped(store)


@pytest.mark.usefixtures("filled")
def test_the_log_does_not_say_that_an_age_emptied_what_was_forgotten(greenroom: Callable[..., Any]) -> None:
    assert greenroom("forget", "@ben", "--yes").code == 0
    assert "its text is gone: `keep` was over, or somebody was forgotten" in greenroom("log").out
