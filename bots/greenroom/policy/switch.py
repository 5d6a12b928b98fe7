"""The kill switch: nothing is begun, nothing is paid, nothing goes out, until a person says so."""

from collections.abc import Callable, Mapping
from typing import Any

from typing_extensions import override

from greenroom.clock import Clock
from greenroom.policy.guard import Guard
from greenroom.policy.verdict import ALLOW, Later, Verdict
from greenroom.settings import AnswerRule
from greenroom.storage import Turn

__all__ = ["EVERY_ACCOUNT", "SWITCH", "Switch", "why_paused"]

SWITCH = "!"
"""Its name among the paused accounts of the ledger; no account can be called so."""
EVERY_ACCOUNT = "*"
"""Stands there, and in `pause` and `resume`, for all accounts."""
LOOK = 1_000_000
"""Microseconds after which a turn that waits looks at the switch again."""


class Switch(Guard):
    """Off, it keeps every turn where it is. What comes in meanwhile is noted, and answered afterwards if it is not too
    late then. The posts that are on their way are kept by the pause of their accounts, which goes with it."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.off: str | None = None
        """Why everything stands still; None: it does not."""

    def turn(self, off: str | None) -> None:
        """Let everything stand still, for this reason, or go on (None)."""
        self.off = off
        self.changed()

    @override
    def asked(self, question: str, rule: AnswerRule | None) -> Callable[..., Any] | None:
        return None if self.off is None else super().asked(question, rule)

    @override
    def may_answer(self, turn: Turn) -> Verdict:
        return ALLOW if self.off is None else Later(self._clock.micros() + LOOK, f"everything is stopped: {self.off}")


def why_paused(paused: Mapping[str, str], account: str) -> str | None:
    """Return why nothing goes out on an account, by the pauses of its ledger; None: something does."""
    return paused.get(SWITCH) or paused.get(account) or paused.get(EVERY_ACCOUNT)
