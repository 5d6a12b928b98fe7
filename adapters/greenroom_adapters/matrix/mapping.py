"""Turns the events of rooms into the contract's events. Pure: what an event refers to is looked up by the caller."""

import hashlib
from datetime import datetime

import msgspec

from greenroom_adapters.contract import (
    Author,
    Event,
    InvitationReceived,
    JoinReceived,
    Kind,
    PostDeleted,
    ReactionReceived,
    Room,
    RoomUnreadable,
    SanctionReceived,
    UnknownEvent,
)
from greenroom_adapters.matrix.invites import Invitation
from greenroom_adapters.matrix.position import SOURCE
from greenroom_adapters.matrix.reading import UNPLACED, Context, Target, moment
from greenroom_adapters.matrix.room import RoomFacts
from greenroom_adapters.matrix.speech import read_message
from greenroom_adapters.matrix.wire import EVENTS, IDS, MEMBERS, MESSAGES, REDACTIONS, WireEvent, WireLeft

__all__ = [
    "KINDS",
    "LIKE",
    "name_of",
    "read_event",
    "read_invitation",
    "read_leaving",
    "refers_to",
    "unknown",
]

RAW_CAP = 4000
"""How much of something unreadable is kept, in characters."""
LIKE = "\N{THUMBS UP SIGN}\N{VARIATION SELECTOR-16}"
"""What stands for a like: clients group reactions by their very characters, and send this one with its selector."""

KINDS = frozenset(
    {
        Kind.MENTION,
        Kind.REPLY,
        Kind.MESSAGE,
        Kind.DIRECT_MESSAGE,
        Kind.REACTION,
        Kind.JOIN,
        Kind.DELETION,
        Kind.EDIT,
        Kind.OWN_POST,
        Kind.UNREADABLE,
        Kind.SANCTION,
        Kind.INVITATION,
    }
)
"""All that rooms tell; every one of them is kept in their history."""


def refers_to(event: WireEvent) -> str | None:
    """Return the id of the event whose sender must be known to understand this one; None: it stands alone.

    :raises msgspec.DecodeError: the content is not what its type needs
    """
    if event.state_key is not None or event.is_redacted:
        return None
    if event.type not in ("m.room.message", "m.sticker", "m.reaction"):
        return None
    relation = MESSAGES.decode(event.content).relates_to
    if event.type == "m.reaction" or relation.rel_type == "m.replace":
        return relation.event_id
    if relation.in_reply_to is not None:
        return relation.in_reply_to.event_id
    return relation.event_id if relation.rel_type == "m.thread" else None


def read_event(event: WireEvent, room: RoomFacts, target: Target | None, context: Context) -> Event | None:
    """Return what a room's event means; None: it is none of our business (state, our own reactions).

    `target` is what `refers_to` names; None: it is not there, or not for our eyes.

    :raises msgspec.DecodeError: the content is not what its type needs
    :raises ValueError: its time is no time
    """
    occurred_at = moment(event.origin_server_ts)
    match event.type:
        case "m.room.member" if event.state_key is not None:
            return _join(event, room, occurred_at, context.me)
        case _ if event.state_key is not None or event.is_redacted:
            return None
        case "m.room.message" | "m.sticker":
            return read_message(event, room, target, occurred_at, context)
        case "m.reaction":
            return _reaction(event, room, target, occurred_at, context)
        case "m.room.redaction":
            redaction = REDACTIONS.decode(event.content)
            gone = event.redacts or redaction.redacts
            if gone is None:
                raise msgspec.ValidationError("a redaction of nothing")
            return PostDeleted(
                id=event.event_id,
                source=SOURCE,
                cursor=UNPLACED,
                occurred_at=occurred_at,
                post=context.ref(room.id, gone),
                by=room.author(event.sender, is_bot=False),
                reason=redaction.reason,
            )
        case "m.room.encrypted" if room.encrypted:
            return _unreadable(room, occurred_at)
        case "m.room.encrypted":
            # anybody can send one anywhere: what everybody else writes there can be read
            raise msgspec.ValidationError("an encrypted event in a room that is not encrypted")
        case _:
            raise msgspec.ValidationError(f"events of the type {event.type!r} are unknown here")


def name_of(raw: bytes | msgspec.Raw) -> str:
    """Return the id of an event. Without one of its own, the same bytes have the same id at every delivery."""
    try:
        return IDS.decode(raw).event_id
    except (msgspec.DecodeError, UnicodeDecodeError):
        return f"unreadable-{hashlib.sha256(bytes(raw)).hexdigest()[:32]}"


def unknown(raw: bytes, *, received_at: datetime) -> UnknownEvent:
    """Return what can be saved of an event that cannot be understood. Without a readable time, it occurred when it
    came."""
    try:
        occurred_at = moment(EVENTS.decode(raw).origin_server_ts)
    except (msgspec.DecodeError, UnicodeDecodeError, ValueError):
        occurred_at = received_at
    return UnknownEvent(
        id=name_of(raw),
        source=SOURCE,
        cursor=UNPLACED,
        occurred_at=occurred_at,
        raw=raw.decode("utf-8", "replace")[:RAW_CAP],
    )


def read_leaving(left: WireLeft, room: RoomFacts, *, me: str) -> SanctionReceived | None:
    """Return that somebody has sent the account out of a room; None: it has left by itself, was never in it, or
    nobody can tell."""
    for raw in (*reversed(left.timeline.events), *left.state.events):
        try:
            event = EVENTS.decode(raw)
            if event.type != "m.room.member" or event.state_key != me:
                continue
            member = MEMBERS.decode(event.content)
            was_in = MEMBERS.decode(event.unsigned.prev_content).membership == "join"
            if member.membership not in ("leave", "ban") or event.sender == me or not was_in:
                return None
            return SanctionReceived(
                id=event.event_id,
                source=SOURCE,
                cursor=UNPLACED,
                occurred_at=moment(event.origin_server_ts),
                room=room.room(),
                until=None,
                by=room.author(event.sender, is_bot=False),
                reason=member.reason,
            )
        except (msgspec.DecodeError, UnicodeDecodeError, ValueError):
            continue
    return None


def read_invitation(invitation: Invitation, *, at: datetime) -> InvitationReceived:
    """Return that somebody wants the account in a room. All that is said of the room before is what he says; so it goes
    by its id. One person's invitation into a room has one id."""
    return InvitationReceived(
        id=f"invitation:{invitation.room}:{invitation.by}",
        source=SOURCE,
        cursor=UNPLACED,
        occurred_at=at,
        room=Room(id=invitation.room),
        is_in=False,
        by=Author(id=invitation.by, handle=invitation.by.removeprefix("@")),
    )


def _unreadable(room: RoomFacts, occurred_at: datetime) -> RoomUnreadable:
    return RoomUnreadable(
        id=f"unreadable:{room.id}",
        source=SOURCE,
        cursor=UNPLACED,
        occurred_at=occurred_at,
        room=room.room(),
        why="its messages are encrypted",
    )


def _join(event: WireEvent, room: RoomFacts, occurred_at: datetime, me: str) -> Event | None:
    before = MEMBERS.decode(event.unsigned.prev_content).membership
    if MEMBERS.decode(event.content).membership != "join" or before == "join" or event.state_key == me:
        return None
    return JoinReceived(
        id=event.event_id,
        source=SOURCE,
        cursor=UNPLACED,
        occurred_at=occurred_at,
        author=room.author(event.state_key or "", is_bot=False),
        room=room.room(),
    )


def _reaction(
    event: WireEvent, room: RoomFacts, target: Target | None, occurred_at: datetime, context: Context
) -> Event | None:
    relation = MESSAGES.decode(event.content).relates_to
    if relation.event_id is None or relation.key is None:
        raise msgspec.ValidationError("a reaction to nothing")
    if event.sender == context.me or target is None or target.sender != context.me:
        return None
    return ReactionReceived(
        id=event.event_id,
        source=SOURCE,
        cursor=UNPLACED,
        occurred_at=occurred_at,
        post=context.ref(room.id, relation.event_id),
        author=room.author(event.sender, is_bot=False),
        reaction="like" if relation.key.rstrip(LIKE[1]) == LIKE[0] else relation.key,
    )
