"""How turns are found again: every question that the table of turns answers."""

from collections.abc import Sequence
from typing import Any

import msgspec

from greenroom.storage.records import Past
from greenroom.storage.tables.database import Database
from greenroom.storage.tables.rows import COLUMNS, EXPIRED, IS_ASIDE, SURFACES, turn_of
from greenroom.storage.turn import CLOCK, State, Turn
from greenroom_adapters.contract import Room

__all__ = [
    "about_post",
    "accounts",
    "aside",
    "at_work",
    "counts",
    "in_lane",
    "own_posts",
    "past",
    "seq_of_event",
    "spoken",
    "turn",
    "turn_of_post",
    "turns",
    "waiting",
    "waiting_lanes",
]

_ASIDE = frozenset({State.HELD, State.UNKNOWN, State.DEAD})
_COUNTED = (State.DRAFTED, State.INTENDED, State.SENDING, State.HELD, State.UNKNOWN, State.SENT)
_TWO_DAYS = 2 * 86_400_000_000
_PAGE = 1000
_PAST = (
    "SELECT seq,account,lane,kind,surface,event,post_id,state,received,changed FROM turns "
    "WHERE seq<? AND rule NOT IN ('tell','unable','share','unreadable') "
    "AND (kind='clock' OR (rule<>'stop' AND rule NOT LIKE '/%' AND rule NOT LIKE 'moderator: %')) "
    "ORDER BY seq DESC LIMIT ?"
)


class _Who(msgspec.Struct):
    id: str


class _Where(msgspec.Struct):
    id: str
    name: str = ""
    server: str = ""


class _WhoseEvent(msgspec.Struct):
    """Of any event only whose doing it is, and of a post whether its owner wrote it."""

    author: _Who | None = None
    say: str | None = None
    room: _Where | str | None = None


_decode_whose = msgspec.json.Decoder(_WhoseEvent).decode


def at_work(db: Database) -> list[Turn]:
    return _where(db, "seq IN (SELECT seq FROM at_work) AND state IN (1,2,3) ORDER BY seq")


def waiting_lanes(db: Database) -> list[tuple[str, str, int]]:
    return db.execute(
        "SELECT account,lane,min(seq) FROM turns WHERE seq IN (SELECT seq FROM at_work) "
        "AND state=0 GROUP BY account,lane ORDER BY 3"
    ).fetchall()


def waiting(db: Database, lanes: Sequence[tuple[str, int]], last: int, limit: int) -> list[list[Turn]]:
    """Return up to `limit` received turns of each (lane, first seq), none behind `last`."""
    return [
        [
            turn_of(row)
            for row in db.execute(
                f"SELECT {COLUMNS} FROM turns INDEXED BY turns_by_lane "  # noqa: S608 - columns are a literal
                "WHERE lane=? AND seq BETWEEN ? AND ? AND state=0 ORDER BY seq LIMIT ?",
                (lane, first, last, limit),
            )
        ]
        for lane, first in lanes
    ]


def turn(db: Database, seq: int) -> Turn | None:
    found = _where(db, "seq=?", seq)
    return found[0] if found else None


def turns(db: Database, states: Sequence[int] | None, limit: int, before: int | None) -> list[Turn]:
    condition, values = "seq<?", [before if before is not None else 2**62]
    if states is not None:
        condition += f" AND state IN ({','.join('?' * len(states))})"
        if _ASIDE.issuperset(states):
            condition += f" AND {IS_ASIDE}"
        values += states
    return _where(db, f"{condition} ORDER BY seq DESC LIMIT ?", *values, limit)


def about_post(db: Database, account: str, post_id: str) -> list[Turn]:
    return _where(
        db,
        # By these alone (+: never by the account's index, which has every turn there ever was): the platform tells
        # of every deletion, and most are of posts that were never answered.
        "seq IN (SELECT seq FROM at_work UNION ALL SELECT seq FROM aside) "
        "AND +account=? AND post_id=? AND state<10 ORDER BY seq",
        account,
        post_id,
    )


def in_lane(db: Database, lane: str, before: int, limit: int) -> list[Turn]:
    return _where(db, "lane=? AND seq<? AND state>=4 ORDER BY seq DESC LIMIT ?", lane, before, limit)[::-1]


def own_posts(db: Database, account: str, before: int, limit: int) -> list[Turn]:
    low = f"{account}/post:"
    found = _where(
        db,
        "lane>=? AND lane<? AND seq<? AND state=? AND kind=? ORDER BY seq DESC LIMIT ?",
        low,
        low[:-1] + ";",
        before,
        State.SENT,
        CLOCK,
        limit,
    )
    return found[::-1]


def past(db: Database, since: int) -> list[Past]:
    found: list[Past] = []
    before = 2**62
    while rows := db.execute(_PAST, (before, _PAGE)).fetchall():
        for row in rows:
            if row[8] < since - _TWO_DAYS:
                # rows are in the order of arrival: what lies below may at the most have been held for long
                return found
            if (one := _past(row, since)) is not None:
                found.append(one)
        before = rows[-1][0]
    return found


def _past(row: tuple[Any, ...], since: int) -> Past | None:
    seq, account, lane, kind, surface, event, post_id, state, _, changed = row
    if changed < since or state not in _COUNTED:
        return None
    known = _WhoseEvent() if not event else _decode_whose(event)
    if kind == CLOCK and known.say is not None:
        return None
    whose = None if kind == CLOCK else known.author
    return Past(
        seq=seq,
        account=account,
        lane=lane,
        kind=kind,
        surface=SURFACES[surface],
        person=None if whose is None else whose.id,
        post_id=post_id,
        state=State(state),
        changed=changed,
        room=_room(known.room),
    )


def _room(where: _Where | str | None) -> Room | None:
    if where is None:
        return None
    if isinstance(where, str):
        return Room(id=where, name=where)
    return Room(id=where.id, name=where.name, server=where.server)


def spoken(db: Database, account: str, up_to: int) -> tuple[int, int]:
    by_engine = "AND json_extract(draft,'$.engine') NOT IN ('say','lines','act')"
    written = (f"kind='clock' {by_engine}", f"kind<>'clock' {by_engine}")
    posts, replies = (
        db.execute(
            f"SELECT count(*) FROM (SELECT 1 FROM turns WHERE account=? AND state=? AND {wanted} LIMIT ?) AS counted",  # noqa: S608 - literals
            (account, State.SENT, up_to),
        ).fetchone()[0]
        for wanted in written
    )
    return int(posts), int(replies)


def held_too_long(db: Database, now: int) -> list[Turn]:
    return _where(db, EXPIRED, now)


def stale_among(db: Database, seqs: Sequence[int]) -> list[Turn]:
    return _where(db, f"seq IN ({','.join(map(str, seqs))}) AND state=?", State.STALE)


def turn_of_post(db: Database, account: str, post_id: str) -> int | None:
    row = db.execute("SELECT seq FROM receipts WHERE account=? AND post_id=?", (account, post_id)).fetchone()
    return None if row is None else int(row[0])


def seq_of_event(db: Database, account: str, event_id: str) -> int | None:
    row = db.execute("SELECT seq FROM turns WHERE account=? AND event_id=?", (account, event_id)).fetchone()
    return None if row is None else int(row[0])


def counts(db: Database) -> dict[State, int]:
    return {State(state): n for state, n in db.execute("SELECT state,count(*) FROM turns GROUP BY state")}


def aside(db: Database) -> dict[State, int]:
    rows = db.execute(f"SELECT state,count(*) FROM turns WHERE {IS_ASIDE} GROUP BY state")  # noqa: S608 - a literal
    return {State(state): n for state, n in rows}


def accounts(db: Database) -> dict[str, int]:
    return dict(db.execute("SELECT account,count(*) FROM turns GROUP BY account ORDER BY account").fetchall())


def _where(db: Database, condition: str, *values: Any) -> list[Turn]:
    return [turn_of(row) for row in db.execute(f"SELECT {COLUMNS} FROM turns WHERE {condition}", values)]  # noqa: S608 - conditions are literals of this module
