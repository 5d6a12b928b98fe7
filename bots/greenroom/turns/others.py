"""Who spoke last in each conversation, for rules that leave room for others to answer."""

from greenroom.storage import Turn
from greenroom_adapters.contract import TextEvent

__all__ = ["Others"]

MOST = 10_000
"""Conversations that are remembered; the ones that were silent longest are forgotten first."""


class Others:
    """Remembers, in memory, the last speaker of each conversation that the account reads."""

    def __init__(self) -> None:
        self._last: dict[str, TextEvent] = {}

    def heard(self, event: TextEvent) -> None:
        """Note that somebody spoke, whether or not it is for the bot."""
        self._last.pop(event.conversation, None)
        self._last[event.conversation] = event
        if len(self._last) > MOST:
            del self._last[next(iter(self._last))]

    def have_answered(self, turn: Turn) -> bool:
        """Say whether somebody else than the asker has spoken since, in the same conversation."""
        asked = turn.event
        if not isinstance(asked, TextEvent) or (last := self._last.get(asked.conversation)) is None:
            return False
        return last.author.id != asked.author.id and last.occurred_at >= asked.occurred_at
