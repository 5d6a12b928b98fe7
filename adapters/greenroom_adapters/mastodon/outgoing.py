"""What is on its way from this process, and what has come of it: known for sure, and only while it runs."""

import asyncio
from collections.abc import Generator
from contextlib import contextmanager

from greenroom_adapters.contract import OutcomeUnknown
from greenroom_adapters.remembering import Recent

__all__ = ["Outgoing"]

REMEMBERED = 10_000


class Outgoing:
    """The publications of one account by one adapter."""

    def __init__(self) -> None:
        self._busy = 0
        self.idle = asyncio.Event()
        """Set while nothing is on its way."""
        self.idle.set()
        self._keys = Recent[str, str](REMEMBERED)
        self._unanswered = Recent[str, float](REMEMBERED)

    @contextmanager
    def sending(self, key: str) -> Generator[None, None, None]:
        """Note that something is sent under this key until the block ends; when it ends without an answer, since
        when."""
        self._busy += 1
        self.idle.clear()
        try:
            yield
        except BaseException as error:
            # Whoever gives up waiting has no answer either.
            if isinstance(error, OutcomeUnknown) or not isinstance(error, Exception):
                self._unanswered[key] = asyncio.get_running_loop().time()
            raise
        finally:
            self._busy -= 1
            if not self._busy:
                self.idle.set()

    def published(self, status: str, key: str) -> None:
        """Remember under which key a status went out."""
        self._keys[status] = key
        self._unanswered.pop(key, None)

    def key_of(self, status: str) -> str | None:
        """Return the key under which a status went out; None: not known here."""
        return self._keys.get(status)

    def unanswered_since(self, key: str) -> float | None:
        """Return when, by the loop's clock, a try under this key ended without an answer; None: none did here."""
        return self._unanswered.get(key)
