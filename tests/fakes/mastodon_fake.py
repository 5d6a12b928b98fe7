"""A strict fake of a Mastodon server on loopback: its HTTP API, its streams, its limits and its sign-in.

It runs in a thread and a loop of its own. `FakeMastodon.do` lets people act on it, past the wire.
"""

import asyncio
import base64
import hashlib
import json
import secrets
from collections.abc import Callable, Coroutine, Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeVar
from urllib.parse import urlencode

from aiohttp import WSMsgType, web
from mastodon_entities import Entities, stamp
from mastodon_state import ALT_LIMIT, KEY_LIVES, Account, Attachment, Refusal, State, Status
from typing_extensions import override

from greenroom_adapters.testing.own_loop import OwnLoop
from greenroom_adapters.testing.serving import serving

__all__ = ["Answered", "FakeMastodon", "Stream"]

T = TypeVar("T")

WINDOW = timedelta(minutes=5)
PAGES = {"notifications": (40, 80), "statuses": (20, 40)}
"""List → (entries when nothing is said, entries at most)."""
MAKING_SECONDS = 0.02
"""How long a status takes to be made: between the look for its key and the note of it."""
REMEMBERED = 3000


@dataclass(frozen=True)
class Answered:
    """One answer, for whoever judges it."""

    method: str
    path: str
    status: int
    body: Any


@dataclass(eq=False)
class Stream:
    """One open stream of an account."""

    account: str
    token: str
    send: Callable[[str, str], Coroutine[Any, Any, None]]
    close: Callable[[], Coroutine[Any, Any, None]]
    queue: "asyncio.Queue[tuple[str, str]]" = field(default_factory=lambda: asyncio.Queue())


class FakeMastodon(OwnLoop):
    """The server; a context manager."""

    def __init__(self, domain: str = "harbour.test") -> None:
        super().__init__("mastodon")
        self.state = State(domain, self._publish)
        self.entities = Entities(self.state)
        self.websockets = True
        self.events = True
        """Streams of the two kinds are open."""
        self.limit = 300
        """Requests that a token may make within the window."""
        self.is_newer = True
        """It has `/api/v2/instance`."""
        self.reordered = 0
        """So many of the next frames are sent behind the one that follows."""
        self.doubled = 0
        """So many of the next frames are sent twice."""
        self.lost = 0
        """So many of the next notifications are not sent."""
        self.files: dict[str, bytes] = {}
        """What lies at the addresses of attachments, by their id."""
        self.answered: list[Answered] = []
        self.lists_public_only = False
        """An account's own list has its public statuses alone (snac; Pleroma lists no private ones)."""
        self.thump_seconds = 15.0
        self._held: list[tuple[str, str, str]] = []
        self._used: dict[str, tuple[datetime, int]] = {}
        self._apps: dict[str, dict[str, Any]] = {}
        self._codes: dict[str, dict[str, str]] = {}
        self._streams: set[Stream] = set()
        self._served = AsyncExitStack()
        self._port = 0

    @property
    def url(self) -> str:
        """Where it listens, without a slash at the end."""
        return f"http://127.0.0.1:{self._port}"

    def do(self, act: Callable[[State], T]) -> T:
        """Act on the state, in the server's own loop."""

        async def now() -> T:
            return act(self.state)

        return self._run(now())

    def open_streams(self) -> int:
        return len(self._streams)

    def revoke(self, token: str) -> None:
        """Make a token worthless; its streams are closed."""

        async def now() -> None:
            self.state.tokens.pop(token, None)
            for stream in [stream for stream in self._streams if stream.token == token]:
                await stream.close()

        self._run(now())

    def leave(self) -> None:
        """Stop to listen; what it knows stays."""
        self._run(self._stop())

    def come_back(self) -> None:
        """Listen again where it did before."""
        self._run(self._start())

    @override
    async def _start(self) -> None:
        app = web.Application(middlewares=[self._judge], client_max_size=64 * 1024 * 1024)
        app.add_routes(
            [
                web.get("/api/v2/instance", self._instance),
                web.get("/api/v1/instance", self._old_instance),
                web.post("/api/v1/apps", self._register),
                web.get("/api/v1/apps/verify_credentials", self._application),
                web.get("/oauth/authorize", self._page),
                web.post("/oauth/authorize", self._decide),
                web.post("/oauth/token", self._exchange),
                web.get("/api/v1/accounts/verify_credentials", self._me),
                web.patch("/api/v1/accounts/update_credentials", self._update_me),
                web.get("/api/v1/accounts/lookup", self._lookup),
                web.get("/api/v1/accounts/relationships", self._relationships),
                web.get("/api/v1/accounts/{id}", self._account),
                web.get("/api/v1/accounts/{id}/statuses", self._statuses_of),
                web.post("/api/v1/accounts/{id}/follow", self._follow),
                web.get("/api/v1/notifications", self._notifications),
                web.get("/api/v2/notifications/policy", self._policy),
                web.get("/api/v1/timelines/home", self._home),
                web.post("/api/v1/statuses", self._post),
                web.get("/api/v1/statuses/{id}", self._status),
                web.put("/api/v1/statuses/{id}", self._edit),
                web.delete("/api/v1/statuses/{id}", self._delete),
                web.get("/api/v1/statuses/{id}/context", self._context),
                web.get("/api/v1/statuses/{id}/source", self._source),
                web.post("/api/v1/statuses/{id}/favourite", self._favourite),
                web.post("/api/v1/statuses/{id}/reblog", self._reblog),
                web.post("/api/v2/media", self._upload),
                web.get("/api/v1/media/{id}", self._media),
                web.get("/system/media_attachments/{id}/original", self._file),
                web.get("/api/v1/streaming", self._socket),
                web.get("/api/v1/streaming/user", self._sse),
            ]
        )
        self._port = (await self._served.enter_async_context(serving(app, port=self._port))).port
        self.entities.base = self.entities.base or self.url
        self.entities.streaming = self.entities.streaming or self.url.replace("http", "ws", 1)

    @override
    async def _stop(self) -> None:
        for stream in list(self._streams):
            await stream.close()
        await self._served.aclose()
        rest = asyncio.all_tasks() - {asyncio.current_task()}
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)

    # What holds for every request -------------------------------------------------------------------------------------

    @web.middleware
    async def _judge(self, request: web.Request, handler: Any) -> web.StreamResponse:
        headers: dict[str, str] = {}
        try:
            token = request.headers.get("Authorization", "").removeprefix("Bearer ")
            if request.path.startswith("/api/") and not request.path.startswith("/api/v1/streaming"):
                headers = self._count(token or "nobody")
            answer: web.StreamResponse = await handler(request)
        except Refusal as refusal:
            answer = web.json_response({"error": refusal.words}, status=refusal.status)
        except web.HTTPRedirection:
            raise
        except web.HTTPException as refused:
            answer = web.json_response({"error": refused.reason}, status=refused.status)
        if not answer.prepared:
            answer.headers.update(headers or self._limits(request))
        if isinstance(answer, web.Response) and answer.content_type == "application/json":
            body = json.loads(answer.text or "null")
            self.answered.append(Answered(request.method, request.path, answer.status, body))
            del self.answered[:-REMEMBERED]
        return answer

    def use_up(self, token: str, begun: datetime) -> None:
        """Let a token have asked all that it may since the window began."""
        self._used[token] = (begun, self.limit)

    def _limits(self, request: web.Request) -> dict[str, str]:
        token = request.headers.get("Authorization", "").removeprefix("Bearer ") or "nobody"
        begun, used = self._used.get(token, (self.state.now(), 0))
        return {
            "X-RateLimit-Limit": str(self.limit),
            "X-RateLimit-Remaining": str(max(0, self.limit - used)),
            "X-RateLimit-Reset": stamp(begun + WINDOW),
        }

    def _count(self, token: str) -> dict[str, str]:
        begun, used = self._used.get(token, (self.state.now(), 0))
        if self.state.now() >= begun + WINDOW:
            begun, used = self.state.now(), 0
        self._used[token] = (begun, used + 1)
        if used >= self.limit:
            raise Refusal(429, "Too many requests")
        return {}

    def _viewer(self, request: web.Request, scope: str) -> Account:
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if token not in self.state.tokens:
            raise Refusal(401, "The access token is invalid")
        name, scopes = self.state.tokens[token]
        if not {scope, scope.partition(":")[0]} & set(scopes.split()):
            raise Refusal(403, "This action is outside the authorized scopes")
        return self.state.accounts[name]

    async def _body(self, request: web.Request) -> dict[str, Any]:
        if request.content_type == "application/json":
            found: dict[str, Any] = await request.json()
            return found
        return {name: str(value) for name, value in (await request.post()).items()}

    # The server, and signing in ---------------------------------------------------------------------------------------

    async def _instance(self, request: web.Request) -> web.Response:
        if not self.is_newer:
            raise Refusal(404, "Not found")
        return web.json_response(self.entities.instance())

    async def _old_instance(self, request: web.Request) -> web.Response:
        told = self.entities.instance()
        return web.json_response(
            {
                **{name: told[name] for name in ("title", "version", "description", "languages", "rules")},
                "uri": told["domain"],
                "short_description": told["description"],
                "email": told["contact"]["email"],
                "urls": {"streaming_api": told["configuration"]["urls"]["streaming"]},
                "stats": {"user_count": 2, "status_count": 0, "domain_count": 0},
                "registrations": False,
                "approval_required": False,
                "invites_enabled": False,
                "configuration": {
                    name: told["configuration"][name] for name in ("accounts", "statuses", "media_attachments", "polls")
                },
            }
        )

    async def _register(self, request: web.Request) -> web.Response:
        body = await self._body(request)
        uris = body["redirect_uris"]
        uris = uris if isinstance(uris, list) else uris.split("\n")
        if not all(uri.startswith(("http://", "https://", "urn:")) for uri in uris):
            raise Refusal(422, "Validation failed: Redirect URI must be an absolute URI.")
        made = {
            "id": self.state.new_id(),
            "name": body["client_name"],
            "website": None,
            "scopes": body.get("scopes", "read").split(),
            "redirect_uris": uris,
            "redirect_uri": "\n".join(uris),
            "client_id": secrets.token_urlsafe(32),
            "client_secret": secrets.token_urlsafe(32),
            "client_secret_expires_at": 0,
            "vapid_key": "BCk=",
        }
        self._apps[made["client_id"]] = made
        return web.json_response(made)

    async def _application(self, request: web.Request) -> web.Response:
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if token not in self.state.tokens:
            raise Refusal(401, "The access token is invalid")
        scopes = self.state.tokens[token][1].split()
        told = {"id": "1", "name": "Greenroom", "website": None, "scopes": scopes, "redirect_uris": [self.url]}
        return web.json_response({**told, "redirect_uri": self.url, "vapid_key": "BCk="})

    async def _page(self, request: web.Request) -> web.Response:
        query = request.query
        app = self._apps.get(query.get("client_id", ""))
        if app is None or query.get("redirect_uri") not in app["redirect_uris"] or query["response_type"] != "code":
            raise Refusal(400, "Client authentication failed")
        if not set(query.get("scope", "read").split()) <= set(app["scopes"]):
            raise Refusal(400, "The requested scope is invalid")
        return web.Response(text="<form method='post'>May it?</form>", content_type="text/html")

    async def _decide(self, request: web.Request) -> web.Response:
        """Take what the person chose on the page: `who` says yes, an empty one says no."""
        query, form = request.query, await request.post()
        back, state = query["redirect_uri"], query.get("state", "")
        if not form.get("who"):
            said = {"error": "access_denied", "error_description": "The resource owner denied the request."}
            raise web.HTTPFound(f"{back}?{urlencode({**said, 'state': state})}")
        code = secrets.token_urlsafe(16)
        self._codes[code] = {**query, "who": str(form["who"])}
        raise web.HTTPFound(f"{back}?{urlencode({'code': code, 'state': state})}")

    async def _exchange(self, request: web.Request) -> web.Response:
        body = await self._body(request)
        app, granted = self._apps.get(body["client_id"]), self._codes.pop(body["code"], None)
        if app is None or app["client_secret"] != body["client_secret"]:
            raise Refusal(401, "invalid_client")
        if granted is None or granted["client_id"] != body["client_id"]:
            raise Refusal(400, "invalid_grant")
        if granted["redirect_uri"] != body["redirect_uri"] or body["grant_type"] != "authorization_code":
            raise Refusal(400, "invalid_grant")
        if "code_challenge" in granted:
            digest = hashlib.sha256(body.get("code_verifier", "").encode()).digest()
            if base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != granted["code_challenge"]:
                raise Refusal(400, "invalid_grant")
        who = self.state.lookup(granted["who"])
        assert who is not None
        token = self.state.let_in(who, granted["scope"])
        made = {"access_token": token, "token_type": "Bearer", "scope": granted["scope"], "created_at": 1_790_000_000}
        return web.json_response(made)

    # People -----------------------------------------------------------------------------------------------------------

    async def _me(self, request: web.Request) -> web.Response:
        return web.json_response(self.entities.credentials(self._viewer(request, "read:accounts")))

    async def _update_me(self, request: web.Request) -> web.Response:
        who, body = self._viewer(request, "write:accounts"), await self._body(request)
        if "bot" in body:
            who.bot = body["bot"] in (True, "true", "1")
        who.note = body.get("note", who.note)
        who.display_name = body.get("display_name", who.display_name)
        return web.json_response(self.entities.credentials(who))

    def _person(self, request: web.Request) -> Account:
        who = self.state.accounts.get(request.match_info["id"])
        if who is None:
            raise Refusal(404, "Record not found")
        return who

    async def _account(self, request: web.Request) -> web.Response:
        self._viewer(request, "read:accounts")
        return web.json_response(self.entities.account(self._person(request)))

    async def _lookup(self, request: web.Request) -> web.Response:
        who = self.state.lookup(request.query["acct"])
        if who is None:
            raise Refusal(404, "Record not found")
        return web.json_response(self.entities.account(who))

    async def _relationships(self, request: web.Request) -> web.Response:
        viewer = self._viewer(request, "read:follows")
        return web.json_response([self._relationship(viewer, name) for name in request.query.getall("id[]", [])])

    def _relationship(self, viewer: Account, name: str) -> dict[str, Any]:
        flags = ("blocking", "blocked_by", "muting", "muting_notifications", "requested", "requested_by")
        return {
            "id": name,
            "following": name in viewer.follows,
            "followed_by": viewer.id in self.state.accounts[name].follows,
            "showing_reblogs": True,
            "notifying": False,
            "languages": None,
            "domain_blocking": False,
            "endorsed": False,
            "note": "",
            **dict.fromkeys(flags, False),
        }

    async def _follow(self, request: web.Request) -> web.Response:
        viewer, who = self._viewer(request, "write:follows"), self._person(request)
        self.state.follow(viewer, who)
        return web.json_response(self._relationship(viewer, who.id))

    # Lists ------------------------------------------------------------------------------------------------------------

    def _page_of(self, request: web.Request, kind: str, entries: list[Any], name: Callable[[Any], str]) -> list[Any]:
        """Return one page: behind `min_id` the oldest, else the newest; the newest first."""
        usual, most = PAGES[kind]
        limit = min(int(request.query.get("limit", usual)), most)
        low = request.query.get("min_id") or request.query.get("since_id")
        high = request.query.get("max_id")
        found = [
            one
            for one in entries
            if (low is None or int(name(one)) > int(low)) and (high is None or int(name(one)) < int(high))
        ]
        found.sort(key=lambda one: int(name(one)))
        return (found[:limit] if "min_id" in request.query else found[-limit:])[::-1]

    async def _notifications(self, request: web.Request) -> web.Response:
        viewer = self._viewer(request, "read:notifications")
        mine = [told for told in self.state.notifications if told.to == viewer.id]
        page = self._page_of(request, "notifications", mine, lambda told: str(told.id))
        return web.json_response([self.entities.notification(told) for told in page])

    async def _statuses_of(self, request: web.Request) -> web.Response:
        viewer, who = self._viewer(request, "read:statuses"), self._person(request)
        theirs = [one for one in self.state.statuses.values() if one.author is who and self.state.sees(viewer, one)]
        if self.lists_public_only:
            theirs = [one for one in theirs if one.visibility == "public"]
        page = self._page_of(request, "statuses", theirs, lambda one: str(one.id))
        return web.json_response([self.entities.status(one, viewer) for one in page])

    async def _home(self, request: web.Request) -> web.Response:
        viewer = self._viewer(request, "read:statuses")
        known = [one for one in self.state.statuses.values() if one.author.id in {viewer.id, *viewer.follows}]
        seen = [one for one in known if self.state.sees(viewer, one)]
        page = self._page_of(request, "statuses", seen, lambda one: str(one.id))
        return web.json_response([self.entities.status(one, viewer) for one in page])

    async def _policy(self, request: web.Request) -> web.Response:
        self._viewer(request, "read:notifications")
        names = ("not_following", "not_followers", "new_accounts", "private_mentions", "limited_accounts")
        told = {f"for_{name}": "accept" for name in names} | {"for_limited_accounts": "filter"}
        summary = {"pending_requests_count": 0, "pending_notifications_count": 0}
        return web.json_response({**told, "summary": summary})

    # Statuses ---------------------------------------------------------------------------------------------------------

    async def _post(self, request: web.Request) -> web.Response:
        viewer = self._viewer(request, "write:statuses")
        key = request.headers.get("Idempotency-Key")
        if key is not None:
            noted = self.state.keys.get((viewer.id, key))
            if noted is not None and noted[1] > self.state.now():
                if noted[0] not in self.state.statuses:
                    raise Refusal(404, "Record not found")
                return web.json_response(self.entities.status(self.state.statuses[noted[0]], viewer))
        body = await self._body(request)
        await asyncio.sleep(MAKING_SECONDS)
        text = body.pop("status", "")
        status = self.state.post(viewer, text, **body)
        if key is not None:
            self.state.keys[(viewer.id, key)] = (status.id, self.state.now() + KEY_LIVES)
        return web.json_response(self.entities.status(status, viewer))

    def _seen(self, request: web.Request, viewer: Account) -> Status:
        return self.state.visible(request.match_info["id"], viewer)

    def _own(self, request: web.Request) -> tuple[Account, Status]:
        viewer = self._viewer(request, "write:statuses")
        status = self._seen(request, viewer)
        if status.author is not viewer:
            raise Refusal(404, "Record not found")
        return viewer, status

    async def _status(self, request: web.Request) -> web.Response:
        viewer = self._viewer(request, "read:statuses")
        return web.json_response(self.entities.status(self._seen(request, viewer), viewer))

    async def _edit(self, request: web.Request) -> web.Response:
        viewer, status = self._own(request)
        body = await self._body(request)
        self.state.edit(
            status,
            body["status"],
            spoiler_text=body.get("spoiler_text", ""),
            sensitive=body.get("sensitive", False),
            media_ids=body.get("media_ids", []),
        )
        return web.json_response(self.entities.status(status, viewer))

    async def _delete(self, request: web.Request) -> web.Response:
        viewer, status = self._own(request)
        told = {**self.entities.status(status, viewer), "text": status.text}
        self.state.delete(status)
        return web.json_response(told)

    async def _context(self, request: web.Request) -> web.Response:
        viewer = self._viewer(request, "read:statuses")
        status = self._seen(request, viewer)
        above, below = self.state.above(status, viewer), self.state.below(status, viewer)
        told = {"ancestors": above, "descendants": below}
        return web.json_response({k: [self.entities.status(one, viewer) for one in v] for k, v in told.items()})

    async def _source(self, request: web.Request) -> web.Response:
        _, status = self._own(request)
        return web.json_response({"id": status.id, "text": status.text, "spoiler_text": status.warning})

    async def _favourite(self, request: web.Request) -> web.Response:
        viewer = self._viewer(request, "write:favourites")
        status = self._seen(request, viewer)
        self.state.favour(viewer, status)
        return web.json_response(self.entities.status(status, viewer))

    async def _reblog(self, request: web.Request) -> web.Response:
        viewer = self._viewer(request, "write:statuses")
        status = self._seen(request, viewer)
        self.state.boost(viewer, status)
        return web.json_response(self.entities.boost(status, viewer))

    # Files ------------------------------------------------------------------------------------------------------------

    async def _upload(self, request: web.Request) -> web.Response:
        viewer, form = self._viewer(request, "write:media"), await request.post()
        file, description = form["file"], str(form.get("description", ""))
        if not isinstance(file, web.FileField) or not file.content_type.startswith(("image/", "video/")):
            raise Refusal(422, "Validation failed: File content type is invalid")
        if len(description) > ALT_LIMIT:
            raise Refusal(422, "Validation failed: Description is too long")
        ready_at = self.state.now() + self.state.processing
        kind = file.content_type.partition("/")[0]
        made = Attachment(self.state.new_id(), viewer.id, kind, description, ready_at)
        self.state.media[made.id] = made
        return web.json_response(self.entities.attachment(made), status=202 if self.state.processing else 200)

    async def _media(self, request: web.Request) -> web.Response:
        viewer = self._viewer(request, "write:media")
        file = self.state.media.get(request.match_info["id"])
        if file is None or file.owner != viewer.id or file.status is not None:
            raise Refusal(404, "Record not found")
        return web.json_response(
            self.entities.attachment(file), status=206 if file.ready_at > self.state.now() else 200
        )

    async def _file(self, request: web.Request) -> web.Response:
        if "Authorization" in request.headers:
            raise Refusal(400, "Files are served by another one, which must not be told a token")
        content = self.files.get(request.match_info["id"])
        if content is None:
            raise Refusal(404, "Record not found")
        return web.Response(body=content, content_type="image/png")

    # Streams ----------------------------------------------------------------------------------------------------------

    def _publish(self, account: str, event: str, about: Any) -> None:
        viewer = self.state.accounts[account]
        match event:
            case "notification":
                payload = json.dumps(self.entities.notification(about))
            case "delete":
                payload = str(about)
            case _:
                payload = json.dumps(self.entities.status(about, viewer))
        if self.lost and event == "notification":
            self.lost -= 1
            return
        frames = [(account, event, payload)] * (2 if self.doubled else 1)
        self.doubled = max(0, self.doubled - 1)
        if self.reordered and event == "notification":
            self.reordered -= 1
            self._held += frames
            return
        if event == "notification":
            frames += self._held
            self._held = []
        for name, kind, said in frames:
            self._say(name, kind, said)

    def _say(self, account: str, event: str, payload: str) -> None:
        for stream in self._streams:
            if stream.account == account:
                stream.queue.put_nowait((event, payload))

    def say_as_it_is(self, account: str, event: str, payload: str) -> None:
        """Let the account's streams say something of which nobody else knows."""
        self.do(lambda _: self._say(account, event, payload))

    @contextmanager
    def _open(self, stream: Stream) -> Iterator[None]:
        """Keep a stream among the open ones. It is one before its client hears so: whoever has read the lists when a
        stream opened misses nothing."""
        self._streams.add(stream)
        try:
            yield
        finally:
            self._streams.discard(stream)

    async def _telling(self, stream: Stream) -> None:
        while True:
            event, payload = await stream.queue.get()
            await stream.send(event, payload)

    async def _socket(self, request: web.Request) -> web.StreamResponse:
        if not self.websockets:
            raise Refusal(404, "Not found")
        viewer = self._viewer(request, "read:statuses")
        socket = web.WebSocketResponse()

        async def send(event: str, payload: str) -> None:
            await socket.send_str(json.dumps({"stream": [request.query["stream"]], "event": event, "payload": payload}))

        async def close() -> None:
            if socket.prepared:
                await socket.close()

        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        stream = Stream(viewer.id, token, send, close)
        with self._open(stream):
            await socket.prepare(request)
            sending = asyncio.create_task(self._telling(stream))
            try:
                async for message in socket:
                    if message.type is WSMsgType.ERROR:
                        break
            finally:
                sending.cancel()
                await asyncio.gather(sending, return_exceptions=True)
        return socket

    async def _sse(self, request: web.Request) -> web.StreamResponse:
        if not self.events:
            raise Refusal(404, "Not found")
        viewer = self._viewer(request, "read:statuses")
        answer = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"})
        answer.enable_chunked_encoding()

        async def send(event: str, payload: str) -> None:
            await answer.write(f"event: {event}\ndata: {payload}\n\n".encode())

        async def close() -> None:
            if request.transport is not None:
                request.transport.close()

        async def thump() -> None:
            while True:
                await asyncio.sleep(self.thump_seconds)
                await answer.write(b":thump\n")

        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        stream = Stream(viewer.id, token, send, close)
        with self._open(stream):
            await answer.prepare(request)
            await answer.write(b":)\n")
            beating = asyncio.create_task(thump())
            try:
                await self._telling(stream)
            except ConnectionError:
                pass
            finally:
                beating.cancel()
        return answer
