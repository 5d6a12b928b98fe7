"""What can be done beside posting: take down, like, repost, follow, count, and read what was said above."""

from collections.abc import Callable
from datetime import datetime

from greenroom_adapters.bluesky.api import Api
from greenroom_adapters.bluesky.dates import moment, written
from greenroom_adapters.bluesky.identifiers import LIKE, REPOST, AtUri, reference
from greenroom_adapters.bluesky.people import author
from greenroom_adapters.bluesky.targets import Targets
from greenroom_adapters.bluesky.wire import POSTS, UNREADABLE, WirePost, WirePostView, WireThread
from greenroom_adapters.contract import (
    Author,
    Metrics,
    PostRef,
    PostRejected,
    TargetGone,
    ThreadPost,
    Unsupported,
)

__all__ = ["Acting"]

FOLLOW = "app.bsky.graph.follow"


class Acting:
    """The hands of one account."""

    def __init__(self, api: Api, targets: Targets, *, me: Callable[[], Author], now: Callable[[], datetime]) -> None:
        self._api = api
        self._targets = targets
        self._me = me
        self._now = now

    async def delete(self, ref: PostRef) -> None:
        """Delete the record. Deleting one that is gone is no error."""
        uri = AtUri.read(ref.id)
        if uri is None or uri.repo != self._api.me:
            raise self._api.error(
                Unsupported, "only posts of its own are deleted; a direct message stays with its reader"
            )
        await self._api.delete(uri)

    async def react(self, ref: PostRef, reaction: str) -> None:
        """Like the post. The data server keeps one like of a post, however often it is written."""
        if reaction != "like":
            raise self._api.error(Unsupported, "Bluesky has likes and no other reactions")
        view = await self._targets.seen(ref)
        if not view.viewer.like:
            await self._api.create(LIKE, self._about(LIKE, view))

    async def repost(self, ref: PostRef) -> None:
        """Repost the post. The data server keeps one repost of a post, however often it is written."""
        view = await self._targets.seen(ref)
        if not view.viewer.repost:
            await self._api.create(REPOST, self._about(REPOST, view))

    async def follow(self, person: str) -> None:
        """Follow a person. The data server keeps one follow of a person, however often it is written."""
        profile = await self._api.profile(person)
        if not profile.viewer.following:
            await self._api.create(FOLLOW, {"$type": FOLLOW, "subject": profile.did, "createdAt": written(self._now())})

    async def metrics(self, ref: PostRef) -> Metrics:
        """Count now."""
        view = await self._targets.seen(ref)
        return Metrics(
            likes=view.like_count, reposts=view.repost_count, replies=view.reply_count, quotes=view.quote_count
        )

    async def thread(self, ref: PostRef, *, limit: int) -> tuple[ThreadPost, ...]:
        """Return what was said above the post, oldest first, the newest `limit` of it; a gap ends it there."""
        uri = AtUri.read(ref.id)
        if uri is None:
            raise self._api.error(TargetGone, f"{ref.id!r} is no post on Bluesky")
        posts: list[ThreadPost] = []
        while uri is not None and len(posts) <= limit:
            try:
                told = await self._api.thread(uri, above=limit - len(posts))
            except PostRejected:
                # Our own posts are with us a moment before the AppView has them.
                uri = await self._add_own(uri, posts)
                continue
            self._add(told, posts, limit + 1)
            break
        return tuple(reversed(posts[1 : limit + 1]))

    def _add(self, told: WireThread, posts: list[ThreadPost], limit: int) -> None:
        """Add what the AppView tells, from the post upward."""
        one: WireThread | None = told
        while one is not None and one.post is not None and len(posts) < limit:
            try:
                uri, post = AtUri.read(one.post.uri), POSTS.decode(one.post.record)
            except UNREADABLE:
                return
            if uri is None:
                return
            posts.append(_thread_post(uri, author(one.post.author), post, moment(one.post.indexed_at) or self._now()))
            one = one.parent

    async def _add_own(self, uri: AtUri, posts: list[ThreadPost]) -> AtUri | None:
        """Add a post as it stands on our data server; return what it answers. None: there the thread ends."""
        if uri.repo != self._api.me:
            return None
        try:
            post = POSTS.decode((await self._api.record(uri)).value)
        except (PostRejected, *UNREADABLE):
            return None
        posts.append(_thread_post(uri, self._me(), post, moment(post.created_at) or self._now()))
        return AtUri.read(post.reply.parent.uri) if post.reply is not None else None

    def _about(self, kind: str, view: WirePostView) -> dict[str, object]:
        return {"$type": kind, "subject": {"uri": view.uri, "cid": view.cid}, "createdAt": written(self._now())}


def _thread_post(uri: AtUri, who: Author, post: WirePost, posted_at: datetime) -> ThreadPost:
    return ThreadPost(ref=reference(uri), author=who, text=post.text, posted_at=posted_at)
