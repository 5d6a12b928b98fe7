"""Decides from what the page has published whether one attempt went out. Facebook has no keys: it is known by its
words, its pictures and what it answers."""

from collections.abc import Callable
from contextlib import aclosing
from datetime import datetime, timedelta

from greenroom_adapters.contract import (
    Absent,
    Attempt,
    Forbidden,
    Found,
    PostRef,
    Receipt,
    TargetGone,
    Undecided,
)
from greenroom_adapters.facebook.api import Api
from greenroom_adapters.facebook.publishing import Progress
from greenroom_adapters.facebook.refs import Place, comment_ref, place_of, post_ref
from greenroom_adapters.facebook.wire import COMMENTS, POSTS, WireComment, WirePost
from greenroom_adapters.meta.claims import Claims
from greenroom_adapters.meta.graph import OutOfReach
from greenroom_adapters.meta.likeness import is_like
from greenroom_adapters.meta.mail import Mail, message_ref
from greenroom_adapters.meta.moments import moment
from greenroom_adapters.meta.wire import read_rows

__all__ = ["ReadingBack"]

PAGES = 10
SKEW = timedelta(minutes=5)
"""How far Facebook's clock and the one that recorded the try may differ."""


class ReadingBack:
    """Recognises what one page has published."""

    def __init__(
        self, api: Api, mail: Mail, claims: Claims, *, settles_after: timedelta, now: Callable[[], datetime]
    ) -> None:
        self._api = api
        self._mail = mail
        self._claims = claims
        self._settles_after = settles_after
        self._now = now

    async def find(self, attempt: Attempt) -> Found | Absent | Undecided:
        """Look for it among what the page has published since a little before its first try."""
        asked_at = self._now()
        try:
            found = await self._found(attempt, attempt.first_tried_at - SKEW)
        except OutOfReach:
            return Undecided(reason="it is not among what can be read of what Facebook lists of the page", final=True)
        except (Forbidden, TargetGone) as refused:
            return Undecided(reason=f"what the page published cannot be read: {refused}", final=True)
        if found is not None:
            ref, at = found
            self._claims.claim(ref.id, attempt.key)
            return Found(receipt=Receipt(key=attempt.key, ref=ref, published_at=at))
        if asked_at - attempt.last_tried_at <= self._settles_after:
            return Undecided(reason="not among what the page published; it may still appear there")
        return Absent()

    async def _found(self, attempt: Attempt, since: datetime) -> tuple[PostRef, datetime] | None:
        post = attempt.post
        if post.direct_to is not None:
            return await self._message(attempt, post.direct_to, since)
        above = place_of(post.in_reply_to) if post.in_reply_to is not None else None
        return await (self._post(attempt, since) if above is None else self._comment(attempt, above, since))

    async def _post(self, attempt: Attempt, since: datetime) -> tuple[PostRef, datetime] | None:
        oldest: tuple[PostRef, datetime] | None = None
        is_whole, is_readable = False, True
        async with aclosing(self._api.own(since=since, most=PAGES)) as pages:
            async for page in pages:
                posts = read_rows(POSTS, page)
                is_readable &= len(posts) == len(page.data)
                for post in posts:
                    at, ref = moment(post.created_time), post_ref(post.id, post.permalink_url)
                    is_whole |= at < since
                    if at >= since and _is_post(attempt, post) and self._claims.is_free_for(attempt.key, ref.id):
                        oldest = ref, at
                is_whole |= not page.after
                if is_whole:
                    break
        if oldest is None and not (is_whole and is_readable):
            raise OutOfReach
        return oldest

    async def _comment(self, attempt: Attempt, above: Place, since: datetime) -> tuple[PostRef, datetime] | None:
        parents = {above.comment}
        if above.comment is not None:
            # an answer to an answer stands beside it, below the same comment
            parent = (await self._api.comment(above.comment)).parent
            parents.add(parent.id if parent is not None else above.comment)
        oldest: tuple[PostRef, datetime] | None = None
        is_whole, is_readable = False, True
        async with aclosing(self._api.comments(above.post, since=since, most=PAGES)) as pages:
            async for page in pages:
                comments = read_rows(COMMENTS, page)
                is_readable &= len(comments) == len(page.data)
                for comment in comments:
                    at, ref = moment(comment.created_time), comment_ref(above.post, comment.id)
                    is_whole |= at < since
                    is_it = at >= since and self._is_comment(attempt, comment, parents)
                    if is_it and self._claims.is_free_for(attempt.key, ref.id):
                        oldest = ref, at
                is_whole |= not page.after
                if is_whole:
                    break
        if oldest is None and not (is_whole and is_readable):
            raise OutOfReach
        return oldest

    async def _message(self, attempt: Attempt, person: str, since: datetime) -> tuple[PostRef, datetime] | None:
        oldest: tuple[PostRef, datetime] | None = None
        for message in await self._mail.with_person(person, since):
            at, ref = moment(message.created_time), message_ref(message.id)
            is_it = message.sender.id == self._api.page and is_like(attempt.post.text, message.message)
            if at >= since and is_it and self._claims.is_free_for(attempt.key, ref.id):
                oldest = ref, at
        return oldest

    def _is_comment(self, attempt: Attempt, comment: WireComment, parents: "set[str | None]") -> bool:
        by_us = comment.sender is not None and comment.sender.id == self._api.page
        below = comment.parent.id if comment.parent is not None else None
        return (
            by_us
            and below in parents
            and comment.has_picture == bool(attempt.post.media)
            and is_like(attempt.post.text, comment.message)
        )


def _is_post(attempt: Attempt, listed: WirePost) -> bool:
    """Say whether a listed post is what the attempt became. One with pictures is known by these."""
    if not attempt.post.media:
        return not listed.photos and is_like(attempt.post.text, listed.message)
    progress = Progress.read(attempt.state)
    return progress is not None and bool(progress.ready) and set(progress.ready) <= listed.photos
