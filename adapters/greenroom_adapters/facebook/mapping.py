"""Events out of what Facebook lists of posts and comments, and of what it tells by calls."""

import hashlib
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import msgspec

from greenroom_adapters.contract import (
    Event,
    Kind,
    MentionReceived,
    MessageReceived,
    OwnPostSeen,
    PostDeleted,
    PostEdited,
    ReactionReceived,
    RemoteMedia,
    ReplyReceived,
    TextEvent,
)
from greenroom_adapters.facebook.refs import comment_ref, post_ref
from greenroom_adapters.facebook.wire import WireComment, WireParent, WirePost, WireWatched
from greenroom_adapters.meta.moments import from_epoch, moment
from greenroom_adapters.meta.people import author_of, author_or_nobody

__all__ = ["comment_event", "mention_event", "own_event", "watched_comment", "watched_event"]


def own_event(post: WirePost, *, source: str, cursor: str) -> Event:
    """Return the event that a post of the page is."""
    return OwnPostSeen(
        id=post.id,
        source=source,
        cursor=cursor,
        occurred_at=moment(post.created_time),
        post=post_ref(post.id, post.permalink_url),
        text=post.message,
        conversation=post.id,
    )


def mention_event(post: WirePost, *, me: str, source: str, cursor: str) -> Event | None:
    """Return the event that a post of somebody is which names the page; None: it is the page's own."""
    if post.sender is not None and post.sender.id == me:
        return None
    return MentionReceived(
        id=post.id,
        source=source,
        cursor=cursor,
        occurred_at=moment(post.created_time),
        post=post_ref(post.id, post.permalink_url),
        author=author_or_nobody(post.sender, post.id),
        text=post.message,
        conversation=post.id,
    )


def comment_event(comment: WireComment, post: str, *, me: str, source: str, cursor: str, ours: bool = True) -> Event:
    """Return the event that a comment below a post is; `ours` says whether the post is the page's own.

    A comment below a post of the page answers the page, and so does one below a comment of the page. What people say to
    each other there is a message, unless it names the page.
    """
    parent = comment.parent
    above = post_ref(post) if parent is None else comment_ref(post, parent.id)
    conversation = f"{post}/{comment.id if parent is None else parent.id}"
    at = moment(comment.created_time)
    if comment.sender is not None and comment.sender.id == me:
        return OwnPostSeen(
            id=comment.id,
            source=source,
            cursor=cursor,
            occurred_at=at,
            post=comment_ref(post, comment.id),
            text=comment.message,
            conversation=conversation,
            in_reply_to=above,
        )
    answers = ours if parent is None else parent.sender is not None and parent.sender.id == me
    names = any(tag.id == me for tag in comment.message_tags) or not ours
    kinds: list[tuple[Kind, type[TextEvent]]] = []
    if answers:
        kinds.append((Kind.REPLY, ReplyReceived))
    if names:
        kinds.append((Kind.MENTION, MentionReceived))
    if not kinds:
        kinds.append((Kind.MESSAGE, MessageReceived))
    return kinds[0][1](
        id=comment.id,
        source=source,
        cursor=cursor,
        occurred_at=at,
        post=comment_ref(post, comment.id),
        author=author_or_nobody(comment.sender, comment.id),
        text=comment.message,
        conversation=conversation,
        also=tuple(kind for kind, _ in kinds[1:]),
        in_reply_to=above,
        media=_media(comment),
    )


async def watched_comment(told: WireWatched, parent_of: Callable[[str], Awaitable[WireParent]]) -> WireComment:
    """Return the comment that a call told; who wrote the one above it is looked up.

    :raises AdapterError: that cannot be looked up now
    :raises ValueError: the call tells no comment
    """
    if not told.comment_id or not told.post_id:
        raise ValueError("a comment without an id")
    parent = None
    if told.parent_id and told.parent_id != told.post_id:
        parent = await parent_of(told.parent_id)
    return WireComment(
        id=told.comment_id,
        created_time=from_epoch(told.created_time).isoformat(),
        message=told.message,
        sender=told.sender,
        parent=parent,
    )


def watched_event(told: WireWatched, *, me: str, time: int, source: str, cursor: Callable[[], str]) -> Event | None:
    """Return the event that a call about the page's feed is; None: nothing for us, or a comment that was added, which
    is read by `watched_comment`. `time` is when it was told, for what says no time of its own.

    A reaction has no id on Facebook: it is named by what it is about, who reacted, how and when. Nor has an edit: that
    is named by what is said since.
    """
    by_us = told.sender is not None and told.sender.id == me
    if not told.post_id or by_us:
        return None
    at = from_epoch(told.created_time or time)
    ref = comment_ref(told.post_id, told.comment_id) if told.comment_id else post_ref(told.post_id)
    common: Mapping[str, Any] = {"source": source, "occurred_at": at, "post": ref}
    match told.item, told.verb:
        case (("reaction" | "like"), "add"):
            if told.sender is None:
                return None
            return ReactionReceived(
                id=f"reaction-{ref.id}-{told.sender.id}-{told.reaction_type}-{told.created_time}",
                cursor=cursor(),
                author=author_of(told.sender),
                reaction=told.reaction_type,
                **common,
            )
        case (("comment" | "post" | "status" | "photo"), "remove"):
            return PostDeleted(id=f"removed-{ref.id}", cursor=cursor(), **common)
        case (("comment" | "post" | "status" | "photo"), "edited"):
            said = hashlib.sha256(told.message.encode("utf-8", "surrogatepass")).hexdigest()[:12]
            edit = f"edited-{ref.id}-{told.created_time}-{said}"
            return PostEdited(id=edit, cursor=cursor(), text=told.message, **common)
        case _:
            return None


def _media(comment: WireComment) -> tuple[RemoteMedia, ...]:
    """Return the picture of a comment, where it has one."""
    if comment.attachment is None or not comment.has_picture:
        return ()
    try:
        image = msgspec.convert(comment.attachment.get("media"), type=dict[str, dict[str, Any]])["image"]
        return (RemoteMedia(url=str(image["src"]), media_type="image/jpeg"),)
    except (msgspec.ValidationError, KeyError):
        return ()
