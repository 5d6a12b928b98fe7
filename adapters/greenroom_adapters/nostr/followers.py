"""Who follows the account. Nobody says that he begins to: people publish the whole list of those whom they follow, and
a relay keeps the newest alone. So a new follower is one whose list was not there before."""

import logging
from contextlib import aclosing

import msgspec

from greenroom_adapters.nostr.backlog import pages
from greenroom_adapters.nostr.connection import Connection
from greenroom_adapters.nostr.wire import UNREADABLE

__all__ = ["Followers"]

logger = logging.getLogger(__name__)

READ = 2_000
"""Lists of one relay that are read before listening begins: each may have a hundred kilobytes."""
AT_ONCE = 50
REMEMBERED = 50_000


class Listed(msgspec.Struct, frozen=True):
    """Whose list it is. Whoever forges one keeps a follower from being told, which a relay can do anyway."""

    pubkey: str


LISTS = msgspec.json.Decoder(Listed)


class Followers:
    """Those who were seen to follow the account, at whichever relay."""

    def __init__(self) -> None:
        self._known: set[str] = set()
        self._are_all_known = True

    async def learn(self, connection: Connection, me: str) -> None:
        """Read who follows already, at one relay.

        :raises Unavailable: the relay cannot be asked to the end
        """
        read = 0
        asked = {"#p": [me], "kinds": [3]}
        async with aclosing(pages(connection, asked, since=0, at_once=AT_ONCE)) as found:
            async for _, raws in found:
                for raw in raws:
                    try:
                        self._known.add(LISTS.decode(raw).pubkey)
                    except UNREADABLE:
                        continue
                read += len(raws)
                if read >= READ:
                    self._give_up(f"the account has {READ} followers or more")
                    return

    def is_new(self, person: str) -> bool:
        """Tell whether somebody who follows has not followed before, once. Where not all could be read, nobody is new:
        an old one looks the same."""
        if not self._are_all_known or person in self._known:
            return False
        if len(self._known) >= REMEMBERED:
            self._give_up(f"{REMEMBERED} followers were seen")
            return False
        self._known.add(person)
        return True

    def _give_up(self, why: str) -> None:
        if self._are_all_known:
            logger.info("%s: new ones are not told from old ones", why)
        self._are_all_known = False
        self._known.clear()
