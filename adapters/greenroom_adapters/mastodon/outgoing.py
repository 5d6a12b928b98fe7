"""What is on its way from this process, and what has come of it: known for sure, and only while it runs."""

import asyncio
from collections import OrderedDict
from collections.abc import Generator
from contextlib import contextmanager
from typing import TypeVar

from greenroom_adapters.contract import OutcomeUnknown

__all__ = ["Outgoing"]

T = TypeVar("T")

REMEMBERED = 10_000


class Outgoing:
    """The publications of one account by one adapter."""

    def __init__(self) -> None:
        self._busy = 0
        self.idle = asyncio.Event()
        """Set while nothing is on its way."""
        self.idle.set()
        self._keys: OrderedDict[str, str] = OrderedDict()
        self._unanswered: OrderedDict[str, float] = OrderedDict()

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
                _put(self._unanswered, key, asyncio.get_running_loop().time())
            raise
        finally:
            self._busy -= 1
            if not self._busy:
                self.idle.set()

    def published(self, status: str, key: str) -> None:
        """Remember under which key a status went out."""
        _put(self._keys, status, key)
        self._unanswered.pop(key, None)

    def key_of(self, status: str) -> str | None:
        """Return the key under which a status went out; None: not known here."""
        return self._keys.get(status)

    def unanswered_since(self, key: str) -> float | None:
        """Return when, by the loop's clock, a try under this key ended without an answer; None: none did here."""
        return self._unanswered.get(key)


def _put(known: OrderedDict[str, T], name: str, value: T) -> None:
    known[name] = value
    known.move_to_end(name)
    if len(known) > REMEMBERED:
        known.popitem(last=False)
