"""Events out of what Instagram lists of posts and comments, and of what it tells by calls."""

from datetime import datetime

from greenroom_adapters.contract import (
    Event,
    Kind,
    MentionReceived,
    MessageReceived,
    OwnPostSeen,
    PostRef,
    RemoteMedia,
    ReplyReceived,
    TextEvent,
)
from greenroom_adapters.instagram.api import Api
from greenroom_adapters.instagram.refs import comment_ref, media_ref, mention_ref
from greenroom_adapters.instagram.wire import WireComment, WireMedia
from greenroom_adapters.meta.moments import moment
from greenroom_adapters.meta.people import author_or_nobody, names
from greenroom_adapters.meta.wire import WirePerson
from greenroom_adapters.text import undefused

__all__ = ["comment_event", "mention_event", "mentioned_event", "own_event"]


def own_event(media: WireMedia, *, source: str, cursor: str) -> Event:
    """Return the event that a post of the account is."""
    return OwnPostSeen(
        id=media.id,
        source=source,
        cursor=cursor,
        occurred_at=moment(media.timestamp),
        post=media_ref(media.id, media.permalink),
        text=media.caption,
        conversation=media.id,
    )


def mention_event(media: WireMedia, *, source: str, cursor: str) -> Event:
    """Return the event that a post of somebody is which names the account. Who that is, Instagram tells by handle
    alone."""
    person = WirePerson(id=f"@{media.username}", username=media.username) if media.username else None
    held = media.media_type in ("IMAGE", "") and media.media_url
    return MentionReceived(
        id=media.id,
        source=source,
        cursor=cursor,
        occurred_at=moment(media.timestamp),
        post=mention_ref(media.id, url=media.permalink),
        author=author_or_nobody(person, media.id),
        text=media.caption,
        conversation=f"mention/{media.id}",
        media=(RemoteMedia(url=media.media_url, media_type="image/jpeg"),) if held else (),
    )


def mentioned_event(comment: WireComment, media: str, *, source: str, cursor: str) -> Event:
    """Return the event that a comment below somebody's post is which names the account."""
    return MentionReceived(
        id=comment.id,
        source=source,
        cursor=cursor,
        occurred_at=moment(comment.timestamp),
        post=mention_ref(media, comment.id),
        author=author_or_nobody(comment.author, comment.id),
        text=comment.text,
        conversation=f"mention/{media}",
    )


def comment_event(
    comment: WireComment,
    media: str,
    *,
    above: WireComment | None,
    api: Api,
    handle: str,
    source: str,
    cursor: str,
    at: datetime,
) -> Event:
    """Return the event that a comment below a post of the account is, `above` which comment it stands, if below one.

    A comment below a post of the account answers the account, and so does one below a comment of the account. What
    people say to each other there is a message, unless it names the account.
    """
    conversation = f"{media}/{comment.id if above is None else above.id}"
    parent: PostRef = media_ref(media) if above is None else comment_ref(media, above.id)
    author = comment.author
    if author is not None and (api.is_me(author.id) or author.username == handle):
        return OwnPostSeen(
            id=comment.id,
            source=source,
            cursor=cursor,
            occurred_at=at,
            post=comment_ref(media, comment.id),
            text=undefused(comment.text),
            conversation=conversation,
            in_reply_to=parent,
        )
    higher = above.author if above is not None else None
    answers = above is None or (higher is not None and (api.is_me(higher.id) or higher.username == handle))
    kinds: list[tuple[Kind, type[TextEvent]]] = []
    if answers:
        kinds.append((Kind.REPLY, ReplyReceived))
    if names(comment.text, handle):
        kinds.append((Kind.MENTION, MentionReceived))
    if not kinds:
        kinds.append((Kind.MESSAGE, MessageReceived))
    return kinds[0][1](
        id=comment.id,
        source=source,
        cursor=cursor,
        occurred_at=at,
        post=comment_ref(media, comment.id),
        author=author_or_nobody(author, comment.id),
        text=comment.text,
        conversation=conversation,
        also=tuple(kind for kind, _ in kinds[1:]),
        in_reply_to=parent,
    )
