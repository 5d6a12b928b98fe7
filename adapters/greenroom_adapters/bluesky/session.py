"""The account's session: signing in, renewing what runs out, remembering it, and calls in its name."""

import asyncio
import base64
import binascii
import logging
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack, suppress
from datetime import datetime, timedelta
from types import TracebackType
from typing import Self

import msgspec
from typing_extensions import override

from greenroom_adapters.bluesky.errors import SessionExpired, refusal
from greenroom_adapters.bluesky.settings import BlueskySettings
from greenroom_adapters.bluesky.wire import SESSIONS, STANDINGS, WireSession, WireStanding
from greenroom_adapters.contract import AuthenticationFailed, Keep, PostRejected, Secret
from greenroom_adapters.transport import Answer, Effect, Http, Query, Redactor, doubted, system_now

__all__ = ["Session", "named_data_server"]

logger = logging.getLogger(__name__)

KEPT = "session"
"""Name under which the session is kept."""
BODY_CAP = 16 * 1024 * 1024


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """A session as it is kept: tokens, and whose they are."""

    server: str
    handle: str
    did: str
    access: str
    refresh: str
    pds: str

    @override
    def __repr__(self) -> str:
        return f"Kept(did={self.did!r})"


KEPTS = msgspec.json.Decoder(Kept)


class Claims(msgspec.Struct, frozen=True):
    """What a token says of itself; read without a proof, for words to the owner alone."""

    scope: str = ""


CLAIMS = msgspec.json.Decoder(Claims)


class Session:
    """One account, signed in: an async context manager.

    Signing in with a password is limited (30 in five minutes, 300 a day), so a session is kept over restarts where
    there is a place for it. Its tokens rotate: new ones are kept before they are used.
    """

    def __init__(
        self,
        settings: BlueskySettings,
        *,
        platform: str,
        account: str,
        answer_within: timedelta = timedelta(seconds=20),
        now: Callable[[], datetime] = system_now,
    ) -> None:
        self._settings = settings
        self._answer_within = answer_within
        self._now = now
        self._platform = platform
        self._account = account
        self._stack = AsyncExitStack()
        self._door = self._http(settings.server)
        """Where the account signs in."""
        self.http = self._door
        """The data server that keeps the account."""
        self._keep: Keep | None = None
        self._kept: Kept | None = None
        self._renewing = asyncio.Lock()

    @property
    def did(self) -> str:
        """The account's identity. Valid after entering."""
        return self._tokens().did

    @property
    def is_main_password(self) -> bool:
        """Whether the account signed in with its own password, which may do everything, instead of an app password."""
        return _scope(self._tokens().access) == "com.atproto.access"

    @property
    def allows_mail(self) -> bool:
        """Whether the session may pass direct messages on, as far as its token says."""
        return _scope(self._tokens().access) != "com.atproto.appPass"

    def keep_in(self, keep: Keep) -> None:
        """Remember the session here."""
        self._keep = keep

    @property
    def handle(self) -> str:
        """The handle that the account signs in with, without a leading @."""
        return self._settings.handle.removeprefix("@")

    async def __aenter__(self) -> Self:
        await self._stack.enter_async_context(self._door)
        try:
            await self._sign_in()
        except BaseException:
            await self._stack.aclose()
            raise
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close every connection. Safe to call twice."""
        await self._stack.aclose()

    async def call(
        self,
        method: str,
        name: str,
        *,
        effect: Effect,
        query: Query | None = None,
        json: object = None,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        deadline: timedelta | None = None,
    ) -> Answer:
        """Make one call of this name to the data server, which passes on what others answer.

        A call that was refused because the session had run out is made again with the new one: it had no effect. One
        whose session is refused for another reason is made again after a moment, where that does no harm (`doubted`).

        :raises AuthenticationFailed: there is no new session to be had
        """

        async def send(held: Kept) -> Answer:
            return await self.http.call(
                method,
                f"/xrpc/{name}",
                effect=effect,
                query=query,
                json=json,
                content=content,
                headers={**(headers or {}), **_bearer(held.access)},
                deadline=deadline,
            )

        held = self._tokens()
        try:
            return await send(held)
        except SessionExpired:
            held = await self._renew(held)
        except AuthenticationFailed:
            if not await doubted(effect):
                raise
        return await send(held)

    # Signing in ------------------------------------------------------------------------------------------------------

    async def _sign_in(self) -> None:
        kept = await self._load()
        if kept is not None:
            await self._use(kept)
            try:
                answer = await self.call("GET", "com.atproto.server.getSession", effect=Effect.REPEATABLE)
            except PostRejected:
                logger.info("the kept session is not accepted any more")
            else:
                self._check_active(self.http.decode(answer, STANDINGS))
                return
        await self._begin()

    async def _begin(self) -> Kept:
        """Sign in with the password."""
        settings = self._settings
        answer = await self._door.call(
            "POST",
            "/xrpc/com.atproto.server.createSession",
            effect=Effect.REPEATABLE,
            json={"identifier": self.handle, "password": settings.password.reveal()},
        )
        return await self._adopt(self._door.decode(answer, SESSIONS))

    async def _renew(self, held: Kept) -> Kept:
        """Return a session that is younger than `held`."""
        async with self._renewing:
            if (now := self._tokens()) is not held:
                return now
            try:
                answer = await self._door.call(
                    "POST",
                    "/xrpc/com.atproto.server.refreshSession",
                    effect=Effect.REPEATABLE,
                    headers=_bearer(held.refresh),
                )
            except SessionExpired:
                return await self._begin()
            return await self._adopt(self._door.decode(answer, SESSIONS))

    async def _adopt(self, session: WireSession) -> Kept:
        self._check_active(session)
        if self._kept is not None and session.did != self._kept.did:
            words = f"{self._settings.handle} is another account now ({session.did}, before {self._kept.did})"
            raise self._door.error(AuthenticationFailed, words)
        kept = Kept(
            server=self._settings.server,
            handle=self._settings.handle,
            did=session.did,
            access=session.access_jwt,
            refresh=session.refresh_jwt,
            pds=self._settings.pds or named_data_server(session, self._settings) or self._settings.server,
        )
        if self._keep is not None:
            await self._keep.store(KEPT, msgspec.json.encode(kept))
        await self._use(kept)
        return kept

    def _check_active(self, standing: WireStanding) -> None:
        if not standing.active:
            words = f"the account is not active: {standing.status or 'its server does not say why'}"
            raise self._door.error(AuthenticationFailed, words)

    async def _use(self, kept: Kept) -> None:
        before = self._kept
        self._kept = kept
        if self.http is self._door and kept.pds.rstrip("/") != self._settings.server.rstrip("/"):
            self.http = await self._stack.enter_async_context(self._http(kept.pds))
        secrets = [self._settings.password]
        for one in (before, kept):
            secrets += [Secret(one.access), Secret(one.refresh)] if one is not None else []
        self._door.redactor = self.http.redactor = Redactor(secrets)

    async def _load(self) -> Kept | None:
        stored = None if self._keep is None else await self._keep.load(KEPT)
        if stored is None:
            return None
        with suppress(msgspec.DecodeError, UnicodeDecodeError):
            kept = KEPTS.decode(stored)
            settings = self._settings
            if (kept.server, kept.handle) == (settings.server, settings.handle) and settings.pds in ("", kept.pds):
                return kept
        return None

    def _tokens(self) -> Kept:
        if self._kept is None:
            raise RuntimeError("enter the adapter before using it")
        return self._kept

    def _http(self, base_url: str) -> Http:
        return Http(
            base_url,
            platform=self._platform,
            account=self._account,
            secrets=(self._settings.password,),
            refusal=refusal,
            quota_prefix="RateLimit",
            deadline=self._answer_within,
            body_cap=BODY_CAP,
            now=self._now,
        )


def named_data_server(session: WireSession, settings: BlueskySettings) -> str | None:
    """Return the data server that the account's identity names, where tokens are as safe there as where they came
    from; None: it names none, or one that is not."""
    endpoint = session.data_server
    is_as_safe = endpoint.startswith("https://") or settings.server.startswith("http://")
    return endpoint if endpoint and is_as_safe else None


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def _scope(token: str) -> str:
    """Return what a token says that it may do; empty: it says nothing that can be read."""
    payload = token.split(".")[1:2]
    with suppress(msgspec.DecodeError, UnicodeDecodeError, binascii.Error, ValueError):
        return CLAIMS.decode(base64.urlsafe_b64decode("".join(payload) + "==")).scope
    return ""
