"""Events out of what X shows of posts and direct messages."""

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

import msgspec

from greenroom_adapters.contract import (
    Author,
    DirectMessageReceived,
    Event,
    Kind,
    MentionReceived,
    MessageReceived,
    OwnPostSeen,
    QuoteReceived,
    RemoteMedia,
    ReplyReceived,
    RepostReceived,
    Room,
    TextEvent,
    UnknownEvent,
)
from greenroom_adapters.text import declines_bots, undefused
from greenroom_adapters.x.ids import message_ref, moment_of, post_ref
from greenroom_adapters.x.wire import (
    INCLUDES,
    MEDIA,
    MESSAGES,
    POSTS,
    WRAPPED,
    WireAttachments,
    WireEntities,
    WireIncludes,
    WireMedia,
    WireMessage,
    WirePost,
    WireUser,
    first,
)

__all__ = ["Included", "author_of", "is_summons", "read_message", "read_post", "said_in", "unknown"]

HIDDEN = re.compile(r"(?:@\w{1,15} )+", re.ASCII)
LANGUAGE = re.compile(r"[a-z]{2}(?:-[A-Za-z]+)?", re.ASCII)
TYPES = {"photo": "image/jpeg", "video": "video/mp4", "animated_gif": "video/mp4"}
RAW = 4000
"""How much of something that cannot be read is passed on, in characters."""


@dataclass(frozen=True, slots=True)
class Included:
    """What came along with a page."""

    users: dict[str, WireUser]
    media: dict[str, WireMedia]
    posts: dict[str, WirePost]

    @classmethod
    def of(cls, raw: msgspec.Raw) -> "Included":
        """Read it; what is broken is left out."""
        try:
            includes = INCLUDES.decode(raw)
        except (msgspec.DecodeError, UnicodeDecodeError):
            includes = WireIncludes()
        return cls(
            users={user.id: user for user in _people(includes.users)},
            media={media.media_key: media for media in first(MEDIA, includes.media)},
            posts={post.id: post for post in (*first(POSTS, includes.tweets), *first(POSTS, includes.posts))},
        )


def author_of(user: WireUser) -> Author:
    """Return the person. X tells nobody which accounts carry its label of automated ones."""
    return Author(id=user.id, handle=user.username, name=user.name, declines_bots=declines_bots(user.description))


def read_post(raw: msgspec.Raw, included: Included, *, me: Author, source: str, cursor: str) -> Event | None:
    """Return the event that a post is; None: somebody's repost of what is not ours.

    :raises msgspec.DecodeError: it cannot be read
    :raises ValueError: the same
    """
    post = POSTS.decode(raw)
    happened_at = moment_of(int(post.id))
    ref = post_ref(post.id, handle=_handle(post.author_id, included))
    replied, quoted = post.referred("replied_to"), post.referred("quoted")
    conversation = post.conversation_id or post.id
    above = post_ref(replied) if replied is not None else None
    reposted = post.referred("retweeted")
    if post.author_id == me.id:
        if reposted is not None:
            return None
        return OwnPostSeen(
            id=post.id,
            source=source,
            cursor=cursor,
            occurred_at=happened_at,
            post=ref,
            text=undefused(said_in(post)),
            conversation=conversation,
            in_reply_to=above,
        )
    author = _author(post.author_id, included)
    if reposted is not None:
        if reposted not in included.posts or included.posts[reposted].author_id != me.id:
            return None
        return RepostReceived(
            id=post.id, source=source, cursor=cursor, occurred_at=happened_at, post=post_ref(reposted), author=author
        )
    kinds: list[tuple[Kind, type[TextEvent]]] = []
    if replied is not None and post.in_reply_to_user_id == me.id:
        kinds.append((Kind.REPLY, ReplyReceived))
    if quoted is not None and quoted in included.posts and included.posts[quoted].author_id == me.id:
        kinds.append((Kind.QUOTE, QuoteReceived))
    if not kinds or _names(post, me):
        kinds.append((Kind.MENTION, MentionReceived))
    text, entities = post.whole
    return kinds[0][1](
        id=post.id,
        source=source,
        cursor=cursor,
        occurred_at=happened_at,
        post=ref,
        author=author,
        text=_plain(text, entities, quoted=quoted),
        conversation=conversation,
        also=tuple(kind for kind, _ in kinds[1:]),
        in_reply_to=above,
        media=_media(post.attachments, included),
        language=post.lang if post.lang is not None and LANGUAGE.fullmatch(post.lang) else None,
        is_limited=post.author_id in included.users and included.users[post.author_id].protected,
    )


def _people(raws: tuple[msgspec.Raw, ...] | None) -> Iterator[WireUser]:
    for wrapped in first(WRAPPED, raws):
        with suppress(ValueError):
            yield wrapped.user


def read_message(raw: msgspec.Raw, included: Included, *, me: Author, source: str, cursor: str) -> Event | None:
    """Return the event that a direct message is; None: something else than a message.

    :raises msgspec.DecodeError: it cannot be read
    :raises ValueError: the same
    """
    message = MESSAGES.decode(raw)
    if message.event_type != "MessageCreate":
        return None
    happened_at = moment_of(int(message.id))
    text = _plain(message.text, message.entities or WireEntities(urls=message.urls), quoted=None)
    ref = message_ref(message.id)
    conversation = message.dm_conversation_id or message.sender_id
    name = f"dm-{message.id}"
    if message.sender_id == me.id:
        return OwnPostSeen(
            id=name,
            source=source,
            cursor=cursor,
            occurred_at=happened_at,
            post=ref,
            text=text,
            conversation=conversation,
        )
    # Of one person and us: both ids with a dash between them; of a group: a number of its own.
    is_group = bool(message.dm_conversation_id) and "-" not in message.dm_conversation_id
    kind: type[TextEvent] = MessageReceived if is_group else DirectMessageReceived
    return kind(
        id=name,
        source=source,
        cursor=cursor,
        occurred_at=happened_at,
        post=ref,
        author=_author(message.sender_id, included),
        text=text,
        conversation=conversation,
        room=Room(id=message.dm_conversation_id) if is_group else None,
        media=_media(message.attachments, included),
    )


def unknown(raw: msgspec.Raw, *, name: str, source: str, cursor: str, at: datetime) -> UnknownEvent:
    """Return the event of something that cannot be read."""
    return UnknownEvent(
        id=name, source=source, cursor=cursor, occurred_at=at, raw=bytes(raw).decode("utf-8", "replace")[:RAW]
    )


def said_in(post: WirePost | WireMessage) -> str:
    """Return what the author wrote: without the names that X puts before an answer, or the addresses behind it."""
    if isinstance(post, WireMessage):
        return _plain(post.text, post.entities or WireEntities(urls=post.urls), quoted=None)
    text, entities = post.whole
    start = post.display_text_range[0] if post.display_text_range else 0
    if post.referred("replied_to") is not None and HIDDEN.fullmatch(text[:start]):
        text = text[start:]
    return _plain(text, entities, quoted=post.referred("quoted"))


def is_summons(post: WirePost, included: Included, *, me: Author) -> bool:
    """Say whether a post calls for the bot, as X means it: it names the bot, or quotes it."""
    quoted = post.referred("quoted")
    return _names(post, me) or (
        quoted is not None and quoted in included.posts and included.posts[quoted].author_id == me.id
    )


def _names(post: WirePost, me: Author) -> bool:
    _, entities = post.whole
    for mention in entities.mentions or ():
        if mention.id == me.id or (mention.username or "").casefold() == me.handle.casefold():
            return True
    return False


def _author(person: str, included: Included) -> Author:
    known = included.users.get(person)
    if known is not None:
        return author_of(known)
    if not person:
        raise ValueError("nobody wrote it")
    return Author(id=person, handle=person)


def _handle(person: str, included: Included) -> str:
    known = included.users.get(person)
    return known.username if known is not None else "i"


def _plain(text: str, entities: WireEntities, *, quoted: str | None) -> str:
    """Return a text as it was written: X escapes three characters, shortens every link, and adds one for each picture
    and for what is quoted."""
    for escaped, character in (("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&")):
        text = text.replace(escaped, character)
    for url in entities.urls or ():
        if not url.url.startswith("http"):
            continue
        is_added = url.media_key is not None or (quoted is not None and url.expanded_url.endswith(f"/status/{quoted}"))
        if is_added and text.rstrip().endswith(url.url):
            text = text.rstrip().removesuffix(url.url).rstrip()
        elif url.expanded_url:
            text = text.replace(url.url, url.expanded_url)
    return text


def _media(attachments: WireAttachments | None, included: Included) -> tuple[RemoteMedia, ...]:
    keys = attachments.media_keys if attachments is not None else ()
    known = [included.media[key] for key in keys if key in included.media]
    return tuple(
        RemoteMedia(
            url=media.url or media.preview_image_url,
            media_type=TYPES.get(media.type, "image/jpeg") if media.url else "image/jpeg",
            alt=media.alt_text,
        )
        for media in known
        if media.url or media.preview_image_url
    )
