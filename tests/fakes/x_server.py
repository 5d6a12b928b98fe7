"""A strict X for tests, on loopback: takes what X takes, refuses what X refuses, and forgets nothing.

Written from the published contracts and documentation. Every request and every answer is judged by the contract of its
dialect when the vendor's file is at hand; what was wrong is in `violations`.
"""

import asyncio
import base64
import hashlib
import hmac
import json
import re
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from types import TracebackType
from typing import Any

from aiohttp import ClientSession, web
from typing_extensions import override
from x_contract import Contract
from x_objects import Shower, moment
from x_posting import Refused, create_message, create_post
from x_signatures import consent, person_behind, tokens_for
from x_state import State
from x_uploads import Uploads

from greenroom_adapters.testing.own_loop import OwnLoop
from greenroom_adapters.testing.serving import Serving, serving

__all__ = ["Limits", "XServer"]

Answer = tuple[int, dict[str, Any]]

LIMITS: Mapping[str, int] = {
    "POST /2/tweets": 100,
    "DELETE /2/tweets": 50,
    "GET mentions": 300,
    "GET dm_events": 15,
    "POST messages": 15,
}
"""Bucket → requests that a person may make in 15 minutes. The others are not counted."""
Limits = Mapping[str, int]
QUARTER = 900.0
REACHES = {"mentions": 800, "tweets": 3200}


class XServer(OwnLoop):
    """The server, in a thread and a loop of its own: none of its tasks is in the test's loop. A context manager."""

    def __init__(
        self,
        *,
        dialect: str = "tweet",
        access: str = "enterprise",
        data: Path | None = None,
        contract: Contract | None = None,
        limits: Limits = LIMITS,
        window: float = QUARTER,
        refuses_duplicates: bool = True,
    ) -> None:
        """`limits`, each for so many seconds, replace the usual ones; a bucket that is not in them is not counted."""
        super().__init__("x")
        self.state = State(data)
        self.bases: list[str] = []
        """Other addresses under which clients know this server, such as a proxy's."""
        self.violations: list[str] = []
        """What was not within the contract, of requests and of answers."""
        self.calls: list[tuple[str, str]] = []
        """(method, path) of every request that had an account behind it."""
        self.lasts = 7200.0
        """Seconds for which a new access token of OAuth 2 is good."""
        self.strange: list[Any] = []
        """What else stands in the first page of mentions, whatever it is."""
        self.bearer = "app-bearer-of-tests"
        """The app's own token, for streams."""
        self.keep_alive = 0.2
        """Seconds between two lines of nothing on a stream; X takes 20."""
        self.silent = False
        """Streams stay open, and nothing comes on them."""
        self.streams_opened = 0
        self._streams: list[web.StreamResponse] = []
        self.asked_to_tell: list[dict[str, Any]] = []
        """Subscriptions of activities."""
        self.webhooks: list[dict[str, Any]] = []
        """Addresses of the app that it calls."""
        self.proxied = ""
        """Where the app's proxy leads to, whatever the host of the webhook."""
        self.callbacks: list[str] = []
        """Addresses that the app of the tests may come back to."""
        self.consenting: int | None = None
        """Who is signed in in the browser and says yes; None: he says no."""
        self.capped = False
        """The app has used up what it may use this month."""
        self.has_credit = True
        """The app's owner has paid for what it asks."""
        self.dialect, self.access, self.refuses_duplicates = dialect, access, refuses_duplicates
        self._contract = contract
        self._limits, self._window = limits, window
        self._used: dict[tuple[int, str], list[float]] = defaultdict(list)
        self._uploads = Uploads(self.state, dialect=dialect)
        self._stack = AsyncExitStack()
        self._served: Serving | None = None
        self._port = 0

    @property
    def url(self) -> str:
        """Where the server listens, without a slash at the end."""
        return f"http://127.0.0.1:{self._port}"

    @override
    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None
    ) -> None:
        super().__exit__(exc_type, exc, tb)
        self.state.close()

    def open(self) -> None:
        """Listen (again), on the same port."""
        self._run(self._start())

    def shut(self) -> None:
        """Break every connection and listen no more."""
        self._run(self._stop())

    @override
    async def _start(self) -> None:
        app = web.Application(client_max_size=64 * 1024 * 1024)
        app.router.add_route("*", "/{path:.*}", self._serve)
        self._served = await self._stack.enter_async_context(serving(app, port=self._port))
        self._stack.callback(self._served.cut)
        self._port = self._served.port

    @override
    async def _stop(self) -> None:
        await self._stack.aclose()

    # One request -----------------------------------------------------------------------------------------------------

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        if request.path.startswith("/2/webhooks"):
            return await self._webhook(request)
        if request.path == "/2/activity/stream":
            return await self._open_stream(request)
        body = await self._body(request)
        if request.path == "/2/oauth2/authorize":
            where = consent(self.state, dict(request.query), callbacks=self.callbacks, person=self.consenting)
            return web.Response(status=302, headers={"Location": where}) if where else web.Response(status=400)
        if request.path == "/2/oauth2/token":
            told = tokens_for(self.state, body or {}, lasts=self.lasts)
            if told is None:
                words = "Value passed for the token was invalid."
                return web.json_response({"error": "invalid_request", "error_description": words}, status=400)
            return web.json_response(told)
        person = person_behind(
            self.state,
            method=request.method,
            bases=[self.url, *self.bases],
            path=request.rel_url.raw_path,
            query=request.rel_url.raw_query_string,
            headers=request.headers,
        )
        if person is None:
            return self._answer(request, *problem(401, "Unauthorized", "Unauthorized"))
        self.calls.append((request.method, request.path))
        self._judge_request(request, body)
        headers, refused = self._count(person, request)
        if refused is not None:
            return self._answer(request, *refused, headers=headers)
        try:
            status, answer = self._act(person, request, body)
        except Refused as no:
            status, answer = problem(no.status, no.title, no.detail, no.type)
        return self._answer(request, status, answer, headers=headers)

    async def _body(self, request: web.Request) -> Any:
        if request.content_type == "multipart/form-data":
            posted = await request.post()
            return {
                name: value.file.read() if isinstance(value, web.FileField) else int(str(value))
                for name, value in posted.items()
            }
        if request.content_type == "application/x-www-form-urlencoded":
            return dict(await request.post())
        text = await request.text()
        return json.loads(text) if text else None

    def _judge_request(self, request: web.Request, body: Any) -> None:
        if self._contract is None:
            return
        shown = {name: "binary" if isinstance(value, bytes) else value for name, value in (body or {}).items()}
        self.violations += self._contract.wrong_with_request(
            request.method, request.path, dict(request.query), None if body is None else shown
        )

    def _answer(
        self, request: web.Request, status: int, body: dict[str, Any], *, headers: dict[str, str] | None = None
    ) -> web.Response:
        if self._contract is not None:
            self.violations += self._contract.wrong_with_answer(request.method, request.path, status, body)
        kind = "application/json" if status < 400 else "application/problem+json"
        return web.Response(status=status, body=json.dumps(body).encode(), headers=headers, content_type=kind)

    def _count(self, person: int, request: web.Request) -> tuple[dict[str, str], Answer | None]:
        """Count the request against its bucket; return the headers that tell of it, and the refusal, if it is one."""
        if not self.has_credit:
            words = "Your enrolled account [7] does not have any credits to fulfill this request."
            return {}, problem(402, "CreditsDepleted", words, "credits")
        if self.capped:
            kind = "https://api.twitter.com/2/problems/usage-capped"
            status, body = problem(429, "UsageCapExceeded", "Usage cap exceeded: Monthly product cap", kind)
            return {}, (status, body | {"period": "Monthly", "scope": "Product"})
        bucket = bucket_of(request.method, request.path)
        limit = self._limits.get(bucket)
        if limit is None:
            return {}, None
        now = time.time()
        used = self._used[person, bucket]
        used[:] = [at for at in used if at > now - self._window]
        resets_at = int((used[0] if used else now) + self._window) + 1
        is_over = len(used) >= limit
        if not is_over:
            used.append(now)
        headers = {
            "x-rate-limit-limit": str(limit),
            "x-rate-limit-remaining": str(limit - len(used)),
            "x-rate-limit-reset": str(resets_at),
        }
        return headers, problem(429, "Too Many Requests", "Too Many Requests") if is_over else None

    def forget_what_was_used(self) -> None:
        """Begin every bucket anew."""
        self._used.clear()

    # Addresses that it calls -----------------------------------------------------------------------------------------

    async def _webhook(self, request: web.Request) -> web.Response:
        """Know, make and examine webhooks, for the app alone."""
        body = await self._body(request)
        self._judge_request(request, body)
        if request.headers.get("Authorization") != f"Bearer {self.bearer}":
            return self._answer(request, *problem(401, "Unauthorized", "Unauthorized"))
        self.calls.append((request.method, request.path))
        if request.method == "GET":
            shown = [{name: one[name] for name in ("id", "url", "valid")} for one in self.webhooks]
            return self._answer(request, 200, {"data": shown, "meta": {"result_count": len(shown)}} if shown else {})
        if request.method == "POST":
            if not body["url"].startswith("https://"):
                return self._answer(request, *problem(400, "Invalid Request", "must be https"))
            number = self.state.new_id()
            made = {"id": str(number), "url": body["url"], "valid": True, "created_at": moment(number)}
            if not await self._has_answered(body["url"]):
                return self._answer(request, *problem(400, "Invalid Request", "CrcValidationFailed"))
            self.webhooks.append(made)
            return self._answer(request, 200, {"data": made})
        one = next(one for one in self.webhooks if one["id"] == request.path.rpartition("/")[2])
        one["valid"] = await self._has_answered(one["url"])
        return self._answer(request, 200, {"data": {"valid": one["valid"]}})

    async def _has_answered(self, url: str) -> bool:
        """Say whether whoever is behind the address proves that it is the app's."""
        token = f"crc-{self.state.new_id()}"
        async with ClientSession() as session, session.get(self._behind(url), params={"crc_token": token}) as answer:
            if answer.status != 200:
                return False
            told = json.loads(await answer.read())
        return bool(told["response_token"] == self.signed(token.encode()))

    def _behind(self, url: str) -> str:
        """Return where the proxy in front of the app leads to."""
        return self.proxied + "/" + url.split("/", 3)[3]

    def signed(self, content: bytes) -> str:
        """Return the signature of what goes to the app."""
        digest = hmac.new(self.state.api_secret.encode(), content, hashlib.sha256).digest()
        return f"sha256={base64.b64encode(digest).decode()}"

    def knock(self, body: bytes, *, signature: str | None = None) -> int:
        """Call the app's webhook; return the status of its answer."""
        headers = {"x-twitter-webhooks-signature": self.signed(body) if signature is None else signature}

        async def call() -> int:
            url = self._behind(self.webhooks[0]["url"])
            async with ClientSession() as session, session.post(url, data=body, headers=headers) as answer:
                return answer.status

        return int(asyncio.run_coroutine_threadsafe(call(), self._loop).result(20))

    # What it tells by itself -----------------------------------------------------------------------------------------

    async def _open_stream(self, request: web.Request) -> web.StreamResponse:
        if request.headers.get("Authorization") != f"Bearer {self.bearer}":
            return self._answer(request, *problem(401, "Unauthorized", "Unauthorized"))
        stream = web.StreamResponse(headers={"Content-Type": "application/json"})
        await stream.prepare(request)
        self._streams.append(stream)
        self.streams_opened += 1
        try:
            while True:
                await asyncio.sleep(self.keep_alive)
                if not self.silent:
                    await stream.write(b"\r\n")
        except ConnectionError:
            return stream
        finally:
            self._streams.remove(stream)

    @property
    def streams(self) -> int:
        """How many streams are open."""
        return len(self._streams)

    def tell(self, kind: str, payload: dict[str, Any], **includes: Any) -> dict[str, Any]:
        """Tell of an activity on every open stream; return it as it goes out."""
        told: dict[str, Any] = {"event_type": kind, "event_uuid": str(self.state.new_id()), "payload": payload}
        envelope = {"data": told | ({"includes": includes} if includes else {})}
        if self._contract is not None:
            self.violations += self._contract.wrong_with_activity(kind, payload)
        self.tell_raw(json.dumps(envelope).encode())
        return envelope

    def tell_raw(self, line: bytes) -> None:
        """Send a line on every open stream, whatever it is."""

        async def send() -> None:
            for stream in list(self._streams):
                await stream.write(line + b"\r\n")

        if not self.silent:
            self._run(send())

    def break_streams(self) -> None:
        """Cut every open stream."""

        async def cut() -> None:
            if self._served is not None:
                self._served.cut()

        self._run(cut())

    # What can be asked -----------------------------------------------------------------------------------------------

    def _act(self, me: int, request: web.Request, body: Any) -> Answer:
        routes: list[tuple[str, str, Callable[..., Answer]]] = [
            ("GET", r"/2/users/me", self._me),
            ("GET", r"/2/users/(\d+)", self._user),
            ("GET", r"/2/users/by/username/(\w+)", self._user_by_handle),
            ("GET", r"/2/users/(\d+)/(mentions|tweets)", self._timeline),
            ("GET", r"/2/tweets", self._posts),
            ("POST", r"/2/tweets", self._create_post),
            ("DELETE", r"/2/tweets/(\d+)", self._delete_post),
            ("POST", r"/2/users/(\d+)/retweets", self._repost),
            ("GET", r"/2/dm_events", self._messages),
            ("GET", r"/2/dm_conversations/with/(\d+)/dm_events", self._messages),
            ("POST", r"/2/dm_conversations/with/(\d+)/messages", self._create_message),
            ("DELETE", r"/2/dm_events/(\d+)", self._hide_message),
            ("GET", r"/2/activity/subscriptions", self._subscriptions),
            ("POST", r"/2/activity/subscriptions", self._subscribe),
            ("POST", r"/2/media/upload/initialize", self._uploads.begin),
            ("POST", r"/2/media/upload/(\d+)/append", self._uploads.append),
            ("POST", r"/2/media/upload/(\d+)/finalize", self._uploads.finish),
            ("GET", r"/2/media/upload", self._uploads.look),
            ("POST", r"/2/media/metadata", self._uploads.describe),
        ]
        for method, pattern, act in routes:
            match = re.fullmatch(pattern, request.path)
            if match is not None and method == request.method:
                return act(me, dict(request.query), body, *match.groups())
        raise Refused(404, "Not Found", f"nothing is at {request.path}")

    def _shower(self, me: int, query: Mapping[str, str]) -> Shower:
        return Shower(self.state, query, dialect=self.dialect, me=me)

    def _me(self, me: int, query: dict[str, str], body: Any) -> Answer:
        return self._user(me, query, body, str(me))

    def _user(self, me: int, query: dict[str, str], body: Any, person: str) -> Answer:
        shown = self._shower(me, query).user(int(person))
        return (200, {"data": shown}) if shown is not None else (200, {"errors": [missing("user", person)]})

    def _user_by_handle(self, me: int, query: dict[str, str], body: Any, handle: str) -> Answer:
        row = self.state.one("SELECT id FROM people WHERE lower(handle) = lower(?)", handle)
        if row is None:
            return 200, {"errors": [missing("user", handle, parameter="username")]}
        return self._user(me, query, body, str(row["id"]))

    def _timeline(self, me: int, query: dict[str, str], body: Any, person: str, which: str) -> Answer:
        if int(person) != me:
            raise Refused(403, "Forbidden", "this is for the account itself")
        handle = self.state.all("SELECT handle FROM people WHERE id = ?", me)[0]["handle"]
        rows = self.state.all(
            "SELECT * FROM posts WHERE NOT deleted AND visible_at <= ? AND (author = ?) = ? ORDER BY id DESC",
            *(time.time(), me, which == "tweets"),
        )
        if which == "mentions":
            rows = [row for row in rows if self._is_addressed(row, me, handle)]
        rows = rows[: REACHES[which]]
        rows = [row for row in rows if row["id"] > int(query.get("since_id", "0"))]
        if "start_time" in query:
            begun = time.mktime(time.strptime(query["start_time"], "%Y-%m-%dT%H:%M:%SZ")) - time.timezone
            rows = [row for row in rows if (row["id"] >> 22) + 1288834974657 >= begun * 1000]
        return self._page(me, query, rows, "post", is_mentions=which == "mentions")

    def _is_addressed(self, row: Any, me: int, handle: str) -> bool:
        if re.search(rf"(?<![\w@])@{handle}(?!\w)", row["text"], re.IGNORECASE):
            return True
        above = None if row["replied"] is None else self.state.one("SELECT * FROM posts WHERE id = ?", row["replied"])
        return above is not None and above["author"] == me

    def _page(self, me: int, query: dict[str, str], rows: list[Any], kind: str, *, is_mentions: bool = False) -> Answer:
        shower = self._shower(me, query)
        token = query.get("pagination_token")
        if token is not None:
            last = int(token.removeprefix("older-than-"))
            rows = [row for row in rows if row["id"] < last]
        size = int(query.get("max_results", "100"))
        data = [shower.post(row) if kind == "post" else shower.message(row) for row in rows[:size]]
        meta: dict[str, Any] = {"result_count": len(data)}
        if data and kind == "post":
            meta |= {"newest_id": data[0]["id"], "oldest_id": data[-1]["id"]}
        if len(rows) > size:
            meta["next_token"] = f"older-than-{data[-1]['id']}"
        answer: dict[str, Any] = {"meta": meta}
        if is_mentions and token is None:
            data = [*data, *self.strange]
        if data:
            answer["data"] = data
        if shower.includes():
            answer["includes"] = shower.includes()
        return 200, answer

    def _posts(self, me: int, query: dict[str, str], body: Any) -> Answer:
        shower = self._shower(me, query)
        found: list[dict[str, Any]] = []
        errors: list[dict[str, Any]] = []
        for name in query["ids"].split(","):
            row = self.state.one("SELECT * FROM posts WHERE id = ? AND NOT deleted", int(name))
            if row is None:
                errors.append(missing("tweet", name, parameter="ids"))
            else:
                found.append(shower.post(row))
        answer: dict[str, Any] = {"data": found} if found else {}
        if shower.includes():
            answer["includes"] = shower.includes()
        if errors:
            answer["errors"] = errors
        return 200, answer

    def _create_post(self, me: int, query: dict[str, str], body: Any) -> Answer:
        number = create_post(self, me, body)
        return 201, {"data": {"id": str(number), "text": body.get("text", "")}}

    def _delete_post(self, me: int, query: dict[str, str], body: Any, post: str) -> Answer:
        row = self.state.one("SELECT * FROM posts WHERE id = ? AND NOT deleted", int(post))
        if row is None:
            raise Refused(404, "Not Found Error", f"Could not find tweet with id: [{post}].", "resource-not-found")
        if row["author"] != me:
            raise Refused(403, "Forbidden", "You are not allowed to delete this Tweet.")
        self.state.delete(int(post))
        return 200, {"data": {"deleted": True}}

    def _repost(self, me: int, query: dict[str, str], body: Any, person: str) -> Answer:
        if int(person) != me:
            raise Refused(403, "Forbidden", "this is for the account itself")
        target = self.state.one("SELECT * FROM posts WHERE id = ? AND NOT deleted", int(body["tweet_id"]))
        if target is None:
            raise Refused(404, "Not Found Error", "Could not find that tweet.", "resource-not-found")
        known = self.state.one("SELECT id FROM posts WHERE author = ? AND reposted = ?", me, target["id"])
        number = int(known["id"]) if known is not None else self.state.post(me, target["text"], reposted=target["id"])
        if self.dialect == "post":
            return 200, {"data": {"rest_id": str(number), "retweeted": True}}
        return 200, {"data": {"id": str(number), "retweeted": True}}

    def _messages(self, me: int, query: dict[str, str], body: Any, other: str | None = None) -> Answer:
        rows = self.state.all(
            "SELECT * FROM messages WHERE ? IN (sender, recipient) AND id NOT IN "
            "(SELECT id FROM hidden_messages WHERE person = ?) ORDER BY id DESC",
            *(me, me),
        )
        if other is not None:
            rows = [row for row in rows if int(other) in (row["sender"], row["recipient"])]
        return self._page(me, query, rows, "message")

    def _create_message(self, me: int, query: dict[str, str], body: Any, person: str) -> Answer:
        number = create_message(self, me, int(person), body)
        conversation = "-".join(map(str, sorted((me, int(person)))))
        return 201, {"data": {"dm_conversation_id": conversation, "dm_event_id": str(number)}}

    def _subscriptions(self, me: int, query: dict[str, str], body: Any) -> Answer:
        return 200, {"data": self.asked_to_tell} if self.asked_to_tell else {}

    def _subscribe(self, me: int, query: dict[str, str], body: Any) -> Answer:
        if int(body["filter"]["user_id"]) != me:
            raise Refused(403, "Forbidden", "this account has not let the app in")
        number = self.state.new_id()
        made = {**body, "subscription_id": str(number), "created_at": moment(number), "updated_at": moment(number)}
        self.asked_to_tell.append(made)
        return 200, {"data": {"subscription": made}}

    def _hide_message(self, me: int, query: dict[str, str], body: Any, message: str) -> Answer:
        self.state.do("INSERT OR IGNORE INTO hidden_messages VALUES (?, ?)", int(message), me)
        return 200, {"data": {"deleted": True}}


def bucket_of(method: str, path: str) -> str:
    """Return the bucket of a request, as `LIMITS` names it."""
    for ending in ("mentions", "dm_events", "messages"):
        if path.endswith(f"/{ending}"):
            return f"{method} {ending}"
    return f"{method} /2/tweets" if path.startswith("/2/tweets") and method != "GET" else f"{method} {path}"


def problem(status: int, title: str, detail: str, kind: str = "about:blank") -> Answer:
    """Return a refusal as X writes it."""
    full = kind if ":" in kind else f"https://api.twitter.com/2/problems/{kind}"
    return status, {"title": title, "type": full, "status": status, "detail": detail}


def missing(kind: str, value: str, *, parameter: str = "id") -> dict[str, Any]:
    """Return what stands in an answer for something that is not there."""
    return {
        "value": value,
        "detail": f"Could not find {kind} with {parameter}: [{value}].",
        "title": "Not Found Error",
        "resource_type": kind,
        "parameter": parameter,
        "resource_id": value,
        "type": "https://api.x.com/2/problems/resource-not-found",
    }
