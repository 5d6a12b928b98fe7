"""What a notification means: the one place where Bluesky's facts become events."""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from greenroom_adapters.bluesky.identifiers import AtUri, reference
from greenroom_adapters.bluesky.people import author
from greenroom_adapters.bluesky.wire import NOTIFICATIONS, POSTS, WireEmbed, WireImage, WireNotification, WirePost
from greenroom_adapters.contract import (
    Author,
    Event,
    FollowReceived,
    Kind,
    MentionReceived,
    MessageReceived,
    PostDeleted,
    PostRef,
    QuoteReceived,
    ReactionReceived,
    RemoteMedia,
    ReplyReceived,
    RepostReceived,
    TextEvent,
    UnknownEvent,
)

__all__ = ["KINDS", "deletion", "kinds_of", "read_notification", "speech", "unknown"]

KINDS = frozenset({Kind.MENTION, Kind.REPLY, Kind.QUOTE, Kind.MESSAGE, Kind.REACTION, Kind.REPOST, Kind.FOLLOW})
RAW_CAP = 4000
"""How much of something unreadable is kept, in characters."""
TEXTS = frozenset({"mention", "reply", "quote"})
"""Reasons for which a post is told of. A post that has several is told of once, for any of them."""
PICTURES = "https://cdn.bsky.app/img/feed_fullsize/plain"
FILES = "https://bsky.social/xrpc/com.atproto.sync.getBlob"
MENTION = "app.bsky.richtext.facet#mention"
EVENTS: Mapping[Kind, type[TextEvent]] = {
    Kind.REPLY: ReplyReceived,
    Kind.QUOTE: QuoteReceived,
    Kind.MENTION: MentionReceived,
    Kind.MESSAGE: MessageReceived,
}
"""The strongest first."""


def read_notification(raw: msgspec.Raw, *, me: str, source: str, at: datetime) -> Event | None:
    """Return what a notification means; None: it is about what the account did itself. `at` is its date. The event has
    no cursor yet.

    :raises msgspec.DecodeError: it cannot be read
    :raises ValueError: it cannot be read
    """
    told = NOTIFICATIONS.decode(raw)
    if told.author.did == me:
        return None
    uri = AtUri.read(told.uri)
    if uri is None:
        raise ValueError("its address is none")
    common: dict[str, Any] = {"id": told.uri, "source": source, "cursor": "", "occurred_at": at}
    match told.reason:
        case "like":
            return ReactionReceived(**common, post=_subject(told), author=author(told.author))
        case "repost":
            return RepostReceived(**common, post=_subject(told), author=author(told.author))
        case "follow":
            return FollowReceived(**common, author=author(told.author))
        case reason if reason in TEXTS:
            return speech(uri, POSTS.decode(told.record), author=author(told.author), me=me, common=common)
        case _:
            return UnknownEvent(**common, raw=bytes(raw).decode("utf-8", "replace")[:RAW_CAP])


def unknown(raw: bytes, *, source: str, cursor: str = "", at: datetime) -> UnknownEvent:
    """Return what stands for something that cannot be read; the same bytes are the same event."""
    return UnknownEvent(
        id=f"unreadable:{hashlib.sha256(raw).hexdigest()[:32]}",
        source=source,
        cursor=cursor,
        occurred_at=at,
        raw=raw.decode("utf-8", "replace")[:RAW_CAP],
    )


def kinds_of(post: WirePost, me: str) -> tuple[Kind, ...]:
    """Return what a post is to us, the strongest first; nothing: it is not for us. The post itself says it: the AppView
    names one reason of several, and calls an answer to an answer to us a reply as well."""
    parent = post.reply.parent.uri if post.reply is not None else ""
    found: list[Kind] = []
    if _is_of(parent, me):
        found.append(Kind.REPLY)
    if post.embed is not None and _is_of(post.embed.quoted, me):
        found.append(Kind.QUOTE)
    if any(feature.type == MENTION and feature.did == me for facet in post.facets for feature in facet.features):
        found.append(Kind.MENTION)
    return tuple(found)


def speech(uri: AtUri, post: WirePost, *, author: Author, me: str, common: Mapping[str, Any]) -> TextEvent:
    """Return what somebody wrote; `common` is what all events have."""
    kind, *also = kinds_of(post, me) or (Kind.MESSAGE,)
    answered = AtUri.read(post.reply.parent.uri) if post.reply is not None else None
    return EVENTS[kind](
        **common,
        post=reference(uri),
        author=author,
        text=post.text,
        conversation=post.reply.root.uri if post.reply is not None else str(uri),
        also=tuple(also),
        in_reply_to=None if answered is None else reference(answered),
        media=_media(post.embed, uri.repo),
        language=post.langs[0] if post.langs else None,
    )


def deletion(uri: AtUri, *, source: str, cursor: str, at: datetime) -> PostDeleted:
    """Return that a post is gone."""
    return PostDeleted(id=f"deletion:{uri}", source=source, cursor=cursor, occurred_at=at, post=reference(uri))


def _subject(told: WireNotification) -> PostRef:
    uri = AtUri.read(told.reason_subject)
    if uri is None:
        raise ValueError("it does not say what it is about")
    return reference(uri)


def _is_of(address: str, person: str) -> bool:
    uri = AtUri.read(address)
    return uri is not None and uri.repo == person


def _media(embed: WireEmbed | None, owner: str) -> tuple[RemoteMedia, ...]:
    """Return what is attached, as addresses where anybody may fetch it."""
    if embed is None:
        return ()
    if embed.media is not None:
        embed = embed.media
    images: tuple[WireImage, ...] = (*embed.images, *embed.items)
    found = [
        RemoteMedia(url=f"{PICTURES}/{owner}/{one.image.ref.link}@jpeg", media_type="image/jpeg", alt=one.alt)
        for one in images
        if one.image.ref.link
    ]
    if embed.video is not None and embed.video.ref.link:
        url = f"{FILES}?did={owner}&cid={embed.video.ref.link}"
        found.append(RemoteMedia(url=url, media_type=embed.video.mime_type or "video/mp4", alt=embed.alt))
    return tuple(found)
