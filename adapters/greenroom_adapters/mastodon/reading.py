"""Turns statuses and notifications into the contract's events. Pure: the caller looks up where a status stands."""

import hashlib
from dataclasses import dataclass
from datetime import datetime

import msgspec

from greenroom_adapters.contract import (
    DirectMessageReceived,
    Event,
    FollowReceived,
    Kind,
    MentionReceived,
    OwnPostSeen,
    PostDeleted,
    PostEdited,
    PostRef,
    QuoteReceived,
    ReactionReceived,
    RemoteMedia,
    ReplyReceived,
    RepostReceived,
    TextEvent,
    ThreadPost,
    UnknownEvent,
)
from greenroom_adapters.mastodon.html import plain_text
from greenroom_adapters.mastodon.people import author, without_address
from greenroom_adapters.mastodon.position import NOTIFICATIONS, POSTS
from greenroom_adapters.mastodon.wire import IDS, WireNotification, WireStatus
from greenroom_adapters.text import undefused

__all__ = [
    "SPEECH",
    "UNPLACED",
    "Context",
    "Stand",
    "deletion",
    "edited",
    "own_post",
    "read_notification",
    "reference",
    "secrecy",
    "thread_post",
    "unknown",
    "words_of",
]

UNPLACED = ""
"""The cursor of an event that listening has not put in its place yet."""
RAW_CAP = 4000
"""How much of something unreadable is kept, in characters."""
SPEECH = frozenset({"mention", "quote"})
"""Notifications of something that was said to the account."""
OTHERS = frozenset(
    {
        "status",  # somebody whose posts it asked to be told of
        "poll",
        "follow_request",
        "quoted_update",
        "severed_relationships",
        "moderation_warning",
        "annual_report",
        "added_to_collection",
        "collection_update",
        "admin.sign_up",
        "admin.report",
    }
)
"""Notifications that are known, and not of a bot's business (documentation, "Notification", type)."""
MEDIA_TYPES = {"image": "image/*", "gifv": "video/mp4", "video": "video/*", "audio": "audio/*"}
"""What a file is by the server's word; the API names no media types."""


SECRECY = {"public": 0, "unlisted": 0, "private": 1, "direct": 2}
"""How narrow the circle is that may read a status. What a server calls otherwise is taken for the narrowest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """Who reads."""

    me: str
    """Id of the account."""
    handle: str
    tells_direct: bool = True
    """As `Server.tells_direct`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stand:
    """Where a status stands in its thread."""

    root: str
    answers: str | None
    """Id of whoever wrote what it answers; None: it answers nothing, or that is out of sight."""


def secrecy(visibility: str) -> int:
    """Return how narrow the circle is that may read something of this visibility; 0: anybody may."""
    return SECRECY.get(visibility, SECRECY["direct"])


def reference(status: WireStatus) -> PostRef:
    """Return the identity of a status."""
    return PostRef(id=status.id, url=status.url)


def read_notification(told: WireNotification, stand: Stand | None, context: Context) -> Event | None:
    """Return what a notification means; None: it is none of our business. `stand` is that of its status.

    Something that was said has the id of its status, so that a mention that is a quote as well is one event; a
    favourite, a boost and a follow have that of their notification.

    :raises msgspec.ValidationError: it is something that is unknown here, or lacks what it is about
    """
    if told.type in OTHERS:
        return None
    if told.account is not None and told.account.id == context.me:
        return None
    match told:
        case WireNotification(type="mention" | "quote", status=WireStatus() as status):
            if stand is None:
                raise msgspec.ValidationError("nobody looked where it stands")
            return _said(told, status, stand, context)
        case WireNotification(type="update", status=WireStatus() as status):
            return edited(status)
        case WireNotification(type="favourite", status=WireStatus() as status) if told.account is not None:
            return ReactionReceived(
                id=f"notification:{told.id}",
                source=NOTIFICATIONS,
                cursor=UNPLACED,
                occurred_at=told.created_at,
                post=reference(status),
                author=author(told.account),
            )
        case WireNotification(type="reblog", status=WireStatus() as status) if told.account is not None:
            return RepostReceived(
                id=f"notification:{told.id}",
                source=NOTIFICATIONS,
                cursor=UNPLACED,
                occurred_at=told.created_at,
                post=reference(status),
                author=author(told.account),
            )
        case WireNotification(type="follow") if told.account is not None:
            return FollowReceived(
                id=f"notification:{told.id}",
                source=NOTIFICATIONS,
                cursor=UNPLACED,
                occurred_at=told.created_at,
                author=author(told.account),
            )
        case _:
            raise msgspec.ValidationError(f"notifications of the type {told.type!r} are unknown here")


def own_post(status: WireStatus, stand: Stand, context: Context, *, key: str | None) -> OwnPostSeen:
    """Return the event of a status of the account itself."""
    return OwnPostSeen(
        id=f"status:{status.id}",
        source=POSTS,
        cursor=UNPLACED,
        occurred_at=status.created_at,
        post=reference(status),
        text=words_of(status),
        conversation=_conversation(status, stand, context),
        in_reply_to=_answered(status),
        key=key,
    )


def edited(status: WireStatus) -> PostEdited:
    """Return the event of a status that has another text now: each version is one of its own."""
    at = status.edited_at or status.created_at
    return PostEdited(
        id=f"edit:{status.id}:{at.isoformat()}",
        source=NOTIFICATIONS,
        cursor=UNPLACED,
        occurred_at=at,
        post=reference(status),
        text=plain_text(status.content or ""),
    )


def deletion(name: str, *, at: datetime) -> PostDeleted:
    """Return the event of a status that is gone, of which the platform tells only the id."""
    return PostDeleted(
        id=f"deletion:{name}", source=NOTIFICATIONS, cursor=UNPLACED, occurred_at=at, post=PostRef(id=name)
    )


def unknown(raw: bytes, *, received_at: datetime) -> UnknownEvent:
    """Return what can be saved of something that cannot be understood. Without an id of its own, the same bytes have
    the same id at every delivery."""
    try:
        name = f"notification:{IDS.decode(raw).id}"
    except (msgspec.DecodeError, UnicodeDecodeError):
        name = f"unreadable:{hashlib.sha256(raw).hexdigest()[:32]}"
    return UnknownEvent(
        id=name,
        source=NOTIFICATIONS,
        cursor=UNPLACED,
        occurred_at=received_at,
        raw=raw.decode("utf-8", "replace")[:RAW_CAP],
    )


def thread_post(status: WireStatus, context: Context) -> ThreadPost:
    """Return a status as context for an answer."""
    is_ours = status.account.id == context.me
    return ThreadPost(
        ref=reference(status),
        author=author(status.account),
        text=words_of(status) if is_ours else plain_text(status.content or ""),
        posted_at=status.created_at,
    )


def words_of(status: WireStatus) -> str:
    """Return what we said in a status of our own: without the mentions that stand before an answer, and with names as
    they were before they were made mere words."""
    handles = [mention.acct for mention in status.mentions or ()]
    is_addressed = status.in_reply_to_id is not None or status.visibility not in ("public", "unlisted")
    text = undefused(plain_text(status.content or ""))
    return without_address(text, handles) if is_addressed else text


def _said(told: WireNotification, status: WireStatus, stand: Stand, context: Context) -> TextEvent:
    is_direct = _is_direct(status, context)
    kinds = [
        kind
        for kind, is_so in (
            (Kind.REPLY, stand.answers == context.me),
            (Kind.QUOTE, told.type == "quote" or (status.quote is not None and status.quote.author == context.me)),
            # Whoever answers us mentions us by that alone.
            (Kind.MENTION, told.type == "mention" and stand.answers != context.me),
        )
        if is_so
    ]
    text = plain_text(status.content or "")
    if is_direct:  # to whom it goes is no part of what is said
        kinds = [kind for kind in kinds if kind is not Kind.MENTION]
        text = without_address(text, [context.handle])
    kind = Kind.DIRECT_MESSAGE if is_direct else kinds.pop(0)
    return CLASSES[kind](
        id=f"status:{status.id}",
        source=NOTIFICATIONS,
        cursor=UNPLACED,
        occurred_at=status.created_at,
        post=reference(status),
        author=author(status.account),
        text=text,
        conversation=_conversation(status, stand, context),
        also=tuple(kinds),
        in_reply_to=_answered(status),
        media=tuple(
            RemoteMedia(url=file.url, media_type=MEDIA_TYPES.get(file.type, "*/*"), alt=file.description or "")
            for file in status.media_attachments or ()
            if file.url is not None
        ),
        language=status.language,
        is_limited=not is_direct and secrecy(status.visibility) > 0,
    )


CLASSES: dict[Kind, type[TextEvent]] = {
    Kind.DIRECT_MESSAGE: DirectMessageReceived,
    Kind.REPLY: ReplyReceived,
    Kind.QUOTE: QuoteReceived,
    Kind.MENTION: MentionReceived,
}


def _is_direct(status: WireStatus, context: Context) -> bool:
    """Tell whether a status is for one person alone: for us, or for whom we wrote it."""
    if status.visibility != "direct" and (context.tells_direct or status.visibility != "private"):
        return False
    others = {mention.id for mention in status.mentions or ()} - {context.me, status.account.id}
    if status.account.id == context.me:
        return len(others) <= 1
    # snac gives the people who are mentioned no ids.
    return not others or not context.tells_direct


def _conversation(status: WireStatus, stand: Stand, context: Context) -> str:
    """Return the lane: private words with one person are one conversation, however often it is begun anew.

    What was said to a few is no part of what is said before everybody, although it stands in the same thread: words for
    followers have a lane of their own beside it, and words among several people are one of these people.
    """
    if not _is_direct(status, context):
        if not secrecy(status.visibility):
            return f"thread:{stand.root}"
        if status.visibility != "direct":
            return f"thread:{stand.root}:private"
        people = {mention.id for mention in status.mentions or ()} | {status.account.id}
        return f"direct:{','.join(sorted(people - {context.me}))}"
    if status.account.id != context.me:
        return f"direct:{status.account.id}"
    with_whom = next((mention.id for mention in status.mentions or () if mention.id != context.me), None)
    return f"direct:{with_whom or stand.answers or context.me}"


def _answered(status: WireStatus) -> PostRef | None:
    return None if status.in_reply_to_id is None else PostRef(id=status.in_reply_to_id)
