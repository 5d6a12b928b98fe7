"""Reads what somebody said: the messages of a room and their edits."""

import re
from datetime import datetime
from urllib.parse import quote

import msgspec

from greenroom_adapters.contract import (
    DirectMessageReceived,
    Event,
    MentionReceived,
    MessageReceived,
    OwnPostSeen,
    PostEdited,
    RemoteMedia,
    ReplyReceived,
    TextEvent,
    ThreadPost,
)
from greenroom_adapters.matrix.addressing import written_by_sender
from greenroom_adapters.matrix.pills import with_ids
from greenroom_adapters.matrix.position import SOURCE
from greenroom_adapters.matrix.reading import UNPLACED, Context, Target, moment
from greenroom_adapters.matrix.room import RoomFacts
from greenroom_adapters.matrix.wire import MESSAGES, WireEvent, WireMessage

__all__ = ["read_message", "thread_post"]

PICTURES = {"m.image": "image/*", "m.sticker": "image/*", "m.video": "video/*", "m.audio": "audio/*"}
"""What has a picture, a clip or a sound, and its media type where the sender says none."""
CONTENT = re.compile(r"mxc://([A-Za-z0-9\[][A-Za-z0-9.:\[\]-]*/[A-Za-z0-9_~=-][A-Za-z0-9_~=.-]*)")
"""The address of a file: a server and a name. Steps upwards would lead the bot, with its token, to anything there."""


def read_message(
    event: WireEvent, room: RoomFacts, target: Target | None, occurred_at: datetime, context: Context
) -> Event | None:
    """Return what a message means: somebody said something, to us or in a room, we did, or somebody edited.

    None: an edit that is void.

    :raises msgspec.DecodeError: the content is not what its type needs
    """
    message = MESSAGES.decode(event.content)
    if message.relates_to.rel_type == "m.replace":
        return _edit(event, message, room, target, occurred_at, context)
    text, post = _text(message, room, context), context.ref(room.id, event.event_id)
    answered = _answered(message)
    in_reply_to = None if answered is None else context.ref(room.id, answered)
    if event.sender == context.me:
        return OwnPostSeen(
            id=event.event_id,
            source=SOURCE,
            cursor=UNPLACED,
            occurred_at=occurred_at,
            post=post,
            text=text,
            conversation=_conversation(event, message, room, opens_thread=False),
            in_reply_to=in_reply_to,
            key=message.key,
        )
    is_mention = context.names.addressed_in(message, _written(message))
    is_reply = target is not None and target.sender == context.me
    kinds: list[type[TextEvent]] = [
        kind
        for kind, holds in (
            (DirectMessageReceived, room.is_direct),
            (ReplyReceived, is_reply),
            (MentionReceived, is_mention),
        )
        if holds
    ]
    strongest = kinds[0] if kinds else MessageReceived
    return strongest(
        id=event.event_id,
        source=SOURCE,
        cursor=UNPLACED,
        occurred_at=occurred_at,
        post=post,
        author=room.author(event.sender, is_bot=message.msgtype == "m.notice"),
        text=text,
        conversation=_conversation(
            event, message, room, opens_thread=context.threads and bool(kinds) and not room.is_direct
        ),
        also=tuple(kind.kind for kind in kinds[1:]),
        room=None if room.is_direct else room.room(),
        in_reply_to=in_reply_to,
        media=_media(event, message, context),
    )


def thread_post(event: WireEvent, room: RoomFacts, context: Context) -> ThreadPost:
    """Return a message as context for an answer.

    :raises msgspec.DecodeError: the content is not what its type needs
    :raises ValueError: its time is no time
    """
    message = MESSAGES.decode(event.content)
    return ThreadPost(
        ref=context.ref(room.id, event.event_id),
        author=room.author(event.sender, is_bot=message.msgtype == "m.notice"),
        text=_text(message, room, context),
        posted_at=moment(event.origin_server_ts),
    )


def _edit(
    event: WireEvent,
    message: WireMessage,
    room: RoomFacts,
    target: Target | None,
    occurred_at: datetime,
    context: Context,
) -> Event | None:
    """Return an edit; None: it is of somebody else than the edited message, which servers let pass and clients must
    ignore (client-server API, "Validity of replacement events")."""
    if message.relates_to.event_id is None or message.new_content is None:
        raise msgspec.ValidationError("an edit of nothing, or without a new text")
    if target is None or target.sender != event.sender:
        return None
    return PostEdited(
        id=event.event_id,
        source=SOURCE,
        cursor=UNPLACED,
        occurred_at=occurred_at,
        post=context.ref(room.id, message.relates_to.event_id),
        text=with_ids(message.new_content.body, message.new_content, room.names, me=context.me),
    )


def _text(message: WireMessage, room: RoomFacts, context: Context) -> str:
    return with_ids(_written(message), message, room.names, me=context.me)


def _written(message: WireMessage) -> str:
    """Return what its sender wrote."""
    if message.url is not None and message.filename in (None, message.body):
        return ""  # the body is a file's name, not a word of its sender
    return written_by_sender(message.body, is_reply=message.relates_to.in_reply_to is not None)


def _answered(message: WireMessage) -> str | None:
    relation = message.relates_to
    if relation.in_reply_to is not None:
        return relation.in_reply_to.event_id
    return relation.event_id if relation.rel_type == "m.thread" else None


def _conversation(event: WireEvent, message: WireMessage, room: RoomFacts, *, opens_thread: bool) -> str:
    """Return the lane: the thread, by its root, or the room. A message that we shall answer in a thread of its own is
    that thread's root already."""
    relation = message.relates_to
    if relation.rel_type == "m.thread" and relation.event_id is not None:
        return f"{room.id}/{relation.event_id}"
    return f"{room.id}/{event.event_id}" if opens_thread else room.id


def _media(event: WireEvent, message: WireMessage, context: Context) -> tuple[RemoteMedia, ...]:
    kind = PICTURES.get(event.type if event.type == "m.sticker" else message.msgtype)
    found = None if kind is None or message.url is None else CONTENT.fullmatch(message.url)
    if kind is None or found is None:
        return ()
    where = quote(found[1], safe="/:")
    return (
        RemoteMedia(
            url=f"{context.server}/_matrix/client/v1/media/download/{where}",
            media_type=message.info.mimetype or kind,
            alt=message.body,
        ),
    )
