"""Who keeps order in a group, as Telegram says it now."""

import logging
from collections.abc import Callable

from greenroom_adapters.contract import AdapterError, AuthenticationFailed, Trust
from greenroom_adapters.remembering import Recent
from greenroom_adapters.telegram.api import Api
from greenroom_adapters.telegram.wire import WireMember

__all__ = ["Keepers"]

logger = logging.getLogger(__name__)

GROUPS = 1_000
HOLDS = 60.0
"""Seconds for which an answer holds: who was made an administrator, or is none any more, waits so long for it."""


class Keepers:
    """The administrators of groups."""

    def __init__(self, api: Api, *, clock: Callable[[], float]) -> None:
        self._api = api
        self._clock = clock
        self._known = Recent[int, tuple[float, frozenset[int]]](GROUPS)

    async def trust(self, chat: int, person: int) -> Trust:
        """Return how far somebody is trusted in a group: who may delete what others say there keeps order. Where that
        cannot be asked now, he is anyone.

        :raises AuthenticationFailed: the credentials stopped working
        """
        now = self._clock()
        known = self._known.get(chat)
        if known is None or now - known[0] > HOLDS:
            try:
                members = await self._api.administrators(chat)
            except AuthenticationFailed:
                raise
            except AdapterError as error:
                logger.info("who keeps order in a group cannot be asked: %s", error)
                return Trust.ANYONE
            known = (now, frozenset(member.user.id for member in members if _keeps_order(member)))
            self._known[chat] = known
        return Trust.MODERATOR if person in known[1] else Trust.ANYONE


def _keeps_order(member: WireMember) -> bool:
    return member.status == "creator" or (member.status == "administrator" and member.can_delete_messages)
