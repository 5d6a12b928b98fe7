"""What X pushes to an address of the bot: the webhook, its signature, and its registration with X."""

import asyncio
import base64
import hashlib
import hmac
import logging
import random
import re
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import NoReturn
from urllib.parse import unquote

import msgspec

from greenroom_adapters.contract import AdapterError, AuthenticationFailed, ConfigurationError, RateLimited, Secret
from greenroom_adapters.transport import Effect, Http, Pace, levelled
from greenroom_adapters.webhooks import Pushed, Reply, Webhooks, address_of
from greenroom_adapters.x.api import Api
from greenroom_adapters.x.subscribing import subscribe
from greenroom_adapters.x.wire import MADE_WEBHOOK, WEBHOOKS, WireWebhook

__all__ = ["Knocking", "Signatures"]

logger = logging.getLogger(__name__)

NEWER, OLDER = "x-twitter-webhooks-signature-oauth2", "x-twitter-webhooks-signature"
"""Headers of a signature by the client secret of OAuth 2, and by the API secret (consumer secret) of OAuth 1.0a."""
ADDRESS = re.compile(r"https://[A-Za-z0-9.-]+(?P<path>/[!-\"$->@-~]*)?", re.ASCII)
LONGEST_TOKEN = 1000
LOOKED_AFTER = timedelta(hours=1)
"""X stops calling a webhook that did not answer for a day; so often it is seen to that it calls."""
REFUSED = timedelta(minutes=15)
CLOSED = timedelta(seconds=30)
"""Pause before it is tried again to listen."""
FIELDS = {"webhook_config.fields": "id,url,valid"}


class Signatures:
    """X's proof that a call is X's, and ours that an address is ours. Both are made with secrets of the app."""

    def __init__(self, *, client_secret: Secret | None, api_secret: Secret | None) -> None:
        """One of the secrets is enough; where both are there, the newer goes first.

        :raises ConfigurationError: neither is there
        """
        if client_secret is None and api_secret is None:
            raise ConfigurationError(
                "x: a `webhook` needs `api_secret` or `client_secret`: X signs its calls with them"
            )
        self._client_secret = client_secret
        self._api_secret = api_secret

    def is_genuine(self, headers: Mapping[str, str], body: bytes) -> bool:
        """Say whether X signed exactly these bytes. In constant time."""
        for header, secret in ((NEWER, self._client_secret), (OLDER, self._api_secret)):
            if secret is not None and (given := headers.get(header)) is not None:
                return hmac.compare_digest(given.encode("utf-8", "surrogateescape"), _signed(secret, body))
        return False

    def answer(self, token: str) -> str:
        """Return the answer to a challenge."""
        secret = self._client_secret or self._api_secret
        assert secret is not None  # noqa: S101 - one of them is there from the beginning
        return _signed(secret, token.encode("utf-8", "surrogateescape")).decode()


class Knocking:
    """The door at which X knocks. Open while somebody is in `open`."""

    def __init__(
        self,
        api: Api,
        *,
        app: Http,
        address: str,
        listen: str,
        signatures: Signatures,
        activities: Callable[[], Mapping[str, Mapping[str, str]]],
        pace: Pace | None = None,
    ) -> None:
        """`address` is where X knocks, and `listen` where this program hears it; between them is a proxy that speaks
        HTTPS. `app` speaks with the app's bearer token and is entered by its owner.

        :raises ConfigurationError: X would not take the address, or nothing can listen on the other
        """
        match = ADDRESS.fullmatch(address)
        if match is None:
            raise ConfigurationError(
                f"x: `webhook: {address}`: X calls addresses like https://bot.example.com/x: https, without a port"
            )
        self._api = api
        self._app = app
        self._address = address
        # as a server names what is called: `%41` is an A
        self._path = unquote(match["path"] or "/")
        address_of(listen)
        self._listen = listen
        self._signatures = signatures
        self._activities = activities
        self._pace = pace or Pace()
        self._random = random.Random()  # noqa: S311 - jitter, not a secret
        self._webhooks = Webhooks()
        self._queue: asyncio.Queue[Pushed] | None = None
        self.port = 0
        """Where it listens, while it does."""

    def receive_at(self, webhooks: Webhooks) -> None:
        """Use the servers that the bot's accounts share."""
        self._webhooks = webhooks

    @asynccontextmanager
    async def open(self, queue: "asyncio.Queue[Pushed]") -> AsyncGenerator[None, None]:
        """Put what X tells into the queue, not read yet, and keep X telling it. Where nothing can listen that is told
        to the log and tried again: the lists are looked at all the same."""
        self._queue = queue
        task = asyncio.create_task(self._listen_for_ever(), name="x: webhook")
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _listen_for_ever(self) -> None:
        while True:
            try:
                async with self._webhooks.mounted(self._listen, self._path, self) as self.port:
                    await self._register_for_ever()
            except ConfigurationError as trouble:
                logger.error("the webhook cannot be reached: %s", trouble)  # noqa: TRY400 - its words say it all
                await asyncio.sleep(CLOSED.total_seconds())
            finally:
                self.port = 0

    # What the server asks --------------------------------------------------------------------------------------------

    def challenge(self, query: Mapping[str, str]) -> Reply | None:
        """Prove to X that the address is ours."""
        token = query.get("crc_token", "")
        if not 0 < len(token) <= LONGEST_TOKEN or "{" in token:
            # The answer is what X's signature of a call with these bytes would be, and anybody may ask: whatever could
            # be an activity, which is an object, is not answered.
            return None
        return Reply(body=msgspec.json.encode({"response_token": self._signatures.answer(token)}))

    def is_genuine(self, headers: Mapping[str, str], body: bytes) -> bool:
        """Say whether it comes from X."""
        return self._signatures.is_genuine(headers, body)

    async def deliver(self, body: bytes) -> bool:
        """Hand it on; return when it is on disk."""
        queue = self._queue
        if queue is None or queue.full():
            return False
        pushed = Pushed(body=levelled(body), safe=asyncio.get_running_loop().create_future())
        queue.put_nowait(pushed)
        assert pushed.safe is not None  # noqa: S101 - it was just made
        return await pushed.safe

    # What X is asked -------------------------------------------------------------------------------------------------

    async def _register_for_ever(self) -> NoReturn:
        failures = 0
        while True:
            try:
                await subscribe(self._api, self._activities(), webhook=await self._registered())
            except AuthenticationFailed as refused:
                logger.warning("X does not call the webhook, mentions are looked for instead: %s", refused)
                await asyncio.sleep(REFUSED.total_seconds())
            except AdapterError as error:
                failures += 1
                level = logging.WARNING if failures == 1 else logging.DEBUG
                logger.log(level, "X cannot be told of the webhook now: %s", error)
                wait = self._pace.wait(failures, self._random)
                if isinstance(error, RateLimited):
                    wait = max(wait, error.retry_after)
                await asyncio.sleep(wait.total_seconds())
            else:
                failures = 0
                await asyncio.sleep(LOOKED_AFTER.total_seconds())

    async def _registered(self) -> str:
        """Return the id of our webhook, after X has seen that it is ours."""
        answer = await self._app.call("GET", "/2/webhooks", effect=Effect.REPEATABLE, query=FIELDS)
        known = self._app.decode(answer, WEBHOOKS).data or ()
        ours = next((one for one in known if one.url == self._address), None)
        if ours is None:
            return (await self._make()).id
        if not ours.valid:
            await self._app.call("PUT", f"/2/webhooks/{ours.id}", effect=Effect.REPEATABLE)
        return ours.id

    async def _make(self) -> WireWebhook:
        body = {"url": self._address}
        answer = await self._app.call("POST", "/2/webhooks", effect=Effect.REPEATABLE, json=body)
        return self._app.decode(answer, MADE_WEBHOOK).data


def _signed(secret: Secret, content: bytes) -> bytes:
    digest = hmac.new(secret.reveal().encode(), content, hashlib.sha256).digest()
    return b"sha256=" + base64.b64encode(digest)
