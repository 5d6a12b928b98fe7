"""A connection that could not be made ready is closed: nothing of it stays with the server."""

import asyncio
import struct
import time
import uuid
from contextlib import closing

import asyncpg
import pytest
from postgres import Postgres

from greenroom.storage.postgres.bell import Bell
from greenroom.storage.postgres.database import PostgresDatabase

IMPOSSIBLE = 'a"b'
"""No schema can be named like that without more."""
PATIENCE = 30.0


def sessions(url: str, name: str) -> int:
    with closing(PostgresDatabase(url, name="looks", patience=PATIENCE)) as database:
        count = database.execute("SELECT count(*) FROM pg_stat_activity WHERE application_name=?", (name,)).fetchone()[
            0
        ]
    return int(count)


def until_none(url: str, name: str) -> None:
    ends = time.monotonic() + PATIENCE
    while sessions(url, name):
        assert time.monotonic() < ends, "the session is still there"
        time.sleep(0.02)


def test_a_database_that_cannot_be_made_ready_is_left(postgres: Postgres) -> None:
    name = f"t{uuid.uuid4().hex[:12]}"
    # who handles the error has the connection in its traceback
    with pytest.raises(asyncpg.PostgresSyntaxError) as failure:
        PostgresDatabase(postgres.url, name=name, patience=PATIENCE, schema=IMPOSSIBLE)
    until_none(postgres.url, name)
    assert failure.value.sqlstate == "42601"


@pytest.mark.asyncio
async def test_a_bell_that_cannot_listen_is_left_and_who_asks_for_it_goes_without(postgres: Postgres) -> None:
    assert await Bell.listen(postgres.url, "a\0b") is None
    # a connection that was only forgotten would warn here
    await asyncio.to_thread(until_none, postgres.url, "greenroom bell")


async def let_in(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer as a server does until a client may ask something."""

    async def greeting() -> bytes:
        (length,) = struct.unpack("!I", await reader.readexactly(4))
        return await reader.readexactly(length - 4)

    if (await greeting()).startswith(struct.pack("!HH", 1234, 5679)):
        # it would like to go on encrypted
        writer.write(b"N")
        await greeting()
    for kind, body in ((b"R", bytes(4)), (b"S", b"server_version\0" + b"18.0\0"), (b"K", bytes(8)), (b"Z", b"I")):
        writer.write(kind + struct.pack("!I", len(body) + 4) + body)


@pytest.mark.asyncio
async def test_a_bell_that_a_server_never_answers_is_not_waited_for_for_ever() -> None:
    asked: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    async def say_no_more(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await let_in(reader, writer)
        question = await reader.read()
        writer.close()
        await writer.wait_closed()
        asked.set_result(question)

    async with await asyncio.start_server(say_no_more, "127.0.0.1", 0) as server, asyncio.timeout(PATIENCE):
        port = server.sockets[0].getsockname()[1]
        assert await Bell.listen(f"postgresql://ada@127.0.0.1:{port}/ada", "bell", patience=3.0) is None
        assert b"LISTEN" in await asked
