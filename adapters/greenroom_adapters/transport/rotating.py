"""A pair of OAuth 2 tokens of which each refresh token is good once: renewed in time, and never lost in between."""

import asyncio
import hashlib
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import msgspec
from typing_extensions import override

from greenroom_adapters.contract import AuthenticationFailed, GreenroomError, Keep, Secret
from greenroom_adapters.transport.http import Http

__all__ = ["Given", "Pair", "RotatingTokens", "bearer"]

logger = logging.getLogger(__name__)

KEPT = "tokens"
EARLY = timedelta(minutes=2)
"""So long before a token ends it is renewed: a request that is on its way should arrive under a living one."""
LOGIN = "sign in again with `greenroom login`"


class Pair(msgspec.Struct, frozen=True, kw_only=True):
    """An access token, and the refresh token for the next, as they are kept."""

    seed: str
    """Digest of the refresh token with which all began: another one means another sign-in."""
    access_token: str
    refresh_token: str
    ends_at: datetime
    """When the access token stops working; aware."""

    @override
    def __repr__(self) -> str:
        return f"Pair(ends_at={self.ends_at!r})"

    @classmethod
    def read(cls, stored: bytes) -> "Pair | None":
        """Return what was stored; None: it cannot be read."""
        try:
            return PAIRS.decode(stored)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return None

    def stored(self) -> bytes:
        """Return what `read` reads."""
        return msgspec.json.encode(self)


PAIRS = msgspec.json.Decoder(Pair)


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What a platform hands out for a refresh token."""

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    """The next; empty: the same goes on being good."""
    lasts: int
    """Seconds for which the access token is good."""


Ask = Callable[[Secret], Awaitable[Given]]
"""Asks the platform for the next pair with a refresh token; raises as `Http.call` does."""


class RotatingTokens:
    """The pair of tokens that one account holds at present.

    A refresh token is good once. The next one is on disk before the access token beside it is used; a program that dies
    in between finds either the old pair or the new one. A renewal that has begun goes on to its end, whoever waits for
    it no longer, and a pair that cannot be kept is held until it can.
    """

    def __init__(self, http: Http, ask: Ask, *, seed: Secret, now: Callable[[], datetime]) -> None:
        """`seed` is the refresh token of the sign-in."""
        self._http = http
        self._ask = ask
        self._seed = seed
        self._now = now
        self._keep: Keep | None = None
        self._pair: Pair | None = None
        self._unkept: Pair | None = None
        """What the platform handed out and the keep did not take yet: the tokens before it are spent."""
        self._renewing: asyncio.Task[None] | None = None

    def keep_in(self, keep: Keep) -> None:
        """Remember the pair there."""
        self._keep = keep

    async def headers(self) -> Mapping[str, str]:
        """Return what shows whose a request is, with a token that is good for a while.

        :raises AuthenticationFailed: the platform does not take the refresh token
        """
        if self._pair is None or not self._lasts(self._pair):
            await self._replaced()
        return bearer(self._pair.access_token) if self._pair is not None else {}

    async def renew(self, spent: Mapping[str, str]) -> None:
        """Get another token than the one in the headers `spent`, which the platform did not take.

        :raises AuthenticationFailed: the platform does not take the refresh token
        """
        if self._pair is None or bearer(self._pair.access_token) == spent:
            await self._replaced()

    async def aclose(self) -> None:
        """Wait for a renewal that is on its way, and keep what it brought. Call it before the connection is closed."""
        renewing = self._renewing
        try:
            if renewing is not None and not renewing.done():
                await asyncio.wait([renewing])
            await self._store()
        except (GreenroomError, OSError) as error:
            reason = self._http.redactor.clean(str(error))
            # Its traceback may show what is being kept.
            logger.error("the tokens of %s are lost (%s): %s", self._http.account, reason, LOGIN)  # noqa: TRY400
        finally:
            if renewing is not None and not renewing.done():
                renewing.cancel()
                await asyncio.gather(renewing, return_exceptions=True)

    async def _replaced(self) -> None:
        """Wait until there is a next pair: all who need one at the same time wait for the same."""
        if self._renewing is None or self._renewing.done():
            self._renewing = asyncio.create_task(self._replace())
        await asyncio.shield(self._renewing)

    async def _replace(self) -> None:
        """Get the next pair.

        :raises AuthenticationFailed: the platform does not take the refresh token
        """
        if (held := self._unkept) is not None:
            await self._store()
            if self._lasts(held):
                return
        kept = await self._kept()
        if kept is not None and kept != self._pair and self._lasts(kept):
            self._use(kept)  # another program, such as `greenroom check`, was faster
            return
        last = kept or self._pair
        refresh = self._seed if last is None else Secret(last.refresh_token)
        if self._keep is None:
            words = "there is no place to keep the next refresh token in, and the present one is good once"
            raise self._http.error(AuthenticationFailed, words)
        try:
            given = await self._ask(refresh)
        except AuthenticationFailed as refused:
            raise self._http.error(AuthenticationFailed, f"{refused}: {LOGIN}") from None
        self._unkept = pair = Pair(
            seed=digest(self._seed, self._http.platform),
            access_token=given.access_token,
            refresh_token=given.refresh_token or refresh.reveal(),
            ends_at=self._now() + timedelta(seconds=max(0, min(given.lasts, 10**7))),
        )
        self._hide(pair)
        await self._store()
        logger.debug("the tokens of %s were renewed", self._http.account)

    async def _store(self) -> None:
        """Keep the newest pair, if that is still to be done, and use it from then on."""
        pair = self._unkept
        if pair is not None and self._keep is not None:
            await self._keep.store(KEPT, pair.stored())
            self._unkept = None
            self._use(pair)

    async def _kept(self) -> Pair | None:
        """Return what is kept, unless it belongs to another refresh token than that of the settings: then somebody has
        signed in since."""
        stored = None if self._keep is None else await self._keep.load(KEPT)
        pair = None if stored is None else Pair.read(stored)
        return pair if pair is not None and pair.seed == digest(self._seed, self._http.platform) else None

    def _lasts(self, pair: Pair) -> bool:
        return pair.ends_at - EARLY > self._now()

    def _use(self, pair: Pair) -> None:
        self._pair = pair
        self._hide(pair)

    def _hide(self, pair: Pair) -> None:
        self._http.redactor.learn(Secret(pair.access_token))
        self._http.redactor.learn(Secret(pair.refresh_token))


def bearer(token: str) -> Mapping[str, str]:
    """Return the headers of a request with this access token (RFC 6750, section 2.1)."""
    return {"Authorization": f"Bearer {token}"}


def digest(secret: Secret, platform: str) -> str:
    """Return what tells this secret from others, and nothing of it."""
    return hashlib.sha256(f"greenroom {platform} seed {secret.reveal()}".encode()).hexdigest()
