"""A ledger that is taken from a file into a database and back is the same one, and runs in one place."""

import asyncio
import uuid
from datetime import timedelta
from pathlib import Path

import pytest
from postgres import UNHURRIED, Postgres

from greenroom.storage import (
    AlreadyRunning,
    Audience,
    Draft,
    KeptFile,
    LedgerBroken,
    LedgerMoved,
    Part,
    PersonFact,
    ScheduleMark,
    SqliteLedger,
    State,
    has_ledger,
    open_ledger,
    take_across,
)
from greenroom.storage.postgres import PostgresLedger
from greenroom.storage.postgres.end import PostgresEnd
from greenroom.stores import Database
from greenroom.testing import ManualClock
from greenroom.testing.ledger import mention_turn
from greenroom.testing.ledger.turns import item
from greenroom_adapters.contract import Post, Quota


async def filled(path: Path, clock: ManualClock, bot: str) -> None:
    """Make a ledger with something in every corner."""
    async with SqliteLedger(path, bot=bot, clock=clock) as ledger:
        for number, state in enumerate(State):
            turn = mention_turn(number, text=f"quotes ' \" and \\ and ä 🎭 \0 {number}", conversation=f"c{number % 3}")
            ledger.receive(turn, "mentions", str(number))
            turn.state = state
            turn.draft = Draft(parts=("a", "b\0"), engine="script")
            turn.outbox = [Part(key=f"k{number}", post=Post(text="a"), prepared=b"\x00\xff", post_id=f"x{number}")]
            ledger.save(turn)
            ledger.receipt(turn, 0)
            ledger.note(turn.seq, "why\0", "because")
        ledger.pace("home", Quota(bucket="posts", limit=5, remaining=2, resets_at=clock.now()))
        ledger.pause("home", "by hand")
        ledger.mark(ScheduleMark(name="morning", until=None, form="day", present=True))
        ledger.keep_files([KeptFile(role="persona", path=Path("ada.yaml"), body=b"\x00persona", version="v1")])
        fact = PersonFact(
            platform="stage",
            person="u1",
            kind="name",
            text="Iris",
            audience=Audience.EVERYBODY,
            place="",
            account="home",
            event_id="mention-1",
            said=1,
        )
        ledger.note_fact(fact, single=True)
        ledger.remember("name", "value")
        await ledger.add_agenda([item(100), item(200)])
        spent = await ledger.reserve(at=clock.now(), turn="t", model="m", micros=5)
        await ledger.settle(spent, 4)
        number = await ledger.ask("pause", {})
        ledger.answer(number, {"done": "paused"})
        await ledger.committed()
        clock.turn(timedelta(days=100))
        # the last of the journal is gone, and its number must not come again
        await ledger.retire(before=clock.micros())


@pytest.fixture
def bot() -> str:
    return f"ada-{uuid.uuid4().hex[:12]}"


@pytest.mark.asyncio
async def test_a_ledger_goes_into_a_database_and_back_whole_and_goes_on_with_its_numbers(
    postgres: Postgres, path: Path, tmp_path: Path, clock: ManualClock, bot: str
) -> None:
    await filled(path, clock, bot)
    database, back = Database(postgres.url), tmp_path / "again" / "ada.db"
    parts: list[float] = []
    there = await asyncio.to_thread(take_across, path, database, bot=bot, now=1, told=parts.append)
    again = await asyncio.to_thread(take_across, database, back, bot=bot, now=2, told=parts.append)
    assert there.rows == again.rows
    assert there.rows["turns"] == len(State)
    assert all(there.rows[name] for name in ("receipts", "cursors", "spend", "agenda", "people_facts", "files"))
    assert sorted(parts[: len(parts) // 2]) == parts[: len(parts) // 2]
    for store in (path, database):
        with pytest.raises(LedgerMoved, match=r"copied to .* goes on"):
            await open_ledger(store, bot=bot, clock=clock).__aenter__()
    async with (
        open_ledger(path, bot=bot, clock=clock, beside=True) as old,
        SqliteLedger(back, bot=bot, clock=clock) as new,
    ):
        assert old.id == new.id, "people keep their pseudonyms"
        assert await old.counts() == await new.counts()
        assert [one.id for one in await old.agenda()] == [one.id for one in await new.agenda()]
        last = max((one.id for one in await old.journal()), default=0)
        new.note(None, "moved", "")
        await new.committed()
        assert (await new.journal(limit=1))[0].id > max(last, len(State))
        assert await new.ask("pause", {}) == 2
        turn = mention_turn(99)
        new.receive(turn)
        await new.committed()
        assert turn.seq == len(State) + 1


@pytest.mark.asyncio
async def test_numbers_go_on_in_the_database_too(postgres: Postgres, path: Path, clock: ManualClock, bot: str) -> None:
    await filled(path, clock, bot)
    await asyncio.to_thread(take_across, path, Database(postgres.url), bot=bot, now=1, told=lambda part: None)
    async with PostgresLedger(postgres.url, bot=bot, clock=clock, patience=UNHURRIED) as ledger:
        assert await ledger.ask("pause", {}) == 2
        assert await ledger.reserve(at=clock.now(), turn="t", model="m", micros=5) == 2
        assert list(await ledger.add_agenda([item(300)])) == [3]
        ledger.note(None, "moved", "")
        await ledger.committed()
        assert (await ledger.journal(limit=1))[0].id > len(State)


@pytest.mark.asyncio
async def test_a_ledger_that_runs_or_is_there_already_or_is_missing_is_not_copied(
    postgres: Postgres, path: Path, clock: ManualClock, bot: str
) -> None:
    database = Database(postgres.url)

    async def copy() -> None:
        await asyncio.to_thread(take_across, path, database, bot=bot, now=1, told=lambda part: None)

    with pytest.raises(LedgerBroken, match="there is no ledger"):
        await copy()
    async with SqliteLedger(path, bot=bot, clock=clock):
        with pytest.raises(AlreadyRunning):
            await copy()
    async with PostgresLedger(postgres.url, bot=bot, clock=clock, patience=UNHURRIED):
        pass
    with pytest.raises(LedgerBroken, match="already; nothing was copied"):
        await copy()


@pytest.mark.asyncio
async def test_a_copy_that_is_not_the_same_is_given_up_and_leaves_nothing(
    postgres: Postgres, path: Path, clock: ManualClock, bot: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await filled(path, clock, bot)
    put = PostgresEnd.put

    def put_fewer(self: PostgresEnd, table: object, rows: object) -> None:
        put(self, table, list(rows)[1:])  # type: ignore[arg-type, call-overload]  # a row gets lost

    monkeypatch.setattr(PostgresEnd, "put", put_fewer)
    with pytest.raises(LedgerBroken, match="the copy was given up"):
        await asyncio.to_thread(take_across, path, Database(postgres.url), bot=bot, now=1, told=lambda part: None)
    assert not has_ledger(Database(postgres.url), bot)
    async with SqliteLedger(path, bot=bot, clock=clock) as ledger:
        assert sum((await ledger.counts()).values()) == len(State), "the one that was there goes on"
