"""The entries of the account's two lists, and what the stream tells beside them, as events."""

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing
from datetime import datetime

import msgspec

from greenroom_adapters.contract import Event
from greenroom_adapters.mastodon.api import STATUSES_PAGE, Api
from greenroom_adapters.mastodon.lists import START, Fetch, newest, since_moment, unread
from greenroom_adapters.mastodon.outgoing import Outgoing
from greenroom_adapters.mastodon.position import NOTIFICATIONS, POSTS, Position
from greenroom_adapters.mastodon.reading import (
    SPEECH,
    Context,
    Stand,
    deletion,
    edited,
    own_post,
    read_notification,
    unknown,
)
from greenroom_adapters.mastodon.streaming import News
from greenroom_adapters.mastodon.threads import Threads
from greenroom_adapters.mastodon.wire import NOTIFIED, STATUSES, WireStatus

__all__ = ["Entries"]


class Entries:
    """Reads whatever concerns one account."""

    def __init__(
        self,
        api: Api,
        threads: Threads,
        outgoing: Outgoing,
        *,
        context: Context,
        hears_own: bool,
        now: Callable[[], datetime],
    ) -> None:
        """`hears_own`: own posts are told."""
        self._api = api
        self._threads = threads
        self._outgoing = outgoing
        self._context = context
        self._now = now
        self.lists: Mapping[str, Fetch] = {NOTIFICATIONS: self._notifications}
        """Source → how its list is read."""
        if hears_own:
            self.lists = {**self.lists, POSTS: self._posts}

    async def here(self) -> Mapping[str, str]:
        """Return the cursors of this moment."""
        return {source: Position(await newest(fetch) or START).cursor() for source, fetch in self.lists.items()}

    async def since(self, moment: datetime) -> AsyncGenerator[Event, None]:
        """Yield what each list says of the time from a moment until now, oldest first."""
        for source, fetch in self.lists.items():
            begin = await since_moment(fetch, moment)
            told: set[str] = set()
            async with aclosing(unread(fetch, begin)) as raws:
                async for raw in raws:
                    event = await self.read(source, bytes(raw))
                    if event is not None and event.occurred_at >= moment and event.id not in told:
                        told.add(event.id)
                        yield event

    async def read(self, source: str, raw: bytes) -> Event | None:
        """Return what an entry means; whatever it is, it ends nothing. None: nothing to tell.

        :raises Unavailable: what it refers to cannot be asked for now
        """
        return await (self._read_own(raw) if source == POSTS else self._read(raw))

    async def read_news(self, news: News) -> Event | None:
        """Return what only the stream tells: deletions, and edits by others."""
        now = self._now()
        try:
            if news.event == "delete":
                return deletion(news.payload.decode(), at=now)
            status = STATUSES.decode(news.payload)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return unknown(news.payload, received_at=now)
        return None if status.account.id == self._context.me else edited(status)

    async def _notifications(self, above: str | None, below: str | None, limit: int) -> tuple[msgspec.Raw, ...]:
        return await self._api.notifications(above=above, below=below, limit=limit)

    async def _posts(self, above: str | None, below: str | None, limit: int) -> tuple[msgspec.Raw, ...]:
        limit = min(limit, STATUSES_PAGE)
        return await self._api.statuses(self._context.me, above=above, below=below, limit=limit)

    async def _read(self, raw: bytes) -> Event | None:
        try:
            told = NOTIFIED.decode(raw)
            stand: Stand | None = None
            if told.type in SPEECH and told.status is not None:
                stand = await self._stand(told.status)
            return read_notification(told, stand, self._context)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return unknown(raw, received_at=self._now())

    async def _read_own(self, raw: bytes) -> Event | None:
        try:
            status = STATUSES.decode(raw)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return None  # of no use: what we wrote ourselves is in the ledger
        if status.reblog is not None or status.account.id != self._context.me:
            return None
        stand = await self._stand(status)
        return own_post(status, stand, self._context, key=self._outgoing.key_of(status.id))

    async def _stand(self, status: WireStatus) -> Stand:
        root, answers = await self._threads.of(status)
        return Stand(root=root, answers=answers)
