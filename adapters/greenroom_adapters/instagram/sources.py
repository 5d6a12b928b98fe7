"""The lists of an account: its posts with their comments, and the posts of others that name it."""

import logging
from collections.abc import Callable, Sequence
from contextlib import aclosing
from datetime import datetime

import msgspec
from typing_extensions import override

from greenroom_adapters.contract import PostRejected
from greenroom_adapters.instagram.api import Api
from greenroom_adapters.instagram.mapping import comment_event, mention_event, own_event
from greenroom_adapters.instagram.wire import COMMENTS, MEDIA, WireComment, WireMedia
from greenroom_adapters.meta.moments import moment
from greenroom_adapters.meta.sources import Row, Source, unreadable

__all__ = ["FeedSource", "MentionsSource"]

logger = logging.getLogger(__name__)

FEED, MENTIONS = "feed", "mentions"
PAGES = 100
"""Pages of one list that are read to come back to what is known: thousands of rows, after a long time away."""


class FeedSource(Source):
    """The account's newest posts, and what is said below them."""

    name = FEED
    comes_first = True

    def __init__(self, api: Api, *, posts: int, handle: Callable[[], str]) -> None:
        self._api = api
        self._posts = posts
        self._handle = handle

    @override
    async def rows(self, since: datetime | None) -> Sequence[Row]:
        rows: list[Row] = []
        # those of one second stand newest first, and are told as they came
        for raw in reversed((await self._api.feed(posts=self._posts)).data):
            try:
                media = MEDIA.decode(raw)
                at = moment(media.timestamp)
            except (msgspec.DecodeError, ValueError):
                rows.append(unreadable(bytes(raw), source=FEED, since=since))
                continue
            rows.append(self._own(media, at))
            below = self._below(media.comments.data, media.id, since)
            if since is not None and media.comments.after and all(row.at >= since for row in below):
                try:
                    below = await self._all_below(media.id, since)
                except PostRejected as refused:
                    # what is below the other posts is heard all the same
                    logger.warning("not all comments below %s can be read: %s", media.id, refused)
            rows += reversed(below)
        return rows

    async def _all_below(self, media: str, since: datetime) -> list[Row]:
        rows: list[Row] = []
        async with aclosing(self._api.comments(media, most=PAGES)) as pages:
            async for page in pages:
                rows += self._below(page.data, media, since)
                if any(row.at < since for row in rows):
                    break
        return rows

    def _below(self, raws: Sequence[msgspec.Raw], media: str, since: datetime | None) -> list[Row]:
        """Return the comments of a page with the answers to each, in the order in which they stand."""
        rows: list[Row] = []
        for raw in raws:
            row, comment = self._comment(raw, media, None, since)
            for answer in comment.replies.data if comment is not None else ():
                rows.append(self._comment(answer, media, comment, since)[0])
            rows.append(row)
        return rows

    def _comment(
        self, raw: msgspec.Raw, media: str, above: WireComment | None, since: datetime | None
    ) -> tuple[Row, WireComment | None]:
        try:
            comment = COMMENTS.decode(raw)
            at = moment(comment.timestamp)
        except (msgspec.DecodeError, ValueError):
            return unreadable(bytes(raw), source=FEED, since=since), None
        api, handle = self._api, self._handle()
        row = Row(
            name=comment.id,
            at=at,
            event=lambda cursor: comment_event(
                comment, media, above=above, api=api, handle=handle, source=FEED, cursor=cursor, at=at
            ),
        )
        return row, comment

    def _own(self, media: WireMedia, at: datetime) -> Row:
        return Row(name=media.id, at=at, event=lambda cursor: own_event(media, source=FEED, cursor=cursor))


class MentionsSource(Source):
    """Posts of others that name the account."""

    name = MENTIONS

    def __init__(self, api: Api, *, handle: Callable[[], str]) -> None:
        self._api = api
        self._handle = handle

    @override
    async def rows(self, since: datetime | None) -> Sequence[Row]:
        rows: list[Row] = []
        async with aclosing(self._api.tagged(most=1 if since is None else PAGES)) as pages:
            async for page in pages:
                rows += [self._row(raw, since) for raw in page.data]
                if since is not None and any(row.at < since for row in rows):
                    break
        return list(reversed(rows))

    def _row(self, raw: msgspec.Raw, since: datetime | None) -> Row:
        try:
            media: WireMedia = MEDIA.decode(raw)
            at = moment(media.timestamp)
        except (msgspec.DecodeError, ValueError):
            return unreadable(bytes(raw), source=MENTIONS, since=since)
        is_own = media.username == self._handle()
        return Row(
            name=media.id,
            at=at,
            event=lambda cursor: None if is_own else mention_event(media, source=MENTIONS, cursor=cursor),
        )
