"""Decides from what the relays have whether one attempt went out."""

from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from datetime import datetime, timedelta

from greenroom_adapters.contract import Absent, Attempt, Found, PostRef, Receipt, Undecided
from greenroom_adapters.nostr.inboxes import Inboxes
from greenroom_adapters.nostr.keys import Keys
from greenroom_adapters.nostr.plan import Plan, Progress, message_of, note_of
from greenroom_adapters.nostr.publishing import deletions_of
from greenroom_adapters.nostr.references import direct_reference, reference
from greenroom_adapters.nostr.relay import Relay
from greenroom_adapters.nostr.relays import QUESTION, Relays, gather
from greenroom_adapters.nostr.wire import moment
from greenroom_adapters.nostr.wrapping import wrap

__all__ = ["ReadingBack"]


class ReadingBack:
    """Looks for the events of one account by their ids, which no other event has."""

    def __init__(
        self,
        keys: Keys,
        relays: Relays,
        inboxes: Inboxes,
        *,
        settles_after: timedelta,
        now: Callable[[], datetime],
    ) -> None:
        self._keys = keys
        self._relays = relays
        self._inboxes = inboxes
        self._settles_after = settles_after
        self._now = now

    async def find(self, attempt: Attempt) -> Found | Absent | Undecided:
        """Look for the event at every relay that may have got it."""
        asked_at = self._now()
        plan, progress, post = Plan.read(attempt.prepared), Progress.read(attempt.state) or Progress(), attempt.post
        if post.direct_to is not None:
            told = message_of(post, plan, self._keys)
            try:
                event = wrap(told, self._keys, post.direct_to, key=plan.key)
            except ValueError:
                event = None
            ref, author = direct_reference(told.id), ""
            urls = progress.relays or plan.relays
        else:
            event = note_of(post, plan, progress, self._keys)
            author = self._keys.pubkey
            ref = PostRef(id="") if event is None else reference(event.id, author=author, relay=plan.relays[0])
            # The settings may have changed between two tries.
            urls = tuple(dict.fromkeys((*plan.relays, *self._relays.urls)))
        # Without what a phase before the sending brings, nothing was sent: that is on disk before the first byte.
        if event is not None:
            async with AsyncExitStack() as stack:
                verdict = await self._look(event.id, author, await self._reachable(urls, post.direct_to, stack), urls)
            if verdict is True:
                published_at = moment(plan.created_at)
                return Found(receipt=Receipt(key=attempt.key, ref=ref, published_at=published_at))
            if isinstance(verdict, Undecided):
                return verdict
        if asked_at - attempt.last_tried_at <= self._settles_after:
            return Undecided(reason="at no relay; it may still appear there")
        return Absent()

    async def _reachable(self, urls: Sequence[str], person: str | None, stack: AsyncExitStack) -> list[Relay]:
        """Return the relays of those addresses that can be asked: ours, and those of the person it is for."""
        if person is not None:
            return await self._inboxes.open(urls, stack)
        return [relay for url in urls if (relay := self._relays.at(url)) is not None]

    async def _look(self, event: str, author: str, relays: list[Relay], urls: Sequence[str]) -> Undecided | bool:
        """Return whether any of the relays has it, or why nobody can tell.

        :raises AdapterError: none of them answers
        """
        if not relays:
            return Undecided(reason="it was sent to relays that are not in the settings any more", final=True)
        asked = [{"ids": [event]}, *([deletions_of(event, author)] if author else [])]
        found = await gather(relays, *asked, within=QUESTION)
        if any(one.id == event for one in found.events):
            return True
        if found.events:
            return Undecided(reason="it went out, or not, and was deleted since", final=True)
        if found.silent:
            return Undecided(reason=f"a relay that may have it does not answer: {found.silent[0]}")
        if len(relays) < len(urls):
            return Undecided(reason="it was sent to a relay that is not in the settings any more", final=True)
        return False
