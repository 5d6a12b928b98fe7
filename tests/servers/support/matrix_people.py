"""People on a homeserver, and what they do there: plain requests past the adapter. Standard library only."""

import hashlib
import hmac
import itertools
import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

V3 = "/_matrix/client/v3"
PASSWORD = "a+b/c d%"
numbers = itertools.count(1)


class Refused(Exception):
    """The homeserver refused; `code` is its error code."""

    def __init__(self, status: int, code: str, words: str) -> None:
        super().__init__(f"{status} {code} {words}")
        self.code = code


def call(base: str, method: str, path: str, body: object = None, *, token: str = "") -> Any:
    """Send one request and return the answer's JSON."""
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
    content = body if isinstance(body, bytes) else None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(base + path, content, headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.loads(answer.read() or b"null")
    except urllib.error.HTTPError as error:
        with error:
            said = json.loads(error.read() or b"{}")
        raise Refused(error.code, said.get("errcode", ""), said.get("error", "")) from None


@dataclass
class Person:
    """An account on the homeserver, signed in."""

    base: str
    id: str
    token: str
    device: str
    said: Any = field(default_factory=lambda: itertools.count(1), repr=False)

    def call(self, method: str, path: str, body: object = None) -> Any:
        """Send one request as this person."""
        return call(self.base, method, path, body, token=self.token)

    def make_room(self, **wanted: object) -> str:
        """Make a room and return its id; `wanted` as the client-server API has it."""
        room: str = self.call("POST", f"{V3}/createRoom", wanted)["room_id"]
        return room

    def invite(self, room: str, person: "Person") -> None:
        self.call("POST", f"{V3}/rooms/{quote(room)}/invite", {"user_id": person.id})

    def join(self, room: str) -> None:
        self.call("POST", f"{V3}/join/{quote(room)}", {})

    def leave(self, room: str) -> None:
        self.call("POST", f"{V3}/rooms/{quote(room)}/leave", {})

    def kick(self, room: str, person: "Person") -> None:
        self.call("POST", f"{V3}/rooms/{quote(room)}/kick", {"user_id": person.id})

    def send(self, room: str, content: Mapping[str, object], kind: str = "m.room.message") -> str:
        """Send an event and return its id."""
        path = f"{V3}/rooms/{quote(room)}/send/{kind}/{self.device}-{next(self.said)}"
        event: str = self.call("PUT", path, content)["event_id"]
        return event

    def say(self, room: str, text: str, *, mention: "Person | None" = None, **more: Any) -> str:
        """Write something, as present clients do."""
        mentions = {"user_ids": [mention.id]} if mention else {}
        return self.send(room, {"msgtype": "m.text", "body": text, "m.mentions": mentions, **more})

    def reply(self, room: str, event: str, text: str, *, mention: "Person | None" = None) -> str:
        """Answer an event."""
        return self.say(room, text, mention=mention, **{"m.relates_to": {"m.in_reply_to": {"event_id": event}}})

    def in_thread(self, room: str, root: str, latest: str, text: str, *, mention: "Person | None" = None) -> str:
        """Write into a thread, as a client with threads does."""
        relation = {
            "rel_type": "m.thread",
            "event_id": root,
            "is_falling_back": True,
            "m.in_reply_to": {"event_id": latest},
        }
        return self.say(room, text, mention=mention, **{"m.relates_to": relation})

    def react(self, room: str, event: str, key: str) -> str:
        relation = {"rel_type": "m.annotation", "event_id": event, "key": key}
        return self.send(room, {"m.relates_to": relation}, "m.reaction")

    def edit(self, room: str, event: str, text: str) -> str:
        more: dict[str, Any] = {
            "m.new_content": {"msgtype": "m.text", "body": text},
            "m.relates_to": {"rel_type": "m.replace", "event_id": event},
        }
        return self.say(room, f"* {text}", **more)

    def redact(self, room: str, event: str) -> None:
        path = f"{V3}/rooms/{quote(room)}/redact/{quote(event)}/{self.device}-r{next(self.said)}"
        self.call("PUT", path, {})

    def state(self, room: str, kind: str, content: Mapping[str, object], key: str = "") -> None:
        self.call("PUT", f"{V3}/rooms/{quote(room)}/state/{kind}/{quote(key)}", content)

    def event(self, room: str, event: str) -> Any:
        return self.call("GET", f"{V3}/rooms/{quote(room)}/event/{quote(event)}")

    def messages(self, room: str) -> list[Any]:
        """Return all events of a room that this person may see, oldest first."""
        found: list[Any] = []
        token = ""
        while True:
            page = self.call("GET", f"{V3}/rooms/{quote(room)}/messages?dir=b&limit=100{token}")
            found += page["chunk"]
            if not page.get("end") or not page["chunk"]:
                return found[::-1]
            token = f"&from={page['end']}"

    def rooms(self) -> list[str]:
        rooms: list[str] = self.call("GET", f"{V3}/joined_rooms")["joined_rooms"]
        return rooms

    def accept_everything(self) -> None:
        """Go into every room that somebody invites this person into."""
        unique = next(numbers)  # a first sync is answered from a cache when it is asked for alike
        everything = self.call("GET", f"{V3}/sync?timeout={unique}&filter=%7B%22room%22%3A%7B%7D%7D")
        for room in everything.get("rooms", {}).get("invite", {}):
            self.join(room)

    def sign_in_again(self, device: str | None = None) -> "Person":
        """Return the same account at another device, or anew at the same one."""
        wanted: dict[str, object] = {
            "type": "m.login.password",
            "identifier": {"type": "m.id.user", "user": self.id},
            "password": PASSWORD,
        }
        if device is not None:
            wanted["device_id"] = device
        found = call(self.base, "POST", f"{V3}/login", wanted)
        return Person(self.base, found["user_id"], found["access_token"], found["device_id"])

    def log_out(self) -> None:
        self.call("POST", f"{V3}/logout", {})


def register(base: str, secret: str, name: str) -> Person:
    """Make an account with the secret of the server's owner, and sign in."""
    name = f"{name}{next(numbers)}"
    nonce = call(base, "GET", "/_synapse/admin/v1/register")["nonce"]
    proof = "\0".join([nonce, name, PASSWORD, "notadmin"])
    wanted = {
        "nonce": nonce,
        "username": name,
        "password": PASSWORD,
        "admin": False,
        "mac": hmac.new(secret.encode(), proof.encode(), hashlib.sha1).hexdigest(),
    }
    found = call(base, "POST", "/_synapse/admin/v1/register", wanted)
    return Person(base, found["user_id"], found["access_token"], found["device_id"])
