"""A strict Graph API for tests, on loopback: takes what Meta takes, refuses what Meta refuses, and forgets nothing.

Written from what is documented of it. A parameter or a field that it does not know is refused, as is one without the
permission; every such refusal is in `violations`, unless a test has ordered it.
"""

import hashlib
import hmac
import json
import re
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from aiohttp import BodyPartReader, ClientSession, web
from graph_fields import Asked, GraphError, read_fields
from graph_state import GraphState
from typing_extensions import override

from greenroom_adapters.testing.own_loop import OwnLoop
from greenroom_adapters.testing.serving import Serving, serving

__all__ = ["Call", "GraphServer", "Refusing", "Route"]

VERSION = "v25.0"
UNVERSIONED = frozenset({"refresh_access_token"})
ALWAYS = frozenset({"fields", "limit", "after", "appsecret_proof"})


@dataclass
class Call:
    """One request, read."""

    server: "GraphServer"
    account: str
    scopes: frozenset[str]
    match: re.Match[str]
    parameters: dict[str, str]
    file: bytes | None = None

    @property
    def state(self) -> GraphState:
        """What is remembered."""
        return self.server.state

    @property
    def fields(self) -> dict[str, Asked]:
        """What of the answer is asked for."""
        return read_fields(self.parameters.get("fields", "id"))

    def page(self, rows: list[Any], shown: Callable[[Any], dict[str, Any]]) -> dict[str, Any]:
        """Return the page of a list that is asked for."""
        limit = int(self.parameters.get("limit", "25"))
        begin = int(self.parameters.get("after", "0"))
        return paged(rows[begin:], shown, limit, begin=begin)


def paged(rows: list[Any], shown: Callable[[Any], dict[str, Any]], limit: int, *, begin: int = 0) -> dict[str, Any]:
    """Return the first rows of a list as Graph shows a page."""
    if not 0 <= limit <= 100:
        raise GraphError(100, "(#100) Param limit must be a number from 0 to 100")
    told: dict[str, Any] = {"data": [shown(row) for row in rows[:limit]]}
    if rows:
        told["paging"] = {"cursors": {"before": str(begin), "after": str(begin + limit)}}
        if len(rows) > limit:
            told["paging"]["next"] = "https://graph.facebook.com/next"
    return told


Handler = Callable[[Call], Awaitable[Any]]


@dataclass(frozen=True)
class Route:
    """One thing that can be asked of the API."""

    method: str
    path: re.Pattern[str]
    parameters: frozenset[str]
    scope: str | None
    handler: Handler


@dataclass
class Refusing:
    """An order to refuse what comes next."""

    method: str
    path: str
    error: GraphError
    count: int


class GraphServer(OwnLoop):
    """The server, in a thread and a loop of its own: none of its tasks is in the test's loop. A context manager."""

    def __init__(
        self,
        routes: "list[Route]",
        *,
        data: Path | None = None,
        refuses_duplicates: bool = True,
        version: str = VERSION,
    ) -> None:
        super().__init__("graph")
        self.state = GraphState(data)
        self.violations: list[str] = []
        """What was not as Meta documents it."""
        self.calls: list[tuple[str, str]] = []
        """(method, path) of every request that had an account behind it."""
        self.refusals: list[Refusing] = []
        self.app_id, self.app_secret = "7001", "app-secret-of-tests"
        self.usage = 3
        """Percent of the app's limit that is used."""
        self.subscribed: list[str] = []
        """What the app is told of."""
        self.proxied = ""
        """Where the app's proxy leads to, whatever the host of the webhook."""
        self.refuses_duplicates = refuses_duplicates
        self.processing = 0.0
        """Seconds for which a container is in progress."""
        self.posts_a_day = 50
        self.answers_a_day = 1000
        self.strange: list[Any] = []
        """What else stands in the list of those who named the account, whatever it is."""
        self._routes = routes
        self._version = version
        self._stack = AsyncExitStack()
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

    def refuse(
        self,
        error: GraphError,
        *,
        method: str = "POST",
        path: str = ".*",
        count: int = 1,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Refuse the next requests of a kind, before anything is done."""
        error.headers = headers or {}
        self.refusals.append(Refusing(method, path, error, count))

    @override
    async def _start(self) -> None:
        app = web.Application(client_max_size=64 * 1024 * 1024)
        app.router.add_route("*", "/{path:.*}", self._serve)
        served: Serving = await self._stack.enter_async_context(serving(app, port=self._port))
        self._stack.callback(served.cut)
        self._port = served.port

    @override
    async def _stop(self) -> None:
        await self._stack.aclose()

    def is_watched(self, *lists: str) -> bool:
        """Say whether each of these lists that were asked for once, to know where it stands, was looked at since."""
        asked = Counter(path for method, path in self.calls if method == "GET" and path.endswith(lists))
        return bool(asked) and min(asked.values()) > 1

    # Calls to the app ------------------------------------------------------------------------------------------------

    def knock(self, told: Any, *, signed_with: str | None = None) -> int:
        """Call the webhook with this, signed; return the status of the answer."""
        return self._run(self._knock(told if isinstance(told, bytes) else json.dumps(told).encode(), signed_with))

    async def _knock(self, body: bytes, signed_with: str | None) -> int:
        digest = hmac.new((signed_with or self.app_secret).encode(), body, hashlib.sha256).hexdigest()
        headers = {"X-Hub-Signature-256": f"sha256={digest}", "Content-Type": "application/json"}
        async with ClientSession() as client, client.post(self.proxied, data=body, headers=headers) as answer:
            return answer.status

    def verify(self, word: str, *, challenge: str = "1158201444") -> str | None:
        """Ask the webhook whether it is the right one, as the dashboard does; return its answer, None: it is not."""
        return self._run(self._verify({"hub.mode": "subscribe", "hub.verify_token": word, "hub.challenge": challenge}))

    async def _verify(self, query: dict[str, str]) -> str | None:
        async with ClientSession() as client, client.get(self.proxied, params=query) as answer:
            return await answer.text() if answer.status == 200 else None

    # One request -----------------------------------------------------------------------------------------------------

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        try:
            answer = web.json_response(await self._answer(request))
        except GraphError as refused:
            answer = web.json_response({"error": refused.body}, status=refused.status)
            answer.headers.update(refused.headers)
        used = {"call_count": self.usage, "total_time": 1, "total_cputime": 1}
        answer.headers.setdefault("X-App-Usage", json.dumps(used))
        return answer

    async def _answer(self, request: web.Request) -> Any:
        version, _, path = request.path.lstrip("/").partition("/")
        if version in UNVERSIONED:
            version, path = self._version, version
        if version != self._version:
            self._wrong(f"version {version}")
            raise GraphError(2635, "(#2635) You are calling a deprecated version of the Ads API.")
        parameters, file = await _read(request)
        for route in self._routes:
            if route.method == request.method and (match := route.path.fullmatch(f"/{path}")):
                break
        else:
            self._wrong(f"{request.method} /{path}")
            raise GraphError(100, f"Unsupported {request.method.lower()} request.", subcode=33)
        if route.scope == "app":
            return await route.handler(Call(self, "", frozenset(), match, parameters, file))
        account, scopes = self._behind(request, parameters)
        self.calls.append((request.method, f"/{path}"))
        self._maybe_refuse(request.method, f"/{path}")
        if strange := parameters.keys() - route.parameters - ALWAYS:
            self._wrong(f"{request.method} /{path}: {sorted(strange)}")
            raise GraphError(100, f"(#100) Unknown parameter: {sorted(strange)[0]}")
        if route.scope is not None and route.scope not in scopes:
            raise GraphError(200, f"(#200) Requires {route.scope} permission to manage the object", status=403)
        try:
            with self.state.lock:
                made = route.handler(Call(self, account, scopes, match, parameters, file))
            return await made
        except GraphError as refused:
            if refused.body["code"] in (100, 2500) and "nonexisting field" in str(refused):
                self._wrong(f"{request.method} /{path}: {refused}")
            raise

    def _behind(self, request: web.Request, parameters: dict[str, str]) -> tuple[str, frozenset[str]]:
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        row = self.state.one("SELECT * FROM tokens WHERE token = ?", token)
        if row is None:
            words = "Error validating access token: The session has been invalidated since its password was changed"
            raise GraphError(190, words, subcode=460)
        proof = hmac.new(self.app_secret.encode(), token.encode(), hashlib.sha256).hexdigest()
        if parameters.get("appsecret_proof", proof) != proof:
            self._wrong("a wrong appsecret_proof")
            raise GraphError(100, "Invalid appsecret_proof provided in the API argument")
        return str(row["account"]), frozenset(json.loads(row["scopes"]))

    def _maybe_refuse(self, method: str, path: str) -> None:
        for order in self.refusals:
            if order.count and order.method == method and re.search(order.path, path):
                order.count -= 1
                raise order.error

    def _wrong(self, what: str) -> None:
        self.violations.append(what)


async def _read(request: web.Request) -> tuple[dict[str, str], bytes | None]:
    """Return the parameters of a request, wherever they stand, and the file that it brings."""
    parameters, file = dict(request.query), None
    if request.content_type == "multipart/form-data":
        async for part in await request.multipart():
            assert isinstance(part, BodyPartReader)
            assert part.name is not None
            if part.name == "source":
                file = bytes(await part.read())
            else:
                parameters[part.name] = await part.text()
    elif request.method == "POST":
        parameters |= {name: str(value) for name, value in (await request.post()).items()}
    return parameters, file
