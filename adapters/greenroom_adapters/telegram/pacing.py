"""How much may be sent, as Telegram says it ("My bot is hitting limits", and the page on broadcasting): so that it has
seldom to be asked for more patience."""

import math
import time
from collections import deque
from collections.abc import Callable

from greenroom_adapters.remembering import Recent

__all__ = ["Allowance"]

BURST, BURST_SECONDS = 5, 5.0
"""One message a second to a chat, and short bursts may go over that."""
GROUP, GROUP_SECONDS = 20, 60.0
"""Messages to one group in a minute."""
OVERALL, OVERALL_SECONDS = 30, 1.0
"""Messages to all chats in a second."""
CHATS = 5_000
"""How many are remembered; the one that was written to longest ago goes first."""


class Allowance:
    """What was sent lately by one account."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._overall: deque[float] = deque(maxlen=OVERALL)
        self._chats = Recent[str, deque[float]](CHATS)

    def wait_overall(self, count: int = 1) -> float:
        """Return the seconds until so many messages may be sent to anybody; 0: they may be sent now."""
        return self._wait(self._overall, count, OVERALL, OVERALL_SECONDS)

    def wait_for(self, chat: str, *, is_group: bool, count: int = 1) -> float:
        """Return the seconds until so many messages may be sent to this chat; 0: they may be sent now."""
        sent = self._chats.get(chat, deque())
        waits = self._wait(sent, count, BURST, BURST_SECONDS)
        return max(waits, self._wait(sent, count, GROUP, GROUP_SECONDS)) if is_group else waits

    def took(self, chat: str, count: int = 1) -> None:
        """Note that so many messages are on their way."""
        sent = self._chats[chat] = self._chats.get(chat) or deque(maxlen=GROUP)
        now = self._clock()
        for _ in range(count):
            sent.append(now)
            self._overall.append(now)

    def _wait(self, sent: deque[float], count: int, most: int, within: float) -> float:
        """Return the seconds until `count` fit in, of at most `most` within so many seconds. An album that is more than
        a limit goes when nothing else is there."""
        over = len(sent) + count - most
        if over <= 0:
            return 0.0
        leaves = sent[min(over, len(sent)) - 1] if sent else -math.inf
        return max(0.0, leaves + within - self._clock())
