"""What Telegram tells at an address of the bot, instead of being asked: the webhook and its secret."""

import asyncio
import hashlib
import hmac
import logging
import random
import re
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import NoReturn
from urllib.parse import unquote

import msgspec

from greenroom_adapters.contract import AdapterError, AuthenticationFailed, ConfigurationError, Keep, Secret
from greenroom_adapters.telegram.api import Api
from greenroom_adapters.telegram.wire import UPDATE_IDS
from greenroom_adapters.transport import Pace, levelled
from greenroom_adapters.webhooks import Reply, Webhooks, address_of

__all__ = ["Knocking"]

logger = logging.getLogger(__name__)

HEADER = "x-telegram-bot-api-secret-token"
ADDRESS = re.compile(r"https://[A-Za-z0-9.-]+(?::(?:443|80|88|8443))?(?P<path>/[!-\"$->@-~]*)?", re.ASCII)
"""Telegram calls these ports and no others (`setWebhook`)."""
KEPT = "webhook"
MOST = 1_000
"""Updates that may wait to be taken in; for the others Telegram comes again."""
LOOKED_AFTER = timedelta(hours=1)
CLOSED = timedelta(seconds=30)
"""Pause before it is tried again to listen."""


class Knocking:
    """The door at which Telegram knocks. Open while somebody is in `open`."""

    def __init__(self, api: Api, *, address: str, listen: str, token: Secret, pace: Pace) -> None:
        """`address` is where Telegram knocks, and `listen` where this program hears it; between them is a proxy that
        speaks HTTPS. An empty `address`: nowhere.

        :raises ConfigurationError: Telegram would not take the address, or nothing can listen on the other
        """
        match = ADDRESS.fullmatch(address) if address else None
        if address and match is None:
            raise ConfigurationError(
                f"telegram: `webhook: {address}`: Telegram calls addresses like https://bot.example.com/telegram, and "
                "no ports but 443, 80, 88 and 8443"
            )
        self._api = api
        self._address = address
        # as a server names what is called: `%41` is an A
        self._path = unquote((match["path"] if match is not None else None) or "/")
        address_of(listen)
        self._listen = listen
        # the same at every start, and known to nobody who has not the token
        self._secret = hmac.new(token.reveal().encode(), f"webhook {address}".encode(), hashlib.sha256).hexdigest()
        self._pace = pace
        self._random = random.Random()  # noqa: S311 - jitter, not a secret
        self._webhooks = Webhooks()
        self._keep: Keep | None = None
        self._queue: asyncio.Queue[bytes | AuthenticationFailed] | None = None
        self._waiting: dict[int, list[asyncio.Future[bool]]] = {}
        """Number of an update that was told and is not on disk → those who wait for it."""
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def is_wanted(self) -> bool:
        """There is an address."""
        return bool(self._address)

    def receive_at(self, webhooks: Webhooks) -> None:
        """Use the servers that the bot's accounts share."""
        self._webhooks = webhooks

    def keep_in(self, keep: Keep) -> None:
        """Remember there that Telegram was told of an address."""
        self._keep = keep

    async def give_up_old(self) -> None:
        """Take back the address that an earlier run has told, where none is wanted any more: with one nobody may
        ask."""
        if self.is_wanted or self._keep is None or not await self._keep.load(KEPT):
            return
        await self._api.delete_webhook()
        await self._keep.store(KEPT, b"")

    @asynccontextmanager
    async def open(self) -> AsyncGenerator["asyncio.Queue[bytes | AuthenticationFailed]", None]:
        """Yield the queue into which everything comes that Telegram tells, not read yet; or the news that the
        credentials stopped working. Where nothing can listen that is told to the log and tried again."""
        queue = self._queue = asyncio.Queue(MOST)
        task = asyncio.create_task(self._listen_for_ever(queue), name="telegram: webhook")
        self._tasks.add(task)
        try:
            yield queue
        finally:
            await self.aclose()

    async def aclose(self) -> None:
        """Close the door; what is not on disk is told again. Safe to call twice."""
        self._queue = None
        tasks = list(self._tasks)
        self._tasks.clear()
        for number in list(self._waiting):
            self._settle(number, is_safe=False)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def safe(self, number: int) -> None:
        """Hear that what the update with this number brought is on disk, or that it brought nothing."""
        self._settle(number, is_safe=True)

    # What the server asks --------------------------------------------------------------------------------------------

    def challenge(self, query: Mapping[str, str]) -> Reply | None:
        """Telegram asks nothing."""
        return None

    def is_genuine(self, headers: Mapping[str, str], body: bytes) -> bool:
        """Say whether it comes from Telegram. In constant time."""
        return hmac.compare_digest(headers.get(HEADER, "").encode("utf-8", "surrogateescape"), self._secret.encode())

    async def deliver(self, body: bytes) -> bool:
        """Hand it on; return when it is on disk."""
        queue, body = self._queue, levelled(body)
        if queue is None or queue.full():
            return False
        try:
            number = UPDATE_IDS.decode(body).update_id
        except (msgspec.DecodeError, UnicodeDecodeError):
            logger.warning("Telegram told something that is no update")
            return True
        safe: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(number, []).append(safe)
        queue.put_nowait(body)
        return await safe

    def _settle(self, number: int, *, is_safe: bool) -> None:
        for safe in self._waiting.pop(number, ()):
            if not safe.done():
                safe.set_result(is_safe)

    # What Telegram is asked ------------------------------------------------------------------------------------------

    async def _listen_for_ever(self, queue: "asyncio.Queue[bytes | AuthenticationFailed]") -> None:
        while True:
            try:
                async with self._webhooks.mounted(self._listen, self._path, self):
                    await self._register_for_ever()
            except AuthenticationFailed as refused:
                await queue.put(refused)
                return
            except ConfigurationError as trouble:
                logger.error("the webhook cannot be reached: %s", trouble)  # noqa: TRY400 - its words say it all
                await asyncio.sleep(CLOSED.total_seconds())

    async def _register_for_ever(self) -> NoReturn:
        failures = 0
        while True:
            try:
                # before Telegram is told: whoever takes the address out of the file again finds it here
                if self._keep is not None:
                    await self._keep.store(KEPT, self._address.encode())
                await self._api.set_webhook(self._address, secret=self._secret)
            except AuthenticationFailed:
                raise
            except AdapterError as error:
                failures += 1
                level = logging.WARNING if failures == 1 else logging.DEBUG
                logger.log(level, "Telegram cannot be told of the webhook now: %s", error)
                await asyncio.sleep(self._pace.wait(failures, self._random).total_seconds())
            else:
                failures = 0
                await asyncio.sleep(LOOKED_AFTER.total_seconds())
