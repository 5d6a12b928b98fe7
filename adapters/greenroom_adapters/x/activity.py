"""What X tells by itself: that a listing has news, and what no listing has."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec

from greenroom_adapters.contract import Author, Event, FollowReceived, PostDeleted, ReactionReceived
from greenroom_adapters.x.ids import is_id, moment_of, post_ref
from greenroom_adapters.x.mapping import Included, author_of, read_post, unknown
from greenroom_adapters.x.sources import MENTIONS, MESSAGES, OWN
from greenroom_adapters.x.wire import WireWrapped

__all__ = ["ACTIVITY", "Told", "read_activity", "wanted"]

ACTIVITY = "activity"
"""The source of what no listing has: missed, it stays missed."""
RINGS = {
    "post.mention.create": MENTIONS,
    "post.reply.create": MENTIONS,
    "post.create": OWN,
    "dm.received": MESSAGES,
    "dm.sent": MESSAGES,
}
"""Type of an activity → the listing in which it is. That is looked at, so that each event comes from one place, in the
order of its cursors, and none twice."""


class WireActivity(msgspec.Struct, frozen=True):
    event_type: str
    event_uuid: str = ""
    payload: msgspec.Raw = msgspec.Raw(b"{}")
    includes: msgspec.Raw = msgspec.Raw(b"{}")


class WireEnvelope(msgspec.Struct, frozen=True):
    """One activity (X Activity API)."""

    data: WireActivity


class WireLike(msgspec.Struct, frozen=True):
    liked_tweet_id: str
    id: str = ""
    tweet_author_id: str = ""
    """As the contract calls it."""
    liked_tweet_author_id: str = ""
    """As X sends it."""


class WireDeletion(msgspec.Struct, frozen=True):
    id: str


class WireFollow(msgspec.Struct, frozen=True):
    source: WireWrapped
    target: WireWrapped


ENVELOPES = msgspec.json.Decoder(WireEnvelope)
LIKES = msgspec.json.Decoder(WireLike)
DELETIONS = msgspec.json.Decoder(WireDeletion)
FOLLOWS = msgspec.json.Decoder(WireFollow)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What one activity is for us."""

    look_at: str | None = None
    """A listing that has news."""
    event: Event | None = None


def read_activity(body: bytes, *, me: Author, cursor: str, now: datetime) -> Told:
    """Read one activity. What cannot be understood becomes `UnknownEvent`.

    :raises ValueError: it is no activity at all
    """
    try:
        told = ENVELOPES.decode(body).data
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"it is no activity: {error}") from None
    if told.event_type in RINGS:
        return Told(look_at=RINGS[told.event_type])
    at = moment_of(int(told.event_uuid)) if is_id(told.event_uuid) else now
    try:
        return Told(event=_event(told, me=me, cursor=cursor, at=at))
    except (msgspec.DecodeError, ValueError):
        name = f"activity-{told.event_uuid or at.timestamp()}"
        return Told(event=unknown(msgspec.Raw(body), name=name, source=ACTIVITY, cursor=cursor, at=at))


def _event(told: WireActivity, *, me: Author, cursor: str, at: datetime) -> Event | None:
    included = Included.of(told.includes)
    match told.event_type:
        case "post.quote.create":
            return read_post(told.payload, included, me=me, source=ACTIVITY, cursor=cursor)
        case "post.delete":
            gone = DELETIONS.decode(told.payload).id
            # A post goes once.
            return PostDeleted(
                id=f"deletion-{gone}", source=ACTIVITY, cursor=cursor, occurred_at=at, post=post_ref(gone)
            )
        case "like.create":
            like = LIKES.decode(told.payload)
            if (like.liked_tweet_author_id or like.tweet_author_id) not in ("", me.id):
                return None
            people = [user for user in included.users.values() if user.id != me.id]
            if len(people) != 1:
                raise ValueError("it does not say who likes it")
            # The same person likes a post once, whatever is taken back between.
            return ReactionReceived(
                id=f"like-{like.liked_tweet_id}-{people[0].id}",
                source=ACTIVITY,
                cursor=cursor,
                occurred_at=at,
                post=post_ref(like.liked_tweet_id),
                author=author_of(people[0]),
            )
        case "follow.follow":
            follow = FOLLOWS.decode(told.payload)
            if follow.target.user.id != me.id:
                return None
            follower = follow.source.user
            # X gives a follow no id of its own: whoever follows again is told again.
            return FollowReceived(
                id=f"follow-{follower.id}-{told.event_uuid}",
                source=ACTIVITY,
                cursor=cursor,
                occurred_at=at,
                author=author_of(follower),
            )
        case _:
            raise ValueError("of another type")


def wanted(kinds: Sequence[str], me: str, *, one_way: bool) -> Mapping[str, Mapping[str, str]]:
    """Return what X is asked to tell of: type of activity → its filter. With `one_way` not of what the account does
    itself."""
    inbound = {"like.create", "follow.follow"} if one_way else frozenset[str]()
    return {kind: {"user_id": me} | ({"direction": "inbound"} if kind in inbound else {}) for kind in kinds}
