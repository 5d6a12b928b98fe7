"""One reply to one post, however often and under whatever names the platform tells of it."""

import itertools

from typing_extensions import override

from greenroom.policy.guard import Guard
from greenroom.policy.verdict import ALLOW, Refuse, Verdict
from greenroom.storage import Past, State, Turn

__all__ = ["OneReply"]

MOST = 20_000
"""Posts that are remembered; the oldest are forgotten first."""
AT_A_TIME = 1000
"""So many are forgotten together: looking for the oldest one costs more the more were forgotten before it."""


class OneReply(Guard):
    """Remembers which turn answers which post. The same event is never taken in twice in any case; this is about one
    post that comes as several events, a mention that quotes, say."""

    def __init__(self) -> None:
        self._answered: dict[tuple[str, str], int] = {}
        """(account, post) → seq of the turn that answers it."""

    @override
    def recall(self, past: Past) -> None:
        if past.post_id is not None:
            self._answered[past.account, past.post_id] = past.seq

    @override
    def may_answer(self, turn: Turn) -> Verdict:
        if turn.post_id is None:
            return ALLOW
        place = (turn.account, turn.post_id)
        first = self._answered.setdefault(place, turn.seq)
        if first != turn.seq:
            return Refuse(f"turn {first} answers this post already")
        if len(self._answered) > MOST:
            for oldest in list(itertools.islice(self._answered, AT_A_TIME)):
                del self._answered[oldest]
        return ALLOW

    @override
    def rested(self, turn: Turn) -> None:
        if turn.post_id is None or turn.state in (State.SENT, State.HELD, State.UNKNOWN):
            return
        if self._answered.get((turn.account, turn.post_id)) == turn.seq:
            del self._answered[turn.account, turn.post_id]
