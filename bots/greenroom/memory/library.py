"""A persona's documents and feeds: kept in step with what stands there, and looked into before it speaks."""

import asyncio
import os
import sqlite3
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TypeVar

import msgspec

from greenroom.clock import Clock
from greenroom.memory.documents import Document, Unreadable, files_of, read_document
from greenroom.memory.index import Hit, Index, Known, KnownFeed, terms_of
from greenroom.memory.vectors import Embedder, EmbeddingFailed, Vectors, packed
from greenroom.personas.knowing import Feed, Knowledge
from greenroom.storage import NOBODYS, Cause
from greenroom.telemetry import get_log

__all__ = ["NOTHING_FOUND", "Found", "Library", "Passage"]

LOOK_EVERY = 5.0
"""Seconds between two looks at the files."""
MOST = 5
"""Passages that are found for one question."""
CANDIDATES = 30
"""Passages that each way of looking may name."""
BATCH = 64
"""Passages that are made vectors of in one call."""
LEAST_COVERED = 0.1
"""A passage that has less of what was asked is not found by its words."""
FUSING = 1
"""Of reciprocal rank fusion (Cormack et al. 2009): how little the first places count beyond the others. They suggest 60
for long lists; few are shown here, so what one way of looking names first must be among them."""
KNOWLEDGE = "knowledge"
"""What paid calls for the documents themselves are recorded under."""

T = TypeVar("T")


class Passage(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Words out of one of the owner's documents, or out of a feed. As untrusted as any text that comes from outside."""

    source: str
    """The title of the document, or of the item."""
    heading: str
    """Below which it stands there; empty: below none."""
    text: str
    covers: float
    """How much of what was asked stands in it, from 0 to 1."""
    address: str = ""
    """Where the item of a feed is to be read; empty: it is of a document, or its feed does not say."""
    is_item: bool = False
    """It stands in a feed: words of a stranger. False: in a document of the owner's."""

    @property
    def named(self) -> str:
        """Where it comes from, as it is named to people: the title, and the address where it has one."""
        return f"{self.source}, {self.address}" if self.address else self.source


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """What the documents have on something."""

    passages: tuple[Passage, ...] = ()
    """The best first."""
    notes: tuple[str, ...] = ()
    """What went wrong on the way, for the record."""


NOTHING_FOUND = Found()


class Library:
    """The documents and feeds of one persona.

    `find` looks at the files first where nobody has yet; `keep_in_step` looks again and again. Feeds are waited for
    where nobody keeps in step; else a question meets what was read of them until then. Whoever made it closes it. All
    of SQLite runs in one thread of its own, files are read in others.
    """

    def __init__(
        self,
        knowledge: Knowledge | None,
        *,
        clock: Clock,
        index: Path | None = None,
        embedder: Embedder | None = None,
        tell: Callable[[int, int], None] | None = None,
    ) -> None:
        """`index`: the file that keeps what was read over restarts; None: it is kept in memory. `tell` hears how many
        files were looked into, and of how many."""
        self._knowledge = knowledge
        self._clock = clock
        self._path = index
        self._embedder = embedder
        self._tell = tell
        self._index: Index | None = None
        self._vectors: Vectors | None = None
        self._thread: ThreadPoolExecutor | None = None
        self._looking = asyncio.Lock()
        self._asking = asyncio.Lock()
        self._reading = asyncio.Lock()
        self._is_read = False
        self._is_kept = False
        """Somebody looks at the feeds again and again."""
        self._tries_anew = True
        """Feeds that could not be read are looked at now: it has just been started, or the persona was edited."""
        self._failure: str | None = None
        self._log = get_log()

    @property
    def knowledge(self) -> Knowledge | None:
        """Which documents these are; None: none."""
        return self._knowledge

    def use(self, knowledge: Knowledge | None, embedder: Embedder | None = None) -> None:
        """Take over what an edited persona says, and who makes vectors; the next question looks at the files anew."""
        if knowledge != self._knowledge:
            self._knowledge, self._is_read, self._tries_anew = knowledge, False, True
        if embedder is not self._embedder:
            self._embedder, self._vectors = embedder, None

    async def keep_in_step(self) -> None:
        """Look at the files and the feeds until cancelled: what is new or changed is read, what is gone is forgotten.
        No file waits for a feed."""
        self._is_kept = True
        async with asyncio.TaskGroup() as tasks:
            for look in (self.look, self.look_at_feeds):
                tasks.create_task(self._again_and_again(look))

    async def _again_and_again(self, look: Callable[[], Awaitable[None]]) -> None:
        while True:
            await look()
            await self._clock.beat(LOOK_EVERY)

    async def look(self) -> None:
        """Look at the files once. What cannot be read is told by name and left out; nothing is raised for it."""
        async with self._looking:
            if self._knowledge is None and self._index is None and not (self._path and self._path.exists()):
                self._is_read = True
                return
            try:
                await self._look(self._knowledge)
                await self._make_vectors()
                self._failure = None
            except (sqlite3.Error, OSError, Unreadable) as error:
                self._failed(error)
            self._is_read = True

    def _failed(self, error: Exception) -> None:
        if str(error) != self._failure:
            self._failure = str(error)
            self._log.error("the documents cannot be looked into", why=str(error))

    async def look_at_feeds(self) -> None:
        """Fetch the feeds whose time has come, all at once, and read one after the other. What cannot be read stays as
        it was read last, and is told once; nothing is raised for it."""
        async with self._asking:
            feeds = () if self._knowledge is None else self._knowledge.feeds
            if not feeds:
                return
            # imported only for personas that know feeds
            from greenroom.memory.feeds import is_due

            try:
                async with asyncio.TaskGroup() as tasks:
                    known = {one.address: one for one in await self._with_index(Index.feeds)}
                    tries_anew, self._tries_anew = self._tries_anew, False
                    for feed in feeds:
                        before = known.get(feed.feed)
                        if is_due(before, now=self._clock.micros(), tries_anew=tries_anew):
                            tasks.create_task(self._look_at_feed(feed, before))
            except* (sqlite3.Error, OSError) as errors:
                self._failed(errors.exceptions[0])

    async def _look_at_feed(self, feed: Feed, before: KnownFeed | None) -> None:
        from greenroom.memory.feeds import next_look, read_items, without_query

        items, seen, fault, asked = await read_items(feed, before, reading=self._reading)
        if self._knowledge is None or feed not in self._knowledge.feeds:
            return
        after = next_look(self._clock.micros(), asked)
        if items is None or seen is None:
            await self._with_index(partial(Index.looked_at_feed, address=feed.feed, next_look=after, fault=fault))
        elif await self._with_index(
            partial(
                Index.put_feed,
                address=feed.feed,
                items=items,
                etag=seen.etag,
                modified=seen.modified,
                next_look=after,
            )
        ):
            self._vectors = None
            await self._with_index(Index.tidy)
        had_fault = before is not None and before.fault is not None
        if fault is not None and not had_fault:
            self._log.warning("a feed of the persona cannot be read", feed=without_query(feed.feed), why=fault)
        elif fault is None and had_fault:
            self._log.info("a feed of the persona can be read again", feed=without_query(feed.feed))

    async def known(self) -> list[Known]:
        """Return every file, as it was found at the last look."""
        if not self._is_read:
            await self.look()
        return await self._with_index(Index.known) if self._index is not None else []

    async def feeds(self) -> list[KnownFeed]:
        """Return every feed, as it was found at the last look."""
        if self._knowledge is None or not self._knowledge.feeds:
            return []
        if not self._is_kept:
            await self.look_at_feeds()
        return await self._with_index(Index.feeds)

    async def find(self, text: str, *, turn: str = "", cause: Cause = NOBODYS, most: int = MOST) -> Found:
        """Return what the documents have on a text, the best first; nothing where they have nothing on it.

        By its words, and by its meaning where vectors can be had; a passage that both name stands before one that only
        one names.
        """
        if self._knowledge is None or not text.strip():
            return NOTHING_FOUND
        if not self._is_read:
            await self.look()
        if not self._is_kept:
            await self.look_at_feeds()
        if self._failure is not None:
            return Found(notes=(f"documents: {self._failure}",))
        terms = terms_of(text)
        meant, notes = await self._by_meaning(text, turn=turn, cause=cause)
        try:
            hits = await self._with_index(partial(_looked_up, terms=terms, meant=meant))
        except sqlite3.Error as error:
            return Found(notes=(f"documents: {error}",))
        passages = [
            Passage(
                source=hit.title,
                heading=hit.heading,
                text=hit.text,
                covers=hit.covers,
                address=hit.address,
                is_item=hit.is_item,
            )
            for hit in hits[:most]
        ]
        return Found(passages=tuple(passages), notes=notes)

    async def aclose(self) -> None:
        """Close the index and what makes vectors. Safe to call twice."""
        if self._embedder is not None:
            await self._embedder.aclose()
        async with self._looking:
            index, self._index = self._index, None
            thread, self._thread = self._thread, None
            if index is not None and thread is not None:
                await asyncio.get_running_loop().run_in_executor(thread, index.close)
            if thread is not None:
                thread.shutdown(wait=False)

    async def _look(self, knowledge: Knowledge | None) -> None:
        patterns = () if knowledge is None else knowledge.files
        feeds = () if knowledge is None else tuple(one.feed for one in knowledge.feeds)
        if await self._with_index(partial(Index.keep_feeds, addresses=feeds)):
            self._vectors = None
            await self._with_index(Index.tidy)
        stamps = await asyncio.to_thread(_stamps, patterns)
        known = {one.path: one for one in await self._with_index(Index.known)}
        gone = [path for path in known if path not in stamps]
        changed = [path for path, stamp in stamps.items() if path not in known or known[path].stamp != stamp]
        if gone:
            await self._with_index(partial(Index.remove, paths=gone))
        for number, path in enumerate(changed, 1):
            document = await asyncio.to_thread(_read, path)
            await self._with_index(partial(Index.put, path=path, stamp=stamps[path], document=document))
            if isinstance(document, str):
                self._log.warning("a document cannot be read", file=str(path), why=document)
            if self._tell is not None:
                self._tell(number, len(changed))
            elif number % 100 == 0:
                self._log.info("reading documents", read=number, of=len(changed))
        if gone or changed:
            self._vectors = None
            await self._with_index(Index.tidy)
            passages = await self._with_index(Index.count)
            self._log.info(
                "documents are read", files=len(stamps), changed=len(changed), gone=len(gone), passages=passages
            )

    async def _make_vectors(self) -> None:
        """Make vectors of the passages that have none; what fails is tried again at the next look."""
        embedder = self._embedder
        if embedder is None:
            return
        done = 0
        while batch := await self._with_index(partial(Index.without_vector, model=embedder.name, limit=BATCH)):
            try:
                vectors = await embedder.embed([text for _, text in batch], turn=KNOWLEDGE)
                rows = [(id, packed(vector)) for (id, _), vector in zip(batch, vectors, strict=True)]
            except (EmbeddingFailed, ValueError) as error:
                self._log.warning("passages stay without vectors", why=str(error))
                return
            await self._with_index(partial(Index.put_vectors, model=embedder.name, vectors=rows))
            self._vectors = None
            done += len(rows)
            self._log.info("vectors are made", passages=done)

    async def _by_meaning(self, text: str, *, turn: str, cause: Cause) -> tuple[Sequence[int], tuple[str, ...]]:
        embedder = self._embedder
        if embedder is None:
            return (), ()
        try:
            vectors = self._vectors
            if vectors is None:
                rows = await self._with_index(partial(Index.vectors, model=embedder.name))
                self._vectors = vectors = await asyncio.to_thread(Vectors, rows)
            (vector,) = await embedder.embed([text], turn=turn, cause=cause)
            return vectors.nearest(packed(vector), CANDIDATES), ()
        except (EmbeddingFailed, ValueError, sqlite3.Error) as error:
            return (), (f"documents are looked through by words alone: {error}",)

    async def _with_index(self, work: Callable[[Index], T]) -> T:
        """Do something with the index, in its thread."""
        if self._thread is None:
            self._thread = ThreadPoolExecutor(1, thread_name_prefix="documents")

        def run() -> T:
            if self._index is None:
                if self._path is not None:
                    self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                self._index = Index(self._path)
            return work(self._index)

        return await asyncio.get_running_loop().run_in_executor(self._thread, run)


def _looked_up(index: Index, *, terms: Sequence[str], meant: Sequence[int]) -> list[Hit]:
    """Return what both ways of looking have found, fused by their ranks."""
    worded = index.by_words(terms, CANDIDATES)
    scores: dict[int, float] = {}
    for ranked in (worded, meant):
        for rank, id in enumerate(ranked, 1):
            scores[id] = scores.get(id, 0.0) + 1 / (FUSING + rank)
    best = sorted(scores, key=lambda id: (-scores[id], id))
    near = set(meant)
    return [hit for hit in index.hits(best, terms) if hit.id in near or hit.covers >= LEAST_COVERED]


def _stamps(patterns: Sequence[Path]) -> dict[Path, str]:
    """Return each file that is meant, with what changes when it does."""
    found: dict[Path, str] = {}
    for path in files_of(patterns):
        try:
            facts = os.stat(path)
        except OSError:
            continue
        found[path] = f"{facts.st_size} {facts.st_mtime_ns} {facts.st_ino}"
    return found


def _read(path: Path) -> Document | str:
    try:
        return read_document(path)
    except Unreadable as error:
        return str(error)
