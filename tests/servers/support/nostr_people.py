"""People on Nostr, and what they do there: events that another implementation makes and signs."""

import itertools
import json
import time
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any

from nostr_sdk import (
    Event,
    EventBuilder,
    Keys,
    Kind,
    PublicKey,
    Tag,
    Timestamp,
    UnsignedEvent,
    UnwrappedGift,
    nip59_make_gift_wrap,
)
from websockets.sync.client import ClientConnection, connect

ANSWER_SECONDS = 10.0
BEHIND = 40
"""Seconds by which the clocks of people are behind when they begin; each of their events is a second later."""

Tags = Sequence[Sequence[str]]


class Refused(Exception):
    """The relay did not take the event, in its own words."""


class Line:
    """A connection to a relay, for one person's questions and events at a time."""

    def __init__(self, url: str) -> None:
        self._url = f"ws{url.removeprefix('http').removeprefix('ws')}"
        self._open = ExitStack()
        self._socket: ClientConnection | None = None
        self._numbers = itertools.count(1)

    def send(self, event: dict[str, Any]) -> None:
        """Send an event; return when the relay has it."""
        self._opened().send(json.dumps(["EVENT", event]))
        while True:
            name, *said = self._receive()
            if name == "OK":
                if not said[1] and not said[2].startswith("duplicate"):
                    self.close()
                    raise Refused(said[2])
                return

    def stored(self, *filters: dict[str, Any]) -> list[dict[str, Any]]:
        """Return what the relay has, oldest first."""
        name = f"q{next(self._numbers)}"
        self._opened().send(json.dumps(["REQ", name, *filters]))
        found: list[dict[str, Any]] = []
        while True:
            kind, *said = self._receive()
            if said[0] != name:
                continue
            if kind == "EVENT":
                found.append(said[1])
            if kind == "EOSE":
                self._opened().send(json.dumps(["CLOSE", name]))
                return sorted(found, key=lambda event: event["created_at"])

    def close(self) -> None:
        """Hang up."""
        self._socket = None
        self._open.close()

    def _opened(self) -> ClientConnection:
        if self._socket is None:
            self._socket = self._open.enter_context(connect(self._url, max_size=None))
        return self._socket

    def _receive(self) -> list[Any]:
        said: list[Any] = json.loads(self._opened().recv(timeout=ANSWER_SECONDS))
        return said


class Person:
    """A key, and a clock that never shows the same second twice."""

    def __init__(self, keys: Keys | None = None, *, clock: "itertools.count[int] | None" = None) -> None:
        self.keys = keys or Keys.generate()
        self.id = self.keys.public_key().to_hex()
        self.npub = self.keys.public_key().to_bech32()
        self._clock = clock or itertools.count(int(time.time()) - BEHIND)

    def event(self, kind: int, content: str = "", tags: Tags = (), *, at: int | None = None) -> dict[str, Any]:
        """Return a signed event."""
        builder = EventBuilder(Kind(kind), content).tags([Tag.parse(list(tag)) for tag in tags])
        moment = Timestamp.from_secs(next(self._clock) if at is None else at)
        return dict(json.loads(builder.custom_created_at(moment).finalize(self.keys).as_json()))

    def note(self, text: str, tags: Tags = (), **more: Any) -> dict[str, Any]:
        return self.event(1, text, tags, **more)

    def mention(self, person: str, text: str, **more: Any) -> dict[str, Any]:
        return self.note(text, [["p", person]], **more)

    def answer(self, to: dict[str, Any], text: str, *, named: Sequence[str] = (), **more: Any) -> dict[str, Any]:
        """Answer an event as present clients do, with everybody in its thread tagged."""
        roots = [tag for tag in to["tags"] if tag[0] == "e" and tag[3:4] == ["root"]]
        root = roots[0][1] if roots else to["id"]
        tags = [["e", root, "", "root"]]
        if root != to["id"]:
            tags.append(["e", to["id"], "", "reply", to["pubkey"]])
        people = dict.fromkeys([to["pubkey"], *(tag[1] for tag in to["tags"] if tag[0] == "p"), *named])
        return self.note(text, [*tags, *(["p", person] for person in people if person != self.id)], **more)

    def quote(self, of: dict[str, Any], text: str, **more: Any) -> dict[str, Any]:
        tags = [["q", of["id"], "", of["pubkey"]], ["p", of["pubkey"]]]
        return self.note(f"{text}\nnostr:nevent1…", tags, **more)

    def react(self, to: dict[str, Any], content: str = "+", **more: Any) -> dict[str, Any]:
        return self.event(7, content, [["e", to["id"]], ["p", to["pubkey"]]], **more)

    def repost(self, of: dict[str, Any], **more: Any) -> dict[str, Any]:
        return self.event(6, json.dumps(of), [["e", of["id"], ""], ["p", of["pubkey"]]], **more)

    def follow(self, *people: str, **more: Any) -> dict[str, Any]:
        return self.event(3, "", [["p", person] for person in people], **more)

    def delete(self, *events: str, **more: Any) -> dict[str, Any]:
        return self.event(5, "", [["e", event] for event in events], **more)

    def profile(self, **fields: object) -> dict[str, Any]:
        return self.event(0, json.dumps(fields))

    def message(
        self, person: str, text: str, tags: Tags = (), *, kind: int = 14, at: int | None = None
    ) -> dict[str, Any]:
        """Return a direct message, sealed and wrapped for one person."""
        builder = EventBuilder(Kind(kind), text).tags([Tag.parse(list(tag)) for tag in [["p", person], *tags]])
        moment = Timestamp.from_secs(int(time.time()) if at is None else at)
        rumor: UnsignedEvent = builder.custom_created_at(moment).finalize_unsigned(self.keys.public_key())

        return dict(json.loads(nip59_make_gift_wrap(self.keys, PublicKey.parse(person), rumor).as_json()))

    def opened(self, wrap: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        """Return who sealed a wrap for this person, and the message in it."""
        gift = UnwrappedGift.from_gift_wrap(self.keys, Event.from_json(json.dumps(wrap)))
        return gift.sender().to_hex(), dict(json.loads(gift.rumor().as_json()))
