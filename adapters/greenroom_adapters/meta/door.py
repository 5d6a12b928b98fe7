"""The door at which Meta knocks: the webhook, its verification, its signature, and what it is asked to tell."""

import asyncio
import hashlib
import hmac
import logging
import random
import re
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import NoReturn
from urllib.parse import unquote

from greenroom_adapters.contract import AdapterError, AuthenticationFailed, ConfigurationError, PostRejected, Secret
from greenroom_adapters.transport import Pace, levelled
from greenroom_adapters.webhooks import Pushed, Reply, Webhooks, address_of

__all__ = ["Door"]

logger = logging.getLogger(__name__)

SIGNATURE = "x-hub-signature-256"
ADDRESS = re.compile(r"https://[A-Za-z0-9.-]+(?::[0-9]{1,5})?(?P<path>/[!-\"$->@-~]*)?", re.ASCII)
LONGEST = 1000
"""Characters of a challenge."""
LOOKED_AFTER = timedelta(hours=1)
"""So often it is seen to that Meta tells the account's events to the app."""
REFUSED = timedelta(minutes=15)
CLOSED = timedelta(seconds=30)
"""Pause before it is tried again to listen."""


class Door:
    """Open while somebody is in `open`. A `Receiver` of the shared servers."""

    def __init__(
        self,
        *,
        platform: str,
        address: str,
        listen: str,
        app_secret: Secret | None,
        verify_token: Secret | None,
        subscribe: Callable[[], Awaitable[None]],
        pace: Pace | None = None,
    ) -> None:
        """`address` is where Meta knocks, and `listen` where this program hears it; between them is a proxy that speaks
        HTTPS. `subscribe` asks Meta to tell what happens to the account.

        :raises ConfigurationError: Meta would not take the address, nothing can listen on the other, or what a webhook
            needs is missing
        """
        match = ADDRESS.fullmatch(address)
        if match is None:
            raise ConfigurationError(
                f"{platform}: `webhook: {address}`: Meta calls addresses like https://bot.example.com/{platform}"
            )
        if app_secret is None or verify_token is None:
            raise ConfigurationError(
                f"{platform}: a `webhook` needs `app_secret`, with which Meta signs its calls, and `verify_token`, "
                "the word that you choose and write into the app's dashboard beside the address"
            )
        address_of(listen)
        self._platform = platform
        # as a server names what is called: `%41` is an A
        self._path = unquote(match["path"] or "/")
        self._listen = listen
        self._app_secret = app_secret
        self._verify_token = verify_token
        self._subscribe = subscribe
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
        """Put what Meta tells into the queue, not read yet, and keep Meta telling it. Where nothing can listen that is
        told to the log and tried again: the lists are looked at all the same."""
        self._queue = queue
        task = asyncio.create_task(self._listen_for_ever(), name=f"{self._platform}: webhook")
        try:
            yield
        finally:
            self._queue = None
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _listen_for_ever(self) -> None:
        while True:
            try:
                async with self._webhooks.mounted(self._listen, self._path, self) as self.port:
                    await self._subscribe_for_ever()
            except ConfigurationError as trouble:
                logger.error("the webhook cannot be reached: %s", trouble)  # noqa: TRY400 - its words say it all
                await asyncio.sleep(CLOSED.total_seconds())
            finally:
                self.port = 0

    async def _subscribe_for_ever(self) -> NoReturn:
        failures = 0
        while True:
            try:
                await self._subscribe()
            except (AuthenticationFailed, PostRejected) as refused:
                logger.warning("Meta does not call the webhook, the lists are looked at instead: %s", refused)
                await asyncio.sleep(REFUSED.total_seconds())
            except AdapterError as error:
                failures += 1
                level = logging.WARNING if failures == 1 else logging.DEBUG
                logger.log(level, "Meta cannot be asked to call the webhook now: %s", error)
                await asyncio.sleep(self._pace.wait(failures, self._random).total_seconds())
            else:
                failures = 0
                await asyncio.sleep(LOOKED_AFTER.total_seconds())

    # What the server asks --------------------------------------------------------------------------------------------

    def challenge(self, query: Mapping[str, str]) -> Reply | None:
        """Prove to Meta that the address is ours: it brings the word that stands in the app's dashboard."""
        given, challenge = query.get("hub.verify_token", ""), query.get("hub.challenge", "")
        if query.get("hub.mode") != "subscribe" or not 0 < len(challenge) <= LONGEST:
            return None
        if not hmac.compare_digest(given.encode(errors="surrogatepass"), self._verify_token.reveal().encode()):
            return None
        return Reply(body=challenge.encode(errors="surrogatepass"), content_type="text/plain")

    def is_genuine(self, headers: Mapping[str, str], body: bytes) -> bool:
        """Say whether Meta signed exactly these bytes. In constant time."""
        digest = hmac.new(self._app_secret.reveal().encode(), body, hashlib.sha256).hexdigest()
        given = headers.get(SIGNATURE, "").encode("utf-8", "surrogateescape")
        return hmac.compare_digest(given, f"sha256={digest}".encode())

    async def deliver(self, body: bytes) -> bool:
        """Hand it on; return when it is on disk."""
        queue = self._queue
        if queue is None or queue.full():
            return False
        safe: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        queue.put_nowait(Pushed(body=levelled(body), safe=safe))
        return await safe
