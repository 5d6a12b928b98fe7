"""The lists of an account: its posts with their comments, and the posts of others that name it."""

from collections.abc import AsyncGenerator, Callable, Sequence
from datetime import datetime

import msgspec
from typing_extensions import override

from greenroom_adapters.instagram.api import Api
from greenroom_adapters.instagram.mapping import comment_event, mention_event, own_event
from greenroom_adapters.instagram.wire import COMMENTS, MEDIA, WireComment
from greenroom_adapters.meta.lists import LISTED_PAGES, FeedSource, ListSource
from greenroom_adapters.meta.moments import moment
from greenroom_adapters.meta.sources import Row, unreadable
from greenroom_adapters.meta.wire import WirePage

__all__ = ["Feed", "mentions"]

MENTIONS = "mentions"


class Feed(FeedSource):
    """The account's newest posts, and what is said below them."""

    def __init__(self, api: Api, *, posts: int, handle: Callable[[], str]) -> None:
        super().__init__(posts=posts)
        self._api = api
        self._handle = handle

    @override
    async def _feed(self, posts: int) -> WirePage:
        return await self._api.feed(posts=posts)

    @override
    def _own(self, raw: msgspec.Raw) -> tuple[Row, WirePage]:
        media = MEDIA.decode(raw)
        row = Row(
            name=media.id,
            at=moment(media.timestamp),
            event=lambda cursor: own_event(media, source=self.name, cursor=cursor),
        )
        return row, media.comments

    @override
    def _below(self, raws: Sequence[msgspec.Raw], post: str, since: datetime | None) -> list[Row]:
        """Return the comments of a page with the answers to each, in the order in which they stand."""
        rows: list[Row] = []
        for raw in raws:
            row, comment = self._comment(raw, post, None, since)
            for answer in comment.replies.data if comment is not None else ():
                rows.append(self._comment(answer, post, comment, since)[0])
            rows.append(row)
        return rows

    @override
    def _pages_below(self, post: str, since: datetime) -> AsyncGenerator[WirePage, None]:
        return self._api.comments(post, most=LISTED_PAGES)

    def _comment(
        self, raw: msgspec.Raw, media: str, above: WireComment | None, since: datetime | None
    ) -> tuple[Row, WireComment | None]:
        try:
            comment = COMMENTS.decode(raw)
            at = moment(comment.timestamp)
        except (msgspec.DecodeError, ValueError):
            return unreadable(bytes(raw), source=self.name, since=since), None
        api, handle = self._api, self._handle()
        row = Row(
            name=comment.id,
            at=at,
            event=lambda cursor: comment_event(
                comment, media, above=above, api=api, handle=handle, source=self.name, cursor=cursor, at=at
            ),
        )
        return row, comment


def mentions(api: Api, *, handle: Callable[[], str]) -> ListSource:
    """Return the posts of others that name the account."""

    def read(raw: msgspec.Raw) -> Row:
        media = MEDIA.decode(raw)
        is_own = media.username == handle()
        return Row(
            name=media.id,
            at=moment(media.timestamp),
            event=lambda cursor: None if is_own else mention_event(media, source=MENTIONS, cursor=cursor),
        )

    return ListSource(MENTIONS, lambda most: api.tagged(most=most), read)
