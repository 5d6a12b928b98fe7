"""The lists of a page: its posts with their comments, and the posts of others that name it."""

import logging
from collections.abc import Sequence
from contextlib import aclosing
from datetime import datetime

import msgspec
from typing_extensions import override

from greenroom_adapters.contract import PostRejected
from greenroom_adapters.facebook.api import Api
from greenroom_adapters.facebook.mapping import comment_event, mention_event, own_event
from greenroom_adapters.facebook.wire import COMMENTS, POSTS, WireComment, WirePost
from greenroom_adapters.meta.moments import moment
from greenroom_adapters.meta.sources import Row, Source, unreadable

__all__ = ["FeedSource", "MentionsSource"]

logger = logging.getLogger(__name__)

FEED, MENTIONS = "feed", "mentions"
PAGES = 100
"""Pages of one list that are read to come back to what is known: ten thousand rows, after a long time away."""


class FeedSource(Source):
    """The page's newest posts, and what is said below them."""

    name = FEED
    comes_first = True

    def __init__(self, api: Api, *, posts: int) -> None:
        self._api = api
        self._posts = posts

    @override
    async def rows(self, since: datetime | None) -> Sequence[Row]:
        rows: list[Row] = []
        # those of one second stand newest first, and are told as they came
        for raw in reversed((await self._api.feed(posts=self._posts)).data):
            try:
                post = POSTS.decode(raw)
                at = moment(post.created_time)
            except (msgspec.DecodeError, ValueError):
                rows.append(unreadable(bytes(raw), source=FEED, since=since))
                continue
            rows.append(self._own(post, at))
            comments = [self._comment(one, post.id, since) for one in post.comments.data]
            if since is not None and post.comments.after and all(row.at >= since for row in comments):
                try:
                    comments = await self._all_comments(post.id, since)
                except PostRejected as refused:
                    # what is below the other posts is heard all the same
                    logger.warning("not all comments below %s can be read: %s", post.id, refused)
            rows += reversed(comments)
        return rows

    async def _all_comments(self, post: str, since: datetime) -> list[Row]:
        rows: list[Row] = []
        async with aclosing(self._api.comments(post, since=since, most=PAGES)) as pages:
            async for page in pages:
                rows += [self._comment(one, post, since) for one in page.data]
                if any(row.at < since for row in rows):
                    break
        return rows

    def _own(self, post: WirePost, at: datetime) -> Row:
        return Row(name=post.id, at=at, event=lambda cursor: own_event(post, source=FEED, cursor=cursor))

    def _comment(self, raw: msgspec.Raw, post: str, since: datetime | None) -> Row:
        try:
            comment: WireComment = COMMENTS.decode(raw)
            at = moment(comment.created_time)
        except (msgspec.DecodeError, ValueError):
            return unreadable(bytes(raw), source=FEED, since=since)
        me = self._api.page
        return Row(
            name=comment.id,
            at=at,
            event=lambda cursor: comment_event(comment, post, me=me, source=FEED, cursor=cursor),
        )


class MentionsSource(Source):
    """Posts of others that name the page."""

    name = MENTIONS

    def __init__(self, api: Api) -> None:
        self._api = api

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
            post: WirePost = POSTS.decode(raw)
            at = moment(post.created_time)
        except (msgspec.DecodeError, ValueError):
            return unreadable(bytes(raw), source=MENTIONS, since=since)
        me = self._api.page
        return Row(name=post.id, at=at, event=lambda cursor: mention_event(post, me=me, source=MENTIONS, cursor=cursor))
