"""Decides from an account's own listing whether one attempt went out."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from greenroom_adapters.contract import Post, Undecided
from greenroom_adapters.stage.mapping import WirePost

__all__ = ["SKEW", "Listing", "match", "open_question"]

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
