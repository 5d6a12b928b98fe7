"""What is written down line after line: the journal, the paid calls."""

import asyncio
import hashlib
from datetime import datetime
from typing import Any

from greenroom.clock import to_micros
from greenroom.storage.cause import Cause
from greenroom.storage.records import JournalEntry, Outlay, SpendRow
from greenroom.storage.tables.commits import GroupCommit
from greenroom.storage.tables.database import Database

__all__ = [
    "journal",
    "journal_after",
    "note",
    "outlays",
    "pseudonym_of",
    "reserve",
    "settle",
    "spending",
    "spent_by",
    "spent_since",
]

_ENTRY = "id,at,seq,what,why"
_OUTLAYS = """
    WITH grouped AS (
      SELECT s.account, coalesce(t.kind,'') AS kind, coalesce(t.rule,'') AS rule, s.person, s.model,
        count(*) AS calls, sum(coalesce(s.settled,s.reserved)) AS micros,
        sum(CASE WHEN s.settled IS NULL THEN 1 ELSE 0 END) AS open_calls,
        sum(CASE WHEN s.settled IS NULL THEN s.reserved ELSE 0 END) AS open_micros,
        min(s.at) AS first, max(CASE WHEN t.event<>'' THEN t.seq END) AS newest
      FROM spend s LEFT JOIN turns t ON t.seq=s.seq
      WHERE s.at>=? AND s.at<? GROUP BY 1,2,3,4,5)
    SELECT account, kind, rule, person, model, calls, micros, open_calls, open_micros, first,
      CASE WHEN person<>'' THEN (SELECT json_extract(event,'$.author.handle') FROM turns WHERE seq=newest) END
    FROM grouped ORDER BY micros DESC, calls DESC, account, rule, person, model
"""

# the journal


def note(commits: GroupCommit, seq: int | None, what: str, why: str, *, now: int) -> None:
    commits.change("INSERT INTO journal(at,seq,what,why) VALUES(?,?,?,?)", now, seq, what, why)


def journal(db: Database, seq: int | None, what: str | None, limit: int) -> list[JournalEntry]:
    given = {"seq=?": seq, "what=?": what}
    conditions = {condition: value for condition, value in given.items() if value is not None}
    where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
    rows = db.execute(f"SELECT {_ENTRY} FROM journal {where} ORDER BY id DESC LIMIT ?", (*conditions.values(), limit))  # noqa: S608 - the conditions are literals
    return [_entry(row) for row in rows]


def journal_after(db: Database, id: int, limit: int) -> list[JournalEntry]:
    rows = db.execute(f"SELECT {_ENTRY} FROM journal WHERE id>? ORDER BY id LIMIT ?", (id, limit))  # noqa: S608 - columns are a literal
    return [_entry(row) for row in rows]


def _entry(row: tuple[Any, ...]) -> JournalEntry:
    id, at, seq, what, why = row
    return JournalEntry(id=id, at=at, seq=seq, what=what, why=why)


# money


def pseudonym_of(platform: str, person: str, *, key: str) -> str:
    """Return by what a person is known among the spending of the ledger with this id: not his own id, and the same on
    every account of a platform."""
    whole = f"{platform}\x1f{person}".encode()
    return hashlib.blake2b(whole, digest_size=16, key=key.encode()[:64]).hexdigest()


def reserve(
    commits: GroupCommit, *, at: datetime, turn: str, model: str, micros: int, cause: Cause, key: str
) -> "asyncio.Future[int]":
    return commits.ask(
        "INSERT INTO spend(at,turn,model,reserved,account,seq,person) VALUES(?,?,?,?,?,?,?)",
        to_micros(at),
        turn,
        model,
        micros,
        cause.account,
        cause.seq,
        "" if cause.person is None else pseudonym_of(cause.platform, cause.person, key=key),
    )


def settle(commits: GroupCommit, id: int, micros: int) -> "asyncio.Future[int]":
    return commits.ask("UPDATE spend SET settled=? WHERE id=?", micros, id)


def spent_since(db: Database, moment: datetime) -> int:
    row = db.execute("SELECT coalesce(sum(coalesce(settled,reserved)),0) FROM spend WHERE at>=?", (to_micros(moment),))
    return int(row.fetchone()[0])


def spent_by(db: Database, pseudonym: str, since: datetime) -> int:
    row = db.execute(
        "SELECT coalesce(sum(coalesce(settled,reserved)),0) FROM spend WHERE person=? AND person<>'' AND at>=?",
        (pseudonym, to_micros(since)),
    )
    return int(row.fetchone()[0])


def spending(db: Database, since: int, limit: int) -> list[SpendRow]:
    rows = db.execute(
        "SELECT at,turn,model,reserved,settled,account,seq,person FROM spend WHERE at>=? ORDER BY id DESC LIMIT ?",
        (since, limit),
    )
    return [
        SpendRow(
            at=at,
            turn=turn,
            model=model,
            reserved=reserved,
            settled=settled,
            account=account,
            seq=seq,
            person=person,
        )
        for at, turn, model, reserved, settled, account, seq, person in rows
    ]


def outlays(db: Database, since: datetime, until: datetime) -> list[Outlay]:
    return [
        Outlay(
            account=account,
            kind=kind,
            rule=rule,
            person=person,
            handle=handle,
            model=model,
            calls=calls,
            micros=micros,
            open_calls=open_calls,
            open_micros=open_micros,
            first=first,
        )
        for account, kind, rule, person, model, calls, micros, open_calls, open_micros, first, handle in db.execute(
            _OUTLAYS, (to_micros(since), to_micros(until))
        )
    ]
