"""The SQLite ledger keeps every promise of a ledger."""

import contextlib
import os
import sqlite3
from datetime import timedelta
from pathlib import Path

import pytest
from typing_extensions import override

from greenroom.storage import Draft, SqliteLedger, State
from greenroom.storage.sqlite.migrations import MIGRATIONS
from greenroom.testing import LedgerConformance, ManualClock
from greenroom.testing.ledger import MakeLedger, mention_turn


class TestSqliteLedger(LedgerConformance):
    @pytest.fixture
    @override
    def make_ledger(self, tmp_path: Path, clock: ManualClock) -> MakeLedger:
        return lambda: SqliteLedger(tmp_path / "data" / "ada.db", bot="ada", clock=clock)


@pytest.mark.asyncio
async def test_retention_and_deletions_cost_the_same_however_many_turns_there_ever_were(tmp_path: Path) -> None:
    steps: list[int] = []
    for many in (100, 10_000):
        clock = ManualClock()
        async with SqliteLedger(tmp_path / f"{many}.db", bot="ada", clock=clock) as ledger:
            for number in range(many):
                turn = mention_turn(number)
                turn.state = State.SENT
                ledger.receive(turn)
                ledger.save(turn)
            await ledger.committed()
            clock.turn(timedelta(days=1))
            while await ledger.retire(before=clock.micros()):
                pass
            taken = 0

            def step() -> int:
                nonlocal taken
                taken += 1
                return 0

            assert ledger._reader is not None
            ledger._reader.set_progress_handler(step, 10)
            assert await ledger.retire(before=clock.micros()) == 0
            assert await ledger.about_post("home", "p7") == []
            steps.append(taken)
    few, more = steps
    assert more <= few + 5


@pytest.mark.asyncio
async def test_each_ledger_has_an_id_of_its_own_also_for_who_reads_beside(tmp_path: Path) -> None:
    clock = ManualClock()
    ids: list[str] = []
    for name in ("a.db", "b.db"):
        async with SqliteLedger(tmp_path / name, bot="ada", clock=clock) as ledger:
            ids.append(ledger.id)
            async with SqliteLedger(tmp_path / name, bot="ada", clock=clock, beside=True) as beside:
                assert beside.id == ledger.id
    assert len(set(ids)) == 2


@pytest.mark.asyncio
async def test_a_ledger_that_was_made_without_an_id_stays_without(tmp_path: Path) -> None:
    path, clock = tmp_path / "ada.db", ManualClock()
    async with SqliteLedger(path, bot="ada", clock=clock):
        pass
    with contextlib.closing(sqlite3.connect(path)) as db, db:
        db.execute("DELETE FROM meta WHERE name='id'")
    async with SqliteLedger(path, bot="ada", clock=clock) as ledger:
        assert ledger.id == "", "what it has numbered keeps its names"


@pytest.mark.asyncio
async def test_a_ledger_is_backed_up_before_its_tables_are_brought_up_to_date(tmp_path: Path) -> None:
    path, older = tmp_path / "ada.db", len(MIGRATIONS) - 1
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as db:
        for number in range(older):
            db.executescript(MIGRATIONS[number])
        db.execute(f"PRAGMA user_version={older}")
        db.execute("INSERT INTO facts(name,value) VALUES('kept','by hand')")
    async with SqliteLedger(path, bot="ada", clock=ManualClock()) as ledger:
        assert await ledger.facts("kept") == {"kept": "by hand"}
    copy = tmp_path / f"ada-before-update-{older}.db"
    assert copy.stat().st_mode & 0o077 == 0
    with contextlib.closing(sqlite3.connect(copy)) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (older,)
        assert db.execute("SELECT value FROM facts").fetchall() == [("by hand",)]
    async with SqliteLedger(path, bot="ada", clock=ManualClock()):
        pass
    assert [one.name for one in tmp_path.glob("*before*")] == [copy.name], "it is backed up when it is changed"


@pytest.mark.asyncio
async def test_a_backup_goes_when_its_texts_are_too_old_or_somebody_is_forgotten(tmp_path: Path) -> None:
    path = tmp_path / "a[d]a.db"
    old, new = (tmp_path / f"a[d]a-before-update-{number}.db" for number in (1, 2))
    others = tmp_path / "ada-before-update-1.db"
    for copy, moment in ((old, 1_000), (new, 2_000), (others, 1_000)):
        copy.write_bytes(b"")
        os.utime(copy, (moment, moment))
    async with SqliteLedger(path, bot="ada", clock=ManualClock()) as ledger:
        await ledger.retire(before=1_000_000_000)
        assert old.exists(), "not older than that moment"
        await ledger.retire(before=1_000_000_001)
        assert not old.exists()
        assert new.exists()
        await ledger.forget_person("stage", "u1", accounts=("home",))
        assert not new.exists()
    assert others.exists(), "another ledger's"


@pytest.mark.asyncio
async def test_what_waited_for_a_person_before_an_update_of_the_tables_is_found_after_it(tmp_path: Path) -> None:
    path = tmp_path / "ada.db"
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as db:
        for step in MIGRATIONS[:6]:
            db.executescript(step)
        db.execute("PRAGMA user_version=6")
        for state in State:
            db.execute(
                "INSERT INTO turns(seq,account,event_id,lane,kind,event,surface,rule,trust,received,expires,state,"
                "changed) VALUES(?,'home',?,'home/c1','mention','','reply','answer 1','anyone',1,1,?,1)",
                (int(state) + 1, f"mention-{state}", int(state)),
            )
    waits = {State.HELD: 1, State.UNKNOWN: 1, State.DEAD: 1}
    async with SqliteLedger(path, bot="ada", clock=ManualClock()) as ledger:
        assert await ledger.aside() == waits
        assert {turn.state for turn in await ledger.turns(states=waits)} == set(waits)
        assert [turn.state for turn in await ledger.expire()] == [State.STALE]
        assert await ledger.aside() == {State.UNKNOWN: 1, State.DEAD: 1}


@pytest.mark.asyncio
async def test_what_waits_for_nobody_any_more_leaves_the_table_of_those_with_the_next_retention(tmp_path: Path) -> None:
    path, clock = tmp_path / "ada.db", ManualClock()
    async with SqliteLedger(path, bot="ada", clock=clock) as ledger:
        held, dead = mention_turn(1), mention_turn(2)
        for turn, state in ((held, State.HELD), (dead, State.DEAD)):
            turn.state = state
            ledger.receive(turn)
            ledger.save(turn)
        await ledger.committed()
        held.state = State.REFUSED
        ledger.save(held)
        await ledger.committed()
        assert await ledger.aside() == {State.DEAD: 1}
        await ledger.retire(before=0)
        await ledger.committed()
    with contextlib.closing(sqlite3.connect(path)) as db:
        assert db.execute("SELECT seq FROM aside").fetchall() == [(dead.seq,)]


@pytest.mark.asyncio
async def test_a_commit_is_another_revision_whatever_time_and_length_its_file_has(tmp_path: Path) -> None:
    path, clock = tmp_path / "ada.db", ManualClock()
    async with SqliteLedger(path, bot="ada", clock=clock) as ledger:
        ledger.note(None, "held", "the first")
        await ledger.committed()
        # the log begins anew with the next commit and keeps its length
        with contextlib.closing(sqlite3.connect(path)) as outside:
            outside.execute("PRAGMA wal_checkpoint(RESTART)")
        log = path.with_name("ada.db-wal")
        long_ago = (log.stat().st_size, 1_000_000_000)
        os.utime(log, ns=(long_ago[1], long_ago[1]))
        before = ledger.revision()
        assert ledger.revision() == before
        ledger.note(None, "held", "the second")
        await ledger.committed()
        # as on a disk on which what was written long ago can only be read now
        os.utime(log, ns=(long_ago[1], long_ago[1]))
        assert (log.stat().st_size, log.stat().st_mtime_ns) == long_ago
        assert ledger.revision() != before
        assert [entry.why for entry in await ledger.journal(limit=1)] == ["the second"]


@pytest.mark.asyncio
async def test_a_ledger_that_its_owner_has_made_smaller_is_the_same_ledger(tmp_path: Path) -> None:
    path, clock, sizes = tmp_path / "ada.db", ManualClock(), list[int]()
    async with SqliteLedger(path, bot="ada", clock=clock) as ledger:
        for number in range(2000):
            turn = mention_turn(number)
            turn.state, turn.draft = State.SENT, Draft(parts=("All quiet. " * 100,), engine="script")
            ledger.receive(turn)
            ledger.save(turn)
        await ledger.committed()
        clock.turn(timedelta(days=1))
        while await ledger.retire(before=clock.micros()):
            pass
    with contextlib.closing(sqlite3.connect(path)) as outside:
        sizes.append(path.stat().st_size)
        outside.execute("VACUUM")
    sizes.append(path.stat().st_size)
    assert sizes[1] < sizes[0] / 2
    async with SqliteLedger(path, bot="ada", clock=clock) as ledger:
        assert ledger.strayed is None
        assert await ledger.counts() == {State.SENT: 2000}
