"""A ledger that cannot be read or written says so, to everybody, and says what helps."""

import asyncio
import contextlib
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from greenroom.storage import LedgerBroken, SqliteLedger, State, StorageError
from greenroom.storage.sqlite import migrations
from greenroom.storage.sqlite.writing import SqliteWriter
from greenroom.testing import ManualClock
from greenroom.testing.ledger import mention_turn

Program = Callable[..., "subprocess.CompletedProcess[str]"]


def spoil(path: Path, sql: str = "DROP TABLE journal") -> None:
    """Damage the file from outside, so that the next commit that needs the table fails."""
    with sqlite3.connect(path, isolation_level=None) as db:
        db.execute(sql)
    db.close()


@pytest.mark.asyncio
async def test_a_commit_that_fails_fails_everybody_who_waits_and_everything_after(
    ledger: SqliteLedger, path: Path
) -> None:
    async with ledger:
        spoil(path)
        failing = asyncio.ensure_future(ledger.failure())
        ledger.note(None, "this", "cannot be stored")
        waiters = [asyncio.ensure_future(ledger.committed()) for _ in range(3)]
        reserving = asyncio.ensure_future(ledger.reserve(at=ManualClock().now(), turn="t", model="m", micros=1))
        await asyncio.sleep(0)
        # queued behind the group that is on its way
        ledger.receive(mention_turn(1))
        waiters.append(asyncio.ensure_future(ledger.committed()))
        async with asyncio.timeout(10):
            results = await asyncio.gather(*waiters, reserving, failing, return_exceptions=True)
        assert all(isinstance(result, LedgerBroken) for result in results), results
        with pytest.raises(LedgerBroken):
            ledger.receive(mention_turn(2))
        with pytest.raises(LedgerBroken):
            ledger.move_cursor("home", "mentions", "1")
        with pytest.raises(LedgerBroken):
            await ledger.committed()
        assert await ledger.counts() == {}, "nothing of it is on disk"


@pytest.mark.asyncio
async def test_a_group_that_fails_leaves_nothing_behind(ledger: SqliteLedger, path: Path) -> None:
    async with ledger:
        spoil(path)
        ledger.receive(mention_turn(1), "mentions", "1")
        ledger.note(None, "this", "cannot be stored")
        with pytest.raises(LedgerBroken):
            await ledger.committed()
        assert await ledger.counts() == {}
        assert await ledger.cursors("home") == {}


@pytest.mark.asyncio
async def test_a_failed_ledger_closes_and_lets_the_next_runner_in(
    ledger: SqliteLedger, path: Path, clock: ManualClock
) -> None:
    async with ledger:
        spoil(path, "ALTER TABLE cursors RENAME TO away")
        ledger.move_cursor("home", "mentions", "1")
        with pytest.raises(StorageError):
            await ledger.committed()
    spoil(path, "ALTER TABLE away RENAME TO cursors")
    async with SqliteLedger(path, bot="ada", clock=clock) as again:
        again.move_cursor("home", "mentions", "2")
        await again.committed()
        assert await again.cursors("home") == {"mentions": "2"}


@pytest.mark.asyncio
@pytest.mark.skipif(sys.platform == "win32", reason="Windows lets nobody delete or replace a file that is open")
@pytest.mark.parametrize("is_replaced", [False, True])
async def test_a_file_that_is_deleted_or_replaced_under_the_bot_takes_no_group(
    ledger: SqliteLedger, path: Path, *, is_replaced: bool
) -> None:
    async with ledger:
        path.unlink()
        if is_replaced:
            path.write_bytes(b"")
        ledger.receive(mention_turn(1))
        with pytest.raises(LedgerBroken, match="deleted, moved or replaced while the bot ran"):
            await ledger.committed()


@pytest.mark.asyncio
@pytest.mark.skipif(sys.platform == "win32", reason="Windows lets nobody delete a file that is open")
async def test_a_file_that_is_deleted_under_an_idle_bot_is_noticed(
    ledger: SqliteLedger, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SqliteWriter, "BEAT", 0.01)
    async with ledger:
        path.unlink()
        async with asyncio.timeout(10):
            with pytest.raises(LedgerBroken, match="deleted"):
                await ledger.failure()


@pytest.mark.asyncio
async def test_a_bot_that_goes_on_in_another_folder_writes_on_into_the_same_file(
    tmp_path: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    async with SqliteLedger(Path("ada.db"), bot="ada", clock=clock) as ledger:
        (tmp_path / "elsewhere").mkdir()
        monkeypatch.chdir(tmp_path / "elsewhere")
        ledger.move_cursor("home", "mentions", "1")
        await ledger.committed()
        assert await ledger.cursors("home") == {"mentions": "1"}


@pytest.mark.asyncio
async def test_a_turn_that_cannot_be_encoded_fails_the_ledger_instead_of_leaving_all_waiting(
    ledger: SqliteLedger,
) -> None:
    async with ledger:
        turn = mention_turn(1)
        ledger.receive(turn)
        await ledger.committed()
        turn.persona = "half a surrogate pair: \ud83d"
        turn.outbox = [object()]  # type: ignore[list-item]  # nothing that could be stored
        ledger.save(turn)
        async with asyncio.timeout(10):
            with pytest.raises(StorageError, match="cannot be stored"):
                await ledger.committed()


@pytest.mark.asyncio
async def test_an_event_that_cannot_be_encoded_is_refused_at_once_and_harms_no_other(ledger: SqliteLedger) -> None:
    async with ledger:
        ledger.receive(mention_turn(1))
        with pytest.raises(UnicodeEncodeError):
            ledger.receive(mention_turn(2, text="half a surrogate pair: \ud83d"))
        ledger.receive(mention_turn(3))
        await ledger.committed()
        assert [turn.event_id for turn in await ledger.turns()] == ["mention-3", "mention-1"]


@pytest.mark.asyncio
async def test_a_file_that_is_no_database_is_told_apart(ledger: SqliteLedger, path: Path) -> None:
    path.write_bytes(b"these are my notes, not a database\n" * 100)
    with pytest.raises(LedgerBroken, match=r"damaged.*restore a backup"):
        await ledger.__aenter__()
    assert path.read_bytes().startswith(b"these are my notes"), "it was left as it was"


@pytest.mark.asyncio
async def test_a_damaged_page_is_an_error_for_who_reads_it(path: Path, clock: ManualClock) -> None:
    async with SqliteLedger(path, bot="ada", clock=clock) as ledger:
        for number in range(300):
            ledger.receive(mention_turn(number, text="some text " * 50))
        await ledger.committed()
    whole = bytearray(path.read_bytes())
    for page in range(12, len(whole) // 4096 - 4):
        whole[page * 4096 : page * 4096 + 512] = b"\xa5" * 512
    path.write_bytes(whole)
    with pytest.raises(LedgerBroken, match="damaged"):
        async with SqliteLedger(path, bot="ada", clock=clock) as ledger:
            await ledger.turns(limit=1000)


@pytest.mark.asyncio
async def test_a_file_of_a_newer_program_is_refused(ledger: SqliteLedger, path: Path, clock: ManualClock) -> None:
    async with ledger:
        pass
    spoil(path, "PRAGMA user_version=999")
    for beside in (False, True):
        with pytest.raises(LedgerBroken, match=r"version 999.*update greenroom"):
            await SqliteLedger(path, bot="ada", clock=clock, beside=beside).__aenter__()


@pytest.mark.asyncio
async def test_a_program_that_cannot_read_the_last_words_refuses_a_file_that_has_them(
    ledger: SqliteLedger, path: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as before:
        before.setattr(migrations, "MIGRATIONS", migrations.MIGRATIONS[:1])
        async with SqliteLedger(path, bot="ada", clock=clock) as first:
            first.remember("said:here/u1", "3 2 100")
            await first.committed()
    async with ledger:
        assert await ledger.facts("said:") == {"said:here/u1": "3 2 100"}, "a later one goes on with the file"
        ledger.remember("said:here/u1", "3 2 100 5 0 9")
        await ledger.committed()
    monkeypatch.setattr(migrations, "MIGRATIONS", migrations.MIGRATIONS[:1])
    with pytest.raises(LedgerBroken, match=r"table version \d+, this program knows 1: update greenroom"):
        await SqliteLedger(path, bot="ada", clock=clock).__aenter__()


@pytest.mark.asyncio
async def test_what_was_spent_before_accounts_were_noted_is_known_by_its_account_and_turn(
    ledger: SqliteLedger, path: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as before:
        before.setattr(migrations, "MIGRATIONS", migrations.MIGRATIONS[:2])
        async with SqliteLedger(path, bot="ada", clock=clock) as first:
            first.receive(mention_turn(1))
            await first.committed()
    event_id = mention_turn(1).event_id
    with contextlib.closing(sqlite3.connect(path)) as db:
        for turn, model in ((f"home {event_id}", "m"), ("home gone", "m"), ("k1", "post on x"), ("", "reading on x")):
            db.execute("INSERT INTO spend(at,turn,model,reserved,settled) VALUES(1,?,?,5,5)", (turn, model))
        db.commit()
    async with ledger:
        rows = [(row.account, row.seq, row.person) for row in reversed(await ledger.spending(since=0))]
    assert rows == [("home", 1, ""), ("home", 0, ""), ("x", 0, ""), ("x", 0, "")]


@pytest.mark.asyncio
async def test_the_ledger_of_another_bot_is_refused_and_stays_free(
    ledger: SqliteLedger, path: Path, clock: ManualClock
) -> None:
    async with ledger:
        pass
    with pytest.raises(LedgerBroken, match="bot 'ada', not of 'bob'"):
        await SqliteLedger(path, bot="bob", clock=clock).__aenter__()
    async with SqliteLedger(path, bot="ada", clock=clock):
        pass


@pytest.mark.asyncio
async def test_a_folder_in_the_place_of_the_file_is_an_error_that_names_it(tmp_path: Path, clock: ManualClock) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(LedgerBroken, match="folder"):
        await SqliteLedger(tmp_path / "folder", bot="ada", clock=clock).__aenter__()
    (tmp_path / "file").write_text("")
    with pytest.raises(LedgerBroken, match="file"):
        await SqliteLedger(tmp_path / "file" / "ada.db", bot="ada", clock=clock).__aenter__()


FILL = """
import asyncio, sys
from pathlib import Path
from greenroom.storage import LedgerBroken, SqliteLedger
from greenroom.testing import ManualClock
from greenroom.testing.ledger import mention_turn

async def main():
    told = 0
    async with SqliteLedger(Path(sys.argv[1]), bot="ada", clock=ManualClock()) as ledger:
        try:
            for number in range(100_000):
                ledger.receive(mention_turn(number, text="x" * 2000), "mentions", str(number))
                await ledger.committed()
                told = number + 1
        except LedgerBroken as error:
            kept = len(await ledger.turns(limit=100_000))
            print(f"{told}|{kept}|{(await ledger.cursors('home'))['mentions']}|{error}")

asyncio.run(main())
"""


def test_a_full_disk_stops_the_ledger_with_everything_on_it_that_was_promised(
    run_program: Program, tmp_path: Path
) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = f'mount -t tmpfs -o size=600k tmpfs "{disk}" && exec "$@"'
    behind = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", mount, "sh"]
    if shutil.which("unshare") is None or run_program("", behind=behind).returncode != 0:
        pytest.skip("a small disk cannot be mounted here: user namespaces (unshare) are not allowed")
    done = run_program(FILL, disk / "ada.db", behind=behind)
    assert done.returncode == 0, done.stderr
    promised, found, cursor, words = done.stdout.split("|", 3)
    assert "the disk is full" in words
    assert "make room" in words
    assert int(promised) > 10
    assert int(found) == int(promised), "what was promised is there, and nothing half-written"
    assert int(cursor) == int(promised) - 1


OPEN = """
import asyncio, sys
from pathlib import Path
from greenroom.storage import SqliteLedger, StorageError
from greenroom.testing import ManualClock

async def main():
    try:
        async with SqliteLedger(Path(sys.argv[1]), bot="ada", clock=ManualClock()):
            print("opened")
    except StorageError as error:
        print(type(error).__name__, error)

asyncio.run(main())
"""


@pytest.fixture
def opened_to_all() -> Iterator[Path]:
    """A folder that another user can enter. Not below pytest's own, which every run that begins closes to others."""
    with tempfile.TemporaryDirectory(prefix="greenroom-") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.mark.parametrize("existing", [False, True])
def test_a_folder_that_cannot_be_written_is_an_error_that_says_what_helps(
    run_program: Program, opened_to_all: Path, existing: bool
) -> None:
    folder = opened_to_all / "readonly"
    folder.mkdir()
    if existing:
        assert "opened" in run_program(OPEN, folder / "ada.db").stdout
        for file in folder.iterdir():
            file.chmod(0o444)
    folder.chmod(0o555)
    behind = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"]
    if shutil.which("setpriv") is None or run_program("import greenroom.storage", behind=behind).returncode != 0:
        pytest.skip("no other user can run this program here (setpriv, or the rights of the checkout)")
    done = run_program(OPEN, folder / "ada.db", behind=behind)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("LedgerBroken"), done.stdout
    assert "cannot be written" in done.stdout
    assert "right to write" in done.stdout


@pytest.mark.asyncio
async def test_texts_of_people_are_for_the_owner_of_the_file_alone(ledger: SqliteLedger, path: Path) -> None:
    async with ledger:
        ledger.receive(mention_turn(1))
        await ledger.committed()
        for file in path.parent.glob("ada.db*"):
            if "-runner" not in file.name:
                assert file.stat().st_mode & 0o077 == 0, file.name


@pytest.mark.asyncio
async def test_what_retention_emptied_is_gone_from_the_files_bytes(
    ledger: SqliteLedger, path: Path, clock: ManualClock
) -> None:
    async with ledger:
        for number in range(100):
            turn = mention_turn(number, text="terriblesecret " * (1 if number % 2 else 500))
            ledger.receive(turn)
            turn.state, turn.reason = State.SENT, "terriblesecret"
            ledger.save(turn)
            ledger.note(turn.seq, "sent", "terriblesecret")
        await ledger.committed()
        at = clock.micros()
        assert await ledger.retire(before=at + 1) == 100
    left = [file.name for file in path.parent.glob("ada.db*") if b"terriblesecret" in file.read_bytes()]
    assert left == []


WRITE = """
import asyncio, sys
from pathlib import Path
from greenroom.storage import SqliteLedger
from greenroom.testing import ManualClock
from greenroom.testing.ledger import mention_turn

async def main():
    ledger = SqliteLedger(Path(sys.argv[1]), bot="ada", clock=ManualClock())
    await ledger.__aenter__()
    async def promise(number):
        await ledger.committed()
        print(number, flush=True)
    async with asyncio.TaskGroup() as tasks:
        for number in range(1_000_000):
            ledger.receive(mention_turn(number), "mentions", str(number))
            if number % 10 == 0:
                tasks.create_task(promise(number))
                await asyncio.sleep(0)

asyncio.run(main())
"""


@pytest.mark.asyncio
async def test_after_a_kill_everything_promised_is_there_and_the_cursor_is_not_ahead(
    path: Path, clock: ManualClock
) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        WRITE,
        str(path),
        stdout=asyncio.subprocess.PIPE,
        env={"PYTHONPATH": ":".join(part for part in sys.path if part)},
    )
    assert process.stdout is not None
    promised = -1
    while promised < 500:
        promised = int(await process.stdout.readline())
    process.kill()
    rest, _ = await process.communicate()
    lines = rest.decode().split("\n")[:-1]
    promised = int(lines[-1]) if lines else promised
    async with SqliteLedger(path, bot="ada", clock=clock) as ledger:
        found = {turn.event_id for turn in await ledger.turns(limit=1_000_000)}
        cursor = int((await ledger.cursors("home"))["mentions"])
    assert found >= {f"mention-{number}" for number in range(promised + 1)}
    assert found == {f"mention-{number}" for number in range(cursor + 1)}, "nothing before the cursor is missing"


@pytest.mark.asyncio
async def test_the_persona_that_was_in_force_before_versions_were_kept_becomes_the_first(
    ledger: SqliteLedger, path: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as before:
        before.setattr(migrations, "MIGRATIONS", migrations.MIGRATIONS[:2])
        async with SqliteLedger(path, bot="ada", clock=clock):
            pass
    with sqlite3.connect(path) as db:
        db.execute("INSERT INTO files(role,path,body,version,at) VALUES('persona','ada.yaml',x'77','v1',5)")
        db.execute("INSERT INTO files(role,path,body,version,at) VALUES('bot','bot.yaml',x'62','v0',5)")
    db.close()
    async with ledger:
        (found,) = await ledger.persona_versions()
    assert (found.version, found.body, found.since, found.until) == ("v1", b"w", 5, 5)
