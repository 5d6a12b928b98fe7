"""Accounts for bots, made ready while other tests run: most of what that takes is waiting for the network."""

import contextlib
import queue
import threading
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from bluesky_people import Person, call, join

MAKERS = 2
READY = 3
"""So many wait to be taken."""
STOPS_WITHIN = 30.0


@dataclass(frozen=True)
class Newcomer:
    """A new account with an app password, signed in with it once."""

    person: Person
    password_name: str
    password: str
    session: dict[str, Any]
    """What the server answered to that."""


def newcomer(base: str) -> Newcomer:
    """Make one now."""
    person = join(base, "lightbot")
    name, password = person.app_password()
    body = {"identifier": person.handle, "password": password}
    session = call(base, "POST", "com.atproto.server.createSession", body, headers={})
    person.wait_until_known()
    return Newcomer(person, name, password, session)


class Newcomers:
    """A row of new accounts on one network: a context manager. Threads of its own make them."""

    def __init__(self, base: str) -> None:
        self._base = base
        self._row: queue.Queue[Newcomer | Exception] = queue.Queue(READY)
        self._is_over = threading.Event()
        self._threads = [threading.Thread(target=self._make, name="newcomers", daemon=True) for _ in range(MAKERS)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None
    ) -> None:
        self._is_over.set()
        with contextlib.suppress(queue.Empty):
            while True:
                self._row.get_nowait()
        for thread in self._threads:
            thread.join(STOPS_WITHIN)

    def next(self) -> Newcomer:
        """Return the next one, whom nobody else has."""
        made = self._row.get()
        if isinstance(made, Exception):
            raise made
        return made

    def _make(self) -> None:
        while not self._is_over.is_set():
            try:
                made: Newcomer | Exception = newcomer(self._base)
            except Exception as error:  # noqa: BLE001 - it is raised to whoever takes it
                made = error
            while not self._is_over.is_set():
                with contextlib.suppress(queue.Full):
                    self._row.put(made, timeout=0.2)
                    break
