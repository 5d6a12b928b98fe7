"""Quiet hours, for what was begun before them and would go out within them."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

from typing_extensions import override

from greenroom.clock import Clock, to_micros
from greenroom.policy.guard import Guard, Terms, is_stop_or_start, is_word
from greenroom.policy.verdict import ALLOW, Later, Refuse, Verdict
from greenroom.settings import AnswerRule, Span
from greenroom.storage import TELL, Due, Turn

__all__ = ["QuietHours", "quiet_until"]


def quiet_until(now: datetime, quiet: Span, zone: tzinfo) -> datetime | None:
    """Return when the quiet stretch that the aware moment `now` lies in ends, in UTC; None: it lies in none."""
    local = now.astimezone(zone)
    if local.time() not in quiet:
        return None
    # in a night that has an hour twice, its end comes twice as well
    ends = (
        datetime.combine(local.date() + timedelta(days=days), quiet.end, tzinfo=zone).replace(fold=fold).astimezone(UTC)
        for days in (0, 1)
        for fold in (0, 1)
    )
    return next((end for end in ends if end > now), None)


class QuietHours(Guard):
    """Lets posts, and what a person let out, wait until the hour; leaves other replies and direct words alone. What
    comes in or falls due within quiet hours is seen to before it becomes a turn. The owner is told at every hour."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._quiet: Span | None = None
        self._zone: tzinfo = UTC

    @override
    def use(self, terms: Terms) -> None:
        self._quiet, self._zone = terms.file.limits.quiet, terms.file.timezone

    @override
    def asked(self, question: str, rule: AnswerRule | None) -> Callable[..., Any] | None:
        return None if self._quiet is None else super().asked(question, rule)

    @override
    def may_send(self, turn: Turn) -> Verdict:
        if self._quiet is None or turn.rule == TELL or is_stop_or_start(turn) or is_word(turn):
            return ALLOW
        end = quiet_until(self._clock.now(), self._quiet, self._zone)
        if end is None:
            return ALLOW
        hours = f"{self._quiet.start:%H:%M}-{self._quiet.end:%H:%M}"
        is_approved = turn.draft is not None and turn.draft.approved
        is_post = isinstance(turn.event, Due) and turn.event.direct_to is None
        if is_post or is_approved:
            return Later(to_micros(end), f"quiet hours ({hours})")
        return Refuse(f"quiet hours ({hours}) had begun before it could go out")
