"""Hands off: a thread in which the owner has written by hand from the bot's account is his."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from typing_extensions import override

from greenroom.clock import MICROSECOND, Clock, from_micros
from greenroom.policy.guard import Guard, Terms, is_stop_or_start, is_word
from greenroom.policy.verdict import ALLOW, Refuse, Verdict
from greenroom.settings import AnswerRule
from greenroom.storage import Ledger, Turn
from greenroom_adapters.contract import TextEvent

__all__ = ["HandsOff"]

KEPT = timedelta(days=7)
"""How long it is remembered at least."""
MANY = 10_000
"""Conversations at which those are thrown away that do not matter any more; later at twice as many as are left."""


class HandsOff(Guard):
    """Knows the conversations in which a person wrote from the bot's own account, and leaves them to him for as long
    as the rule says. What he let out himself, by approving it, goes out all the same."""

    def __init__(self, ledger: Ledger, clock: Clock) -> None:
        self._ledger = ledger
        self._clock = clock
        self._hands: dict[tuple[str, str], int] = {}
        """(account, conversation) → when he wrote last, in microseconds since 1970. What does not matter any more is
        thrown away when there are many."""
        self._many = MANY

    async def load(self, terms: Terms) -> None:
        """Read who wrote where by hand."""
        self._terms = terms
        self._hands = await self._ledger.hands(since=self._matters_since())

    @override
    def use(self, terms: Terms) -> None:
        self._terms = terms

    def seen(self, account: str, conversation: str, at: int) -> None:
        """Note, with the next commit, that a person wrote there by hand at `at` (microseconds since 1970)."""
        if len(self._hands) >= self._many:
            since = self._matters_since()
            self._hands = {place: wrote for place, wrote in self._hands.items() if wrote >= since}
            self._many = max(MANY, 2 * len(self._hands))
        self._hands[account, conversation] = max(at, self._hands.get((account, conversation), 0))
        self.changed()
        self._ledger.hand(account, conversation, at)

    def _matters_since(self) -> int:
        """Return since when (microseconds since 1970) what somebody wrote by hand matters, also to a file that is
        edited to leave him a thread for longer."""
        return self._clock.micros() - max(KEPT, self._terms.longest_hands_off) // MICROSECOND

    def wrote_since(self, account: str, conversation: str, at: int) -> bool:
        """Say whether a person wrote there by hand at or after that moment (microseconds since 1970)."""
        return self._hands.get((account, conversation), 0) >= at

    @override
    def asked(self, question: str, rule: AnswerRule | None) -> Callable[..., Any] | None:
        return super().asked(question, rule) if self._hands else None

    @override
    def may_answer(self, turn: Turn) -> Verdict:
        return self._his(turn) if self._hands else ALLOW

    @override
    def may_send(self, turn: Turn) -> Verdict:
        if not self._hands or (turn.draft is not None and turn.draft.approved):
            return ALLOW
        return self._his(turn)

    def _his(self, turn: Turn) -> Verdict:
        event = turn.event
        if not isinstance(event, TextEvent) or is_stop_or_start(turn) or is_word(turn):
            return ALLOW
        wrote = self._hands.get((turn.account, event.conversation))
        if wrote is None:
            return ALLOW
        until = wrote + self._terms.hands_off(turn) // MICROSECOND
        if until <= self._clock.micros():
            return ALLOW
        zone = self._terms.file.timezone
        moment = from_micros(until).astimezone(zone)
        day = "" if moment.date() == self._clock.now().astimezone(zone).date() else f"{moment:%Y-%m-%d} "
        return Refuse(
            f"somebody writes in this thread by hand from the bot's account: it is his until {day}{moment:%H:%M}"
        )
