"""The posts to come, as rows of the agenda."""

from collections.abc import Collection, Iterator, Mapping, Sequence

import msgspec

from greenroom.storage.records import AgendaItem
from greenroom.storage.tables.commits import GroupCommit
from greenroom.storage.tables.database import Database
from greenroom.storage.tables.rows import encode
from greenroom.storage.turn import Due

__all__ = ["add", "bring", "brought", "change", "forget_marks", "next_due", "periods", "strike", "upcoming"]

_decode_due = msgspec.json.Decoder(Due).decode


def add(db: Database, items: Sequence[AgendaItem]) -> range:
    """Store the items in a transaction of their own; return their ids, in order."""
    rows = list(_rows(items))
    db.execute("BEGIN IMMEDIATE")
    if items and items[0].event.period and (known := _id_of(db, items[0])):
        # a command that is obeyed again, because the bot died over it
        db.execute("ROLLBACK")
        return range(known, known + len(items))
    ids = _insert(db, rows)
    db.execute("COMMIT")
    return ids


def bring(
    db: Database,
    post: str,
    items: Sequence[AgendaItem],
    *,
    marks: Mapping[str, str],
    facts: Mapping[str, str],
    now: int,
) -> None:
    """Store items, marks and facts in a transaction of their own."""
    rows = list(_rows(items))
    db.execute("BEGIN IMMEDIATE")
    if rows:
        _insert(db, rows)
    db.executemany(
        "INSERT INTO marks(post,mark,period,at) VALUES(?,?,?,?) ON CONFLICT(post,mark) DO NOTHING",
        ((post, mark, period, now) for mark, period in marks.items()),
    )
    db.executemany(
        "INSERT INTO facts(name,value) VALUES(?,?) ON CONFLICT(name) DO UPDATE SET value=excluded.value",
        facts.items(),
    )
    db.execute("COMMIT")


def brought(db: Database, post: str) -> list[AgendaItem]:
    rows = db.execute(
        "SELECT id,due,late,account,due_event FROM agenda WHERE json_extract(due_event,'$.name')=? ORDER BY id", (post,)
    )
    return list(map(_item, rows))


def periods(db: Database, post: str, marks: Collection[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for mark in marks:
        row = db.execute("SELECT period FROM marks WHERE post=? AND mark=?", (post, mark)).fetchone()
        if row is not None:
            found[mark] = row[0]
    return found


def _insert(db: Database, rows: Sequence[tuple[int, int, str, str]]) -> range:
    first = int(db.execute("SELECT coalesce(max(id),0)+1 FROM agenda").fetchone()[0])
    last = db.execute("SELECT value FROM meta WHERE name='agenda'").fetchone()
    first = max(first, int(last[0]) + 1 if last else 1)
    db.executemany(
        "INSERT INTO agenda(id,due,late,account,due_event) VALUES(?,?,?,?,?)",
        ((first + number, *row) for number, row in enumerate(rows)),
    )
    # ids are never given twice: they are the identity of what was posted
    db.execute(
        "INSERT INTO meta(name,value) VALUES('agenda',?) ON CONFLICT(name) DO UPDATE SET value=excluded.value",
        (str(first + len(rows) - 1),),
    )
    return range(first, first + len(rows))


def change(commits: GroupCommit, item: AgendaItem) -> None:
    commits.change(
        "UPDATE agenda SET due=?,late=?,account=?,due_event=? WHERE id=?",
        item.due,
        item.late,
        item.account,
        encode(item.event),
        item.id,
    )


def strike(commits: GroupCommit, id: int) -> None:
    commits.change("DELETE FROM agenda WHERE id=?", id)


def forget_marks(commits: GroupCommit, post: str, period: str) -> None:
    commits.change("DELETE FROM marks WHERE post=? AND period=?", post, period)


def upcoming(db: Database, until: int | None, limit: int) -> list[AgendaItem]:
    rows = db.execute(
        "SELECT id,due,late,account,due_event FROM agenda WHERE due<=? ORDER BY due,id LIMIT ?",
        (2**62 if until is None else until, limit),
    )
    return list(map(_item, rows))


def _item(row: tuple[int, int, int, str, str]) -> AgendaItem:
    id, due, late, account, event = row
    return AgendaItem(id=id, due=due, late=late, account=account, event=_decode_due(event))


def next_due(db: Database) -> int | None:
    found: int | None = db.execute("SELECT min(due) FROM agenda").fetchone()[0]
    return found


def _rows(items: Sequence[AgendaItem]) -> Iterator[tuple[int, int, str, str]]:
    event, body = None, ""
    for item in items:
        if item.event is not event:
            # the same post for many moments is written out once
            event, body = item.event, encode(item.event)
        yield item.due, item.late, item.account, body


def _id_of(db: Database, item: AgendaItem) -> int | None:
    """Return the id under which a post with an identity of its own stands in the agenda already."""
    rows = db.execute(
        "SELECT id,due,late,account,due_event FROM agenda WHERE account=? AND json_extract(due_event,'$.period')=? "
        "ORDER BY id",
        (item.account, item.event.period),
    )
    wanted = (item.event.name, item.event.room)
    # the posts of one day have the same period, each under its own name
    return next((known.id for known in map(_item, rows) if (known.event.name, known.event.room) == wanted), None)
