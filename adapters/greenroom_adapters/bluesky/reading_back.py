"""Decides from the account's own repository whether one attempt went out."""

from collections.abc import Callable
from datetime import datetime, timedelta

from greenroom_adapters.bluesky.api import Api
from greenroom_adapters.bluesky.identifiers import POST, AtUri, reference
from greenroom_adapters.bluesky.mail import Mail
from greenroom_adapters.bluesky.plan import Plan, Progress
from greenroom_adapters.bluesky.wire import POSTS, UNREADABLE, WireRecord
from greenroom_adapters.contract import Absent, Attempt, Found, PostRejected, Receipt, TargetGone, Undecided

__all__ = ["ReadingBack"]


class ReadingBack:
    """Looks under the key of a record, which was made before its first try."""

    def __init__(self, api: Api, mail: Mail, *, settles_after: timedelta, now: Callable[[], datetime]) -> None:
        self._api = api
        self._mail = mail
        self._settles_after = settles_after
        self._now = now

    async def find(self, attempt: Attempt) -> Found | Absent | Undecided:
        """Look whether the record is there; whether a direct message is, its conversation says."""
        asked_at = self._now()
        plan = Plan.read(attempt.prepared)
        if attempt.post.direct_to is not None:
            verdict = await self._mail.look(attempt)
            return verdict or self._absent(attempt, asked_at)
        progress = Progress.read(attempt.state)
        # Asked before the record: what is written after the answer shows in the record.
        revision = await self._revision() if progress is not None else ""
        uri = AtUri(self._api.me, POST, plan.rkey)
        try:
            record = await self._api.record(uri)
        except TargetGone:
            if progress is not None and (not revision or revision != progress.revision):
                # A deleted record leaves no trace, but its making and its end each made a revision.
                return Undecided(reason="there is no such record; the account has written since, perhaps this one too")
            return self._absent(attempt, asked_at)
        if not self._is_ours(record, attempt, plan):
            return Undecided(reason="another record stands where this one was to go", final=True)
        published_at = datetime.fromisoformat(plan.created_at)
        return Found(receipt=Receipt(key=attempt.key, ref=reference(uri), published_at=published_at))

    def _absent(self, attempt: Attempt, asked_at: datetime) -> Absent | Undecided:
        if asked_at - attempt.last_tried_at <= self._settles_after:
            return Undecided(reason="it is not there; it may still appear")
        return Absent()

    def _is_ours(self, record: WireRecord, attempt: Attempt, plan: Plan) -> bool:
        """Tell whether a record is what this attempt writes, whatever it could find out about who is mentioned."""
        try:
            post = POSTS.decode(record.value)
        except UNREADABLE:
            return False
        return (post.text, post.created_at) == (attempt.post.text, plan.created_at)

    async def _revision(self) -> str:
        try:
            return await self._api.revision()
        except PostRejected:
            return ""
