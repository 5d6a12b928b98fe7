"""A relay that does as it is told: strict about what it gets, and as odd as relays are in what it gives."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from aiohttp import web
from nostr_sdk import Event
from nostr_sdk import Filter as SdkFilter

Raw = dict[str, Any]


@dataclass
class FakeRelay:
    """Keeps events in memory. Another implementation checks every event and every filter that comes."""

    cap: int = 500
    """Events that it gives to one question at most."""
    is_until_exclusive: bool = False
    about: Raw = field(default_factory=dict[str, Any])
    wants_authentication: bool = False
    answer: Callable[[Raw], list[Any] | None] | None = None
    """What it says to an event instead of taking it; None: it takes it."""
    closes: Callable[[list[Raw]], str | None] | None = None
    """Why it ends a subscription to these filters; None: it does not."""
    is_mute: bool = False
    """It takes questions and answers none."""
    handshakes: list[tuple[int, dict[str, str]]] = field(default_factory=list[tuple[int, dict[str, str]]])
    """Statuses and headers with which it answers the next handshakes."""
    events: list[Raw] = field(default_factory=list[Raw])
    heard: list[list[Any]] = field(default_factory=list[list[Any]])
    opened: int = 0
    who: str | None = None
    url: str = ""
    _sockets: dict[web.WebSocketResponse, dict[str, list[Raw]]] = field(
        default_factory=dict[web.WebSocketResponse, dict[str, list[Raw]]]
    )

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Serve a document about itself, or a connection."""
        if request.headers.get("Upgrade", "").lower() != "websocket":
            return web.json_response(self.about, content_type="application/nostr+json")
        if self.handshakes:
            status, headers = self.handshakes.pop(0)
            return web.Response(status=status, headers=headers)
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self.opened += 1
        self._sockets[socket] = {}
        if self.wants_authentication:
            await socket.send_json(["AUTH", "prove it"])
        try:
            async for received in socket:
                if received.type is aiohttp.WSMsgType.TEXT:
                    await self._understand(socket, json.loads(received.data))
        finally:
            del self._sockets[socket]
        return socket

    async def say(self, *parts: Any) -> None:
        """Say something to everybody."""
        await self.say_as_it_is(json.dumps(parts))

    async def say_as_it_is(self, text: str) -> None:
        """Say something to everybody, in these very words."""
        for socket in list(self._sockets):
            await socket.send_str(text)

    async def put(self, event: Raw) -> None:
        """Take an event and give it to whoever asked for it."""
        self.events.append(event)
        for socket, subscriptions in list(self._sockets.items()):
            for name, filters in subscriptions.items():
                if any(self._fits(event, one) for one in filters):
                    await socket.send_json(["EVENT", name, event])

    async def cut(self) -> None:
        """End every connection."""
        for socket in list(self._sockets):
            await socket.close()

    async def _understand(self, socket: web.WebSocketResponse, message: list[Any]) -> None:
        self.heard.append(message)
        match message:
            case ["EVENT", event]:
                assert Event.from_json(json.dumps(event)).verify(), "an event that nobody would believe"
                told = self.answer(event) if self.answer is not None else None
                if self.wants_authentication and self.who is None:
                    told = ["OK", event["id"], False, "auth-required: who are you?"]
                if told is not None:
                    await socket.send_json(told)
                    return
                is_new = all(event["id"] != one["id"] for one in self.events)
                if is_new:
                    await self.put(event)
                await socket.send_json(["OK", event["id"], is_new, "" if is_new else "duplicate: have it"])
            case ["REQ", str(name), *filters]:
                assert filters
                for one in filters:
                    SdkFilter.from_json(json.dumps(one))
                if self.is_mute:
                    return
                reason = self.closes(filters) if self.closes is not None else None
                if reason is not None:
                    await socket.send_json(["CLOSED", name, reason])
                    return
                self._sockets[socket][name] = filters
                given: dict[str, Raw] = {}
                for one in filters:
                    found = [event for event in self.events if self._fits(event, one)]
                    found.sort(key=lambda event: (-event["created_at"], event["id"]))
                    given |= {event["id"]: event for event in found[: min(one.get("limit", self.cap), self.cap)]}
                for event in given.values():
                    await socket.send_json(["EVENT", name, event])
                await socket.send_json(["EOSE", name])
            case ["CLOSE", str(name)]:
                self._sockets[socket].pop(name, None)
            case ["AUTH", event]:
                assert Event.from_json(json.dumps(event)).verify()
                tags = dict(tag[:2] for tag in event["tags"])
                assert (event["kind"], tags) == (22242, {"relay": self.url, "challenge": "prove it"})
                self.who = event["pubkey"]
                await socket.send_json(["OK", event["id"], True, ""])
            case _:
                raise AssertionError(f"no message of a client: {message}")

    def _fits(self, event: Raw, asked: Raw) -> bool:
        until = asked.get("until")
        if until is not None and event["created_at"] > until - self.is_until_exclusive:
            return False
        if event["created_at"] < asked.get("since", 0):
            return False
        for name, key in (("ids", "id"), ("authors", "pubkey"), ("kinds", "kind")):
            if name in asked and event[key] not in asked[name]:
                return False
        return all(
            any(tag[0] == name[1:] and len(tag) > 1 and tag[1] in wanted for tag in event["tags"])
            for name, wanted in asked.items()
            if name.startswith("#")
        )


Serve = Callable[[FakeRelay], Awaitable[FakeRelay]]
"""Starts a relay, and returns it with its address."""
