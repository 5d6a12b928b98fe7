"""The lists of a page: its posts with their comments, and the posts of others that name it."""

from collections.abc import AsyncGenerator, Sequence
from datetime import datetime

import msgspec
from typing_extensions import override

from greenroom_adapters.facebook.api import Api
from greenroom_adapters.facebook.mapping import comment_event, mention_event, own_event
from greenroom_adapters.facebook.wire import COMMENTS, POSTS
from greenroom_adapters.meta.lists import LISTED_PAGES, FeedSource, ListSource, row_of
from greenroom_adapters.meta.moments import moment
from greenroom_adapters.meta.sources import Row
from greenroom_adapters.meta.wire import WirePage

__all__ = ["Feed", "mentions"]

MENTIONS = "mentions"


class Feed(FeedSource):
    """The page's newest posts, and what is said below them."""

    def __init__(self, api: Api, *, posts: int) -> None:
        super().__init__(posts=posts)
        self._api = api

    @override
    async def _feed(self, posts: int) -> WirePage:
        return await self._api.feed(posts=posts)

    @override
    def _own(self, raw: msgspec.Raw) -> tuple[Row, WirePage]:
        post = POSTS.decode(raw)
        row = Row(
            name=post.id,
            at=moment(post.created_time),
            event=lambda cursor: own_event(post, source=self.name, cursor=cursor),
        )
        return row, post.comments

    @override
    def _below(self, raws: Sequence[msgspec.Raw], post: str, since: datetime | None) -> list[Row]:
        me = self._api.me

        def read(raw: msgspec.Raw) -> Row:
            comment = COMMENTS.decode(raw)
            return Row(
                name=comment.id,
                at=moment(comment.created_time),
                event=lambda cursor: comment_event(comment, post, me=me, source=self.name, cursor=cursor),
            )

        return [row_of(raw, read, source=self.name, since=since) for raw in raws]

    @override
    def _pages_below(self, post: str, since: datetime) -> AsyncGenerator[WirePage, None]:
        return self._api.comments(post, since=since, most=LISTED_PAGES)


def mentions(api: Api) -> ListSource:
    """Return the posts of others that name the page."""

    def read(raw: msgspec.Raw) -> Row:
        post, me = POSTS.decode(raw), api.me
        return Row(
            name=post.id,
            at=moment(post.created_time),
            event=lambda cursor: mention_event(post, me=me, source=MENTIONS, cursor=cursor),
        )

    return ListSource(MENTIONS, lambda most: api.tagged(most=most), read)
