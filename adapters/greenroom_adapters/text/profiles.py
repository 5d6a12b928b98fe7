"""What people say to bots in their profiles."""

import re

__all__ = ["declines_bots"]

NO_BOTS = re.compile(r"(?<!\w)#?no[_-]?bots?(?!\w)", re.IGNORECASE)


def declines_bots(*profile: str) -> bool:
    """Say whether a profile (its text and its fields, as plain text) asks bots to stay away: `#nobot`, `#NoBots`,
    "nobot" as a word of its own."""
    return any(NO_BOTS.search(text) for text in profile)
