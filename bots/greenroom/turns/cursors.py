"""How far the sources of one account are read, as far as only the memory knows."""

from greenroom.delivery import Means
from greenroom_adapters.contract import Event

__all__ = ["Cursors"]


class Cursors:
    """Moves the cursors of one account. One is committed with the events that came before it, or later; never
    sooner."""

    def __init__(self, means: Means) -> None:
        self._account = means.account
        self._ledger = means.ledger
        self.passed: dict[str, str] = {}
        """Source → cursor that moved in memory only."""

    def move(self, event: Event) -> None:
        """Queue the cursor of an event, for the next commit."""
        self.passed.pop(event.source, None)
        self._ledger.move_cursor(self._account, event.source, event.cursor)

    def flush(self) -> None:
        """Queue the cursors that moved past events that were not for the bot."""
        for source, cursor in self.passed.items():
            self._ledger.move_cursor(self._account, source, cursor)
        self.passed.clear()
