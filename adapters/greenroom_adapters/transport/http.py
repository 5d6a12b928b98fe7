"""One HTTP connection pool with deadlines, whose failures say whether something may have gone out."""

import asyncio
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from types import TracebackType
from typing import Any, Self, TypeVar, cast

import aiohttp
import msgspec
import yarl

from greenroom_adapters.contract import (
    AdapterError,
    AuthenticationFailed,
    ConfigurationError,
    Secret,
    Unavailable,
)
from greenroom_adapters.transport.judging import (
    DOUBT,
    Answer,
    Effect,
    Judge,
    Refusal,
    Wait,
    doubted,
    no_refusal,
    no_wait,
    system_now,
)
from greenroom_adapters.transport.limits import read_http_date
from greenroom_adapters.transport.nesting import flattened, levelled
from greenroom_adapters.transport.paging import AnswerTooLarge
from greenroom_adapters.transport.redaction import Redactor
from greenroom_adapters.transport.sockets import Sockets

__all__ = ["Form", "Heard", "Http", "Query"]

T = TypeVar("T")

CONNECT_SECONDS = 10.0
IDLE_SECONDS = 4.0
"""An idle connection is dropped before the usual servers drop it (5 s and more), so that a write seldom meets a
connection that is being closed: that would be an unknown outcome for nothing."""
BODY_CAP = 8 * 1024 * 1024
REFUSAL_CAP = 256 * 1024
"""So much is read of what stands in a refusal, in bytes: a stranger may send one that takes seconds to read."""
AT_ONCE = 512 * 1024
"""So much is sent at once, in bytes."""
BEGINNING = 4096
"""How much is kept of an answer that is too large, in bytes."""
JSON = "application/json"
CLOSE_TIMEOUT = aiohttp.ClientWSTimeout(ws_close=2.0)  # pyright: ignore[reportCallIssue] - fields made by attrs
"""How long the other side may take to agree to the end of a stream."""


Form = Callable[[], aiohttp.FormData]
"""Makes the form anew for each time it is sent: it is read off on the way."""

Query = Mapping[str, str | Sequence[str]]
"""Parameters by name; one with several values is given several times."""

Heard = Callable[[str, str, Answer], None]
"""Called with the method and the path of a request and its answer, before the answer is judged. Must not raise."""


def hear_nothing(method: str, path: str, answer: Answer) -> None:
    """Leave every answer to its judge."""


class _SentAgain(aiohttp.ClientError):
    """The HTTP client was about to repeat a write by itself."""


async def _stay(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """Follow no redirect: a middleware of the HTTP client, whose handshakes of WebSockets follow them to anywhere."""
    response = await handler(request)
    if "Upgrade" in request.headers and 300 <= response.status < 400:
        response.close()
        raise aiohttp.ClientError(f"it answers {response.status}, a redirect, which is not followed")
    return response


class _Overlong(aiohttp.ClientPayloadError):
    """The answer is larger than the cap."""

    def __init__(self, cap: int, beginning: bytes) -> None:
        super().__init__(f"the answer is larger than {cap} bytes")
        self.beginning = beginning


class _Progress:
    """How far one request came: a middleware of the HTTP client, called once for each time it tries."""

    __slots__ = ("_once", "_request")

    def __init__(self, *, once: bool) -> None:
        self._once = once
        self._request: aiohttp.ClientRequest | None = None

    async def __call__(
        self, request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
    ) -> aiohttp.ClientResponse:
        # aiohttp repeats PUT and DELETE on a fresh connection when a kept one breaks. A write is repeated by delivery
        # or not at all.
        if self._once and self.sent:
            raise _SentAgain("the connection broke after the request was sent")
        self._request = request
        return await handler(request)

    @property
    def sent(self) -> bool:
        """Whether a first byte may have left. A request has its response object from the moment in which it is handed
        to a connection; until then it waited for one."""
        return self._request is not None and self._request.response is not None


class Http:
    """One account's way to one platform: an async context manager around a connection pool.

    Made and closed by its owner, inside the running loop. Every call has a deadline, every answer a largest size, every
    failure is an `AdapterError` without a secret in it. Redirects are not followed (a token must not travel to another
    host), cookies are not kept.

    Nothing is retried but this: a 401 to the credentials of `authorize` is believed when it is said twice, a moment
    apart. What is sent `ONCE` is not sent again; where there is a `proof`, that is asked for instead, and if the
    platform knows the account there, the 401 is `Unavailable`. A 401 that the platform itself explains (`Refusal` says
    a kind of `AuthenticationFailed`) is believed at once.
    """

    def __init__(
        self,
        base_url: str,
        *,
        platform: str,
        account: str,
        secrets: Iterable[Secret] = (),
        refusal: Refusal = no_refusal,
        wait: Wait = no_wait,
        heard: Heard = hear_nothing,
        quota_prefix: str = "X-RateLimit",
        deadline: timedelta = timedelta(seconds=20),
        body_cap: int = BODY_CAP,
        connections: int = 100,
        keep_alive: bool = True,
        proof: str | None = None,
        sockets: Sockets | None = None,
        wait_without_hint: timedelta = timedelta(seconds=60),
        now: Callable[[], datetime] = system_now,
    ) -> None:
        """Prepare; nothing is opened yet.

        `deadline` is for calls that name none; `body_cap` in bytes; `wait_without_hint` is the wait after a 429 that
        does not say how long. Without `keep_alive` every request has a connection of its own: for servers that close
        them without a word, where a write on a kept one would have an unknown outcome for nothing. `proof` is a path
        that answers whoever has good credentials. `sockets` makes the socket for an address to which a name was
        resolved; `sockets.public_socket`: only for public ones.

        :raises ConfigurationError: `base_url` is not an address
        """
        self.platform = platform
        self.account = account
        self.redactor = Redactor(secrets)
        self.base_url = _checked(base_url, platform, self.redactor)
        self._heard = heard
        self._deadline = deadline
        self._body_cap = body_cap
        self._connections = connections
        self._keep_alive = keep_alive
        self._proof = proof
        self._sockets = sockets
        self._judge = Judge(
            platform=platform,
            account=account,
            redactor=self.redactor,
            refusal=refusal,
            wait=wait,
            quota_prefix=quota_prefix,
            wait_without_hint=wait_without_hint,
            now=now,
        )
        self._now = now
        self._latest: tuple[str, datetime] | None = None
        """The date of the last answer, as it says it, and when it came."""
        self._authorization: dict[str, str] = {}
        self._session: aiohttp.ClientSession | None = None
        self._urls: dict[str, yarl.URL] = {}

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=self._connections,
                keepalive_timeout=IDLE_SECONDS if self._keep_alive else None,
                force_close=not self._keep_alive,
                socket_factory=cast(Any, self._sockets),  # aiohttp's own type of a destination is not known whole
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"User-Agent": "Greenroom"},
            middlewares=(_stay,),
        )
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close every connection. Safe to call twice."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    def authorize(self, token: Secret, *, scheme: str = "Bearer") -> None:
        """Send `Authorization` with this scheme and token from now on, and mask the token in every message."""
        self.redactor.learn(token)
        self._authorization = {"Authorization": f"{scheme} {token.reveal()}"}

    async def call(
        self,
        method: str,
        path: str,
        *,
        effect: Effect,
        query: Query | None = None,
        json: object = None,
        form: Form | None = None,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        deadline: timedelta | None = None,
    ) -> Answer:
        """Send one request and read its answer to the end; return it when its status is 2xx.

        `path` begins with a slash and is already quoted. `json` is anything that msgspec encodes; or `form`; or
        `content`, as it is, with its type among the `headers`.

        :raises PostRejected: the platform refuses it; which refusal, `Refusal` and the status say
        :raises AuthenticationFailed: 401; a kind of it, where `Refusal` says so
        :raises RateLimited: 429
        :raises Unavailable: nothing was sent, or the effect is repeatable and the answer was lost or a failure
        :raises AnswerTooLarge: so, because the answer is over the cap
        :raises OutcomeUnknown: an effect that shows, and the answer was lost, cut, too large or a 5xx
        """
        own = headers or {}
        all_headers = {**self._authorization, **own}
        body = content
        if json is not None:
            body = msgspec.json.encode(json)
            all_headers["Content-Type"] = JSON
        clock = asyncio.get_running_loop().time
        ends = clock() + max(0.001, (self._deadline if deadline is None else deadline).total_seconds())

        async def ask() -> Answer:
            data = _by_and_by(body) if form is None else form()
            return await self._ask(method, path, effect, query, data, all_headers, seconds=max(0.001, ends - clock()))

        answer = await ask()
        # whoever sends credentials of his own renews them
        has_ours = bool(self._authorization) and "Authorization" not in own
        if has_ours and self._judge.is_doubtful(answer) and clock() + DOUBT < ends:
            if await doubted(effect):
                answer = await ask()
            elif self._proof is not None and await self._is_known(self._proof, seconds=ends - clock()):
                words = f"{self.platform}: {method} {path} answered {answer.status} and knows the account all the same"
                raise self.error(Unavailable, words)
        if 200 <= answer.status < 300:
            return answer
        raise self._judge.refused(method, path, answer)

    async def _ask(
        self,
        method: str,
        path: str,
        effect: Effect,
        query: Query | None,
        data: aiohttp.FormData | bytes | io.BytesIO | None,
        headers: Mapping[str, str],
        *,
        seconds: float,
    ) -> Answer:
        """Send one request and return its answer, whatever its status."""
        session = self._session
        if session is None:
            raise RuntimeError("enter the transport before using it")
        progress = _Progress(once=effect.shows)
        try:
            async with session.request(
                method,
                self._url(path),
                params=query,
                data=data,
                headers=headers,
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=seconds, connect=min(seconds, CONNECT_SECONDS)),
                middlewares=(progress,),
            ) as response:
                body = await self._read(response)
                if response.status >= 400:  # the platform's own reading of it must not run out of depth
                    body = levelled(body[:REFUSAL_CAP])
                answer = Answer(status=response.status, headers=response.headers, body=body, effect=effect)
        except (aiohttp.ClientError, OSError, ValueError) as exc:
            # ValueError: an answer whose framing or encoding is broken beyond what aiohttp wraps.
            raise self._lost(method, path, effect, progress, exc) from self.redactor.cause(exc)
        self._latest = answer.headers.get("Date", ""), self._now()
        self._heard(method, path, answer)
        return answer

    async def _is_known(self, proof: str, *, seconds: float) -> bool:
        await asyncio.sleep(DOUBT)
        left = max(0.001, seconds - DOUBT)
        answer = await self._ask("GET", proof, Effect.REPEATABLE, None, None, self._authorization, seconds=left)
        return 200 <= answer.status < 300

    def decode(self, answer: Answer, decoder: "msgspec.json.Decoder[T]") -> T:
        """Return the body as what `decoder` reads; what is nested too deep to be read is null there.

        :raises OutcomeUnknown: it is something else, and the request may have had its effect
        :raises Unavailable: it is something else, and the request may be repeated
        """
        try:
            try:
                return decoder.decode(answer.body)
            except RecursionError:
                return decoder.decode(flattened(answer.body))
        except (msgspec.DecodeError, UnicodeDecodeError) as exc:
            words = f"{self.platform} answered something unreadable: {exc}"
            raise self._judge.inconclusive(words, once=answer.effect.shows) from None

    def dated(self, ours: datetime) -> tuple[datetime, datetime]:
        """Return between which moments the platform dates what was sent when our clock showed this: ours may be wrong
        by hours, and by how much, the platform's last answer tells."""
        if self._latest is None:
            return ours, ours
        date, came_at = self._latest
        its = ours + ((read_http_date(date) or came_at) - came_at)
        return min(ours, its), max(ours, its)

    def error(self, kind: type[AdapterError], words: str) -> AdapterError:
        """Return an error of this account, its words without secrets."""
        return self._judge.error(kind, words)

    async def open_websocket(
        self,
        path: str,
        *,
        query: Mapping[str, str],
        heartbeat: timedelta | None,
        message_cap: int,
        autoclose: bool = True,
    ) -> aiohttp.ClientWebSocketResponse:
        """Open a WebSocket; whoever opened it closes it. Pings after `heartbeat` of silence and closes it
        when no answer comes within half of that; None: the protocol above has heartbeats of its own. Without
        `autoclose` whoever reads it answers the other side's close.

        :raises AuthenticationFailed: the platform does not let this account in
        :raises RateLimited: the platform asks us to wait
        :raises Unavailable: it could not be opened
        """
        session = self._session
        if session is None:
            raise RuntimeError("enter the transport before using it")

        async def connect() -> aiohttp.ClientWebSocketResponse:
            return await session.ws_connect(
                self._url(path).with_query(query),
                headers=self._authorization,
                heartbeat=None if heartbeat is None else heartbeat.total_seconds(),
                max_msg_size=message_cap,
                autoclose=autoclose,
                timeout=CLOSE_TIMEOUT,
            )

        try:
            try:
                return await connect()
            except aiohttp.WSServerHandshakeError as exc:
                if exc.status != 401 or not self._authorization:
                    raise
                await asyncio.sleep(DOUBT)
                return await connect()
        except aiohttp.WSServerHandshakeError as exc:
            # Never chained: its representation carries the request's headers, the token among them.
            raise self._unopened(path, exc.status, exc.headers or {}) from None
        except (aiohttp.ClientError, OSError, ValueError) as exc:
            words = f"{self.platform}: no stream from {path}: {self._words(exc)}"
            raise self.error(Unavailable, words) from self.redactor.cause(exc)

    async def open_lines(
        self, path: str, *, query: Mapping[str, str], silence: timedelta, accept: str
    ) -> aiohttp.ClientResponse:
        """Begin to read an answer that does not end; whoever opened it closes it. Reading its `content` raises
        `TimeoutError` after this much `silence`.

        :raises AuthenticationFailed: the platform does not let this account in
        :raises RateLimited: the platform asks us to wait
        :raises Unavailable: it could not be opened
        """
        session = self._session
        if session is None:
            raise RuntimeError("enter the transport before using it")
        timeout = aiohttp.ClientTimeout(total=None, connect=CONNECT_SECONDS, sock_read=silence.total_seconds())

        async def connect() -> aiohttp.ClientResponse:
            return await session.get(
                self._url(path).with_query(query),
                headers={**self._authorization, "Accept": accept},
                allow_redirects=False,
                timeout=timeout,
            )

        try:
            response = await connect()
            if response.status == 401 and self._authorization:
                response.close()
                await asyncio.sleep(DOUBT)
                response = await connect()
        except (aiohttp.ClientError, OSError, ValueError) as exc:
            words = f"{self.platform}: no stream from {path}: {self._words(exc)}"
            raise self.error(Unavailable, words) from self.redactor.cause(exc)
        if response.status == 200:
            return response
        response.close()
        raise self._unopened(path, response.status, response.headers)

    def _url(self, path: str) -> yarl.URL:
        # Parsing an address costs as much as encoding the post; the fixed ones are few and kept.
        known = self._urls.get(path)
        if known is None:
            known = yarl.URL(self.base_url + path, encoded=True)
            if len(self._urls) < 64:
                self._urls[path] = known
        return known

    async def _read(self, response: aiohttp.ClientResponse) -> bytes:
        length = response.content_length
        if length is not None and length <= self._body_cap and "Content-Encoding" not in response.headers:
            return await response.read()
        parts: list[bytes] = []
        size = 0
        async for part in response.content.iter_any():
            size += len(part)
            if size > self._body_cap:
                response.close()
                raise _Overlong(self._body_cap, b"".join((*parts, part))[:BEGINNING])
            parts.append(part)
        return b"".join(parts)

    def _words(self, exc: BaseException) -> str:
        if isinstance(exc, TimeoutError):
            return "out of time"
        return self._judge.excerpt(str(exc)) or type(exc).__name__

    def _unopened(self, path: str, status: int, headers: Mapping[str, str]) -> AdapterError:
        """Return what it means that a stream was answered with this instead."""
        words = f"{self.platform}: {path} answered {status} to a stream"
        if status == 429:
            answer = Answer(status=status, headers=headers, body=b"", effect=Effect.REPEATABLE)
            return self._judge.rate_limited(words, answer)
        return self.error(AuthenticationFailed if status in (401, 403) else Unavailable, words)

    def _lost(self, method: str, path: str, effect: Effect, progress: _Progress, exc: Exception) -> AdapterError:
        when = "after it was sent" if progress.sent else "before it was sent"
        words = f"{self.platform}: {method} {path} failed {when}: {self._words(exc)}"
        if isinstance(exc, _Overlong) and effect is Effect.REPEATABLE:
            words = self.redactor.clean(words)
            return AnswerTooLarge(words, beginning=exc.beginning, platform=self.platform, account=self.account)
        return self._judge.inconclusive(words, once=progress.sent and effect.shows)


def _by_and_by(body: bytes | None) -> bytes | io.BytesIO | None:
    """Return a body as it is sent: a large one piece by piece, so that others have their turn meanwhile."""
    return io.BytesIO(body) if body is not None and len(body) > AT_ONCE else body


def _checked(base_url: str, platform: str, redactor: Redactor) -> str:
    try:
        url = yarl.URL(base_url)
        # a name that claims to be encoded, and is not, is found out here
        is_one = url.scheme in ("http", "https") and bool(url.host)
    except ValueError:
        url, is_one = yarl.URL(), False
    if not is_one:
        raise ConfigurationError(redactor.clean(f"{platform}: {base_url!r} is not an http or https address"))
    return str(url).rstrip("/")
