"""What comes of asking a voice for words."""

from dataclasses import dataclass

import msgspec

from greenroom.generation.bounds import Bound
from greenroom_adapters.contract import Trust

__all__ = ["Held", "Outcome", "Silent", "Spoken"]


class Spoken(msgspec.Struct, frozen=True, kw_only=True):
    """Words within every bound, ready for approval and delivery."""

    parts: tuple[str, ...]
    """One text for each post, in order; none where something else is done instead (`chosen`). Several only when the
    persona says `too_long: thread`."""
    engine: str
    """Who found them, as the bot file names it."""
    model: str | None
    """The model that the server says answered; None: no model."""
    cost: int
    """Millionths of a US dollar, over all tries that returned a text."""
    notes: tuple[str, ...]
    """What happened on the way, for the record: who refused, what was repaired. Not for the platform."""
    broke: tuple[Bound, ...] = ()
    """Every bound that a text broke on the way, in order."""
    chosen: tuple[str, ...] = ()
    """What the model chose to have done beside the words, or instead of them."""
    trust: Trust = Trust.ANYONE
    """How far the least trusted is trusted whose words they were written from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A person decides. Nothing may be sent as it is."""

    reason: str
    """In words for that person."""
    parts: tuple[str, ...]
    """The draft as far as there is one; empty when no engine found words."""
    engine: str | None
    """Who wrote the draft; None: nobody."""
    model: str | None
    cost: int
    notes: tuple[str, ...]
    is_unable: bool = False
    """No engine found words, and one will not before a person mends it."""
    broke: tuple[Bound, ...] = ()
    chosen: tuple[str, ...] = ()
    trust: Trust = Trust.ANYONE


@dataclass(frozen=True, slots=True, kw_only=True)
class Silent:
    """Nothing is said, by the owner's own rule."""

    reason: str
    """In words for the record."""
    cost: int
    notes: tuple[str, ...]
    is_unable: bool = False
    """No engine found words, and one will not before a person mends it."""
    broke: tuple[Bound, ...] = ()


Outcome = Spoken | Held | Silent
