"""Places and people of a bot file: they are on accounts that it has."""

from collections.abc import Iterable
from typing import Annotated, Any, cast

from pydantic import AfterValidator, BeforeValidator, ValidationInfo

from greenroom.settings.model import Reading, wrong
from greenroom.settings.names import nearest
from greenroom.settings.spelling import PERSON, PLACE, Person, Place
from greenroom.settings.telling import TellTo, tell_words

__all__ = ["KnownPerson", "KnownPlace", "Places", "Told", "some_places"]


def _known_account(name: str, value: object, reading: Reading) -> None:
    if reading.accounts is None or name in reading.accounts:
        return
    near = nearest(name, [*reading.accounts, *reading.rooms])
    where = "" if value == name else f"`{value}`: "
    raise wrong(
        f"{where}there is no account `{name}`. "
        + (f"Did you mean `{near}`?" if near else f"The accounts of this file: {', '.join(sorted(reading.accounts))}")
    )


def _places(value: Any, info: ValidationInfo) -> Any:
    """Read `in:`: one or many of account, account/room, or the name of a room of this file."""
    values = list(cast(Iterable[object], value)) if isinstance(value, (list, tuple)) else [value]
    if not isinstance(info.context, Reading):
        return tuple(values)
    found: list[object] = []
    for item in values:
        room = info.context.rooms.get(item) if isinstance(item, str) else None
        if room is None:
            found.append(item)
        else:
            addresses = cast(list[object], room) if isinstance(room, list) else [room]
            found.extend(address for address in addresses if not _is_wrong_there(address, info.context))
    return found


def _is_wrong_there(address: object, reading: Reading) -> bool:
    """Say whether an address below `rooms` is on no account of this file, which is told there."""
    return (
        reading.accounts is not None
        and isinstance(address, str)
        and address.partition("/")[0].strip() not in reading.accounts
    )


def _place_of_known_account(value: Place, info: ValidationInfo) -> Place:
    if isinstance(info.context, Reading):
        _known_account(value.account, PLACE.write(value), info.context)
    return value


def _person_of_known_account(value: Person, info: ValidationInfo) -> Person:
    if isinstance(info.context, Reading):
        _known_account(value.account, PERSON.write(value), info.context)
    return value


def _told_over_known_account(value: Person | Place, info: ValidationInfo) -> Person | Place:
    if isinstance(info.context, Reading):
        _known_account(value.account, tell_words(value), info.context)
    return value


some_places = BeforeValidator(_places)
"""Marks the fields that `in:` fills."""

KnownPlace = Annotated[Place, PLACE, AfterValidator(_place_of_known_account)]
Places = Annotated[tuple[KnownPlace, ...], some_places]
KnownPerson = Annotated[Person, PERSON, AfterValidator(_person_of_known_account)]
Told = Annotated[TellTo, AfterValidator(_told_over_known_account)]
