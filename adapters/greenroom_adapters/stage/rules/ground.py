"""What all rules of a Stage stand on: its store, its clock, and telling those whom something concerns."""

import asyncio
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from datetime import datetime, timedelta

from greenroom_adapters.contract import CountingRule, Kind
from greenroom_adapters.stage.attachments import MediaFolder
from greenroom_adapters.stage.objects import Options
from greenroom_adapters.stage.store import Store
from greenroom_adapters.stage.watching import Changes, Watching

__all__ = ["Ground", "page"]

LARGEST_PAGE = 200


class Ground:
    """A network without rules: time, events, and whoever watches."""

    def __init__(
        self,
        store: Store,
        media: MediaFolder,
        *,
        options: Options,
        now: Callable[[], datetime],
        new_id: Callable[[], str],
        new_token: Callable[[], str],
        measure: Callable[[str, CountingRule], int],
    ) -> None:
        """Rule over what is in the store.

        `now` tells the time, aware; `new_id` and `new_token` make texts that never come twice, the second one such
        that nobody can guess it; `measure` counts a text by a rule. The store stays its opener's to close.
        """
        self.options = options
        self._store = store
        self._media = media
        self._real_now = now
        self.ahead = timedelta(0)
        """How far this network's time is ahead of the real one: a rehearsal need not take as long as it shows."""
        self._new_id = new_id
        self._new_token = new_token
        self._measure = measure
        self._watching = Watching()

    def now(self) -> datetime:
        """Return the Stage's present moment, aware."""
        return self._real_now() + self.ahead

    def watch(self) -> AbstractContextManager[Changes]:
        """Hand out every `Change` from now on, in order: `with state.watch() as changes: async for change in changes`.

        The iterator ends when the Stage stops, or when its reader is more than 1,000 changes behind (read the
        timeline again and watch anew).
        """
        return self._watching.watch()

    def waker(self, account_id: str) -> AbstractContextManager[asyncio.Event]:
        """Hand out an event that is set whenever there may be events for this account, and when the Stage stops."""
        return self._watching.stream(account_id)

    def wake_streams(self) -> None:
        """Set the events of all streams: something other than the network's state has changed."""
        self._watching.wake_all()

    @property
    def stopping(self) -> bool:
        """Whether the Stage is about to stop; whoever waits ends."""
        return self._watching.stopped

    def stop(self) -> None:
        """End all watching."""
        self._watching.stop()

    def _notify(
        self,
        account_id: str,
        kind: Kind,
        *,
        also: Iterable[Kind] = (),
        post_id: str | None = None,
        actor_id: str | None = None,
        room_id: str | None = None,
        text: str | None = None,
    ) -> None:
        self._store.add_event(
            event_id=self._new_id(),
            account_id=account_id,
            kind=kind,
            occurred_at=self.now(),
            also=tuple(also),
            post_id=post_id,
            actor_id=actor_id,
            room_id=room_id,
            text=text,
        )

    def _wake(self, account_ids: Iterable[str]) -> None:
        for account_id in account_ids:
            self._watching.wake(account_id)


def page(limit: int) -> int:
    """Return a page size that one answer can carry."""
    return min(max(limit, 1), LARGEST_PAGE)
