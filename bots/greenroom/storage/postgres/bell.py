"""Notifications of a database: that something was left for a bot."""

import contextlib
from typing import Any, Self

from greenroom.storage.postgres.database import connect
from greenroom.storage.postgres.failures import FAILURES

__all__ = ["Bell"]


class Bell:
    """Hears notifications on a connection of its own, in the loop of the bot. One that is lost is silent: whoever waits
    for it looks now and then as well."""

    def __init__(self) -> None:
        self.rang = False
        self._connection: Any = None

    @classmethod
    async def listen(cls, url: str, channel: str) -> Self | None:
        """Return one that hears a channel; None: it cannot be had."""
        bell = cls()
        with contextlib.suppress(*FAILURES):
            bell._connection = await connect(url, timeout=10, server_settings={"application_name": "greenroom bell"})
            await bell._connection.add_listener(channel, bell._heard)
            return bell
        return None

    def _heard(self, *what: object) -> None:
        self.rang = True

    def close(self) -> None:
        """Hear no more."""
        self._connection.terminate()
