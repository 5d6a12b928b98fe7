"""What only a running bot knows of its accounts: whether they hear, and whether they are behind."""

import msgspec

__all__ = ["Vitals"]


class Vitals(msgspec.Struct, frozen=True, kw_only=True):
    """How one account is at a moment."""

    is_connected: bool
    away_since: int
    """Since when nothing is heard from its platform, in microseconds since 1970; 0: it is listened to."""
    late: int
    """Posts whose time is over, and that neither went out nor were given up."""
