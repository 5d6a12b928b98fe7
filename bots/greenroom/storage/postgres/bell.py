"""Notifications of a database: that something was left for a bot, or that it is asked for."""

import asyncio
import contextlib
from typing import Any, Self

from greenroom.storage.postgres.database import connect
from greenroom.storage.postgres.failures import FAILURES

__all__ = ["ASKED", "Bell"]

ASKED = "asked for"
"""What is said where another worker asks for the bot; where a command was left, nothing is."""
PATIENCE = 10.0


class Bell:
    """Hears notifications on a connection of its own, in the loop of the bot. One that is lost is silent: whoever waits
    for it looks now and then as well."""

    def __init__(self) -> None:
        self.asked = False
        """Another worker asks for the bot."""
        self._rang = asyncio.Event()
        """A command was left."""
        self._connection: Any = None

    @classmethod
    async def listen(cls, url: str, channel: str, *, patience: float = PATIENCE) -> Self | None:
        """Return one that hears a channel; None: it cannot be had within so many seconds of `patience`."""
        bell = cls()
        with contextlib.suppress(*FAILURES):
            async with asyncio.timeout(patience):
                bell._connection = await connect(url, server_settings={"application_name": "greenroom bell"})
                try:
                    await bell._connection.add_listener(channel, bell._heard)
                except BaseException:
                    bell.close()
                    raise
            return bell
        return None

    def _heard(self, connection: object, process: int, channel: str, said: object) -> None:
        if said == ASKED:
            self.asked = True
        else:
            self._rang.set()

    async def heard(self, *, within: float) -> None:
        """Wait until a command was left since the last call; not for longer than so many seconds."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within):
                await self._rang.wait()
        self._rang.clear()

    def close(self) -> None:
        """Hear no more."""
        self._connection.terminate()
