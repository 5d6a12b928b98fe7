"""What an account sees of a Stage, or a guest.

`viewer` is an account id, None: a guest. `before` is the id of a post: only older ones are returned.
"""

from datetime import datetime

from greenroom_adapters.stage.objects import Conversation, Listing, Notification, Post, Refusal, Refused, Thread, Viewed
from greenroom_adapters.stage.rules.ground import page
from greenroom_adapters.stage.rules.people import People
from greenroom_adapters.stage.store import END
from greenroom_adapters.stage.writing import direct_conversation, other_of, visible

__all__ = ["Reading"]

LARGEST_EVENT_PAGE = 500
LARGEST_THREAD = 500


class Reading(People):
    """Posts, threads, timelines, direct conversations and notifications."""

    def post(self, post_id: str, *, viewer: str | None = None) -> Post:
        """Return one post. A direct message of others is GONE."""
        post = self._store.post(post_id)
        if post is None or post.deleted or not visible(post, viewer):
            raise Refused(Refusal.GONE, "there is no such post")
        return post

    def thread(self, post_id: str, *, viewer: str | None = None) -> Thread:
        """Return what stands above and below a post. A deleted post ends `above` there; at most 500 each."""
        self.post(post_id, viewer=viewer)
        return Thread(
            above=self._store.above(post_id, limit=LARGEST_THREAD),
            below=self._store.below(post_id, limit=LARGEST_THREAD),
        )

    def timeline(self, *, limit: int = 40, before: str | None = None) -> tuple[Post, ...]:
        """Return the public posts outside rooms, replies included, newest first."""
        return self._store.timeline(before=self._place_of(before), limit=page(limit))

    def posts_of(
        self, account_id: str, *, viewer: str | None = None, limit: int = 40, before: str | None = None
    ) -> tuple[Post, ...]:
        """Return an account's posts, newest first: the public ones, and the direct ones that the viewer may see."""
        return self._store.posts_of(account_id, viewer=viewer, before=self._place_of(before), limit=page(limit))

    def own_listing(self, account_id: str, *, limit: int = 40, before: str | None = None) -> Listing:
        """Return an account's own posts as its listing knows them: within `listing_reach`, after `visible_after`."""
        reach = self.options.listing_reach
        return Listing(
            posts=self._store.listed(
                account_id, reach=reach, now=self.now(), before=self._place_of(before), limit=page(limit)
            ),
            deleted=self._store.deleted_ids(account_id, reach=reach),
        )

    def viewed(self, posts: tuple[Post, ...], *, viewer: str | None) -> tuple[Viewed, ...]:
        """Return the same posts in the same order, each with whether the viewer likes it and reposted it."""
        if viewer is None:
            return tuple(Viewed(post=post) for post in posts)
        ids = [post.id for post in posts]
        liked = self._store.marked("like", viewer, ids)
        reposted = self._store.marked("repost", viewer, ids)
        return tuple(Viewed(post=post, liked=post.id in liked, reposted=post.id in reposted) for post in posts)

    def conversations(self, account_id: str, *, limit: int = 50) -> tuple[Conversation, ...]:
        """Return an account's direct conversations, the one with the latest message first."""
        return tuple(
            Conversation(id=post.conversation, other=other_of(post, account_id), latest=post)
            for post in self._store.latest_direct(account_id, limit=page(limit))
        )

    def direct_posts(
        self, account_id: str, other: str, *, limit: int = 40, before: str | None = None
    ) -> tuple[Post, ...]:
        """Return what an account and another (id or handle) wrote to each other, newest first."""
        conversation = direct_conversation(account_id, self.account(other).id)
        return self._store.in_conversation(conversation, before=self._place_of(before), limit=page(limit))

    def notifications(self, account_id: str, *, limit: int = 40, before: int | None = None) -> tuple[Notification, ...]:
        """Return an account's events, newest first; `before` is a cursor. For pages."""
        return self._store.events_before(account_id, before=END if before is None else before, limit=page(limit))

    def events_after(
        self, account_id: str, *, after: int | None, limit: int = 100
    ) -> tuple[tuple[Notification, ...], int]:
        """Return an account's events after a cursor, oldest first, and the cursor to go on from.

        None: no events, and the newest cursor. Texts are those of now; events about a post that was deleted since are
        left out. For adapters: fewer than `limit` do not mean the end, an unmoved cursor does.
        """
        newest = self._store.newest_cursor()
        if after is None:
            return (), newest
        limit = min(max(limit, 1), LARGEST_EVENT_PAGE)
        events, last = self._store.events_after(account_id, after=after, limit=limit)
        return events, max(after, newest) if last is None else last

    def cursor_before(self, account_id: str, moment: datetime) -> int:
        """Return the cursor behind which an account's events since `moment` lie."""
        return self._store.cursor_before(account_id, moment)

    def _place_of(self, before: str | None) -> int:
        if before is None:
            return END
        place = self._store.place_of(before)
        if place is None:
            raise Refused(Refusal.INVALID, "`before` is the id of a post")
        return place
