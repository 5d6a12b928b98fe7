"""Where a ledger is at home: on the machine and in the file in which it ran last. Elsewhere it is a copy.

A copy knows whom it answered until it was made, and not what the other one has said since: were both to run, or an old
one in the place of the newer, things would be said twice. What is remembered lies in the ledger and, as far as it
counts, in a small file beside it, so that an older copy is known where it is put back alone.
"""

import hashlib
import json
import os
import socket
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from greenroom.clock import from_micros
from greenroom.storage.errors import LedgerMoved
from greenroom.storage.records import Strayed
from greenroom.storage.tables.commits import GroupCommit
from greenroom.storage.tables.rows import decode_object, encode

__all__ = ["ENDING", "move_in", "must_not_have_moved", "note_outside", "place_of", "stay", "strayed"]

ENDING = "-home"
"""Ending of the file beside a ledger that says how often it has run."""
IN_A_CONTAINER = "a container"
"""Stands for the names of all of them: each new one has another, and the same disk."""
CONTAINERS = (Path("/.dockerenv"), Path("/run/.containerenv"))
"""One of these is there in a container."""
MACHINE = Path("/etc/machine-id")
"""Has a number that a machine keeps from its installation on, where the system gives it one."""


def strayed(db: sqlite3.Connection, path: Path) -> Strayed | None:
    """Return why the ledger at `path` is taken for a copy; None: it is where it ran last, or is new."""
    home = _kept(db, "home")
    moved = _kept(db, "moved")
    if moved is not None:
        return Strayed(why=f"it was packed to be moved on {_day(moved)}, and may run elsewhere", packed=None)
    if home is None:
        return None
    where = f"it ran last {_at(home['host'])} as {home['path']}"
    if "packed" in home:
        return Strayed(
            why=f"it was packed on {_day(home)}: {where}", packed=int(home["at"]) if home["packed"] else None
        )
    host, inode, outside = _host(), path.stat().st_ino, _outside(path)
    is_noted = outside is not None and outside["noted"] == home.get("noted")
    if home["host"] != host and not (is_noted and home["inode"] == inode and _may_be_this(home.get("machine"))):
        return Strayed(why=f"{where}, and now it is {_at(host)}", packed=None)
    if outside is not None and outside.get("id") == _id(db) and int(outside.get("run", 0)) > int(home["run"]):
        return Strayed(why="an older copy of it was put back: it has run here since", packed=None)
    if home["inode"] == inode or is_noted:
        # the very same files, perhaps under another name; some disks number files anew each time they are mounted, and
        # no way of copying keeps when a note was written
        return None
    if home["path"] != str(path.resolve()):
        return Strayed(why=f"it is a copy: {where}", packed=None)
    return Strayed(why="it is a copy that was put in the place of the file that ran last", packed=None)


def must_not_have_moved(db: sqlite3.Connection, path: Path, *, bot: str) -> None:
    """Check that the ledger is not on its way: it was packed to be moved, or unpacked and not taken over yet. Were it
    to rehearse, what comes in meanwhile would be done with.

    :raises LedgerMoved: it is
    """
    moved = _kept(db, "moved")
    take_over = f"`greenroom run {bot} --take-over`"
    if moved is not None and "copied" in moved:
        raise LedgerMoved(
            f"{path} was copied to {moved['to']} on {_day(moved)} and goes on there: give that in `store`; or, where "
            f"nothing else runs of it, take it back with {take_over}"
        )
    if moved is not None:
        raise LedgerMoved(
            f"{path} was packed into {moved['to']} on {_day(moved)} to run elsewhere, so it does not run here. Unpack "
            f"that with `greenroom unpack`; or, where nothing else runs of it, take it back with {take_over}"
        )
    home = _kept(db, "home")
    if home is not None and home.get("packed") is True:
        raise LedgerMoved(
            f"{path} was packed to be moved on {_day(home)} and was not taken over here yet. Where nothing else runs "
            f"of it, start it with {take_over}: it goes on where it stopped"
        )


def place_of(db: sqlite3.Connection, path: Path) -> dict[str, Any]:
    """Return what is written down of a ledger that is at home at `path`, and runs there once more."""
    home = _kept(db, "home")
    run = 1 if home is None else int(home["run"]) + 1
    place = {"host": _host(), "path": str(path.resolve()), "inode": path.stat().st_ino, "run": run}
    machine = _machine()
    return place if machine is None else {**place, "machine": machine}


def stay(db: sqlite3.Connection, path: Path, place: Mapping[str, Any]) -> None:
    """Write down that the ledger at `path`, which has not strayed, runs there once more."""
    db.execute(_HOME, (encode(place),))
    noted = note_outside(path, ledger=_id(db), run=place["run"])
    db.execute(_HOME, (encode({**place, "noted": noted}),))


def move_in(commits: GroupCommit, place: Mapping[str, Any]) -> None:
    """Queue that the ledger is at home at this place from now on, wherever it was before."""
    commits.change(_HOME, encode(place))
    commits.change("DELETE FROM meta WHERE name='moved'")


_HOME = "INSERT INTO meta(name,value) VALUES('home',?) ON CONFLICT(name) DO UPDATE SET value=excluded.value"


def note_outside(path: Path, *, ledger: str, run: int) -> int | None:
    """Note beside the ledger how often it has run; return when that was written, as no copy of it says; None: it could
    not be. Behind the ledger and never before it: one that is ahead of this note is no older copy."""
    try:
        beside = Path(f"{path.resolve()}{ENDING}")
        beside.touch(mode=0o600)
        beside.write_text(json.dumps({"id": ledger, "run": run}), encoding="utf-8")
        return beside.stat().st_ctime_ns
    except OSError:
        return None


def _outside(path: Path) -> Mapping[str, Any] | None:
    try:
        beside = Path(f"{path.resolve()}{ENDING}")
        found: Any = json.loads(beside.read_text(encoding="utf-8"))
        return {"id": str(found["id"]), "run": int(found["run"]), "noted": beside.stat().st_ctime_ns}
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _kept(db: sqlite3.Connection, name: str) -> dict[str, Any] | None:
    row = db.execute("SELECT value FROM meta WHERE name=?", (name,)).fetchone()
    return None if row is None else decode_object(row[0])


def _id(db: sqlite3.Connection) -> str:
    row = db.execute("SELECT value FROM meta WHERE name='id'").fetchone()
    return "" if row is None else str(row[0])


def _day(fact: Mapping[str, Any]) -> str:
    return f"{from_micros(int(fact['at'])):%Y-%m-%d %H:%M} UTC"


def _at(host: str) -> str:
    return f"in {host}" if host == IN_A_CONTAINER else f"on {host}"


def _may_be_this(machine: str | None) -> bool:
    """Say whether a machine, None: an unknown one, can be this one, whatever that is called now."""
    here = _machine()
    return machine is None or here is None or machine == here


def _machine() -> str | None:
    """Return by what a machine is known that has got another name, as networks give them; None: by nothing."""
    try:
        found = MACHINE.read_bytes().strip()
    except OSError:
        return None
    # it is to be told to nobody as it is
    return hashlib.sha256(b"greenroom:" + found).hexdigest()[:16] if found else None


def _host() -> str:
    """Return what this machine is called, without its domain, which changes with the network that it is in."""
    if any(mark.exists() for mark in CONTAINERS) or "KUBERNETES_SERVICE_HOST" in os.environ:
        return IN_A_CONTAINER
    return socket.gethostname().partition(".")[0].lower()
