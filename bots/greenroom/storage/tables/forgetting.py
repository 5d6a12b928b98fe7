"""What a ledger forgets of one person: texts, names and drafts, and never what keeps him from being answered twice."""

import asyncio
from collections.abc import Collection, Sequence

from greenroom.storage.people import is_called
from greenroom.storage.records import PersonKept, Published
from greenroom.storage.tables.commits import GroupCommit
from greenroom.storage.tables.database import Database
from greenroom.storage.tables.rows import encode
from greenroom.storage.turn import TELL

__all__ = ["forget", "handles_of", "people_called", "said_to", "told_of", "turns_with"]

_ABOUT = "(json_extract(event,'$.author.id')=? OR json_extract(event,'$.direct_to')=?)"
_TURNS_WITH = f"SELECT seq FROM turns WHERE event<>'' AND account IN (SELECT value FROM json_each(?)) AND {_ABOUT}"  # noqa: S608 - literals
_AMONG = "seq IN (SELECT value FROM json_each(?))"
WHY = "its author is forgotten"
_EMPTY = (
    "UPDATE turns SET event='',draft=NULL,outbox=NULL,"  # noqa: S608 - literals
    f"reason=CASE WHEN state IN (4,5,15) THEN '{WHY}' ELSE '' END,"
    "state=CASE state WHEN 4 THEN 12 WHEN 5 THEN 14 WHEN 15 THEN 14 ELSE state END "
    f"WHERE {_AMONG} AND state>=4 AND seq NOT IN (SELECT seq FROM at_work)"
)


def turns_with(db: Database, accounts: Collection[str], person: str) -> list[int]:
    """Return the seqs of the turns that a person brought on these accounts, or in which something was said to him
    alone. Reads all turns that have their texts."""
    rows = db.execute(_TURNS_WITH, (encode(list(accounts)), person, person))
    return [seq for (seq,) in rows]


def handles_of(db: Database, accounts: Collection[str], person: str) -> list[str]:
    """Return the handles that a person has in turns with their texts. Reads all turns that have theirs."""
    rows = db.execute(
        "SELECT DISTINCT json_extract(event,'$.author.handle') FROM turns WHERE event<>'' "
        "AND account IN (SELECT value FROM json_each(?)) AND json_extract(event,'$.author.id')=?",
        (encode(list(accounts)), person),
    )
    return [handle for (handle,) in rows if handle]


def told_of(db: Database, accounts: Collection[str], person: str) -> list[int]:
    """Return the seqs of what the owner was told of a person on these accounts: of the messages that call him by a
    handle that he has in turns with their texts. Reads all turns that have theirs."""
    if not (handles := handles_of(db, accounts, person)):
        return []
    told = db.execute("SELECT seq, event FROM turns WHERE rule=? AND event<>''", (TELL,))
    return [seq for seq, event in told if is_called(event, handles)]


def people_called(db: Database, accounts: Collection[str], person: str, handle: str) -> list[PersonKept]:
    ids = db.execute(
        "SELECT DISTINCT json_extract(event,'$.author.id'), json_extract(event,'$.author.handle') FROM turns "
        "WHERE event<>'' AND account IN (SELECT value FROM json_each(?)) "
        "AND json_extract(event,'$.author.id') IS NOT NULL",
        (encode(list(accounts)),),
    )
    # here, because SQLite folds no letters but those of English
    known = {id for id, called in ids if id == person or (handle and called.casefold() == handle.casefold())}
    return [_kept(db, accounts, id) for id in sorted(known)]


def _kept(db: Database, accounts: Collection[str], person: str) -> PersonKept:
    seqs = turns_with(db, accounts, person)
    waiting, handle = db.execute(
        "SELECT count(*) FILTER (WHERE state IN (4,5,15)), (SELECT json_extract(event,'$.author.handle') FROM turns "  # noqa: S608 - literals
        f"WHERE {_AMONG} AND json_extract(event,'$.author.id')=? ORDER BY seq DESC LIMIT 1) FROM turns WHERE {_AMONG}",
        (encode(seqs), person, encode(seqs)),
    ).fetchone()
    return PersonKept(person=person, handle=handle or "", turns=len(seqs), waiting=waiting)


def said_to(db: Database, accounts: Collection[str], person: str) -> list[Published]:
    rows = db.execute(
        f"SELECT account,post_id,url FROM receipts WHERE {_AMONG} ORDER BY published,seq,part",  # noqa: S608 - a literal
        (encode(turns_with(db, accounts, person)),),
    )
    return [Published(account=account, post_id=post_id, url=url) for account, post_id, url in rows]


def forget(
    commits: GroupCommit, seqs: Sequence[int], *, told: Sequence[int], platform: str, person: str
) -> "asyncio.Future[int]":
    """Queue the end of what these turns hold, of what the owner was `told` of them, and of the name of the person among
    those who said stop; the future has how many of the turns were emptied. What is worked on is emptied with the next
    round of retention that finds it at rest."""
    both = encode([*seqs, *told])
    commits.change(f"DELETE FROM journal WHERE {_AMONG}", both)  # noqa: S608 - a literal
    commits.change("UPDATE stopped SET handle='' WHERE platform=? AND person=?", platform, person)
    commits.change(_EMPTY, encode(told))
    emptied = commits.ask(_EMPTY, encode(seqs))
    commits.change(
        f"INSERT INTO meta(name,value) SELECT 'spared:'||seq,'' FROM at_work WHERE {_AMONG} ON CONFLICT DO NOTHING",  # noqa: S608 - a literal
        both,
    )
    return emptied
