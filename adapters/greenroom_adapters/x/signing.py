"""How requests show whose they are: signed by OAuth 1.0a, or with a token of OAuth 2 that is renewed in time."""

import base64
import logging
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlencode

# The package ships no types. tweepy signs by it.
from oauthlib.oauth1 import Client as OAuth1  # type: ignore[import-untyped]
from typing_extensions import override

from greenroom_adapters.contract import ConfigurationError, Keep, Secret
from greenroom_adapters.transport import Answer, Effect, Given, Http, RotatingTokens
from greenroom_adapters.x.settings import XSettings
from greenroom_adapters.x.wire import TOKENS

__all__ = ["Keys", "Signer", "Tokens", "ask_for_tokens", "signer_for"]

FORM = "application/x-www-form-urlencoded"


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
    """A client of OAuth 2 and the pair of tokens that it holds at present."""

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
        self._tokens = RotatingTokens(http, self._ask, seed=seed, now=now)

    def keep_in(self, keep: Keep) -> None:
        """Remember the pair there."""
        self._tokens.keep_in(keep)

    @override
    async def headers(self, method: str, url: str) -> Mapping[str, str]:
        return await self._tokens.headers()

    @override
    async def renew(self, spent: Mapping[str, str]) -> bool:
        await self._tokens.renew(spent)
        return True

    @override
    async def aclose(self) -> None:
        await self._tokens.aclose()

    async def _ask(self, refresh: Secret) -> Given:
        form = {"grant_type": "refresh_token", "refresh_token": refresh.reveal(), "client_id": self._client_id}
        answer = await ask_for_tokens(self._http, form, client_id=self._client_id, secret=self._client_secret)
        told = self._http.decode(answer, TOKENS)
        return Given(access_token=told.access_token, refresh_token=told.refresh_token, lasts=told.expires_in)


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
