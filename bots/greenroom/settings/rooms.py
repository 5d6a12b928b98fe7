"""`rooms:` of the bot file: what the bot does where many talk."""

import enum
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo

from greenroom.settings.model import Model, not_a_word, one_or_many, wrong
from greenroom.settings.places import KnownPlace
from greenroom.settings.spelling import RATE, Place, Rate

__all__ = ["RoomMode", "RoomRule"]


class RoomMode(enum.StrEnum):
    """What a bot does in a room."""

    MENTIONS = "mentions"
    """Answers who addresses it, and what a rule of `answer` names for this room."""
    OPEN = "open"
    """The same, and joins in unasked, as talkative as the persona."""
    LISTEN = "listen"
    """Reads, never writes."""
    IGNORE = "ignore"
    """Neither reads nor writes."""


def _mode(value: Any, info: ValidationInfo) -> Any:
    if isinstance(value, RoomMode):
        return value
    if value in ("off", "no", False):
        raise wrong(f"`{str(value).lower()}` means false to some readers of YAML: write `ignore`")
    if value not in [*RoomMode]:
        raise wrong(not_a_word(value, [*RoomMode], "a mode of a room"))
    return RoomMode(value)


def _has_a_room(value: Place) -> Place:
    if value.room is None:
        raise wrong(f"`{value.account}` is a whole account: write account/room, like {value.account}/lounge")
    return value


Address = Annotated[KnownPlace, AfterValidator(_has_a_room)]


class RoomRule(Model):
    """One room, perhaps reached through several accounts."""

    section: ClassVar[str] = "a room"
    short_for: ClassVar[str | None] = "is"

    is_: Annotated[tuple[Address, ...], one_or_many] = Field(
        default=(), validation_alias="is", serialization_alias="is"
    )
    """Its addresses, each account/room. None only for `elsewhere`: every room that nobody listed."""
    mode: Annotated[RoomMode, BeforeValidator(_mode)] = RoomMode.MENTIONS
    """What the bot does there."""
    slow: Annotated[Rate, RATE] | None = None
    """Messages of the bot there, over all of its addresses; what is over waits, as long as it is worth it, or is left
    alone where nobody asked for it. None: as many as the other limits let through."""
    per_person: Annotated[Rate, RATE] | None = None
    """Answers to one person there; what is over is left alone. None: as `replies_per_person` says."""
