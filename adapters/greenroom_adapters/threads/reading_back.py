"""Decides whether one attempt went out: its container says so, and the account's list where it stands."""

from collections.abc import Callable
from datetime import datetime, timedelta

from typing_extensions import override

from greenroom_adapters.contract import Absent, Attempt, Undecided
from greenroom_adapters.meta.reading_back import Recognising, Seen
from greenroom_adapters.recognising import Claims
from greenroom_adapters.threads.api import Api
from greenroom_adapters.threads.publishing import Publishing

__all__ = ["ReadingBack"]


class ReadingBack(Recognising):
    """Recognises what one account has published."""

    def __init__(
        self,
        api: Api,
        claims: Claims,
        publishing: Publishing,
        *,
        settles_after: timedelta,
        now: Callable[[], datetime],
    ) -> None:
        super().__init__(api, claims, settles_after=settles_after, now=now)
        self._publishing = publishing

    @override
    async def _told(self, attempt: Attempt, *, is_settled: bool) -> Seen | Absent | Undecided:
        return await self._publishing.became(attempt, is_settled=is_settled)
