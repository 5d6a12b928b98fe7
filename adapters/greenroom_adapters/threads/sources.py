"""The lists of an account: its posts and answers with what is said below them, and the posts that name it."""

from collections.abc import Sequence
from datetime import datetime

import msgspec
from typing_extensions import override

from greenroom_adapters.meta.lists import LISTED_PAGES, ListSource, back_to, row_of
from greenroom_adapters.meta.moments import moment
from greenroom_adapters.meta.sources import Row, Source
from greenroom_adapters.meta.wire import WirePage, read_rows
from greenroom_adapters.threads.api import Api
from greenroom_adapters.threads.mapping import Ours, is_own, post_event
from greenroom_adapters.threads.wire import POSTS, WirePost

__all__ = ["Feed", "mentions"]

MENTIONS = "mentions"


class Feed(Source):
    """What the account posted and answered last, and what is said below that."""

    name = "feed"
    comes_first = True

    def __init__(self, api: Api, ours: Ours, *, posts: int) -> None:
        self._api = api
        self._ours = ours
        self._posts = posts

    @override
    async def rows(self, since: datetime | None) -> Sequence[Row]:
        feed = await self._api.feed(posts=self._posts)
        answers = await self._api.answers(posts=self._posts)
        own, answered = read_rows(POSTS, feed), read_rows(POSTS, answers)
        for one in (*own, *answered):
            self._ours.add(one.id)
        rows = [self._row(raw, since) for page in (feed, answers) for raw in reversed(page.data)]
        for one in own:
            if one.has_replies and not one.is_repost:
                rows += await self._below(one, since, deep=True)
        tops = {one.id for one in own}
        for one in answered:
            # what is said below the account's own posts stands in the list of these
            if one.has_replies and (one.root_post is None or one.root_post.id not in tops):
                rows += await self._below(one, since, deep=False)
        return rows

    async def _below(self, post: WirePost, since: datetime | None, *, deep: bool) -> Sequence[Row]:
        def read(page: WirePage) -> list[Row]:
            for one in read_rows(POSTS, page):
                if is_own(one, self._api.handle):
                    self._ours.add(one.id)
            return [self._row(raw, since) for raw in page.data]

        pages = self._api.below(post.id, deep=deep, most=1 if since is None else LISTED_PAGES)
        return list(reversed(await back_to(since, pages, read, of=post.id)))

    def _row(self, raw: msgspec.Raw, since: datetime | None) -> Row:
        return row_of(
            raw, lambda raw: read(raw, self._api, self._ours, source=self.name), source=self.name, since=since
        )


def mentions(api: Api, ours: Ours) -> ListSource:
    """Return the posts of others that name the account."""
    return ListSource(
        MENTIONS,
        lambda most: api.mentions(most=most),
        lambda raw: read(raw, api, ours, source=MENTIONS, named=True),
    )


def read(raw: msgspec.Raw, api: Api, ours: Ours, *, source: str, named: bool = False) -> Row:
    """Return the row of a post.

    :raises ValueError: it cannot be read; or msgspec.DecodeError
    """
    post = POSTS.decode(raw)
    return Row(
        name=post.id,
        at=moment(post.timestamp),
        event=lambda cursor: (
            None
            if post.is_repost
            else post_event(post, ours=ours, handle=api.handle, source=source, cursor=cursor, named=named)
        ),
    )
