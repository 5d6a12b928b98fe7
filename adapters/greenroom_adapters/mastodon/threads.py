"""Where statuses stand: whom they answer, and which status their thread began with."""

import logging
from dataclasses import dataclass

from greenroom_adapters.contract import PostRejected, RateLimited, Unavailable
from greenroom_adapters.mastodon.api import Api
from greenroom_adapters.mastodon.wire import WireStatus
from greenroom_adapters.remembering import Recent
from greenroom_adapters.transport import AnswerTooLarge

__all__ = ["Standpoint", "Threads"]

logger = logging.getLogger(__name__)

REMEMBERED = 10_000
"""Statuses; the one that was not asked for longest goes first."""
TRIES = 3
"""Failures in a row to read the thread of one status, after which it stands where it says itself: whatever its thread
is like, it must not keep the bot from what comes behind it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standpoint:
    """Where one status stands."""

    author: str
    root: str
    """Id of the status that its thread began with, as far as the account can see."""


class Threads:
    """The threads of one account: remembered as they pass by, asked for when they are not known."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._known = Recent[str, Standpoint](REMEMBERED)
        self._failed: tuple[str, int] = ("", 0)
        """Whose thread could not be read last, and how often."""

    def saw(self, status: WireStatus, root: str) -> None:
        """Remember where a status stands."""
        self._known[status.id] = Standpoint(author=status.account.id, root=root)

    async def of(self, status: WireStatus) -> tuple[str, str | None]:
        """Return the root of the thread, and who wrote what this status answers; None: nobody, or out of sight.

        :raises Unavailable: it cannot be asked for now, for the first few times
        """
        answered = status.in_reply_to_id
        if answered is None:
            self.saw(status, status.id)
            return status.id, None
        if answered not in self._known:
            await self._ask(status)
        above = self._known.get(answered)
        if above is None:  # deleted, not for our eyes, or not to be read
            self.saw(status, answered)
            return answered, status.in_reply_to_account_id
        self._known.move_to_end(answered)
        self.saw(status, above.root)
        return above.root, above.author

    async def _ask(self, status: WireStatus) -> None:
        try:
            above = (await self._api.context(status.id)).ancestors
        except PostRejected:
            return
        except RateLimited:
            raise
        except Unavailable as error:
            name, failures = self._failed
            failures = failures + 1 if name == status.id else 1
            self._failed = (status.id, failures)
            if failures < TRIES and not isinstance(error, AnswerTooLarge):
                raise
            logger.warning("the thread of %s cannot be read: %s", status.id, error)
            return
        root: str | None = None
        for ancestor in above:
            root = root or ancestor.in_reply_to_id or ancestor.id
            self.saw(ancestor, root)
