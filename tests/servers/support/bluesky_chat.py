"""A strict stand-in for the service of direct messages, which nobody publishes for use elsewhere.

Written from its lexicons (`chat.bsky.convo`), by which every answer is judged as well. Everything before it is real: a
data server finds it by its identity, passes calls on and signs in whose name it does so.
"""

import asyncio
import base64
import itertools
import json
import socket
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import quote

from aiohttp import web
from bluesky_people import date
from lexicons import Lexicons
from typing_extensions import override

from greenroom_adapters.testing.own_loop import OwnLoop
from greenroom_adapters.testing.serving import serving

T = TypeVar("T")

CONVO = "chat.bsky.convo"
PAGE = 50
LOG_PAGE = 20
"""Entries of the log in one answer: few, so that several are needed."""
LONGEST = 1000


@dataclass
class Message:
    """One message."""

    id: str
    rev: str
    sender: str
    text: str
    sent_at: str
    is_deleted: bool = False

    def view(self) -> dict[str, Any]:
        seen: dict[str, Any] = {
            "id": self.id,
            "rev": self.rev,
            "sender": {"did": self.sender},
            "sentAt": self.sent_at,
        }
        if self.is_deleted:
            return {"$type": f"{CONVO}.defs#deletedMessageView", **seen}
        return {"$type": f"{CONVO}.defs#messageView", "text": self.text, **seen}


@dataclass
class Convo:
    """One conversation."""

    id: str
    members: tuple[str, ...]
    rev: str
    is_group: bool = False
    messages: list[Message] = field(default_factory=list)

    def view(self) -> dict[str, Any]:
        kind: dict[str, Any] = {"$type": f"{CONVO}.defs#directConvo"}
        if self.is_group:
            kind = {
                "$type": f"{CONVO}.defs#groupConvo",
                "createdAt": date(),
                "lockStatus": "unlocked",
                "lockStatusModerationOverride": False,
                "memberCount": len(self.members),
                "memberLimit": 50,
                "name": "a group",
            }
        return {
            "id": self.id,
            "rev": self.rev,
            "members": [{"did": did, "handle": "handle.invalid"} for did in self.members],
            "muted": False,
            "unreadCount": 0,
            "status": "accepted",
            "kind": kind,
        }


class Refusal(Exception):
    """What the service refuses."""

    def __init__(self, name: str, status: int = 400) -> None:
        super().__init__(name)
        self.name = name
        self.status = status


class ChatService(OwnLoop):
    """The service, on a port of its own: a context manager. It runs in a thread and a loop of its own."""

    def __init__(self, lexicons: Lexicons | None) -> None:
        """Without lexicons, nothing is judged by them."""
        super().__init__("chat")
        self._lexicons = lexicons
        self._convos: dict[str, Convo] = {}
        self._logs: dict[str, list[dict[str, Any]]] = {}
        self._revs = itertools.count(1)
        self._served = AsyncExitStack()
        self._port = 0
        self.closed_to: set[str] = set()
        """Who takes no messages."""
        self.wrong: list[str] = []
        """What was asked that no lexicon allows."""

    @property
    def did(self) -> str:
        """The identity of the service, as data servers are asked to find it."""
        return f"did:web:localhost%3A{self._port}#bsky_chat"

    # What tests look at and do past the adapter ----------------------------------------------------------------------

    def sent_by(self, did: str) -> list[tuple[Convo, Message]]:
        """Return what somebody has sent and what is not deleted, oldest first."""
        told = [(convo, message) for convo in self._convos.values() for message in convo.messages]
        told = [(convo, message) for convo, message in told if message.sender == did and not message.is_deleted]
        return sorted(told, key=lambda one: one[1].rev)

    def say(self, sender: str, to: str, text: str) -> Message:
        """Let somebody write to somebody."""
        return self._add(self._direct(sender, to), sender, text)

    def say_in_group(self, sender: str, others: tuple[str, ...], text: str) -> Message:
        """Let somebody write in a new group."""
        convo = Convo(id=f"group{next(self._revs)}", members=(sender, *others), rev=self._rev(), is_group=True)
        self._convos[convo.id] = convo
        return self._add(convo, sender, text)

    def delete(self, convo: str, message: str) -> None:
        """Delete a message."""
        found = self._message(convo, message)
        found.is_deleted = True
        self._log(self._convos[convo], "logDeleteMessage", found)

    def log_something_unheard_of(self, did: str, entry: Mapping[str, Any]) -> None:
        """Let an entry be in somebody's log that no lexicon knows."""
        self._logs.setdefault(did, []).append({"rev": self._rev(), **entry})

    # The service -----------------------------------------------------------------------------------------------------

    @override
    async def _start(self) -> None:
        app = web.Application()
        app.router.add_get("/.well-known/did.json", self._identity)
        app.router.add_route("*", "/xrpc/{name}", self._serve)
        # all addresses of localhost on one port: whoever looks it up may take either
        found = await asyncio.get_running_loop().getaddrinfo("localhost", None, type=socket.SOCK_STREAM)
        hosts = list(dict.fromkeys(str(address[0]) for *_, address in found))
        self._port = (await self._served.enter_async_context(serving(app, hosts=hosts))).port

    @override
    async def _stop(self) -> None:
        await self._served.aclose()

    async def _identity(self, request: web.Request) -> web.Response:
        endpoint = f"http://localhost:{self._port}"
        service = {"id": "#bsky_chat", "type": "BskyChatService", "serviceEndpoint": endpoint}
        return web.json_response(
            {
                "@context": ["https://www.w3.org/ns/did/v1"],
                "id": f"did:web:localhost%3A{self._port}",
                "service": [service],
            }
        )

    async def _serve(self, request: web.Request) -> web.Response:
        name, body = request.match_info["name"], await request.read()
        try:
            me = _signed_by(request.headers.get("Authorization", ""), name, audience=self.did.partition("#")[0])
            if self._lexicons is not None:
                self._judge(self._lexicons.wrong_with_call(request.method, name, request.query_string, body))
            answer = self._answer(name, me, request, json.loads(body or b"{}"))
        except Refusal as refusal:
            return web.json_response({"error": refusal.name, "message": str(refusal)}, status=refusal.status)
        if self._lexicons is not None:
            wrong = self._lexicons.wrong_with_answer(name, answer)
            assert not wrong, wrong
        return web.json_response(answer)

    def _judge(self, wrong: list[str]) -> None:
        self.wrong += wrong
        if wrong:
            raise Refusal("InvalidRequest")

    def _answer(self, name: str, me: str, request: web.Request, body: Mapping[str, Any]) -> dict[str, Any]:
        query = request.query
        match name.removeprefix(f"{CONVO}."):
            case "getLog":
                return self._log_page(me, query.get("cursor"))
            case "getConvo":
                return {"convo": self._convo(me, query["convoId"]).view()}
            case "getConvoForMembers":
                (other,) = query.getall("members")
                if other in self.closed_to:
                    raise Refusal("MessagesDisabled")
                return {"convo": self._direct(me, other).view()}
            case "getConvoAvailability":
                (other,) = query.getall("members")
                convo = self._convos.get(_direct_id(me, other))
                known = {} if convo is None else {"convo": convo.view()}
                return {"canChat": other not in self.closed_to, **known}
            case "listConvos":
                mine = [convo for convo in self._convos.values() if me in convo.members]
                return {"convos": [convo.view() for convo in mine[: int(query.get("limit", "50"))]]}
            case "getMessages":
                return self._messages_page(me, query["convoId"], int(query.get("limit", "50")), query.get("cursor"))
            case "sendMessage":
                text = str(body["message"]["text"])
                if len(text) > LONGEST:
                    raise Refusal("InvalidRequest")
                return self._add(self._convo(me, body["convoId"]), me, text).view()
            case _:
                raise Refusal("MethodNotImplemented", 501)

    def _log_page(self, me: str, cursor: str | None) -> dict[str, Any]:
        entries = self._logs.get(me, [])
        if cursor is None:
            page = entries[-LOG_PAGE:]
        else:
            page = [entry for entry in entries if entry["rev"] > cursor][:LOG_PAGE]
        reached = page[-1]["rev"] if page else cursor
        return {"logs": page, **({"cursor": reached} if reached is not None else {})}

    def _messages_page(self, me: str, convo: str, limit: int, cursor: str | None) -> dict[str, Any]:
        newest_first = self._convo(me, convo).messages[::-1]
        older = [message for message in newest_first if cursor is None or message.rev < cursor]
        page = older[: min(limit, PAGE)]
        more = {"cursor": page[-1].rev} if len(older) > len(page) else {}
        return {"messages": [message.view() for message in page], **more}

    def _convo(self, me: str, convo: str) -> Convo:
        found = self._convos.get(convo)
        if found is None or me not in found.members:
            raise Refusal("InvalidConvo")
        return found

    def _direct(self, me: str, other: str) -> Convo:
        name = _direct_id(me, other)
        if name not in self._convos:
            self._convos[name] = Convo(id=name, members=(me, other), rev=self._rev())
            for member in (me, other):
                entry = {"$type": f"{CONVO}.defs#logBeginConvo", "rev": self._rev(), "convoId": name}
                self._logs.setdefault(member, []).append(entry)
        return self._convos[name]

    def _add(self, convo: Convo, sender: str, text: str) -> Message:
        message = Message(id=f"m{next(self._revs)}", rev=self._rev(), sender=sender, text=text, sent_at=date())
        convo.messages.append(message)
        self._log(convo, "logCreateMessage", message)
        return message

    def _log(self, convo: Convo, kind: str, message: Message) -> None:
        for member in convo.members:
            entry = {
                "$type": f"{CONVO}.defs#{kind}",
                "rev": self._rev(),
                "convoId": convo.id,
                "message": message.view(),
            }
            self._logs.setdefault(member, []).append(entry)

    def _message(self, convo: str, message: str) -> Message:
        return next(one for one in self._convos[convo].messages if one.id == message)

    def _rev(self) -> str:
        return f"{next(self._revs):013}"


def _direct_id(*members: str) -> str:
    return "convo-" + quote("-".join(sorted(did.rpartition(":")[2] for did in members)), safe="-")


def _signed_by(authorization: str, name: str, *, audience: str) -> str:
    """Return in whose name a data server calls. Its signature is not verified: there is nobody else on loopback."""
    token = authorization.removeprefix("Bearer ").split(".")
    if len(token) != 3:
        raise Refusal("AuthMissing", 401)
    claims = json.loads(base64.urlsafe_b64decode(token[1] + "=="))
    if claims.get("lxm") != name or str(claims.get("aud", "")).partition("#")[0] != audience:
        raise Refusal("BadJwtAudience", 401)
    return str(claims["iss"])
