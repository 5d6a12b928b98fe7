"""One process runs a bot on a ledger; others look into it and type commands."""

import asyncio
import sys
from pathlib import Path

import pytest

from greenroom.storage import AgendaItem, AlreadyRunning, Due, LedgerBroken, SqliteLedger, StorageError
from greenroom.storage.sqlite import is_running as runs
from greenroom.storage.sqlite import runner_of
from greenroom.testing import ManualClock
from greenroom.testing.ledger import mention_turn


@pytest.fixture
def beside(path: Path, clock: ManualClock) -> SqliteLedger:
    return SqliteLedger(path, bot="ada", clock=clock, beside=True)


@pytest.mark.asyncio
async def test_who_looks_from_beside_sees_what_the_runner_committed(ledger: SqliteLedger, beside: SqliteLedger) -> None:
    async with ledger, beside:
        ledger.receive(mention_turn(1))
        await ledger.committed()
        assert [turn.event_id for turn in await beside.turns()] == ["mention-1"]


@pytest.mark.asyncio
async def test_commands_from_beside_reach_a_runner_that_writes_all_the_time(
    ledger: SqliteLedger, beside: SqliteLedger
) -> None:
    async with ledger, beside:
        writing = True

        async def write() -> None:
            number = 0
            while writing:
                ledger.receive(mention_turn(number))
                await ledger.committed()
                number += 1

        task = asyncio.create_task(write())
        ids = [await beside.ask("pause", {"number": number}) for number in range(20)]
        event = Due(name="single", period="", due=ManualClock().now(), say="Hi.")
        items = await beside.add_agenda([AgendaItem(id=0, due=1, late=1, account="home", event=event)] * 500)
        writing = False
        await task
        assert [command.id for command in await ledger.open_commands()] == ids
        assert len(items) == len(await ledger.agenda(limit=1000)) == 500
        ledger.answer(ids[0], {"done": "paused"})
        await ledger.committed()
        assert await beside.answered(ids[0]) == {"done": "paused"}


@pytest.mark.asyncio
async def test_from_beside_nothing_but_commands_and_agenda_is_written(
    ledger: SqliteLedger, beside: SqliteLedger
) -> None:
    async with ledger, beside:
        with pytest.raises(StorageError, match="not open for writing"):
            beside.receive(mention_turn(1))
        with pytest.raises(StorageError, match="not open for writing"):
            beside.pause("home", "by hand")
        async with asyncio.timeout(5):
            await beside.committed()


@pytest.mark.asyncio
async def test_there_must_be_a_ledger_to_look_into(beside: SqliteLedger, path: Path) -> None:
    with pytest.raises(LedgerBroken, match="no ledger yet"):
        await beside.__aenter__()
    assert not path.exists()


@pytest.mark.asyncio
async def test_it_is_known_whether_a_bot_runs_and_which(ledger: SqliteLedger, path: Path) -> None:
    assert not runs(path)
    assert runner_of(path) is None
    assert list(path.parent.iterdir()) == [], "looking leaves nothing behind"
    async with ledger:
        assert runs(path)
        who = runner_of(path)
        assert who is not None
        assert who["pid"] > 0
        assert who["host"]
    assert not runs(path)


@pytest.mark.asyncio
async def test_a_second_runner_is_refused_by_any_name_of_the_file(
    ledger: SqliteLedger, path: Path, tmp_path: Path, clock: ManualClock
) -> None:
    other = tmp_path / "other"
    other.symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "alias.db").symlink_to(path)
    async with ledger:
        for name in (other / "ada.db", tmp_path / "alias.db", other / ".." / tmp_path.name / "ada.db"):
            assert runs(name)
            with pytest.raises(AlreadyRunning, match="process"):
                await SqliteLedger(name, bot="ada", clock=clock).__aenter__()


@pytest.mark.asyncio
async def test_who_only_asks_whether_a_bot_runs_keeps_none_from_starting(path: Path, clock: ManualClock) -> None:
    async with SqliteLedger(path, bot="ada", clock=clock):
        pass
    asking = True

    def ask() -> None:
        while asking:
            runs(path)

    thread = asyncio.get_running_loop().run_in_executor(None, ask)
    try:
        for _ in range(20):
            async with SqliteLedger(path, bot="ada", clock=clock):
                pass
    finally:
        asking = False
        await thread


RUN = """
import asyncio, sys
from pathlib import Path
from greenroom.storage import SqliteLedger
from greenroom.testing import ManualClock

async def main():
    async with SqliteLedger(Path(sys.argv[1]), bot="ada", clock=ManualClock()):
        print("open", flush=True)
        await asyncio.sleep(60)

asyncio.run(main())
"""


@pytest.mark.asyncio
async def test_a_runner_in_another_process_is_refused_as_long_as_that_lives(
    path: Path, clock: ManualClock, beside: SqliteLedger
) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        RUN,
        str(path),
        stdout=asyncio.subprocess.PIPE,
        env={"PYTHONPATH": ":".join(part for part in sys.path if part)},
    )
    try:
        assert process.stdout is not None
        assert await process.stdout.readline() == b"open\n"
        assert runs(path)
        with pytest.raises(AlreadyRunning, match=f"process {process.pid} "):
            await SqliteLedger(path, bot="ada", clock=clock).__aenter__()
        async with beside:
            assert await beside.ask("pause", {}) == 1
    finally:
        process.kill()
        await process.communicate()
    assert not runs(path)
    async with SqliteLedger(path, bot="ada", clock=clock) as ledger:
        assert [command.name for command in await ledger.open_commands()] == ["pause"]
