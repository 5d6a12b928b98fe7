"""Decides whether one attempt went out, where that is read off what the account has said."""

import abc
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from datetime import datetime, timedelta
from typing import TypeVar

import msgspec

from greenroom_adapters.contract import Absent, Attempt, Forbidden, Found, PostRef, Receipt, TargetGone, Undecided
from greenroom_adapters.meta.calls import Calls
from greenroom_adapters.meta.graph import OutOfReach
from greenroom_adapters.meta.mail import Mail, message_ref
from greenroom_adapters.meta.moments import moment
from greenroom_adapters.meta.wire import WirePage, read_rows
from greenroom_adapters.recognising import Claims, is_like

__all__ = ["Recognising", "Seen", "oldest_of"]

T = TypeVar("T")

Seen = tuple[PostRef, datetime]
"""What an attempt became, and when."""


class Recognising(abc.ABC):
    """Recognises what one account has said."""

    def __init__(self, calls: Calls, claims: Claims, *, settles_after: timedelta, now: Callable[[], datetime]) -> None:
        self._calls = calls
        self._claims = claims
        self._settles_after = settles_after
        self._now = now

    async def find(self, attempt: Attempt) -> Found | Absent | Undecided:
        """Look for it among what the account has said since a little before its first try."""
        is_settled = self._now() - attempt.last_tried_at > self._settles_after
        try:
            told = await self._told(attempt, is_settled=is_settled)
        except OutOfReach:
            words = f"it is not among what can be read of what {self._calls.graph.name} lists"
            return Undecided(reason=words, final=True)
        except (Forbidden, TargetGone) as refused:
            return Undecided(reason=f"what the account said cannot be read: {refused}", final=True)
        if isinstance(told, Absent | Undecided):
            return told
        if told is not None:
            ref, at = told
            self._claims.claim(ref.id, attempt.key)
            return Found(receipt=Receipt(key=attempt.key, ref=ref, published_at=at))
        if not is_settled:
            return Undecided(reason="not among what the account said; it may still appear there")
        return Absent()

    @abc.abstractmethod
    async def _told(self, attempt: Attempt, *, is_settled: bool) -> Seen | Absent | Undecided | None:
        """Return what it became; None: nothing that is listed.

        :raises OutOfReach: the list does not show all that was said
        """

    async def _message(self, mail: Mail, attempt: Attempt, person: str) -> Seen | None:
        """Return the oldest message to a person that the attempt may have become; None: there is none.

        :raises OutOfReach: the conversation does not show all that was said
        """
        since = self._calls.since(attempt)
        oldest: Seen | None = None
        for message in await mail.with_person(person, since):
            at, ref = moment(message.created_time), message_ref(message.id)
            is_it = self._calls.is_me(message.sender.id) and is_like(attempt.post.text, message.message)
            if at >= since and is_it and self._claims.is_free_for(attempt.key, ref.id):
                oldest = ref, at
        return oldest


async def oldest_of(
    pages: AsyncGenerator[WirePage, None],
    decoder: "msgspec.json.Decoder[T]",
    seen: Callable[[T], tuple[Seen, bool]],
    *,
    since: datetime,
    key: str,
    claims: Claims,
) -> Seen | None:
    """Return the oldest row of a list, newest first, that the attempt with this key may have become; None: there is
    none since a moment. `seen` says what a row is, and whether it may be it.

    :raises OutOfReach: the list does not show all that was said
    """
    oldest: Seen | None = None
    is_whole, is_readable = False, True
    async with aclosing(pages):
        async for page in pages:
            rows = read_rows(decoder, page)
            is_readable &= len(rows) == len(page.data)
            last = since
            for row in rows:
                (ref, last), is_it = seen(row)
                if last >= since and is_it and claims.is_free_for(key, ref.id):
                    oldest = ref, last
            # by the last: a pinned one stands above newer ones
            is_whole |= last < since or not page.after
            if is_whole:
                break
    if oldest is None and not (is_whole and is_readable):
        raise OutOfReach
    return oldest
