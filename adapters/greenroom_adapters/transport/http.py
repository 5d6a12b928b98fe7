"""One HTTP connection pool with deadlines, whose failures say whether something may have gone out."""

import enum
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Self, TypeVar

import aiohttp
import msgspec
import yarl

from greenroom_adapters.contract import (
    AdapterError,
    AuthenticationFailed,
    ConfigurationError,
    Forbidden,
    MediaRefused,
    OutcomeUnknown,
    PostRejected,
    RateLimited,
    Secret,
    TargetGone,
    Unavailable,
)
from greenroom_adapters.transport.limits import read_quota, read_retry_after
from greenroom_adapters.transport.redaction import Redactor

__all__ = ["Answer", "Effect", "Http", "Refusal", "system_now"]

T = TypeVar("T")

CONNECT_SECONDS = 10.0
IDLE_SECONDS = 4.0
"""An idle connection is dropped before the usual servers drop it (5 s and more), so that a write seldom meets a
connection that is being closed: that would be an unknown outcome for nothing."""
BODY_CAP = 8 * 1024 * 1024
EXCERPT = 200
"""How much of a platform's own words a message of ours repeats, in characters."""
JSON = "application/json"
CLOSE_TIMEOUT = aiohttp.ClientWSTimeout(ws_close=2.0)  # pyright: ignore[reportCallIssue] - fields made by attrs
"""How long the other side may take to agree to the end of a stream."""


class Effect(enum.Enum):
    """What it means when the answer to a request is lost."""

    REPEATABLE = "repeatable"
    """Doing it twice is doing it once (reads, uploads, likes, deletions): a lost answer is `Unavailable`."""
    ONCE = "once"
    """Doing it twice shows: a lost answer is `OutcomeUnknown`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back, read to its end."""

    status: int
    headers: Mapping[str, str]
    """Names compare without regard to case."""
    body: bytes
    effect: Effect
    """Of the request, so that an unreadable body can be judged."""


Refusal = Callable[[Answer], tuple[type[PostRejected], str] | None]
"""A platform's own reading of a 4xx answer: which refusal it is, in the platform's words; None: judge by status."""

REFUSALS: Mapping[int, type[PostRejected]] = {
    403: Forbidden,
    404: TargetGone,
    410: TargetGone,
    415: MediaRefused,
}
NOT_ACTED_UPON = frozenset({408, 425})
"""Client errors that ask for the same request again: it was not read to its end, or too early."""


def system_now() -> datetime:
    """Return the machine's present moment, aware, in UTC."""
    return datetime.fromtimestamp(time.time(), UTC)


def no_refusal(answer: Answer) -> None:
    """Leave every refusal to its status."""


class _SentAgain(aiohttp.ClientError):
    """The HTTP client was about to repeat a write by itself."""


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
    host), nothing is retried, cookies are not kept.
    """

    def __init__(
        self,
        base_url: str,
        *,
        platform: str,
        account: str,
        secrets: Iterable[Secret] = (),
        refusal: Refusal = no_refusal,
        quota_prefix: str = "X-RateLimit",
        deadline: timedelta = timedelta(seconds=20),
        body_cap: int = BODY_CAP,
        connections: int = 100,
        wait_without_hint: timedelta = timedelta(seconds=60),
        now: Callable[[], datetime] = system_now,
    ) -> None:
        """Prepare; nothing is opened yet.

        `deadline` is for calls that name none; `body_cap` in bytes; `wait_without_hint` is the wait after a 429 that
        does not say how long.

        :raises ConfigurationError: `base_url` is not an address
        """
        self.platform = platform
        self.account = account
        self.redactor = Redactor(secrets)
        self._base = _checked(base_url, platform, self.redactor)
        self._refusal = refusal
        self._quota_prefix = quota_prefix
        self._deadline = deadline
        self._body_cap = body_cap
        self._connections = connections
        self._wait_without_hint = wait_without_hint
        self._now = now
        self._authorization: dict[str, str] = {}
        self._session: aiohttp.ClientSession | None = None
        self._urls: dict[str, yarl.URL] = {}

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=self._connections, keepalive_timeout=IDLE_SECONDS),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"User-Agent": "Greenroom"},
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

    def authorize(self, token: Secret) -> None:
        """Send `Authorization: Bearer` with this token from now on, and mask it in every message."""
        self.redactor.learn(token)
        self._authorization = {"Authorization": f"Bearer {token.reveal()}"}

    async def call(
        self,
        method: str,
        path: str,
        *,
        effect: Effect,
        query: Mapping[str, str] | None = None,
        json: object = None,
        form: aiohttp.FormData | None = None,
        headers: Mapping[str, str] | None = None,
        deadline: timedelta | None = None,
    ) -> Answer:
        """Send one request and read its answer to the end; return it when its status is 2xx.

        `path` begins with a slash and is already quoted. `json` is anything that msgspec encodes; or `form`.

        :raises PostRejected: the platform refuses it; which refusal, `Refusal` and the status say
        :raises AuthenticationFailed: 401
        :raises RateLimited: 429
        :raises Unavailable: nothing was sent, or the effect is repeatable and the answer was lost or a failure
        :raises OutcomeUnknown: an effect that shows, and the answer was lost, cut, too large or a 5xx
        """
        session = self._session
        if session is None:
            raise RuntimeError("enter the transport before using it")
        progress = _Progress(once=effect is Effect.ONCE)
        all_headers = {**self._authorization, **(headers or {})}
        data: aiohttp.FormData | bytes | None = form
        if json is not None:
            data = msgspec.json.encode(json)
            all_headers["Content-Type"] = JSON
        seconds = max(0.001, (self._deadline if deadline is None else deadline).total_seconds())
        try:
            async with session.request(
                method,
                self._url(path),
                params=query,
                data=data,
                headers=all_headers,
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=seconds, connect=min(seconds, CONNECT_SECONDS)),
                middlewares=(progress,),
            ) as response:
                body = await self._read(response)
                answer = Answer(status=response.status, headers=response.headers, body=body, effect=effect)
        except (aiohttp.ClientError, OSError, ValueError) as exc:
            # ValueError: an answer whose framing or encoding is broken beyond what aiohttp wraps.
            raise self._lost(method, path, effect, progress, exc) from self.redactor.cause(exc)
        if 200 <= answer.status < 300:
            return answer
        raise self._refused(method, path, answer)

    def decode(self, answer: Answer, decoder: "msgspec.json.Decoder[T]") -> T:
        """Return the body as what `decoder` reads.

        :raises OutcomeUnknown: it is something else, and the request may have had its effect
        :raises Unavailable: it is something else, and the request may be repeated
        """
        try:
            return decoder.decode(answer.body)
        except (msgspec.DecodeError, UnicodeDecodeError) as exc:
            words = f"{self.platform} answered something unreadable: {exc}"
            raise self._inconclusive(words, once=answer.effect is Effect.ONCE) from None

    def error(self, kind: type[AdapterError], words: str) -> AdapterError:
        """Return an error of this account, its words without secrets."""
        return kind(self.redactor.clean(words), platform=self.platform, account=self.account)

    async def open_websocket(
        self, path: str, *, query: Mapping[str, str], heartbeat: timedelta, message_cap: int
    ) -> aiohttp.ClientWebSocketResponse:
        """Open a WebSocket; whoever opened it closes it. Pings after `heartbeat` of silence and closes it
        when no answer comes within half of that.

        :raises AuthenticationFailed: the platform does not let this account in
        :raises Unavailable: it could not be opened
        """
        session = self._session
        if session is None:
            raise RuntimeError("enter the transport before using it")
        try:
            return await session.ws_connect(
                self._url(path).with_query(query),
                headers=self._authorization,
                heartbeat=heartbeat.total_seconds(),
                max_msg_size=message_cap,
                timeout=CLOSE_TIMEOUT,
            )
        except aiohttp.WSServerHandshakeError as exc:
            # Never chained: its representation carries the request's headers, the token among them.
            kind = AuthenticationFailed if exc.status in (401, 403) else Unavailable
            raise self.error(kind, f"{self.platform}: {path} answered {exc.status} to a stream") from None
        except (aiohttp.ClientError, OSError, ValueError) as exc:
            words = f"{self.platform}: no stream from {path}: {_words(exc)}"
            raise self.error(Unavailable, words) from self.redactor.cause(exc)

    def _url(self, path: str) -> yarl.URL:
        # Parsing an address costs as much as encoding the post; the fixed ones are few and kept.
        known = self._urls.get(path)
        if known is None:
            known = yarl.URL(self._base + path, encoded=True)
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
                raise aiohttp.ClientPayloadError(f"the answer is larger than {self._body_cap} bytes")
            parts.append(part)
        return b"".join(parts)

    def _lost(self, method: str, path: str, effect: Effect, progress: _Progress, exc: Exception) -> AdapterError:
        when = "after it was sent" if progress.sent else "before it was sent"
        words = f"{self.platform}: {method} {path} failed {when}: {_words(exc)}"
        return self._inconclusive(words, once=progress.sent and effect is Effect.ONCE)

    def _inconclusive(self, words: str, *, once: bool) -> AdapterError:
        return self.error(OutcomeUnknown if once else Unavailable, words)

    def _refused(self, method: str, path: str, answer: Answer) -> AdapterError:
        status = answer.status
        called = f"{self.platform}: {method} {path} answered {status}"
        if status == 401:
            return self.error(AuthenticationFailed, called)
        if status == 429:
            return RateLimited(
                self.redactor.clean(called),
                retry_after=self._wait(answer),
                platform=self.platform,
                account=self.account,
            )
        if status in NOT_ACTED_UPON:
            return self.error(Unavailable, called)
        if not 400 <= status < 500:
            return self._inconclusive(called, once=answer.effect is Effect.ONCE)
        known = self._refusal(answer)
        if known is not None:
            kind, said = known
            return self.error(kind, f"{called}: {_excerpt(said)}")
        said = answer.body[: 4 * EXCERPT].decode("utf-8", "replace")
        return self.error(REFUSALS.get(status, PostRejected), f"{called}: {_excerpt(said)}")

    def _wait(self, answer: Answer) -> timedelta:
        now = self._now()
        asked = read_retry_after(answer.headers, now=now)
        if asked is not None:
            return asked
        quota = read_quota(answer.headers, prefix=self._quota_prefix, now=now)
        if quota is not None and quota.remaining == 0:
            return max(timedelta(0), quota.resets_at - now)
        return self._wait_without_hint


def _checked(base_url: str, platform: str, redactor: Redactor) -> str:
    try:
        url = yarl.URL(base_url)
    except ValueError:
        url = yarl.URL()
    if url.scheme not in ("http", "https") or not url.host:
        raise ConfigurationError(redactor.clean(f"{platform}: {base_url!r} is not an http or https address"))
    return str(url).rstrip("/")


def _words(exc: BaseException) -> str:
    if isinstance(exc, TimeoutError):
        return "out of time"
    return _excerpt(str(exc)) or type(exc).__name__


def _excerpt(text: str) -> str:
    """Return the beginning of somebody else's words, on one line and without control characters."""
    line = "".join(character if character.isprintable() else " " for character in text[: 2 * EXCERPT])
    line = " ".join(line.split())
    return line if len(line) <= EXCERPT else line[: EXCERPT - 1] + "…"
