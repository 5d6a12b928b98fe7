"""The index over an owner's documents: passages in SQLite's full-text search, with vectors beside them.

It holds nothing that does not stand in the documents, or stood in the feeds when they were read last. So a file of it
that is broken, or of another version, is made anew.
"""

import contextlib
import math
import re
import sqlite3
from collections.abc import Collection, Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from greenroom.memory.documents import Document, passages_of
from greenroom.personas.tongues import TONGUES

__all__ = ["FeedItem", "Hit", "Index", "Known", "KnownFeed", "terms_of"]

VERSION = 2
MOST_TERMS = 32
"""Words of a question that are looked for."""
MOST_PASSAGES = 50_000
MOST_OF_A_FEED = 2_000
"""Passages that are kept of one feed, of its newest items."""
_TABLES = """
CREATE TABLE documents(
  id INTEGER PRIMARY KEY,
  path TEXT NOT NULL UNIQUE,        -- of an item: its feed and its mark
  feed TEXT,                        -- in which it is an item; NULL: it is a file
  address TEXT NOT NULL,            -- where the item is to be read; empty: nowhere
  stamp TEXT NOT NULL, title TEXT NOT NULL, fault TEXT);
CREATE INDEX documents_by_feed ON documents(feed);
CREATE TABLE feeds(
  address TEXT PRIMARY KEY,
  etag TEXT NOT NULL, modified TEXT NOT NULL,   -- what its server said of the last reading
  newest TEXT NOT NULL, next_look INTEGER NOT NULL, fault TEXT);
CREATE TABLE passages(
  id INTEGER PRIMARY KEY, document INTEGER NOT NULL, heading TEXT NOT NULL,
  above TEXT NOT NULL,              -- the title of its document and its heading, to be found by
  body TEXT NOT NULL, model TEXT, vector BLOB);
CREATE INDEX passages_by_document ON passages(document);
CREATE VIRTUAL TABLE words USING fts5(
  above, body, content='passages', content_rowid='id', tokenize='porter unicode61 remove_diacritics 2');
CREATE TRIGGER passage_in AFTER INSERT ON passages BEGIN
  INSERT INTO words(rowid,above,body) VALUES(new.id,new.above,new.body);
END;
CREATE TRIGGER passage_out AFTER DELETE ON passages BEGIN
  INSERT INTO words(words,rowid,above,body) VALUES('delete',old.id,old.above,old.body);
END;
"""
_WORD = re.compile(r"\w+")
_ASKING = (
    "can could may might must should shall something anything some any all about get got need want tell know where why "
    "which whom whose been being had did him her them their our us me just also too very than then so as by out up "
    "kann kannst können darf dürfen muss wo wann warum welche welcher welches mir mich dich dir uns euch gibt "
    "puis peut peux peut-on où pourquoi quel quelle puedo puede dónde cuándo cuál posso pode onde porquê qual può dove "
    "perché quale kan mag waar wanneer waarom welke"
)
"""Words that questions are made of, beside the small ones of every sentence."""
_SMALL = frozenset(_ASKING.split()).union(*TONGUES.values())


def terms_of(text: str) -> tuple[str, ...]:
    """Return the words of a text that are worth looking for, each once, in order; small words only where there are no
    others."""
    words = tuple(dict.fromkeys(word for word in _WORD.findall(text.casefold()) if len(word) > 1 or word.isdigit()))
    large = tuple(word for word in words if word not in _SMALL)
    return (large or words)[:MOST_TERMS]


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """One file, as the index has it."""

    path: Path
    stamp: str
    """Changes when the file does."""
    title: str
    passages: int
    fault: str | None
    """Why it has none; None: it was read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedItem:
    """One item of a feed, to be kept."""

    mark: str
    """By which it is told again in its feed."""
    stamp: str
    """Changes when what it says does."""
    address: str
    """Where it is to be read; empty: nowhere."""
    document: Document


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownFeed:
    """One feed, as the index has it: what stands in it is of the last reading that succeeded."""

    address: str
    etag: str
    modified: str
    """What its server said of that reading."""
    next_look: int
    """When it is looked at again, in microseconds."""
    fault: str | None
    """Why the last look came to nothing; None: it was read."""
    items: int
    passages: int
    newest: str
    """The title of its newest item; empty: there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """One passage that was found."""

    id: int
    title: str
    address: str
    """Of the item of a feed; empty: it stands in a file, or the feed says no address."""
    is_item: bool
    """It stands in a feed; False: in a file."""
    heading: str
    text: str
    covers: float
    """How much of what was asked stands in it, from 0 to 1; rare words count more."""


class Index:
    """One connection; to be used by one thread at a time, and closed by whoever made it."""

    def __init__(self, path: Path | None) -> None:
        """Open the index at `path`, or make it; None: in memory."""
        self._path = path
        self._db = self._open()

    def close(self) -> None:
        """Close it. Safe to call twice."""
        self._db.close()

    def known(self) -> list[Known]:
        """Return every file that was looked into, by path."""
        rows = self._db.execute(
            "SELECT path,stamp,title,(SELECT count(*) FROM passages WHERE document=documents.id),fault "
            "FROM documents WHERE feed IS NULL ORDER BY path"
        )
        return [
            Known(path=Path(path), stamp=stamp, title=title, passages=passages, fault=fault)
            for path, stamp, title, passages, fault in rows
        ]

    def put(self, path: Path, stamp: str, document: Document | str) -> None:
        """Put a document in the place of what was known of its file; a text says why there is none."""
        title, fault = (path.name, document) if isinstance(document, str) else (document.title, None)
        passages = [] if isinstance(document, str) else list(passages_of(document))
        with self._transaction():
            self._remove([str(path)])
            (there,) = self._db.execute("SELECT count(*) FROM passages").fetchone()
            if there + len(passages) > MOST_PASSAGES:
                fault = f"{MOST_PASSAGES:,} passages are kept in all, and these would be more: take some documents away"
                passages = []
            self._add((str(path), None, "", stamp, title, fault), passages)

    def remove(self, paths: Collection[Path]) -> None:
        """Forget these files."""
        with self._transaction():
            self._remove(map(str, paths))

    # feeds

    def feeds(self) -> list[KnownFeed]:
        """Return every feed that was looked at, by address."""
        rows = self._db.execute(
            "SELECT address,etag,modified,newest,next_look,fault,"
            "(SELECT count(*) FROM documents d WHERE d.feed=f.address),"
            "(SELECT count(*) FROM passages p JOIN documents d ON d.id=p.document WHERE d.feed=f.address) "
            "FROM feeds f ORDER BY address"
        )
        return [
            KnownFeed(
                address=address,
                etag=etag,
                modified=modified,
                next_look=next_look,
                fault=fault,
                items=items,
                passages=passages,
                newest=newest,
            )
            for address, etag, modified, newest, next_look, fault, items, passages in rows
        ]

    def put_feed(self, address: str, items: Sequence[FeedItem], *, etag: str, modified: str, next_look: int) -> bool:
        """Put these items, oldest first, in the place of what was known of a feed; return whether anything differs.

        What says the same as before keeps its vectors, and of more than there is room for the newest stay.
        """
        with self._transaction():
            rows = self._db.execute("SELECT path,stamp FROM documents WHERE feed=?", (address,))
            before: dict[str, str] = dict(rows.fetchall())
            (of_others,) = self._db.execute(
                "SELECT count(*) FROM passages WHERE document NOT IN (SELECT id FROM documents WHERE feed=?)",
                (address,),
            ).fetchone()
            room = min(MOST_OF_A_FEED, MOST_PASSAGES - of_others)
            kept: dict[str, tuple[FeedItem, list[tuple[str, str]]]] = {}
            for item in reversed(items):
                path, passages = f"{address} {item.mark}", list(passages_of(item.document))
                if path in kept:
                    continue
                if (room := room - len(passages)) < 0:
                    break
                kept[path] = (item, passages)
            gone = [path for path, stamp in before.items() if path not in kept or kept[path][0].stamp != stamp]
            new = [path for path in reversed(kept) if before.get(path) != kept[path][0].stamp]
            self._remove(gone)
            for path in new:
                item, passages = kept[path]
                self._add((path, address, item.address, item.stamp, item.document.title, None), passages)
            self._db.execute(
                "INSERT OR REPLACE INTO feeds(address,etag,modified,newest,next_look,fault) VALUES(?,?,?,?,?,NULL)",
                (address, etag, modified, items[-1].document.title if items else "", next_look),
            )
        return bool(gone or new)

    def looked_at_feed(self, address: str, *, next_look: int, fault: str | None) -> None:
        """Note that a look at a feed brought nothing new (no `fault`), or nothing; what stands in it stays."""
        with self._transaction():
            self._db.execute(
                "INSERT INTO feeds(address,etag,modified,newest,next_look,fault) VALUES(?,'','','',?,?) "
                "ON CONFLICT(address) DO UPDATE SET next_look=excluded.next_look,fault=excluded.fault",
                (address, next_look, fault),
            )

    def keep_feeds(self, addresses: Collection[str]) -> bool:
        """Forget all feeds but these; return whether there were any."""
        rows = self._db.execute("SELECT address FROM feeds").fetchall()
        gone = [address for (address,) in rows if address not in addresses]
        if not gone:
            return False
        with self._transaction():
            for address in gone:
                paths = self._db.execute("SELECT path FROM documents WHERE feed=?", (address,)).fetchall()
                self._remove([path for (path,) in paths])
                self._db.execute("DELETE FROM feeds WHERE address=?", (address,))
        return True

    # what is found

    def tidy(self) -> None:
        """Let nothing of what was removed be left in the file."""
        self._db.execute("INSERT INTO words(words) VALUES('optimize')")
        self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def count(self) -> int:
        """Return how many passages there are."""
        return int(self._db.execute("SELECT count(*) FROM passages").fetchone()[0])

    def by_words(self, terms: Sequence[str], limit: int) -> list[int]:
        """Return the passages that have some of these words, the best first, by BM25; a word above them (in the
        title, in the heading) counts twice."""
        if not terms:
            return []
        rows = self._db.execute(
            "SELECT rowid FROM words WHERE words MATCH ? ORDER BY bm25(words,2.0,1.0),rowid LIMIT ?",
            (" OR ".join(map(_quoted, terms)), limit),
        )
        return [id for (id,) in rows]

    def hits(self, ids: Sequence[int], terms: Sequence[str]) -> list[Hit]:
        """Return these passages, in the order given, with how much they have of the words."""
        rows = self._db.execute(
            "SELECT p.id,d.title,d.address,d.feed IS NOT NULL,p.heading,p.body "
            "FROM passages p JOIN documents d ON d.id=p.document WHERE p.id IN (SELECT value FROM json_each(?))",
            (_listed(ids),),
        )
        found = {id: tuple(parts) for id, *parts in rows}
        covered = self._covered(list(found), terms)
        return [
            Hit(
                id=id,
                title=title,
                address=address,
                is_item=bool(is_item),
                heading=heading,
                text=body,
                covers=covered.get(id, 0.0),
            )
            for id in ids
            if id in found
            for title, address, is_item, heading, body in [found[id]]
        ]

    def _covered(self, ids: Sequence[int], terms: Sequence[str]) -> Mapping[int, float]:
        """Return for each passage the share of the words that it has, weighted by how rare each is. A word that stands
        nowhere weighs as much as the rarest: what nobody wrote down is not covered by what is near it."""
        total = self.count()
        weights: dict[int, float] = dict.fromkeys(ids, 0.0)
        whole = 0.0
        for term in terms:
            (with_it,) = self._db.execute("SELECT count(*) FROM words WHERE words MATCH ?", (_quoted(term),)).fetchone()
            weight = math.log(1 + (total - with_it + 0.5) / (with_it + 0.5))
            whole += weight
            if with_it:
                rows = self._db.execute(
                    "SELECT rowid FROM words WHERE words MATCH ? AND rowid IN (SELECT value FROM json_each(?))",
                    (_quoted(term), _listed(ids)),
                )
                for (id,) in rows:
                    weights[id] += weight
        return {id: weight / whole for id, weight in weights.items()} if whole else {}

    # vectors

    def without_vector(self, model: str, limit: int) -> list[tuple[int, str]]:
        """Return passages that this model has made no vector of yet, with what is to be made one of."""
        rows = self._db.execute(
            "SELECT id,above,body FROM passages WHERE model IS NOT ? ORDER BY id LIMIT ?", (model, limit)
        )
        return [(id, f"{above.strip()}\n{body}") for id, above, body in rows]

    def put_vectors(self, model: str, vectors: Iterable[tuple[int, bytes]]) -> None:
        """Keep vectors (little-endian 32-bit floats) beside their passages."""
        with self._transaction():
            self._db.executemany(
                "UPDATE passages SET model=?,vector=? WHERE id=?", [(model, vector, id) for id, vector in vectors]
            )

    def vectors(self, model: str) -> list[tuple[int, bytes]]:
        """Return every vector of a model."""
        rows = self._db.execute("SELECT id,vector FROM passages WHERE model=? ORDER BY id", (model,))
        return [(id, vector) for id, vector in rows]

    # inside

    def _add(self, row: tuple[str, str | None, str, str, str, str | None], passages: Iterable[tuple[str, str]]) -> None:
        """Put down a document (path, feed, address, stamp, title, fault) with its passages."""
        title = row[4]
        (id,) = self._db.execute(
            "INSERT INTO documents(path,feed,address,stamp,title,fault) VALUES(?,?,?,?,?,?) RETURNING id", row
        ).fetchone()
        self._db.executemany(
            "INSERT INTO passages(document,heading,above,body) VALUES(?,?,?,?)",
            [(id, heading, f"{title}\n{heading}", body) for heading, body in passages],
        )

    def _remove(self, paths: Iterable[str]) -> None:
        for path in paths:
            self._db.execute("DELETE FROM passages WHERE document=(SELECT id FROM documents WHERE path=?)", (path,))
            self._db.execute("DELETE FROM documents WHERE path=?", (path,))

    @contextlib.contextmanager
    def _transaction(self) -> Generator[None]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    def _open(self) -> sqlite3.Connection:
        if self._path is None:
            return _made(":memory:")
        try:
            db = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False, timeout=10)
            try:
                if db.execute("PRAGMA user_version").fetchone()[0] == VERSION:
                    db.execute("PRAGMA secure_delete=ON")
                    db.execute("SELECT count(*) FROM words WHERE words MATCH '\"a\"'").fetchone()
                    return db
            except sqlite3.DatabaseError:
                pass
            db.close()
            for ending in ("", "-wal", "-shm", "-journal"):
                Path(f"{self._path}{ending}").unlink(missing_ok=True)
        except sqlite3.DatabaseError:
            self._path.unlink(missing_ok=True)
        self._path.touch(mode=0o600)
        return _made(self._path)


def _made(place: str | Path) -> sqlite3.Connection:
    db = sqlite3.connect(place, isolation_level=None, check_same_thread=False, timeout=10)
    db.execute("PRAGMA journal_mode=WAL")
    # what is taken out of a document is gone from here too
    db.execute("PRAGMA secure_delete=ON")
    db.executescript(f"BEGIN;{_TABLES}PRAGMA user_version={VERSION};COMMIT;")
    return db


def _quoted(term: str) -> str:
    return f'"{term}"'


def _listed(ids: Iterable[int]) -> str:
    return f"[{','.join(map(str, ids))}]"
