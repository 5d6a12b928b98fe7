"""Reads what Threads tells by calls: answers to the account, and posts that name it."""

from collections.abc import Callable, Sequence

from greenroom_adapters.contract import Event, PostRejected
from greenroom_adapters.meta.listening import TOLD
from greenroom_adapters.meta.moments import from_epoch
from greenroom_adapters.meta.sources import unknown
from greenroom_adapters.threads.api import Api
from greenroom_adapters.threads.mapping import Ours, is_own, post_event
from greenroom_adapters.threads.wire import CALLS, POSTS, WireCall, WirePost

__all__ = ["Told"]


class Told:
    """The reader of one account's calls."""

    def __init__(self, api: Api, ours: Ours) -> None:
        self._api = api
        self._ours = ours

    async def __call__(self, body: bytes, cursor: Callable[[], str]) -> Sequence[Event]:
        """Return what a call tells of this account; what is not understood becomes an `UnknownEvent`.

        :raises AdapterError: something has to be looked up for it, and cannot now
        :raises ValueError: it is no call
        """
        call = CALLS.decode(body)
        if call.values.field not in ("replies", "mentions"):
            return ()
        try:
            event = await self._event(call, cursor)
        except (ValueError, PostRejected):
            raw = bytes(call.values.value)
            event = unknown(raw, source=TOLD, cursor=cursor(), at=from_epoch(call.time))
        return () if event is None else (event,)

    async def _event(self, call: WireCall, cursor: Callable[[], str]) -> Event | None:
        post, named = POSTS.decode(call.values.value), call.values.field == "mentions"
        if is_own(post, self._api.handle):
            return None  # the list tells of it
        if named and call.target_id != self._api.me:
            return None
        if not named and not self._is_below_us(post):
            return None
        above = post.replied_to
        if above is not None and above.id not in self._ours and await self._wrote(above.id):
            self._ours.add(above.id)
        return post_event(post, ours=self._ours, handle=self._api.handle, source=TOLD, cursor=cursor(), named=named)

    async def _wrote(self, name: str) -> bool:
        """Say whether a post is the account's. Those of others it may perhaps not read."""
        try:
            return is_own(await self._api.post(name), self._api.handle)
        except PostRejected:
            return False

    def _is_below_us(self, post: WirePost) -> bool:
        """Say whether an answer is meant for this account: an app's calls tell of all its accounts."""
        top = post.root_post
        if top is None or not (top.owner_id or top.username):
            return True
        return top.owner_id == self._api.me or top.username.casefold() == self._api.handle.casefold()
