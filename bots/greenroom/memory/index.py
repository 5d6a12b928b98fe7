"""The index over an owner's documents: passages in SQLite's full-text search, with vectors beside them.

It holds nothing that does not stand in the documents. So a file of it that is broken, or of another version, is made
anew.
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

__all__ = ["Hit", "Index", "Known", "terms_of"]

VERSION = 1
MOST_TERMS = 32
"""Words of a question that are looked for."""
MOST_PASSAGES = 50_000
_TABLES = """
CREATE TABLE documents(
  id INTEGER PRIMARY KEY, path TEXT NOT NULL UNIQUE, stamp TEXT NOT NULL, title TEXT NOT NULL, fault TEXT);
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
class Hit:
    """One passage that was found."""

    id: int
    title: str
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
            "FROM documents ORDER BY path"
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
            self._remove([path])
            (there,) = self._db.execute("SELECT count(*) FROM passages").fetchone()
            if there + len(passages) > MOST_PASSAGES:
                fault = f"{MOST_PASSAGES:,} passages are kept in all, and these would be more: take some documents away"
                passages = []
            row = self._db.execute(
                "INSERT INTO documents(path,stamp,title,fault) VALUES(?,?,?,?) RETURNING id",
                (str(path), stamp, title, fault),
            ).fetchone()
            self._db.executemany(
                "INSERT INTO passages(document,heading,above,body) VALUES(?,?,?,?)",
                [(row[0], heading, f"{title}\n{heading}", body) for heading, body in passages],
            )

    def remove(self, paths: Collection[Path]) -> None:
        """Forget these files."""
        with self._transaction():
            self._remove(paths)

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
            "SELECT p.id,d.title,p.heading,p.body FROM passages p JOIN documents d ON d.id=p.document "
            "WHERE p.id IN (SELECT value FROM json_each(?))",
            (_listed(ids),),
        )
        found = {id: (title, heading, body) for id, title, heading, body in rows}
        covered = self._covered(list(found), terms)
        return [
            Hit(id=id, title=found[id][0], heading=found[id][1], text=found[id][2], covers=covered.get(id, 0.0))
            for id in ids
            if id in found
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

    def _remove(self, paths: Collection[Path]) -> None:
        for path in paths:
            self._db.execute(
                "DELETE FROM passages WHERE document=(SELECT id FROM documents WHERE path=?)", (str(path),)
            )
            self._db.execute("DELETE FROM documents WHERE path=?", (str(path),))

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
