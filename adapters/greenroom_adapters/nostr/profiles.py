"""Who people say they are: their profiles (kind 0), remembered for a while."""

from collections.abc import Callable, Iterable
from datetime import timedelta

import msgspec

from greenroom_adapters.contract import AdapterError, Author
from greenroom_adapters.nostr.references import npub
from greenroom_adapters.nostr.relays import Relays
from greenroom_adapters.nostr.wire import UNREADABLE, WireEvent
from greenroom_adapters.remembering import Recent
from greenroom_adapters.text import declines_bots

__all__ = ["PROFILE", "WITHIN", "Profile", "Profiles"]

PROFILE = 0
REMEMBERED = 5_000
FRESH = 3600
"""Seconds after which a profile is asked for again."""
AT_ONCE = 100
WITHIN = timedelta(seconds=4)
"""How long a question for profiles may take."""
NAME_CAP = 100


class Profile(msgspec.Struct, frozen=True):
    """What a profile says (NIP-01, NIP-24), as far as it is of use here: looked through once, when it comes."""

    name: str = ""
    """As people see it, on one line."""
    bot: bool = False
    declines_bots: bool = False


PROFILES = msgspec.json.Decoder(dict[str, object])


def read_profile(event: WireEvent) -> Profile:
    """Return the profile in an event; an empty one where nothing can be read. Each field stands for itself."""
    try:
        written = PROFILES.decode(event.content)
    except UNREADABLE:
        return Profile()

    def text(field: str) -> str:
        value = written.get(field)
        return value if isinstance(value, str) else ""

    return Profile(
        name=" ".join((text("display_name") or text("name")).split())[:NAME_CAP],
        bot=written.get("bot") is True,
        declines_bots=declines_bots(text("about")),
    )


class Profiles:
    """The profiles of the people who were met, the latest of them."""

    def __init__(self, relays: Relays, *, now: Callable[[], int]) -> None:
        self._relays = relays
        self._now = now
        self._known = Recent[str, tuple[int, Profile]](REMEMBERED)

    async def learn(self, people: Iterable[str], *, within: timedelta = WITHIN) -> None:
        """Ask for the profiles of those who are not known yet, `within` this for each hundred. Where no relay answers,
        they stay unknown."""
        oldest = self._now() - FRESH
        wanted = [person for person in dict.fromkeys(people) if self._known.get(person, (0, None))[0] < oldest]
        for start in range(0, len(wanted), AT_ONCE):
            some = wanted[start : start + AT_ONCE]
            try:
                found = await self._relays.ask({"kinds": [PROFILE], "authors": some}, within=within)
            except AdapterError:
                continue
            for person in some:
                self._known[person] = self._now(), Profile()
            for event in reversed(found.events):
                self._known[event.pubkey] = self._now(), read_profile(event)

    def forget(self, person: str) -> None:
        """Ask for this profile again when it is needed next."""
        if person in self._known:
            self._known[person] = 0, self._known[person][1]

    def of(self, person: str) -> Profile:
        """Return a profile as far as it is known."""
        return self._known[person][1] if person in self._known else Profile()

    def author(self, person: str) -> Author:
        """Return somebody, as far as he is known."""
        profile = self.of(person)
        return Author(
            id=person,
            handle=npub(person),
            name=profile.name,
            is_bot=profile.bot,
            declines_bots=profile.declines_bots,
        )
