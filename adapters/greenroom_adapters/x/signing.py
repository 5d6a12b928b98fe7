"""How requests show whose they are: signed by OAuth 1.0a, or with a token of OAuth 2 that is renewed in time."""

import asyncio
import base64
import logging
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode

# The package ships no types. tweepy signs by it.
from oauthlib.oauth1 import Client as OAuth1  # type: ignore[import-untyped]
from typing_extensions import override

from greenroom_adapters.contract import AuthenticationFailed, ConfigurationError, GreenroomError, Keep, Secret
from greenroom_adapters.transport import Answer, Effect, Http
from greenroom_adapters.x.settings import XSettings
from greenroom_adapters.x.tokens import Pair, digest
from greenroom_adapters.x.wire import TOKENS

__all__ = ["Keys", "Signer", "Tokens", "ask_for_tokens", "signer_for"]

logger = logging.getLogger(__name__)

KEPT = "tokens"
EARLY = timedelta(minutes=2)
"""So long before a token ends it is renewed: a request that is on its way should arrive under a living one."""
FORM = "application/x-www-form-urlencoded"
LOGIN = "sign in again with `greenroom login`"


class Signer(ABC):
    """Whose requests they are."""

    @abstractmethod
    async def headers(self, method: str, url: str) -> Mapping[str, str]:
        """Return what shows it, for a request to this whole address."""

    async def renew(self, spent: Mapping[str, str]) -> bool:
        """Get other credentials than those in the headers `spent`, which X did not take; say whether there are any."""
        return False

    async def aclose(self) -> None:  # noqa: B027 - most have nothing to finish
        """Finish what must not be torn off. Call it before the connection to X is closed."""


class Keys(Signer):
    """The four secrets of OAuth 1.0a."""

    def __init__(self, *, api_key: Secret, api_secret: Secret, token: Secret, token_secret: Secret) -> None:
        self._secrets = (api_key, api_secret, token, token_secret)
        # At the level of debugging it logs what it signs, the token among it.
        logging.getLogger("oauthlib.oauth1").setLevel(logging.INFO)

    @override
    async def headers(self, method: str, url: str) -> Mapping[str, str]:
        client: Any = OAuth1(*(secret.reveal() for secret in self._secrets))
        # Neither JSON nor multipart bodies are part of the signature (RFC 5849, section 3.4.1.3.1).
        _, signed, _ = client.sign(url, method, headers={})
        return {name: str(value) for name, value in signed.items()}


class Tokens(Signer):
    """A client of OAuth 2 and the pair of tokens that it holds at present.

    A refresh token is good once. The next one is on disk before the access token beside it is used; a program that dies
    in between finds either the old pair or the new one. A renewal that has begun goes on to its end, whoever waits for
    it no longer, and a pair that cannot be kept is held until it can.
    """

    def __init__(
        self,
        http: Http,
        *,
        client_id: str,
        client_secret: Secret | None,
        seed: Secret,
        now: Callable[[], datetime],
    ) -> None:
        self._http = http
        self._client_id = client_id
        self._client_secret = client_secret
        self._seed = seed
        self._now = now
        self._keep: Keep | None = None
        self._pair: Pair | None = None
        self._unkept: Pair | None = None
        """What X handed out and the keep did not take yet: the tokens before it are spent."""
        self._renewing: asyncio.Task[None] | None = None

    def keep_in(self, keep: Keep) -> None:
        """Remember the pair there."""
        self._keep = keep

    @override
    async def headers(self, method: str, url: str) -> Mapping[str, str]:
        if self._pair is None or not self._lasts(self._pair):
            await self._replaced()
        return _bearer(self._pair) if self._pair is not None else {}

    @override
    async def renew(self, spent: Mapping[str, str]) -> bool:
        if self._pair is None or _bearer(self._pair) == spent:
            await self._replaced()
        return True

    @override
    async def aclose(self) -> None:
        """Wait for a renewal that is on its way, and keep what it brought."""
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

        :raises AuthenticationFailed: X does not take the refresh token
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
        form = {"grant_type": "refresh_token", "refresh_token": refresh.reveal(), "client_id": self._client_id}
        answer = await self._ask(form)
        told = self._http.decode(answer, TOKENS)
        self._unkept = pair = Pair(
            seed=digest(self._seed),
            access_token=told.access_token,
            refresh_token=told.refresh_token or refresh.reveal(),
            ends_at=self._now() + timedelta(seconds=max(0, min(told.expires_in, 10**7))),
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

    async def _ask(self, form: Mapping[str, str]) -> Answer:
        try:
            return await ask_for_tokens(self._http, form, client_id=self._client_id, secret=self._client_secret)
        except AuthenticationFailed as refused:
            raise self._http.error(AuthenticationFailed, f"{refused}: {LOGIN}") from None

    async def _kept(self) -> Pair | None:
        """Return what is kept, unless it belongs to another refresh token than that of the settings: then somebody has
        signed in since."""
        stored = None if self._keep is None else await self._keep.load(KEPT)
        pair = None if stored is None else Pair.read(stored)
        return pair if pair is not None and pair.seed == digest(self._seed) else None

    def _lasts(self, pair: Pair) -> bool:
        return pair.ends_at - EARLY > self._now()

    def _use(self, pair: Pair) -> None:
        self._pair = pair
        self._hide(pair)

    def _hide(self, pair: Pair) -> None:
        self._http.redactor.learn(Secret(pair.access_token))
        self._http.redactor.learn(Secret(pair.refresh_token))


async def ask_for_tokens(http: Http, form: Mapping[str, str], *, client_id: str, secret: Secret | None) -> Answer:
    """Ask X's token endpoint (RFC 6749, sections 2.3.1, 4.1.3 and 6).

    :raises AuthenticationFailed: it does not take what is offered
    """
    headers = {"Content-Type": FORM}
    if secret is not None:
        pair = f"{quote(client_id, safe='')}:{quote(secret.reveal(), safe='')}"
        headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
    return await http.call(
        "POST", "/2/oauth2/token", effect=Effect.REPEATABLE, content=urlencode(form).encode(), headers=headers
    )


def signer_for(settings: XSettings, http: Http, *, now: Callable[[], datetime]) -> Signer:
    """Return the way of signing that the settings name.

    :raises ConfigurationError: they name none, half of one, or two
    """
    keys = {
        "api_key": settings.api_key,
        "api_secret": settings.api_secret,
        "token": settings.token,
        "token_secret": settings.token_secret,
    }
    missing = [name for name, secret in keys.items() if secret is None]
    if settings.client_id or settings.refresh_token is not None:
        if set(keys) - set(missing):
            raise ConfigurationError("x: give the four secrets of OAuth 1.0a or a client of OAuth 2, not both")
        if not settings.client_id or settings.refresh_token is None:
            raise ConfigurationError("x: OAuth 2 needs `client_id` and `refresh_token`: `greenroom login` gets both")
        return Tokens(
            http,
            client_id=settings.client_id,
            client_secret=settings.client_secret,
            seed=settings.refresh_token,
            now=now,
        )
    if missing:
        named = ", ".join(f"`{name}`" for name in missing)
        raise ConfigurationError(f"x: {named} missing: `greenroom login` gets what an account needs")
    api_key, api_secret, token, token_secret = (secret for secret in keys.values() if secret is not None)
    return Keys(api_key=api_key, api_secret=api_secret, token=token, token_secret=token_secret)


def _bearer(pair: Pair) -> Mapping[str, str]:
    return {"Authorization": f"Bearer {pair.access_token}"}
