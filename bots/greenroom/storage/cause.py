"""What money is spent for: whose turn it serves, and on which account."""

import msgspec

from greenroom.storage.turn import Turn, author_of
from greenroom_adapters.contract import TextEvent, Trust

__all__ = ["NOBODYS", "Cause", "cause_of"]


class Cause(msgspec.Struct, frozen=True, kw_only=True):
    """What money is spent for."""

    account: str = ""
    seq: int = 0
    """The turn that it serves; 0: none."""
    platform: str = ""
    person: str | None = None
    """Stable id, on that platform, of who asked for it; None: nobody did, as with the posts of the bot itself."""
    is_spared: bool = False
    """It counts for the share of its person, who gets it also beyond: the bot's owner is no visitor."""


NOBODYS = Cause()
"""Nothing is known of what it is for."""


def cause_of(turn: Turn, *, platform: str, is_spared: bool = False) -> Cause:
    """Return as what a turn on an account of `platform` spends money."""
    event = turn.event
    author = event.author if isinstance(event, TextEvent) else author_of(event)
    return Cause(
        account=turn.account,
        seq=turn.seq,
        platform=platform,
        person=None if author is None else author.id,
        is_spared=is_spared or turn.trust is Trust.OWNER,
    )
