"""Whether a text that a platform lists is one that we sent: letters and spaces may have been tidied on the way, and the
names in it may be mere words."""

import re
import unicodedata

from greenroom_adapters.text import undefused

__all__ = ["is_like"]

SPACES = re.compile(r"\s+")


def is_like(sent: str, listed: str) -> bool:
    """Say whether `listed` is what became of `sent`."""
    return _tidied(sent) == _tidied(listed)


def _tidied(text: str) -> str:
    return SPACES.sub(" ", unicodedata.normalize("NFC", undefused(text))).strip()
