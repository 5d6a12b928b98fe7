"""Decides whether one attempt went out: its status says so, and where that has no name yet, the account's own posts."""

from collections.abc import Callable
from datetime import datetime, timedelta

from greenroom_adapters.contract import Absent, Attempt, Found, PostRejected, TargetGone, Undecided
from greenroom_adapters.tiktok.api import Api
from greenroom_adapters.tiktok.publishing import (
    COMPLETE,
    FAILED,
    INBOX,
    LIES_THERE,
    Progress,
    Publishing,
    is_of_pictures,
)

__all__ = ["ReadingBack"]


class ReadingBack:
    """Recognises what one account has published."""

    def __init__(
        self,
        api: Api,
        publishing: Publishing,
        *,
        settles_after: Callable[[], timedelta],
        listed_within: timedelta,
        now: Callable[[], datetime],
    ) -> None:
        """After `listed_within` a post that everybody may see stands in the account's list, or never will."""
        self._api = api
        self._publishing = publishing
        self._settles_after = settles_after
        self._listed_within = listed_within
        self._now = now

    async def find(self, attempt: Attempt) -> Found | Absent | Undecided:
        """Say what became of the last try."""
        age = self._now() - attempt.last_tried_at
        is_settled = age > self._settles_after()
        progress = Progress.read(attempt.state)
        if progress is None:
            # nothing was announced without a word of that on disk
            return _absent(is_settled, "it may still be on its way to the disk")
        if not progress.publishing:
            return await self._by_list(attempt, is_over=age > self._listed_within)
        try:
            told, answer = await self._api.status(progress.publishing)
        except TargetGone:
            return await self._by_list(attempt, is_over=age > self._listed_within)
        except PostRejected as refused:
            return Undecided(reason=f"its status cannot be read: {refused}", final=is_settled)
        if told.status == COMPLETE:
            return Found(receipt=self._publishing.receipt(attempt, progress, told, answer))
        if told.status == FAILED:
            return _absent(is_settled, "TikTok made no post of it, and that may be of an earlier try")
        if told.status == INBOX:
            return Undecided(reason=LIES_THERE, final=True)
        if progress.is_whole(told):
            return Undecided(reason=f"TikTok has all of it, and still works on it ({told.status})")
        return _absent(is_settled, "bytes of its video are missing, and may still be on their way")

    async def _by_list(self, attempt: Attempt, *, is_over: bool) -> Found | Undecided:
        """Look for it among what everybody sees. That it is not there proves nothing: what only few may see is not, and
        TikTok looks at the rest first, for a minute or for hours."""
        try:
            receipt = await self._publishing.listed(attempt)
        except PostRejected as refused:
            return Undecided(reason=f"what the account posted cannot be read: {refused}", final=True)
        if receipt is not None:
            return Found(receipt=receipt)
        what = "pictures were" if is_of_pictures(attempt.post) else "video was"
        return Undecided(reason=f"its {what} announced, and it is not among what everybody sees", final=is_over)


def _absent(is_settled: bool, doubt: str) -> Absent | Undecided:
    return Absent() if is_settled else Undecided(reason=doubt)
