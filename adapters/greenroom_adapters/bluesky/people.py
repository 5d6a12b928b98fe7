"""Who somebody is, as their profile says."""

import time
from collections.abc import Callable, Iterable, Mapping

from greenroom_adapters.bluesky.api import PROFILES_PAGE, Api
from greenroom_adapters.bluesky.wire import WireProfile
from greenroom_adapters.contract import Author, PostRejected
from greenroom_adapters.text import declines_bots

__all__ = ["People", "author"]

BOT = "bot"
REMEMBERED = 500
FRESH_SECONDS = 600.0


def author(profile: WireProfile) -> Author:
    """Return somebody as events name them."""
    return Author(
        id=profile.did,
        handle=profile.handle,
        name=profile.display_name,
        # A label of others may be wrong; what an account says of itself is its own.
        is_bot=any(label.val == BOT and label.src == profile.did and not label.neg for label in profile.labels),
        declines_bots=declines_bots(profile.display_name, profile.description),
    )


class People:
    """Profiles of those who write to the account, remembered for a while."""

    def __init__(self, api: Api, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._api = api
        self._clock = clock
        self._known: dict[str, tuple[float, Author]] = {}

    async def who(self, did: str) -> Author:
        """Return whoever has this identity; somebody without a profile goes by it.

        :raises Unavailable: it cannot be asked now
        """
        known = self._fresh(did)
        if known is not None:
            return known
        try:
            found = author(await self._api.profile(did))
        except PostRejected:
            found = Author(id=did, handle=did)
        self._remember(found)
        return found

    async def all_of(self, dids: Iterable[str]) -> Mapping[str, Author]:
        """As `who`, of many at once.

        :raises Unavailable: they cannot be asked now
        """
        found = {did: self._fresh(did) for did in dids}
        missing = [did for did, known in found.items() if known is None]
        for start in range(0, len(missing), PROFILES_PAGE):
            page = missing[start : start + PROFILES_PAGE]
            try:
                told = {profile.did: author(profile) for profile in await self._api.profiles(page)}
            except PostRejected:  # one of them, for all of them
                told = {did: await self.who(did) for did in page}
            for did in page:
                who = found[did] = told.get(did) or Author(id=did, handle=did)
                self._remember(who)
        return {did: who for did, who in found.items() if who is not None}

    def _fresh(self, did: str) -> Author | None:
        known = self._known.get(did)
        return known[1] if known is not None and self._clock() - known[0] < FRESH_SECONDS else None

    def _remember(self, who: Author) -> None:
        self._known.pop(who.id, None)
        self._known[who.id] = (self._clock(), who)
        if len(self._known) > REMEMBERED:
            del self._known[next(iter(self._known))]
