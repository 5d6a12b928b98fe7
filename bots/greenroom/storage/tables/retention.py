"""How long a ledger keeps texts: what is emptied, deleted or over when its time has passed."""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from greenroom.storage.records import StoredPost
from greenroom.storage.tables.commits import GroupCommit
from greenroom.storage.tables.database import Database
from greenroom.storage.tables.rows import EXPIRED, IS_ASIDE, encode
from greenroom.storage.turn import State

__all__ = [
    "empty",
    "empty_spared",
    "empty_these",
    "expire",
    "forget_what_was_said",
    "forget_who_is_aside_no_more",
    "oldest_with_texts",
    "stored_posts",
    "written_in_view_of",
]

_EMPTIED = (
    "UPDATE turns SET event='',draft=NULL,outbox=NULL,"
    "reason=CASE WHEN state IN (4,5,15) THEN 'nobody decided in time, and its texts are gone' ELSE '' END,"
    "state=CASE state WHEN 4 THEN 12 WHEN 5 THEN 14 WHEN 15 THEN 14 ELSE state END "
)
_EMPTY = f"{_EMPTIED}WHERE seq BETWEEN ? AND ? AND state>=4"
_RETIRED = "INSERT INTO meta(name,value) VALUES('retired',?) ON CONFLICT(name) DO UPDATE SET value=excluded.value"
_IS_SPARED = "name>='spared:' AND name<'spared;'"
"""Rows of `meta`: turns behind the mark on which work was to be done when it passed them."""
_SPARED_SEQ = "CAST(substr(name,8) AS BIGINT)"
_SPARE = (
    "INSERT INTO meta(name,value) SELECT 'spared:'||seq,'' FROM at_work WHERE seq BETWEEN ? AND ? "
    "ON CONFLICT DO NOTHING"
)
_SPARED = f"SELECT {_SPARED_SEQ} FROM meta WHERE {_IS_SPARED} AND {_SPARED_SEQ} NOT IN (SELECT seq FROM at_work)"  # noqa: S608 - literals
_EMPTY_SPARED = f"{_EMPTIED}WHERE seq IN ({_SPARED}) AND state>=4"
_SPARED_NO_MORE = f"DELETE FROM meta WHERE {_IS_SPARED} AND {_SPARED_SEQ} NOT IN (SELECT seq FROM at_work)"  # noqa: S608 - literals


_EMPTY_ONE = (
    "UPDATE turns SET event='',draft=NULL,outbox=NULL,reason=CASE WHEN state=15 THEN 'source gone' "
    "WHEN reason='source gone' THEN reason ELSE '' END,state=CASE state WHEN 15 THEN 14 ELSE state END "
    "WHERE seq=? AND state>=10"
)
_EMPTY_UNKNOWN = "UPDATE turns SET event='',draft=NULL WHERE seq=? AND state=5"
_AT_REST = "seq IN (SELECT value FROM json_each(?)) AND (state>=10 OR state=5)"
_THEIR_FACTS = (
    "DELETE FROM people_facts WHERE (account,event_id) IN "  # noqa: S608 - literals
    f"(SELECT account,event_id FROM turns WHERE {_AT_REST})"
)
"""What their authors said of themselves in them."""
_THEIR_CALLS = (
    "DELETE FROM journal WHERE what>='tool ' AND what<'tool!' "  # noqa: S608 - literals
    f"AND seq IN (SELECT seq FROM turns WHERE {_AT_REST})"
)
"""Arguments of tools repeat their words."""
_ASIDE_NO_MORE = f"DELETE FROM aside WHERE seq NOT IN (SELECT seq FROM turns WHERE {IS_ASIDE})"  # noqa: S608 - a literal
_RETIRED_UP_TO = "coalesce((SELECT CAST(value AS BIGINT) FROM meta WHERE name='retired'),0)"


class _Also(msgspec.Struct):
    """Of a draft only the turns that it answers as well."""

    also: tuple[int, ...] = ()


_decode_also = msgspec.json.Decoder(_Also).decode


def stored_posts(db: Database, after: int, limit: int) -> list[StoredPost]:
    rows = db.execute(
        "SELECT seq,account,kind,post_id,state FROM turns "  # noqa: S608 - a literal
        f"WHERE seq>? AND seq>{_RETIRED_UP_TO} AND event<>'' AND post_id IS NOT NULL ORDER BY seq LIMIT ?",
        (after, limit),
    )
    return [
        StoredPost(seq=seq, account=account, kind=kind, post_id=post_id, rests=state > State.HELD)
        for seq, account, kind, post_id, state in rows
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class InView:
    """A draft that answers another turn as well: it repeats its words."""

    seq: int
    of: int
    """That other turn."""
    is_needed: bool
    """Work is to be done on it, or it is held."""


def written_in_view_of(db: Database, seqs: Sequence[int]) -> list[InView]:
    """Return the drafts that answer one of these turns as well."""
    lanes: defaultdict[str, set[int]] = defaultdict(set)
    for seq in seqs:
        for (lane,) in db.execute("SELECT lane FROM turns WHERE seq=?", (seq,)):
            lanes[lane].add(seq)
    found: list[InView] = []
    # one walk over a conversation, however much in it is gone
    for lane, gone in lanes.items():
        rows = db.execute("SELECT seq,draft,state FROM turns WHERE lane=? AND draft LIKE '%\"also\"%'", (lane,))
        for other, draft, state in rows:
            found += [
                InView(seq=other, of=seq, is_needed=state <= State.HELD)
                for seq in _decode_also(draft).also
                if seq in gone and seq != other
            ]
    return found


def empty_these(commits: GroupCommit, seqs: Sequence[int], drafts: Sequence[int]) -> None:
    """Queue the end of the texts of these turns, of what is known by them alone, and of these drafts."""
    turns = encode(seqs)
    commits.change(_THEIR_FACTS, turns)
    commits.change(_THEIR_CALLS, turns)
    for seq in seqs:
        commits.change(_EMPTY_ONE, seq)
        commits.change(_EMPTY_UNKNOWN, seq)
    for seq in drafts:
        commits.change("UPDATE turns SET draft=NULL WHERE seq=? AND state>4", seq)


def oldest_with_texts(db: Database, before: int, limit: int) -> tuple[int, int] | None:
    """Return the first and last of the next turns to be emptied: they lie in the order of their age, so whatever
    stands between two old ones is old, and an index on it would burden every turn for the sake of this one."""
    retired = db.execute("SELECT value FROM meta WHERE name='retired'").fetchone()
    last = 0 if retired is None else int(retired[0])
    rows = db.execute("SELECT seq,received FROM turns WHERE seq>? ORDER BY seq LIMIT ?", (last, limit)).fetchall()
    old = [seq for seq, received in rows if received < before]
    return (rows[0][0], old[-1]) if old else None


def empty(commits: GroupCommit, first: int, last: int) -> "asyncio.Future[int]":
    """Queue the end of the texts of these turns and of those between; the future has how many there were. What is
    worked on is passed by, see `empty_spared`."""
    emptied = commits.ask(_EMPTY, first, last)
    commits.change(_SPARE, first, last)
    commits.change(_RETIRED, str(last))
    return emptied


def empty_spared(commits: GroupCommit) -> "asyncio.Future[int]":
    """Queue the end of the texts of those that were passed by and rest by now; the future has how many there were."""
    emptied = commits.ask(_EMPTY_SPARED)
    commits.change(_SPARED_NO_MORE)
    return emptied


def forget_what_was_said(commits: GroupCommit, before: int) -> "asyncio.Future[int]":
    """Queue the end of answered commands and of the journal of that age."""
    # both lie in the order of their age, so no more is read than is deleted
    commits.change(
        "DELETE FROM commands WHERE answer IS NOT NULL "
        "AND id<coalesce((SELECT id FROM commands WHERE at>=? ORDER BY id LIMIT 1),?)",
        before,
        2**62,
    )
    return commits.ask(
        "DELETE FROM journal WHERE id<coalesce((SELECT id FROM journal WHERE at>=? ORDER BY id LIMIT 1),?)",
        before,
        2**62,
    )


def forget_who_is_aside_no_more(commits: GroupCommit) -> None:
    """Queue that the table of turns aside has no others."""
    commits.change(_ASIDE_NO_MORE)


def expire(commits: GroupCommit, now: int) -> "asyncio.Future[int]":
    """Queue that every turn which was held for too long is stale."""
    why = "nobody released it in time"
    commits.change(
        "INSERT INTO journal(at,seq,what,why) SELECT CAST(? AS BIGINT),seq,CAST(? AS TEXT),CAST(? AS TEXT) "  # noqa: S608 - a literal
        f"FROM turns WHERE {EXPIRED}",
        now,
        State.STALE.word,
        why,
        now,
    )
    return commits.ask(
        f"UPDATE turns SET state=?,reason=?,changed=? WHERE {EXPIRED}",  # noqa: S608 - a literal
        State.STALE,
        why,
        now,
        now,
    )
