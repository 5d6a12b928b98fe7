"""Commands: asked beside the running bot, answered by it."""

from collections.abc import Mapping
from typing import Any

from greenroom.storage.records import Command
from greenroom.storage.tables.commits import GroupCommit
from greenroom.storage.tables.database import Database
from greenroom.storage.tables.rows import decode_object, encode

__all__ = [
    "answer",
    "answered",
    "ask",
    "open_commands",
]


def ask(db: Database, name: str, arguments: Mapping[str, Any], *, now: int) -> int:
    """Store a command in a transaction of its own; return its id."""
    values = (now, name, encode(arguments))
    row = db.execute("INSERT INTO commands(at,name,arguments) VALUES(?,?,?) RETURNING id", values).fetchone()
    return int(row[0])


def open_commands(db: Database) -> list[Command]:
    rows = db.execute("SELECT id,name,arguments FROM commands WHERE answer IS NULL ORDER BY id")
    return [Command(id=id, name=name, arguments=decode_object(body)) for id, name, body in rows]


def answer(commits: GroupCommit, id: int, answer: Mapping[str, Any]) -> None:
    commits.change(
        "UPDATE commands SET answer=?,arguments=CASE name WHEN 'forget' THEN '{}' ELSE arguments END WHERE id=?",
        encode(answer),
        id,
    )


def answered(db: Database, id: int) -> Mapping[str, Any] | None:
    row = db.execute("SELECT answer FROM commands WHERE id=?", (id,)).fetchone()
    return None if row is None or row[0] is None else decode_object(row[0])
