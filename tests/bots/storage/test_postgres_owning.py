"""One worker at a time owns a bot on PostgreSQL: whoever is gone, stopped or cut off is not it any more."""

import asyncio
import gc
import json
import logging
import os
import shutil
import signal
import subprocess
import sys
import uuid
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict

import asyncpg
import pytest
from postgres import UNHURRIED, Postgres

from greenroom.storage import (
    AgendaItem,
    AlreadyRunning,
    Due,
    LedgerBroken,
    LedgerLost,
    Patience,
    has_ledger,
    is_running,
    open_ledger,
    runner_of,
    workers_on,
)
from greenroom.storage.postgres import PostgresLedger, outside, owning
from greenroom.storage.postgres.address import schema_of, shown
from greenroom.stores import Database
from greenroom.testing import ManualClock
from greenroom.testing.ledger import mention_turn

PATIENCE = 90.0
"""Seconds for what is told to take five: the machine of a test may be slow."""


@pytest.fixture
def bot() -> str:
    return f"ada-{uuid.uuid4().hex[:12]}"


@pytest.fixture
def make(postgres: Postgres, bot: str, clock: ManualClock) -> Callable[..., PostgresLedger]:
    def make(**options: object) -> PostgresLedger:
        return PostgresLedger(postgres.url, bot=bot, clock=clock, **{"patience": UNHURRIED, **options})  # type: ignore[arg-type]  # as given

    return make


WORK = """
import asyncio, json, sys
from greenroom.storage import Patience
from greenroom.storage.postgres import PostgresLedger
from greenroom.testing import ManualClock
from greenroom.testing.ledger import mention_turn

async def main():
    patience = Patience(**json.loads(sys.argv[3]))
    async with PostgresLedger(sys.argv[1], bot=sys.argv[2], clock=ManualClock(), patience=patience) as ledger:
        for number in range(1_000_000):
            ledger.receive(mention_turn(number), "mentions", str(number))
            await ledger.committed()
            print(number, flush=True)

asyncio.run(main())
"""


@asynccontextmanager
async def worker(url: str, bot: str, *, patience: Patience = UNHURRIED) -> AsyncGenerator[asyncio.subprocess.Process]:
    """Another process that writes one event after the other, and prints each when it is promised."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        WORK,
        url,
        bot,
        json.dumps(asdict(patience)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        limit=2**24,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(part for part in sys.path if part)},
    )
    try:
        assert process.stdout is not None
        async with asyncio.timeout(PATIENCE):
            assert await process.stdout.readline() == b"0\n"
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def promised_by(process: asyncio.subprocess.Process) -> int:
    """Return the last number that a process that has ended was promised."""
    out, _ = await process.communicate()
    return max((int(line) for line in out.split()), default=0)


@pytest.mark.asyncio
async def test_who_stands_by_takes_over_from_a_worker_that_is_killed_and_finds_all_that_was_promised(
    postgres: Postgres, bot: str, make: Callable[..., PostgresLedger]
) -> None:
    told: list[str] = []
    async with worker(postgres.url, bot) as first:
        second = make(standing_by=told.append)
        entering = asyncio.create_task(second.__aenter__())
        while not told:
            await asyncio.sleep(0.05)
        assert f":{first.pid}," in told[0]
        first.kill()
        promised = await promised_by(first)
        async with asyncio.timeout(PATIENCE):
            await entering
        try:
            found = {turn.event_id for turn in await second.turns(limit=1_000_000)}
            assert found >= {f"mention-{number}" for number in range(promised + 1)}
            assert found == {
                f"mention-{number}" for number in range(int((await second.cursors("home"))["mentions"]) + 1)
            }
            assert len(told) == 1
        finally:
            await second.__aexit__(None, None, None)


@pytest.mark.asyncio
async def test_a_worker_that_is_stopped_loses_its_bot_and_cannot_write_when_it_goes_on(
    postgres: Postgres, bot: str, make: Callable[..., PostgresLedger]
) -> None:
    async with worker(postgres.url, bot, patience=Patience()) as first:
        first.send_signal(signal.SIGSTOP)
        async with asyncio.timeout(PATIENCE):
            second = await make(standing_by=lambda who: None).__aenter__()
        try:
            before = await second.counts()
            first.send_signal(signal.SIGCONT)
            async with asyncio.timeout(PATIENCE):
                _, said = await first.communicate()
            assert first.returncode == 1
            assert b"LedgerLost" in said
            assert await second.counts() == before
        finally:
            await second.__aexit__(None, None, None)


@pytest.mark.asyncio
async def test_a_session_that_holds_the_lock_and_says_nothing_is_ended_by_who_waits_for_it(
    postgres: Postgres, bot: str, make: Callable[..., PostgresLedger]
) -> None:
    async with make():
        pass
    # stopped in the middle of what it sends, so that the server's own guards never fall
    silent = await asyncpg.connect(postgres.url)
    try:
        number = await silent.fetchval("SELECT number FROM greenroom.bots WHERE name=$1", bot)
        assert await owning.take(silent, number)
        async with asyncio.timeout(PATIENCE):
            async with make(standing_by=lambda who: None, patience=Patience()) as ledger:
                assert await ledger.counts() == {}
        with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError)):
            await silent.fetchval("SELECT 1")
    finally:
        silent.terminate()


@pytest.mark.asyncio
async def test_a_worker_whose_session_is_ended_knows_it_without_writing_and_is_refused_from_then_on(
    postgres: Postgres, bot: str, make: Callable[..., PostgresLedger]
) -> None:
    async with make() as ledger:
        item = AgendaItem(
            id=0, due=1, late=1, account="home", event=Due(name="s", period="", due=ManualClock().now(), say="Hi.")
        )
        assert list(await ledger.add_agenda([item])) == [1]
        other = await asyncpg.connect(postgres.url)
        try:
            await other.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE $1",
                f"greenroom worker % {bot}"[:63],
            )
        finally:
            await other.close()
        with pytest.raises(LedgerLost, match="the connection is lost"):
            async with asyncio.timeout(PATIENCE):
                await ledger.failure()
        with pytest.raises(LedgerLost):
            ledger.receive(mention_turn(1))
        with pytest.raises(LedgerLost):
            await ledger.committed()
        with pytest.raises(LedgerLost, match="another worker may run the bot"):
            await ledger.add_agenda([item])
    async with make() as again:
        assert await again.counts() == {}
        assert len(await again.agenda()) == 1


@pytest.mark.asyncio
async def test_a_database_that_was_restored_is_taken_over_once_its_owner_says_so(
    make: Callable[..., PostgresLedger],
) -> None:
    async with make() as ledger:
        assert ledger.strayed is None
    async with make(takes_over=True) as ledger:
        why = ledger.strayed
        assert why is not None
        assert why.packed is None
        await ledger.come_home()
    async with make() as ledger:
        assert ledger.strayed is None


@pytest.mark.asyncio
async def test_a_copy_of_a_database_rehearses_until_it_is_taken_over(
    postgres: Postgres, bot: str, clock: ManualClock
) -> None:
    one, two = (f"copied_{uuid.uuid4().hex[:12]}" for _ in range(2))
    server = await asyncpg.connect(postgres.url)

    def ledger(name: str, *, takes_over: bool = False) -> PostgresLedger:
        url = postgres.url.removesuffix("postgres") + name
        return PostgresLedger(url, bot=bot, clock=clock, patience=UNHURRIED, takes_over=takes_over)

    try:
        await server.execute(f"CREATE DATABASE {one}")
        for _ in range(2):
            async with ledger(one) as first:
                assert first.strayed is None
        async with asyncio.timeout(PATIENCE):
            while True:
                try:
                    await server.execute(f"CREATE DATABASE {two} TEMPLATE {one}")
                    break
                except asyncpg.ObjectInUseError:
                    await asyncio.sleep(0.1)
        for _ in range(2):
            async with ledger(two) as copy:
                assert copy.strayed is not None
                assert "a copy" in copy.strayed.why
        async with ledger(two, takes_over=True) as copy:
            await copy.come_home()
        async with ledger(two) as copy:
            assert copy.strayed is None
    finally:
        await server.close()


@pytest.mark.asyncio
async def test_who_is_stopped_while_it_connects_closes_what_it_had_begun(make: Callable[..., PostgresLedger]) -> None:
    opening = asyncio.create_task(make().__aenter__())
    await asyncio.sleep(0)
    opening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await opening
    del opening
    # what is still open now warns of it, which is an error
    gc.collect()


@pytest.mark.asyncio
async def test_workers_are_seen_with_what_they_run_and_wait_for(
    postgres: Postgres, bot: str, make: Callable[..., PostgresLedger], clock: ManualClock
) -> None:
    place = Database(postgres.url)
    assert not has_ledger(place, bot)
    assert not is_running(place, bot)
    told = asyncio.Event()
    async with make() as ledger:
        waiting = asyncio.create_task(make(standing_by=lambda who: told.set()).__aenter__())
        await told.wait()
        mine = [(one.bot, one.owns, one.name) for one in workers_on(place) if one.bot == bot]
        assert [owns for _, owns, _ in mine] == [True, False]
        assert {name.partition(":")[2] for _, _, name in mine} == {str(os.getpid())}
        assert has_ledger(place, bot)
        assert is_running(place, bot)
        who = runner_of(place, bot)
        assert who is not None
        assert who["pid"] == os.getpid()
        async with open_ledger(place, bot=bot, clock=clock, beside=True) as beside:
            number = await beside.ask("pause", {"account": "home"})
            assert [command.id for command in await ledger.open_commands()] == [number]
            ledger.answer(number, {"done": "paused"})
            await ledger.committed()
            assert await beside.answered(number) == {"done": "paused"}
            assert [beside.id] == [ledger.id]
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        with pytest.raises(AlreadyRunning, match=f":{os.getpid()}, since"):
            await make().__aenter__()
    assert not is_running(place, bot)


@pytest.mark.asyncio
async def test_bots_of_one_database_know_nothing_of_each_other(postgres: Postgres, clock: ManualClock) -> None:
    names = [f"{uuid.uuid4().hex[:8]}{name}" for name in ("", "ä ö", "Ä Ö", "x" * 90, "x" * 91, 'a"; DROP SCHEMA b --')]
    assert len({schema_of(name) for name in names}) == len(names)
    for number, name in enumerate(names):
        async with PostgresLedger(postgres.url, bot=name, clock=clock, patience=UNHURRIED) as ledger:
            ledger.receive(mention_turn(number))
            await ledger.committed()
    for number, name in enumerate(names):
        async with PostgresLedger(postgres.url, bot=name, clock=clock, beside=True) as ledger:
            assert [turn.event_id for turn in await ledger.turns()] == [f"mention-{number}"]
            assert outside.files_kept_in(postgres.url, name) == {}


@pytest.mark.asyncio
async def test_texts_with_characters_that_a_database_cannot_keep_stop_nothing(
    make: Callable[..., PostgresLedger],
) -> None:
    async with make() as ledger:
        turn = mention_turn(1, text="a NUL: \0, and half of one: \\u0000 \\\0")
        turn.reason = "with a \0 in it"
        ledger.receive(turn)
        ledger.save(turn)
        ledger.note(None, "what\0", "why\0")
        await ledger.committed()
        (found,) = await ledger.turns()
        assert found.event == turn.event
        (known,) = await ledger.people_called("u1", "iris", accounts=["home"])
        assert known.turns == 1


@pytest.mark.asyncio
async def test_a_password_is_nowhere_to_be_read(
    postgres: Postgres, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    url = postgres.url.replace("greenroom@", "greenroom:hunter2@").replace(str(postgres.port), "1")
    assert shown(url) == url.replace(":hunter2", "")
    assert "hunter2" not in shown("postgresql:///db?host=/tmp&user=a&password=hunter2")
    ledger = PostgresLedger(url, bot="ada", clock=clock)
    with pytest.raises(LedgerLost) as refused:
        await ledger.__aenter__()
    assert "hunter2" not in f"{refused.value} {refused.value!r} {ledger!r} {caplog.text}"


@pytest.mark.asyncio
async def test_a_ledger_of_a_newer_program_is_refused(
    postgres: Postgres, bot: str, make: Callable[..., PostgresLedger]
) -> None:
    async with make():
        pass
    other = await asyncpg.connect(postgres.url)
    try:
        await other.execute(f"UPDATE \"{schema_of(bot)}\".meta SET value='999' WHERE name='tables'")  # noqa: S608 - ours
    finally:
        await other.close()
    for beside in (False, True):
        with pytest.raises(LedgerBroken, match=r"version 999.*update greenroom"):
            await make(beside=beside).__aenter__()


POOLER = """
[databases]
* = host=127.0.0.1 port={port} user=greenroom
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {listen}
auth_type = any
pool_mode = {mode}
unix_socket_dir =
server_round_robin = {round_robin}
min_pool_size = 3
"""


@pytest.mark.parametrize(("mode", "round_robin"), [("transaction", 0), ("transaction", 1), ("session", 0)])
@pytest.mark.asyncio
async def test_a_pooler_that_lends_sessions_is_refused_and_one_that_keeps_them_is_not(
    postgres: Postgres, bot: str, clock: ManualClock, mode: str, round_robin: int
) -> None:
    program = shutil.which("pgbouncer", path=f"{os.environ['PATH']}{os.pathsep}/usr/sbin")
    if program is None:
        assert not os.environ.get("CI"), "CI has no pgbouncer"
        pytest.skip("pgbouncer is not installed: apt-get install pgbouncer")
    listen = postgres.free_port()
    settings = postgres.write(
        f"pgbouncer-{listen}.ini",
        POOLER.format(port=postgres.port, listen=listen, mode=mode, round_robin=round_robin),
    )
    url = postgres.url.replace(str(postgres.port), str(listen))
    with subprocess.Popen(  # noqa: S603 - pgbouncer, which refuses to be root
        [program, "-q", str(settings)], user=postgres.user, stderr=subprocess.DEVNULL
    ) as pooler:
        try:
            async with asyncio.timeout(PATIENCE):
                while True:
                    try:
                        await (await asyncpg.connect(url)).close()
                        break
                    except OSError:
                        assert pooler.poll() is None
                        await asyncio.sleep(0.05)
            ledger = PostgresLedger(url, bot=bot, clock=clock, patience=UNHURRIED)
            if mode == "session":
                async with ledger:
                    ledger.receive(mention_turn(1))
                    await ledger.committed()
            else:
                with pytest.raises(LedgerBroken, match="PgBouncer in transaction mode"):
                    await ledger.__aenter__()
        finally:
            pooler.kill()
