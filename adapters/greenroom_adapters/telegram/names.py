"""Names in a text, as Telegram sees them: whom it tells of a message."""

import re

from greenroom_adapters.text import NAME

__all__ = ["NAMES"]

LABEL = r"[a-zA-Z0-9\u00c0-\u04ff](?:-?[a-zA-Z0-9\u00c0-\u04ff]){0,20}"
OCTET = r"(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
HOST = rf"(?:(?:{LABEL}\.)+[a-zA-Z]{{2,15}}|{OCTET}(?:\.{OCTET}){{3}})"
ADDRESS = rf"\b(?:https?|ftp)://{HOST}(?::[1-9][0-9]{{0,3}})?/(?:[a-zA-Z0-9_/.~%-]*/)?@"
"""What Telegram takes for an address in any case: no label is over 63 bytes there, no port and no octet impossible."""
NAMES = re.compile(rf"{ADDRESS}|(?<!\w)(@){NAME}")
"""Behind a slash as well, but not in what it takes for an address: with any top-level domain."""
