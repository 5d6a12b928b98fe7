"""Turns what the Stage says on its wire into the contract's events and values."""

import hashlib
from datetime import datetime
from typing import Annotated
from urllib.parse import urljoin

import msgspec

from greenroom_adapters.contract import (
    Author,
    DirectMessageReceived,
    Event,
    FollowReceived,
    JoinReceived,
    Kind,
    MentionReceived,
    MessageReceived,
    OwnPostSeen,
    PostDeleted,
    PostEdited,
    PostRef,
    QuoteReceived,
    ReactionReceived,
    RemoteMedia,
    ReplyReceived,
    RepostReceived,
    Room,
    SanctionReceived,
    TextEvent,
    ThreadPost,
    Trust,
    UnknownEvent,
    key_digest,
)
from greenroom_adapters.text import declines_bots

__all__ = ["SOURCE", "WireAccount", "WirePost", "author", "read_event", "ref", "thread_post"]

SOURCE = "events"
"""The Stage has one stream for each account."""

Moment = Annotated[datetime, msgspec.Meta(tz=True)]


class WireAccount(msgspec.Struct, frozen=True, kw_only=True):
    """An account, as far as it is used here."""

    id: str
    handle: str
    name: str = ""
    bio: str = ""
    bot: bool = False


class WireRoom(msgspec.Struct, frozen=True, kw_only=True):
    """A room, as far as it is used here."""

    id: str
    name: str = ""


class WireMedia(msgspec.Struct, frozen=True, kw_only=True):
    """An attachment."""

    url: str
    media_type: str
    alt: str = ""


class WirePost(msgspec.Struct, frozen=True, kw_only=True):
    """A post."""

    id: str
    author: WireAccount
    text: str
    created_at: Moment
    conversation: str
    url: str | None = None
    in_reply_to: str | None = None
    quote: str | None = None
    room: WireRoom | None = None
    by_moderator: bool = False
    direct_to: WireAccount | None = None
    media: tuple[WireMedia, ...] = ()
    language: str | None = None
    likes: int = 0
    reposts: int = 0
    replies: int = 0
    quotes: int = 0


class WireEvent(msgspec.Struct, frozen=True, kw_only=True):
    """An event of any kind; which fields it has depends on `kind`."""

    id: str
    cursor: str
    kind: str
    occurred_at: Moment
    post: WirePost | None = None
    also: tuple[str, ...] = ()
    post_id: str | None = None
    account: WireAccount | None = None
    reaction: str = "like"
    room: WireRoom | None = None
    text: str | None = None
    key: str | None = None


class Envelope(msgspec.Struct, frozen=True, kw_only=True):
    """What can be saved of an event that is unreadable as a whole."""

    id: str | None = None
    cursor: str | None = None
    occurred_at: Moment | None = None


EVENTS = msgspec.json.Decoder(WireEvent)
ENVELOPES = msgspec.json.Decoder(Envelope)
KINDS = {kind.value: kind for kind in Kind}
TEXT_KINDS: dict[str, type[TextEvent]] = {
    "mention": MentionReceived,
    "reply": ReplyReceived,
    "quote": QuoteReceived,
    "message": MessageReceived,
    "direct_message": DirectMessageReceived,
}
RAW_CAP = 4000
"""How much of something unreadable is kept, in characters."""


class Unreadable(Exception):
    """The event has a kind that we do not know, or lacks what its kind needs."""


def read_event(raw: bytes, *, after: str, server: str, received_at: datetime) -> Event:
    """Return the event that `raw` is; whatever it is, an event comes out.

    What cannot be understood becomes an `UnknownEvent`. Where it does not even have a cursor it takes `after`, the
    cursor before it; where it has no time it takes `received_at`; where it has no id, a digest of its bytes, so that
    the same bytes have the same id at every delivery. Relative addresses are joined to `server`.
    """
    try:
        return _known(EVENTS.decode(raw), server)
    except (msgspec.DecodeError, UnicodeDecodeError, Unreadable):
        envelope = _envelope(raw)
    return UnknownEvent(
        id=envelope.id or f"unreadable-{hashlib.sha256(raw).hexdigest()[:32]}",
        source=SOURCE,
        cursor=envelope.cursor or after,
        occurred_at=envelope.occurred_at or received_at,
        raw=raw.decode("utf-8", "replace")[:RAW_CAP],
    )


def author(account: WireAccount, *, is_moderator: bool = False) -> Author:
    """Return an account as the contract knows it."""
    return Author(
        id=account.id,
        handle=account.handle,
        name=account.name,
        is_bot=account.bot,
        declines_bots=declines_bots(account.bio),
        trust=Trust.MODERATOR if is_moderator else Trust.ANYONE,
    )


def ref(post: WirePost, server: str) -> PostRef:
    """Return the identity of a post."""
    return PostRef(id=post.id, url=urljoin(f"{server}/", post.url) if post.url else None)


def thread_post(post: WirePost, server: str) -> ThreadPost:
    """Return a post as context for an answer."""
    return ThreadPost(ref=ref(post, server), author=author(post.author), text=post.text, posted_at=post.created_at)


def _envelope(raw: bytes) -> Envelope:
    try:
        return ENVELOPES.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return Envelope()


def _known(wire: WireEvent, server: str) -> Event:
    kind = TEXT_KINDS.get(wire.kind)
    if kind is not None:
        return _text_event(kind, wire, server)
    match wire:
        case WireEvent(kind="reaction", post_id=str(post_id), account=WireAccount() as who):
            return ReactionReceived(
                id=wire.id,
                source=SOURCE,
                cursor=wire.cursor,
                occurred_at=wire.occurred_at,
                post=PostRef(id=post_id),
                author=author(who),
                reaction=wire.reaction,
            )
        case WireEvent(kind="repost", post_id=str(post_id), account=WireAccount() as who):
            return RepostReceived(
                id=wire.id,
                source=SOURCE,
                cursor=wire.cursor,
                occurred_at=wire.occurred_at,
                post=PostRef(id=post_id),
                author=author(who),
            )
        case WireEvent(kind="follow", account=WireAccount() as who):
            return FollowReceived(
                id=wire.id, source=SOURCE, cursor=wire.cursor, occurred_at=wire.occurred_at, author=author(who)
            )
        case WireEvent(kind="join", account=WireAccount() as who, room=WireRoom() as room):
            return JoinReceived(
                id=wire.id,
                source=SOURCE,
                cursor=wire.cursor,
                occurred_at=wire.occurred_at,
                author=author(who),
                room=Room(id=room.id, name=room.name),
            )
        case WireEvent(kind="own_post", post=WirePost() as post):
            return OwnPostSeen(
                id=wire.id,
                source=SOURCE,
                cursor=wire.cursor,
                occurred_at=wire.occurred_at,
                post=ref(post, server),
                text=post.text,
                conversation=post.conversation,
                in_reply_to=PostRef(id=post.in_reply_to) if post.in_reply_to else None,
                key=None if wire.key is None else key_digest(wire.key),
            )
        case WireEvent(kind="deletion", post_id=str(post_id)):
            return PostDeleted(
                id=wire.id,
                source=SOURCE,
                cursor=wire.cursor,
                occurred_at=wire.occurred_at,
                post=PostRef(id=post_id),
                by=None if wire.account is None else author(wire.account, is_moderator=True),
            )
        case WireEvent(kind="sanction", room=WireRoom() as room):
            return SanctionReceived(
                id=wire.id,
                source=SOURCE,
                cursor=wire.cursor,
                occurred_at=wire.occurred_at,
                room=Room(id=room.id, name=room.name),
                until=None,
                by=None if wire.account is None else author(wire.account, is_moderator=True),
            )
        case WireEvent(kind="edit", post_id=str(post_id), text=str(text)):
            return PostEdited(
                id=wire.id,
                source=SOURCE,
                cursor=wire.cursor,
                occurred_at=wire.occurred_at,
                post=PostRef(id=post_id),
                text=text,
            )
        case _:
            raise Unreadable(wire.kind)


def _text_event(kind: type[TextEvent], wire: WireEvent, server: str) -> TextEvent:
    post = wire.post
    if post is None:
        raise Unreadable(wire.kind)
    return kind(
        id=wire.id,
        source=SOURCE,
        cursor=wire.cursor,
        occurred_at=wire.occurred_at,
        post=ref(post, server),
        author=author(post.author, is_moderator=post.by_moderator),
        text=post.text,
        conversation=post.conversation,
        # A kind that a newer Stage has beside the main one tells us nothing; the event itself is readable.
        also=tuple(KINDS[name] for name in wire.also if name in KINDS),
        room=Room(id=post.room.id, name=post.room.name) if post.room else None,
        in_reply_to=PostRef(id=post.in_reply_to) if post.in_reply_to else None,
        media=tuple(
            RemoteMedia(url=urljoin(f"{server}/", item.url), media_type=item.media_type, alt=item.alt)
            for item in post.media
        ),
        language=post.language,
    )
