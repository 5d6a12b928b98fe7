"""Turns notes and what is said about them into the contract's events. Pure: what an event refers to is known by now."""

import hashlib
import re
from collections.abc import Callable
from datetime import datetime
from itertools import islice
from typing import TypedDict

from greenroom_adapters.contract import (
    Author,
    DirectMessageReceived,
    Event,
    FollowReceived,
    Kind,
    MentionReceived,
    MessageReceived,
    OwnPostSeen,
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
from greenroom_adapters.nostr.references import NAMES, Pointer, direct_reference, is_hex, reference
from greenroom_adapters.nostr.threads import place_of, quoted_by, target_of
from greenroom_adapters.nostr.wire import WireEvent, moment
from greenroom_adapters.nostr.wrapping import Rumor
from greenroom_adapters.text import as_one_word

__all__ = ["KEY", "KINDS", "Reader", "refers_to", "unknown"]

NOTE, FOLLOWS, DELETION, REPOST, REACTION, OTHER_REPOST = 1, 3, 5, 6, 7, 16
KEY = "greenroom"
"""Tag in which the digest of the idempotency key stands; only its author can have written it."""
RAW_CAP = 4000
LIKES = frozenset({"+", "", "❤️", "❤", "🤙", "👍"})
LEGACY = re.compile(r"#\[(\d{1,3})\]")
"""A person or event in the text, by the number of its tag, as older clients write it (NIP-08)."""
REFERENCES = re.compile(f"{NAMES.pattern}|{LEGACY.pattern}")
RESOLVED = 50
"""References of one text that are looked at: a text may have thousands."""

KINDS = frozenset(
    {
        Kind.MENTION,
        Kind.REPLY,
        Kind.QUOTE,
        Kind.MESSAGE,
        Kind.DIRECT_MESSAGE,
        Kind.REACTION,
        Kind.REPOST,
        Kind.FOLLOW,
        Kind.DELETION,
        Kind.OWN_POST,
    }
)


class Placed(TypedDict):
    """What every event has beside what it says."""

    source: str
    cursor: str
    occurred_at: datetime


def refers_to(event: WireEvent) -> tuple[str, ...]:
    """Return the events that must be known to understand this one, the most important first."""
    match event.kind:
        case 1:
            parent = place_of(event).parent
            return (*((parent,) if parent else ()), *quoted_by(event))
        case 6 | 7 | 16:
            target = target_of(event)
            return () if target is None else (target,)
        case _:
            return ()


class Reader:
    """Reads what reaches one account."""

    def __init__(
        self,
        me: str,
        *,
        known: Callable[[str], WireEvent | None],
        author: Callable[[str], Author],
    ) -> None:
        """`known` returns an event that was met, `author` what is known of a person."""
        self._me = me
        self._known = known
        self._author = author

    def read(self, event: WireEvent, source: str) -> tuple[Event, ...]:
        """Return what an event means, its cursor left open; nothing: it is none of our business.

        :raises ValueError: its time is no time
        """
        occurred_at = moment(event.created_at)
        placed = Placed(source=source, cursor="", occurred_at=occurred_at)
        match event.kind:
            case 1:
                return (self._note(event, placed),)
            case 5:
                return tuple(self._deletions(event, placed))
            case _ if event.pubkey == self._me:
                return ()
            case 3:
                if self._me not in event.values("p"):
                    return ()
                return (FollowReceived(id=f"follow:{event.pubkey}", author=self._author(event.pubkey), **placed),)
            case 6 | 16:
                target = self._own(target_of(event))
                if target is None:
                    return ()
                return (RepostReceived(id=event.id, post=target, author=self._author(event.pubkey), **placed),)
            case 7:
                target = self._own(target_of(event))
                if target is None:
                    return ()
                word = "like" if event.content.strip() in LIKES else event.content.strip()[:64]
                return (
                    ReactionReceived(
                        id=event.id, post=target, author=self._author(event.pubkey), reaction=word, **placed
                    ),
                )
            case _:
                return ()

    def direct(self, told: Rumor, source: str) -> Event:
        """Return what a direct message means.

        :raises ValueError: its time is no time
        """
        people = sorted({told.pubkey, *(tag[1] for tag in told.tags if len(tag) > 1 and tag[0] == "p")} - {self._me})
        occurred_at = moment(told.created_at)
        if told.kind != 14 or len(people) > 1:
            what = "a file" if len(people) <= 1 else "a conversation of several"
            return UnknownEvent(
                id=told.id,
                source=source,
                cursor="",
                occurred_at=occurred_at,
                raw=f"{what}, as a direct message of kind {told.kind}",
            )
        other = people[0] if people else self._me
        answered = [tag[1] for tag in told.tags if len(tag) > 1 and tag[0] == "e" and is_hex(tag[1])]
        in_reply_to = direct_reference(answered[-1]) if answered else None
        post = direct_reference(told.id)
        if told.pubkey == self._me:
            return OwnPostSeen(
                id=told.id,
                source=source,
                cursor="",
                occurred_at=occurred_at,
                post=post,
                text=told.content,
                conversation=f"dm:{other}",
                in_reply_to=in_reply_to,
                key=_tag(told.tags, KEY),
            )
        return DirectMessageReceived(
            id=told.id,
            source=source,
            cursor="",
            occurred_at=occurred_at,
            post=post,
            author=self._author(told.pubkey),
            text=told.content,
            conversation=f"dm:{other}",
            in_reply_to=in_reply_to,
        )

    def text(self, event: WireEvent) -> str:
        """Return the text of a note as people read it: where it names somebody, his name stands, as one word. Where it
        names more than fifty, the others stay as they are written."""

        names: dict[str, str] = {}
        left = RESOLVED

        def named(match: re.Match[str]) -> str:
            nonlocal left
            left -= 1
            person = _named(match, event) if left >= 0 else None
            if person is None:
                return match[0]
            if person not in names:
                names[person] = self._name(person)
            return f"@{names[person]}"

        return REFERENCES.sub(named, event.content)

    def _name(self, person: str) -> str:
        author = self._author(person)
        if person == self._me:
            return author.name or author.handle
        return as_one_word(author.name) or author.handle

    def _own(self, event: str | None) -> PostRef | None:
        known = None if event is None else self._known(event)
        return reference(known.id, author=self._me) if known is not None and known.pubkey == self._me else None

    def _note(self, event: WireEvent, placed: "Placed") -> Event:
        place = place_of(event)
        post = reference(event.id, author=event.pubkey)
        in_reply_to = None if place.parent is None else reference(place.parent)
        conversation = place.root or event.id
        if event.pubkey == self._me:
            return OwnPostSeen(
                id=event.id,
                post=post,
                text=self.text(event),
                conversation=conversation,
                in_reply_to=in_reply_to,
                key=event.first(KEY),
                **placed,
            )
        kinds: list[type[TextEvent]] = [
            kind
            for kind, holds in (
                (ReplyReceived, self._own(place.parent) is not None),
                (QuoteReceived, any(self._own(quoted) is not None for quoted in quoted_by(event))),
                (MentionReceived, self._is_addressed(event, is_answer=place.parent is not None)),
            )
            if holds
        ]
        strongest = kinds[0] if kinds else MessageReceived
        return strongest(
            id=event.id,
            post=post,
            author=self._author(event.pubkey),
            text=self.text(event),
            conversation=conversation,
            also=tuple(kind.kind for kind in kinds[1:]),
            in_reply_to=in_reply_to,
            media=_media(event),
            language=_language(event),
            **placed,
        )

    def _is_addressed(self, event: WireEvent, *, is_answer: bool) -> bool:
        """Tell whether a note is meant for the bot. An answer carries the tags of everybody in its thread (NIP-10), so
        there a tag alone says nothing: the text must name the bot as well."""
        if self._me not in event.values("p"):
            return False
        if not is_answer:
            return True
        references = islice(REFERENCES.finditer(event.content), RESOLVED)
        return any(_named(match, event) == self._me for match in references)

    def _deletions(self, event: WireEvent, placed: "Placed") -> "list[Event]":
        """Return what is gone: events that were met, deleted by whoever wrote them."""
        gone: list[Event] = []
        for number, named in enumerate(dict.fromkeys(event.values("e"))):
            known = self._known(named)
            if known is not None and known.pubkey == event.pubkey:
                name = event.id if number == 0 else f"{event.id}/{number}"
                gone.append(PostDeleted(id=name, post=reference(named, author=event.pubkey), **placed))
        return gone


def unknown(raw: bytes, source: str, *, received_at: datetime) -> UnknownEvent:
    """Return what can be saved of something that cannot be understood or believed. The same bytes have the same id,
    which no true event has."""
    return UnknownEvent(
        id=f"unreadable-{hashlib.sha256(raw).hexdigest()[:32]}",
        source=source,
        cursor="",
        occurred_at=received_at,
        raw=raw.decode("utf-8", "replace")[:RAW_CAP],
    )


def _named(match: re.Match[str], event: WireEvent) -> str | None:
    """Return whom a reference in the text of an event names; None: nobody."""
    name, number = match[1], match[2]
    if name is None:
        tag = event.tags[int(number)] if int(number) < len(event.tags) else ()
        return tag[1] if len(tag) > 1 and tag[0] == "p" and is_hex(tag[1]) else None
    try:
        pointer = Pointer.read(name)
    except ValueError:
        return None
    return pointer.id if pointer.is_person else None


def _tag(tags: tuple[tuple[str, ...], ...], name: str) -> str | None:
    return next((tag[1] for tag in tags if len(tag) > 1 and tag[0] == name), None)


def _language(event: WireEvent) -> str | None:
    """Return the language that a note is labelled with (NIP-32)."""
    return next(
        (tag[1] for tag in event.tags if len(tag) > 2 and tag[0] == "l" and tag[2] == "ISO-639-1" and tag[1]), None
    )


def _media(event: WireEvent) -> tuple[RemoteMedia, ...]:
    """Return what is attached (NIP-92)."""
    found: list[RemoteMedia] = []
    for tag in event.tags:
        if not tag or tag[0] != "imeta":
            continue
        said = dict(part.split(" ", 1) for part in tag[1:] if " " in part)
        url, media_type = said.get("url", ""), said.get("m", "application/octet-stream")
        if url.startswith(("https://", "http://")):
            found.append(RemoteMedia(url=url, media_type=media_type, alt=said.get("alt", "")))
    return tuple(found[:20])
