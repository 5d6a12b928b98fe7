"""Places as an owner types them: accounts, rooms on accounts, and rooms that the bot file has names for."""

from collections.abc import Mapping, Sequence

from greenroom.settings import BotFile, Place
from greenroom.settings.names import nearest
from greenroom.settings.spelling import PLACE, SpellingError
from greenroom_adapters.contract import ConfigurationError

__all__ = ["place_of", "places_of"]


def place_of(text: str, file: BotFile) -> tuple[Place, ...]:
    """Return the places that `text` means: one, or all addresses of a room of the file.

    :raises ConfigurationError: the bot has no such account or room
    """
    if text in file.rooms:
        return file.rooms[text].is_
    try:
        place = PLACE.read(text)
    except SpellingError as error:
        raise ConfigurationError(str(error)) from error
    if place.account not in file.accounts:
        near = nearest(place.account, [*file.accounts, *file.rooms])
        raise ConfigurationError(
            f"the bot has no account `{place.account}`. "
            + (f"Did you mean `{near}`?" if near else f"It has: {', '.join(sorted(file.accounts))}")
        )
    return (place,)


def places_of(texts: Sequence[str], file: BotFile) -> Mapping[str | None, list[str]]:
    """Return room → accounts for all that `texts` mean; None stands for no room, no texts for all accounts.

    :raises ConfigurationError: the bot has no such account or room
    """
    if not texts:
        return {None: list(file.accounts)}
    found: dict[str | None, list[str]] = {}
    for text in texts:
        for place in place_of(text, file):
            accounts = found.setdefault(place.room, [])
            if place.account not in accounts:
                accounts.append(place.account)
    return found
