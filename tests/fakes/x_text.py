"""How the X of the tests sees a text: its length, its links, and what it looks like when it is read back.

Written from the published rules alone, and apart from the counting of the product, so that the two can disagree.
"""

import re
import unicodedata
from dataclasses import dataclass, field
from typing import Any

LINK = re.compile(
    r"https?://[^\s<>\"]*[^\s<>\".,;:!?'()]"
    r"|(?<![\w@./-])(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+(?:com|org|net|io|dev|de|pt)\b(?:/[^\s<>\"]*[^\s<>\".,;:!?'()])?",
    re.IGNORECASE,
)
MENTION = re.compile(
    "(?:(?<![A-Za-z0-9_!#$%&*@\uff20])|(?<=^RT)|(?<=[^A-Za-z0-9_+~.-]RT))[@\uff20]([A-Za-z0-9_]{1,15})(?![A-Za-z0-9_@])"
)
LIGHT = ((0x0000, 0x10FF), (0x2000, 0x200D), (0x2010, 0x201F), (0x2032, 0x2037))
EMOJI = re.compile(
    "(?:[\U0001f1e6-\U0001f1ff]{2}"
    "|[0-9#*]\ufe0f?\u20e3"
    "|[\u2190-\u2bff\u3030\u303d\u3297\u3299\U0001f000-\U0001faff][\ufe0f\U0001f3fb-\U0001f3ff]?"
    "(?:\u200d[\u2190-\u2bff\U0001f000-\U0001faff][\ufe0f\U0001f3fb-\U0001f3ff]?)*)"
)


def weighted_length(text: str) -> int:
    """Return the length of a text by version 3 of the counting configuration."""
    text = unicodedata.normalize("NFC", text)
    length = 0
    position = 0
    while position < len(text):
        if link := LINK.match(text, position):
            length, position = length + 23, link.end()
        elif (emoji := EMOJI.match(text, position)) and not emoji[0].isascii():
            length, position = length + 2, emoji.end()
        else:
            point = ord(text[position])
            length += 1 if any(low <= point <= high for low, high in LIGHT) else 2
            position += 1
    return length


@dataclass
class Shown:
    """A text as X gives it back."""

    text: str = ""
    urls: list[dict[str, Any]] = field(default_factory=list)
    mentions: list[dict[str, Any]] = field(default_factory=list)
    start: int = 0
    """Where the part begins that people see: behind the names before an answer, whoever put them there."""

    def put(self, text: str) -> None:
        """Add words."""
        self.text += text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")

    def put_link(self, address: str, code: str, **more: str) -> None:
        """Add a link, which X replaces by a short one."""
        short = f"https://t.co/{code}"
        begin = len(self.text)
        expanded = address if "://" in address else f"http://{address}"
        shown = re.sub(r"^https?://", "", address)[:27]
        self.text += short
        url = {"start": begin, "end": len(self.text), "url": short, "expanded_url": expanded, "display_url": shown}
        self.urls.append(url | more)

    def put_mention(self, handle: str, person: str | None) -> None:
        """Add a name."""
        begin = len(self.text)
        self.text += f"@{handle}"
        if person is not None:
            self.mentions.append({"start": begin, "end": len(self.text), "username": handle, "id": person})


def mentioned(text: str) -> list[str]:
    """Return the handles in a text."""
    return MENTION.findall(LINK.sub(" ", text))


def pieces(text: str) -> list[tuple[str, str]]:
    """Return a text as (kind, piece): `text`, `link` or `mention`."""
    found: list[tuple[str, str]] = []
    position = 0
    both = re.compile(f"(?P<link>{LINK.pattern})|(?P<mention>{MENTION.pattern})", re.IGNORECASE)
    for match in both.finditer(text):
        found.append(("text", text[position : match.start()]))
        found.append(("link", match[0]) if match["link"] else ("mention", match[0][1:]))
        position = match.end()
    return [*found, ("text", text[position:])]
