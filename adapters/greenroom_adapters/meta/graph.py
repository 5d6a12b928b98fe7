"""One account's way to the Graph API: whose token, which version, and the proof that the app's secret is known."""

import hashlib
import hmac
import logging
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping
from datetime import datetime, timedelta
from types import TracebackType
from typing import Self, TypeVar
from urllib.parse import urlencode

import msgspec

from greenroom_adapters.contract import AdapterError, Secret
from greenroom_adapters.meta.errors import refusal
from greenroom_adapters.meta.usage import wait
from greenroom_adapters.meta.wire import PAGES, WirePage
from greenroom_adapters.transport import Answer, Effect, Form, Http, fitting

__all__ = ["Graph", "OutOfReach", "page_by_page"]

logger = logging.getLogger(__name__)

T = TypeVar("T")

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class OutOfReach(Exception):
    """What a list shows is not all that it has from a moment on: it ends before that, or a row cannot be read. What was
    not seen there may be there all the same."""


class Graph:
    """The calls. Each raises the errors of `Http.call`. An async context manager."""

    def __init__(
        self,
        base_url: str,
        *,
        version: str,
        platform: str,
        account: str,
        token: Secret | None,
        app_secret: Secret | None,
        deadline: timedelta,
        now: Callable[[], datetime],
        secrets: Iterable[Secret] = (),
    ) -> None:
        """`token` is whose calls these are; None: nobody's yet. With the `app_secret` every call proves that it comes
        from the app.

        :raises ConfigurationError: `base_url` is not an address
        """
        known = [secret for secret in (token, app_secret, *secrets) if secret is not None]
        self.http = Http(
            base_url,
            platform=platform,
            account=account,
            secrets=known,
            refusal=refusal,
            wait=wait,
            deadline=deadline,
            now=now,
        )
        self.pages: msgspec.json.Decoder[WirePage] = PAGES
        """Reads a page of a list."""
        self.name = platform.capitalize()
        """What the platform is called."""
        self._version = version.strip("/")
        self._app_secret = app_secret
        self._proof: dict[str, str] = {}
        self.token: Secret | None = None
        """Whose calls these are."""
        if token is not None:
            self.use(token)

    def use(self, token: Secret) -> None:
        """Call with this token from now on."""
        self.token = token
        self.http.authorize(token)
        if self._app_secret is not None:
            proof = hmac.new(self._app_secret.reveal().encode(), token.reveal().encode(), hashlib.sha256).hexdigest()
            self.http.redactor.learn(Secret(proof))
            self._proof = {"appsecret_proof": proof}

    async def __aenter__(self) -> Self:
        await self.http.__aenter__()
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None
    ) -> None:
        await self.http.aclose()

    async def get(self, path: str, decoder: "msgspec.json.Decoder[T]", **query: str) -> T:
        """Read something."""
        answer = await self.http.call("GET", self.path(path), effect=Effect.REPEATABLE, query={**query, **self._proof})
        return self.http.decode(answer, decoder)

    async def post(
        self, path: str, fields: Mapping[str, str], *, effect: Effect, deadline: timedelta | None = None
    ) -> Answer:
        """Change something."""
        return await self.http.call(
            "POST",
            self.path(path),
            effect=effect,
            query=self._proof,
            content=urlencode(fields).encode(),
            headers=FORM,
            deadline=deadline,
        )

    async def upload(self, path: str, form: Form, *, deadline: timedelta | None = None) -> Answer:
        """Bring a file that nobody sees yet."""
        return await self.http.call(
            "POST", self.path(path), effect=Effect.REPEATABLE, query=self._proof, form=form, deadline=deadline
        )

    async def delete(self, path: str) -> Answer:
        """Take something away."""
        return await self.http.call("DELETE", self.path(path), effect=Effect.REPEATABLE, query=self._proof)

    def path(self, path: str) -> str:
        """Return where something is found in the account's version of the API."""
        return f"/{self._version}{path}" if self._version else path

    def error(self, kind: type[AdapterError], words: str) -> AdapterError:
        """Return an error of this account, its words without secrets."""
        return self.http.error(kind, words)


async def page_by_page(
    graph: Graph, path: str, *, most: int, limit: int, **query: str
) -> AsyncGenerator[WirePage, None]:
    """Yield the pages of a list until it ends, at most so many, of at most `limit` rows each: of as many fewer as make
    an answer small enough, for strangers choose how long a row is. Whoever wants more than one page and reads all of
    these has not come to what he looked for: that is told to the log."""
    after: dict[str, str] = {}

    async def read(rows: int) -> WirePage:
        return await graph.get(path, graph.pages, **query, limit=str(rows), **after)

    for _ in range(most):
        page, limit = await fitting(read, limit)
        yield page
        if not page.after or page.after == after.get("after"):
            return
        after = {"after": page.after}
    if most > 1:
        logger.warning("%s is longer than %d pages: what is older is not looked at", path, most)
