"""The lists of an account: its own posts with what is said below each, and those that are read page by page."""

import abc
import logging
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from datetime import datetime
from functools import partial

import msgspec
from typing_extensions import override

from greenroom_adapters.contract import PostRejected
from greenroom_adapters.meta.sources import Row, Source, unreadable
from greenroom_adapters.meta.wire import WirePage
from greenroom_adapters.transport import AnswerTooLarge, fitting

__all__ = ["LISTED_PAGES", "FeedSource", "ListSource", "row_of"]

logger = logging.getLogger(__name__)

LISTED_PAGES = 100
"""Pages of one list that are read to come back to what is known: thousands of rows, after a long time away."""

Pages = AsyncGenerator[WirePage, None]


def row_of(raw: msgspec.Raw, read: Callable[[msgspec.Raw], Row], *, source: str, since: datetime | None) -> Row:
    """Return the row that was read, or the one that stands for what cannot be."""
    try:
        return read(raw)
    except (msgspec.DecodeError, ValueError):
        return unreadable(bytes(raw), source=source, since=since)


async def back_to(
    since: datetime | None, pages: Pages, read: Callable[[WirePage], Sequence[Row]], *, of: str
) -> list[Row]:
    """Return the rows of pages, as they stand there, newest first, until one is older than a moment. Where the list is
    not shown further, that is told to the log: what other lists have is heard all the same."""
    rows: list[Row] = []
    try:
        async with aclosing(pages):
            async for page in pages:
                rows += read(page)
                if since is not None and any(row.at < since for row in rows):
                    break
    except (PostRejected, AnswerTooLarge) as refused:
        logger.warning("not all of what is said below %s can be read: %s", of, refused)
    return rows


class ListSource(Source):
    """A list that stands newest first."""

    def __init__(self, name: str, pages: Callable[[int], Pages], read: Callable[[msgspec.Raw], Row]) -> None:
        """`pages` yields at most so many pages. `read` raises `ValueError` or `msgspec.DecodeError` where it cannot."""
        self.name = name
        self._pages = pages
        self._read = read

    @override
    async def rows(self, since: datetime | None) -> Sequence[Row]:
        rows: list[Row] = []
        async with aclosing(self._pages(1 if since is None else LISTED_PAGES)) as pages:
            async for page in pages:
                rows += [row_of(raw, self._read, source=self.name, since=since) for raw in page.data]
                if since is not None and any(row.at < since for row in rows):
                    break
        return list(reversed(rows))


class FeedSource(Source, abc.ABC):
    """The account's newest posts, and what is said below them."""

    name = "feed"
    comes_first = True

    def __init__(self, *, posts: int) -> None:
        """So many posts are looked at, or as many fewer as make the answer small enough: what is said below them,
        strangers choose."""
        self._posts = self._looked_at = posts

    @override
    async def rows(self, since: datetime | None) -> Sequence[Row]:
        rows: list[Row] = []
        page, fit = await fitting(self._feed, self._posts)
        if fit < self._looked_at:
            logger.warning("too much is said below the newest %d posts: the newest %d are looked at", self._posts, fit)
        self._looked_at = fit
        # those of one second stand newest first, and are told as they came
        for raw in reversed(page.data):
            try:
                own, newest = self._own(raw)
            except (msgspec.DecodeError, ValueError):
                rows.append(unreadable(bytes(raw), source=self.name, since=since))
                continue
            rows.append(own)
            post = own.name
            below = self._below(newest.data, post, since)
            if since is not None and newest.after and all(row.at >= since for row in below):
                pages, read = self._pages_below(post, since), partial(self._read_below, post=post, since=since)
                below = await back_to(since, pages, read, of=post) or below
            rows += reversed(below)
        return rows

    def _read_below(self, page: WirePage, *, post: str, since: datetime) -> list[Row]:
        return self._below(page.data, post, since)

    @abc.abstractmethod
    async def _feed(self, posts: int) -> WirePage:
        """Return so many of the account's newest posts with what is said below each, the newest first."""

    @abc.abstractmethod
    def _own(self, raw: msgspec.Raw) -> tuple[Row, WirePage]:
        """Read a post of the account, and the newest of what is said below it.

        :raises ValueError: it cannot be read; or msgspec.DecodeError
        """

    @abc.abstractmethod
    def _below(self, raws: Sequence[msgspec.Raw], post: str, since: datetime | None) -> list[Row]:
        """Return what is said below a post, as it stands in the list."""

    @abc.abstractmethod
    def _pages_below(self, post: str, since: datetime) -> Pages:
        """Yield all of what is said below a post from a moment on, and perhaps older things, newest first."""
