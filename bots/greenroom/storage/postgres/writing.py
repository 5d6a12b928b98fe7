"""How a group of changes goes into PostgreSQL: one transaction for all of it, on the connection that holds the lock."""

import contextlib
from collections.abc import Sequence
from typing import Any

import asyncpg  # pyright: ignore[reportMissingTypeStubs]  # it has none
from typing_extensions import override

from greenroom.storage.postgres.database import Connection, PostgresDatabase, without_nul
from greenroom.storage.postgres.dialect import translated
from greenroom.storage.postgres.failures import FAILURES, in_words
from greenroom.storage.tables.commits import Writer
from greenroom.storage.tables.group import Group

__all__ = ["PostgresWriter"]

_INSERT = """
WITH new AS (
  INSERT INTO turns(seq,account,event_id,lane,kind,event,surface,rule,trust,post_id,received,expires,not_before,state,
    starts,changed)
  SELECT * FROM unnest($1::bigint[],$2::text[],$3::text[],$4::text[],$5::text[],$6::text[],$7::text[],$8::text[],
    $9::text[],$10::text[],$11::bigint[],$12::bigint[],$13::bigint[],$14::bigint[],$15::bigint[],$16::bigint[])
  ON CONFLICT DO NOTHING RETURNING seq),
begun AS (INSERT INTO at_work(seq) SELECT seq FROM new)
SELECT seq FROM new
"""
_UPDATE = """
UPDATE turns t SET state=u.state,reason=u.reason,starts=u.starts,not_before=u.not_before,expires=u.expires,
  persona=u.persona,outbox=u.outbox,changed=u.changed{draft}
FROM unnest($1::bigint[],$2::text[],$3::bigint[],$4::bigint[],$5::bigint[],$6::text[],$7::text[],$8::bigint[],{types})
  u(state,reason,starts,not_before,expires,persona,outbox,changed,{names}) WHERE t.seq=u.seq
"""
_UPDATE_ALL = _UPDATE.format(draft=",draft=u.draft", types="$9::text[],$10::bigint[]", names="draft,seq")
_UPDATE_BUT_DRAFT = _UPDATE.format(draft="", types="$9::bigint[]", names="seq")
_BEGIN_WORK = "INSERT INTO at_work(seq) SELECT unnest($1::bigint[]) ON CONFLICT DO NOTHING"
_END_WORK = "DELETE FROM at_work WHERE seq=ANY($1::bigint[])"
_RECEIPTS = """
INSERT INTO receipts(account,post_id,seq,part,url,published)
SELECT * FROM unnest($1::text[],$2::text[],$3::bigint[],$4::bigint[],$5::text[],$6::bigint[]) ON CONFLICT DO NOTHING
"""
_CURSORS = """
INSERT INTO cursors(account,source,cursor) SELECT * FROM unnest($1::text[],$2::text[],$3::text[])
ON CONFLICT(account,source) DO UPDATE SET cursor=excluded.cursor
"""


class PostgresWriter(Writer):
    """Writes groups through one connection, and closes it. What is lost with the connection is lost for good: nobody
    connects again, because the lock may be another's by then."""

    BEAT = 1.0

    def __init__(self, database: PostgresDatabase, place: str) -> None:
        self._database = database
        self._place = place

    @override
    def write(self, group: Group) -> None:
        try:
            try:
                self._database.run(_write(self._database.connection, group, _as_they_are))
            except asyncpg.CharacterNotInRepertoireError:
                self._database.run(_write(self._database.connection, group, _without_nuls))
        except FAILURES as error:
            raise in_words(self._place, error) from error

    @override
    def beat(self) -> None:
        try:
            self._database.run(self._database.connection.execute("SELECT 1"))
        except FAILURES as error:
            raise in_words(self._place, error) from error

    @override
    def close(self, *, clean: bool) -> None:
        self._database.close()


def _columns(rows: Sequence[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    return list(zip(*rows, strict=True))


def _as_they_are(columns: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    return columns


def _without_nuls(columns: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    return [tuple(map(without_nul, column)) for column in columns]


async def _write(connection: Connection, group: Group, clean: Any) -> None:
    group.results.clear()
    await connection.execute("BEGIN")
    try:
        if group.inserts:
            found = {row[0] for row in await connection.fetch(_INSERT, *clean(_columns(group.inserts)))}
            group.known = {row[0] for row in group.inserts} - found
        if group.turns:
            await connection.execute(_UPDATE_ALL, *clean(_columns(group.turns)))
        if group.turns_but_draft:
            await connection.execute(_UPDATE_BUT_DRAFT, *clean(_columns(group.turns_but_draft)))
        if group.again:
            await connection.execute(_BEGIN_WORK, group.again)
        if group.ended:
            await connection.execute(_END_WORK, [seq for (seq,) in group.ended])
        # an act leaves no post
        if receipts := [row for row in group.receipts if row[1] is not None]:
            await connection.execute(_RECEIPTS, *clean(_columns(receipts)))
        if group.cursors:
            rows = [(*place, cursor) for place, cursor in group.cursors.items()]
            await connection.execute(_CURSORS, *clean(_columns(rows)))
        for sql, values, future in group.changes:
            done = translated(sql)
            given = [without_nul(value) for value in values]
            if future is None:
                await connection.execute(done, *given) if given else await connection.execute(done)
            elif sql.startswith("INSERT"):
                group.results.append((future, await connection.fetchval(f"{done} RETURNING id", *given)))
            else:
                status = await connection.execute(done, *given)
                group.results.append((future, int(status.rpartition(" ")[2])))
        await connection.execute("COMMIT")
    except BaseException:
        with contextlib.suppress(*FAILURES):
            await connection.execute("ROLLBACK")
        raise
