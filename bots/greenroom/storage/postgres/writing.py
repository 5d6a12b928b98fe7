"""How a group of changes goes into PostgreSQL: one transaction for all of it, on the connection that holds the lock."""

import asyncio
import contextlib
import functools
import re
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
INSERT INTO turns(seq,account,event_id,lane,kind,event,surface,rule,trust,post_id,received,expires,not_before,state,
  starts,changed)
SELECT * FROM unnest($1::bigint[],$2::text[],$3::text[],$4::text[],$5::text[],$6::text[],$7::text[],$8::text[],
  $9::text[],$10::text[],$11::bigint[],$12::bigint[],$13::bigint[],$14::bigint[],$15::bigint[],$16::bigint[])
ON CONFLICT DO NOTHING RETURNING seq
"""
_BEGIN_NEW_WORK = "INSERT INTO at_work(seq) SELECT seq FROM arrived"
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
_PUT_ASIDE = "INSERT INTO aside(seq) SELECT unnest($1::bigint[]) ON CONFLICT DO NOTHING"
_RECEIPTS = """
INSERT INTO receipts(account,post_id,seq,part,url,published)
SELECT * FROM unnest($1::text[],$2::text[],$3::bigint[],$4::bigint[],$5::text[],$6::bigint[]) ON CONFLICT DO NOTHING
"""
_CURSORS = """
INSERT INTO cursors(account,source,cursor) SELECT * FROM unnest($1::text[],$2::text[],$3::text[])
ON CONFLICT(account,source) DO UPDATE SET cursor=excluded.cursor
"""
_PLACE = re.compile(r"\$(\d+)")

_Parts = dict[str, tuple[str, Sequence[Sequence[Any]]]]
"""Statements that do not see what the others do, each under a name and with its values."""


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


def _as_they_are(columns: Sequence[Sequence[Any]]) -> Sequence[Sequence[Any]]:
    return columns


def _without_nuls(columns: Sequence[Sequence[Any]]) -> Sequence[Sequence[Any]]:
    return [tuple(map(without_nul, column)) for column in columns]


async def _write(connection: Connection, group: Group, clean: Any) -> None:
    group.results.clear()
    statements = [parts for parts in _statements(group) if parts]
    # one statement is a transaction by itself
    is_alone = len(statements) + len(group.changes) == 1
    if not is_alone:
        await connection.execute("BEGIN")
    try:
        for parts in statements:
            columns = [column for _, given in parts.values() for column in clean(given)]
            whole = _as_one(tuple((name, part) for name, (part, _) in parts.items()))
            found = await connection.fetch(whole, *columns)
            if "arrived" in parts:
                group.known = {row[0] for row in group.inserts} - {row[0] for row in found}
        for sql, values, future in group.changes:
            await _change(connection, group, sql, values, future)
        if not is_alone:
            await connection.execute("COMMIT")
    except BaseException:
        if not is_alone:
            with contextlib.suppress(*FAILURES):
                await connection.execute("ROLLBACK")
        raise


def _statements(group: Group) -> tuple[_Parts, ...]:
    """Return what a group does to its tables, in as few statements as can be, since each is a way to the server."""
    arrivals: _Parts = {}
    if group.inserts:
        arrivals["arrived"] = (_INSERT, _columns(group.inserts))
        arrivals["begun"] = (_BEGIN_NEW_WORK, ())
    saves: _Parts = {}
    if group.turns:
        saves["changed"] = (_UPDATE_ALL, _columns(group.turns))
    if group.turns_but_draft:
        saves["moved"] = (_UPDATE_BUT_DRAFT, _columns(group.turns_but_draft))
    ended = [seq for (seq,) in group.ended]
    if again := [seq for seq in group.again if seq not in ended]:
        saves["again"] = (_BEGIN_WORK, (again,))
    if ended:
        saves["ended"] = (_END_WORK, (ended,))
    if group.aside:
        saves["put_aside"] = (_PUT_ASIDE, ([seq for (seq,) in group.aside],))
    # an act leaves no post
    if receipts := [row for row in group.receipts if row[1] is not None]:
        saves["told"] = (_RECEIPTS, _columns(receipts))
    if group.cursors:
        rows = [(*place, cursor) for place, cursor in group.cursors.items()]
        saves["cursors_moved"] = (_CURSORS, _columns(rows))
    if any(row[0] in group.saves for row in group.inserts):
        # what is saved must be there before
        return arrivals, saves
    return ({**arrivals, **saves},)


@functools.lru_cache(maxsize=128)
def _as_one(parts: tuple[tuple[str, str], ...]) -> str:
    """Return the statement that does what all the parts do, the values of each behind those of the part before; it
    returns the numbers of those that arrived."""
    taken, done = 0, list[str]()
    for name, part in parts:
        done.append(f"{name} AS ({_from_place(part, taken)})")
        taken += len(set(_PLACE.findall(part)))
    return f"WITH {', '.join(done)} SELECT {'seq FROM arrived' if parts[0][0] == 'arrived' else '1'}"  # noqa: S608 - ours


def _from_place(part: str, taken: int) -> str:
    return _PLACE.sub(lambda place: f"${int(place[1]) + taken}", part)


async def _change(
    connection: Connection, group: Group, sql: str, values: Sequence[Any], future: "asyncio.Future[int] | None"
) -> None:
    done = translated(sql)
    given = [without_nul(value) for value in values]
    if future is None:
        await connection.execute(done, *given) if given else await connection.execute(done)
    elif sql.startswith("INSERT"):
        group.results.append((future, await connection.fetchval(f"{done} RETURNING id", *given)))
    else:
        status = await connection.execute(done, *given)
        group.results.append((future, int(status.rpartition(" ")[2])))
