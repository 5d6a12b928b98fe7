"""How a group of changes goes into the SQLite file: one transaction for all of it."""

import contextlib
import os
import sqlite3
from pathlib import Path

from typing_extensions import override

from greenroom.storage.sqlite.failures import gone, in_words
from greenroom.storage.tables.commits import Writer
from greenroom.storage.tables.database import Database
from greenroom.storage.tables.group import Group

__all__ = ["SqliteWriter", "checkpoint"]

INSERT = (
    "INSERT OR IGNORE INTO turns(seq,account,event_id,lane,kind,event,surface,rule,trust,post_id,received,expires,"
    "not_before,state,starts,changed) VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"
)
"""Takes a `row_of_arrival`."""
UPDATE = (
    "UPDATE turns SET state=?,reason=?,starts=?,not_before=?,expires=?,persona=?,outbox=?,changed=?,draft=? WHERE seq=?"
)
"""Takes a `row_of_change`, the encoded draft and the seq."""
UPDATE_BUT_DRAFT = (
    "UPDATE turns SET state=?,reason=?,starts=?,not_before=?,expires=?,persona=?,outbox=?,changed=? WHERE seq=?"
)
"""Takes a `row_of_change` and the seq."""
_BEGIN_WORK = "INSERT OR IGNORE INTO at_work(seq) VALUES(?)"
_BEGIN_WORK_SINCE = "INSERT INTO at_work(seq) SELECT seq FROM turns WHERE seq>=?"
_END_WORK = "DELETE FROM at_work WHERE seq=?"
_PUT_ASIDE = "INSERT OR IGNORE INTO aside(seq) VALUES(?)"
_RECEIPT = "INSERT OR IGNORE INTO receipts(account,post_id,seq,part,url,published) VALUES(?,?,?,?,?,?)"
_CURSOR = (
    "INSERT INTO cursors(account,source,cursor) VALUES(?,?,?) "
    "ON CONFLICT(account,source) DO UPDATE SET cursor=excluded.cursor"
)


class SqliteWriter(Writer):
    """Writes groups through one connection, and closes it."""

    BEAT = 2.0

    def __init__(self, db: sqlite3.Connection, path: Path) -> None:
        self._db = db
        self._path = path.absolute()
        """Where the file is found whatever the folder is that the process works in later."""
        self._file = path.stat()

    @override
    def write(self, group: Group) -> None:
        self.beat()
        try:
            _write(self._db, group)
        except sqlite3.Error as error:
            raise in_words(self._path, error) from error

    @override
    def beat(self) -> None:
        # what is written into a file without a name is gone with this process, and is posted again by the next
        try:
            now = self._path.stat()
        except (FileNotFoundError, NotADirectoryError):
            raise gone(self._path) from None
        except OSError:
            return  # a disk that cannot be asked now: what it can be told, the next commit shows
        # some file systems know no numbers of files
        if now.st_ino and self._file.st_ino and not os.path.samestat(now, self._file):
            raise gone(self._path)

    @override
    def close(self, *, clean: bool) -> None:
        try:
            if clean:
                with contextlib.suppress(sqlite3.Error):
                    self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        finally:
            self._db.close()


def _write(db: sqlite3.Connection, group: Group) -> None:
    db.execute("BEGIN IMMEDIATE")
    try:
        if group.inserts:
            new = db.executemany(INSERT, group.inserts).rowcount
            if new != len(group.inserts):
                first = group.inserts[0][0]
                found = {row[0] for row in db.execute("SELECT seq FROM turns WHERE seq>=?", (first,))}
                group.known = {row[0] for row in group.inserts} - found
            db.execute(_BEGIN_WORK_SINCE, group.inserts[0][:1])
        if group.turns:
            db.executemany(UPDATE, group.turns)
        if group.turns_but_draft:
            db.executemany(UPDATE_BUT_DRAFT, group.turns_but_draft)
        if group.again:
            db.executemany(_BEGIN_WORK, [(seq,) for seq in group.again])
        if group.ended:
            db.executemany(_END_WORK, group.ended)
        if group.aside:
            db.executemany(_PUT_ASIDE, group.aside)
        if group.receipts:
            db.executemany(_RECEIPT, group.receipts)
        if group.cursors:
            db.executemany(_CURSOR, [(*place, cursor) for place, cursor in group.cursors.items()])
        for sql, values, future in group.changes:
            done = db.execute(sql, values)
            if future is not None:
                group.results.append((future, done.lastrowid if sql.startswith("INSERT") else done.rowcount))  # type: ignore[arg-type]  # an INSERT always sets lastrowid
        db.execute("COMMIT")
    except BaseException:
        with contextlib.suppress(sqlite3.Error):
            db.execute("ROLLBACK")
        raise


def checkpoint(db: Database) -> bool:
    """Let nothing be left in the log beside the file of what was overwritten in the file; say whether that could be
    done: a reader may be in the way."""
    (busy, _, _) = db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    return not busy
