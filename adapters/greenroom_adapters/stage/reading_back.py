"""Decides from what an account can read back whether one attempt went out."""

import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import quote

from greenroom_adapters.contract import Absent, Attempt, Capabilities, Found, IdempotencyKind, Post, Undecided
from greenroom_adapters.stage.answers import CONTAINERS, LISTINGS, Gone, instance_at, settles_after
from greenroom_adapters.stage.mapping import WirePost
from greenroom_adapters.stage.publishing import receipt_of
from greenroom_adapters.transport import Effect, Http

__all__ = ["ReadingBack"]

LISTING_PAGE = 100

SKEW = timedelta(seconds=2)
"""How far the clock that recorded the attempt and the server's may differ after the correction between them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """The newest of an account's own posts."""

    posts: Sequence[WirePost]
    """Newest first."""
    deleted: frozenset[str]
    """Own posts that are gone and that somebody else may have deleted."""
    whole: bool
    """True: it reaches back before the attempt. False: it ended at the platform's reach."""


class ReadingBack:
    """Looks for the posts of one account."""

    def __init__(self, http: Http, *, server: str, capabilities: Capabilities, now: Callable[[], datetime]) -> None:
        self._http = http
        self._server = server
        self._capabilities = capabilities
        self._now = now
        self._deleted_here: set[str] = set()

    def know_deleted(self, post_id: str) -> None:
        """Remember a post that the account itself takes down: whoever has its id has its receipt, so it is not the post
        of an attempt whose outcome is unknown."""
        self._deleted_here.add(post_id)

    async def find(self, attempt: Attempt) -> Found | Absent | Undecided:
        """As `Adapter.find`."""
        idempotency = self._capabilities.idempotency.kind
        if idempotency is IdempotencyKind.TWO_PHASE or attempt.state is not None:
            return await self._find_container(attempt)
        if idempotency is IdempotencyKind.NONE:
            return Undecided(reason="this Stage offers nothing to look a post up by", final=True)
        age = self._now() - attempt.last_tried_at
        asked_at = self._now()
        instance = await instance_at(self._http)
        # The server's clock minus ours; the answer was written half a round trip ago.
        offset = instance.now - (asked_at + (self._now() - asked_at) / 2)
        since = attempt.first_tried_at + offset - SKEW
        listing = await self._listing(since, instance.listing_reach)
        listed = match(attempt.post, listing, since=since)
        if listed is not None:
            return Found(receipt=receipt_of(listed, key=attempt.key, server=self._server))
        settled_after = settles_after(instance, self._capabilities.publish_deadline)
        return open_question(listing, age=age, settles_after=settled_after) or Absent()

    async def _find_container(self, attempt: Attempt) -> Found | Absent | Undecided:
        settled = self._now() - attempt.last_tried_at > self._capabilities.settles_after
        if attempt.state is not None:
            path = f"/api/containers/{quote(attempt.state.decode(), safe='')}"
            try:
                answer = await self._http.call("GET", path, effect=Effect.REPEATABLE)
            except Gone:
                return Undecided(reason="the container is gone", final=True)
            container = self._http.decode(answer, CONTAINERS)
            if container.post is not None:
                return Found(receipt=receipt_of(container.post, key=attempt.key, server=self._server))
            if container.state != "open":
                return Undecided(reason="it was published and is gone since", final=True)
        # Without a checkpoint the second phase never began.
        return Absent() if settled else Undecided(reason="the container is still open; it may be published late")

    async def _listing(self, since: datetime, reach: int) -> Listing:
        # A listing that ended before `since` was reached is whole when the account has no older posts. Those that are
        # not visible yet fill its reach unseen, so only the first half of the reach counts as a proof of that.
        posts: list[WirePost] = []
        deleted: set[str] = set()
        query = {"limit": str(LISTING_PAGE)}
        while True:
            answer = await self._http.call("GET", "/api/me/posts", effect=Effect.REPEATABLE, query=query)
            page = self._http.decode(answer, LISTINGS)
            posts.extend(page.posts)
            deleted.update(page.deleted)
            if not page.posts or page.posts[-1].created_at < since:
                break
            query["before"] = page.posts[-1].id
        return Listing(
            posts=posts,
            deleted=frozenset(deleted - self._deleted_here),
            whole=bool(posts and posts[-1].created_at < since) or len(posts) + len(deleted) < reach // 2,
        )


def match(post: Post, listing: Listing, *, since: datetime) -> WirePost | None:
    """Return the oldest listed post that is `post` and not older than `since` (by the server's clock)."""
    for listed in reversed(listing.posts):
        if listed.created_at >= since and _is(post, listed):
            return listed
    return None


def open_question(listing: Listing, *, age: timedelta, settles_after: timedelta) -> Undecided | None:
    """Return what keeps a post that is not listed from being absent for certain; None: it is absent.

    `age` is the time since the last try, taken before the listing was read.
    """
    if age <= settles_after:
        return Undecided(reason=f"not listed yet; it may still appear until {settles_after} after the try")
    if not listing.whole:
        return Undecided(reason="the try is beyond the reach of the listing", final=True)
    if listing.deleted:
        # The Stage tells ids of deleted posts, not their texts: any of them may be the one.
        return Undecided(reason="not listed, but it may be among the posts that were deleted since", final=True)
    return None


def _is(post: Post, listed: WirePost) -> bool:
    if _normalised(post.text) != _normalised(listed.text):
        return False
    if (post.in_reply_to.id if post.in_reply_to else None) != listed.in_reply_to:
        return False
    if (post.quote.id if post.quote else None) != listed.quote or len(post.media) != len(listed.media):
        return False
    if post.room is None and post.direct_to is None and post.in_reply_to is not None:
        return True  # such an answer stands where its target stands
    direct_to = {listed.direct_to.id, listed.direct_to.handle} if listed.direct_to else {None}
    return post.room == (listed.room.id if listed.room else None) and post.direct_to in direct_to


def _normalised(text: str) -> str:
    return unicodedata.normalize("NFC", text.replace("\r\n", "\n")).strip()
