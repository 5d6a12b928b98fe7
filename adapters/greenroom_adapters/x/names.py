"""Names in a text, as X sees them: whom it tells of a post."""

import re

from greenroom_adapters.text import NAME, SIGNS

__all__ = ["NAMES"]

BEFORE = r"(?:(?<![a-zA-Z0-9_])|(?<=^[rR][tT])|(?<=[^a-zA-Z0-9_+~.-][rR][tT]))"
NAMES = re.compile(rf"{BEFORE}([{SIGNS}]){NAME}")
"""Behind anything but a word of Latin letters, and behind `RT`."""
