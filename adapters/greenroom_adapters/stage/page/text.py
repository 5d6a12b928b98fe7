"""How untrusted text becomes safe HTML, and moments become words."""

import re
import zlib
from collections.abc import Callable
from datetime import datetime, timedelta
from urllib.parse import quote

from markupsafe import Markup, escape

from greenroom_adapters.stage.mentions import MENTION

__all__ = ["TAG", "ago", "full_date", "initial", "rich", "sentence", "tone", "visible"]

TONES = 8

TAG = re.compile(r"(?<![\w&/#])#(\w{1,60})", re.UNICODE)
"""A tag with its name as group 1."""

LINKED = re.compile(
    r"(?P<link>(?<!\w)https?://[^\s<>\"'`\\^{}|\u2400-\u2426]+)"
    r"|(?P<mention>" + MENTION.pattern + ")"
    r"|(?P<tag>(?<![\w&/#])#(?P<name>\w{1,60}))"
)

LOCAL = Markup('<a href="{}">{}</a>')
FOREIGN = Markup('<a href="{}" rel="noopener nofollow">{}</a>')

CONTROLS = (
    {code: 0x2400 + code for code in range(0x20) if chr(code) not in "\n\t"}
    | {0x7F: 0x2421}
    | dict.fromkeys((0x202D, 0x202E), 0xFFFD)
)
"""Control characters become the pictures that Unicode has for them; what would turn the reading direction of the text
behind it round, and make `exe.png` of `gnp.exe`, becomes the sign for an unreadable character."""


def visible(text: str) -> str:
    """Return the text with control characters made visible. Whoever shows it escapes it."""
    return text.translate(CONTROLS)


def rich(text: str, *, is_known: Callable[[str], bool]) -> Markup:
    """Return the text as HTML: everything escaped; web addresses, @handles that are known and #tags linked."""
    text = visible(text)
    pieces: list[Markup] = []
    at = 0
    for match in LINKED.finditer(text):
        shown = match.group()
        if match.group("link"):
            shown = without_trailing_marks(shown)
            link, target = FOREIGN, shown
        elif match.group("mention"):
            if not is_known(shown[1:]):
                continue
            link, target = LOCAL, "/" + quote(shown, safe="@")
        else:
            link, target = LOCAL, "/tags/" + quote(match.group("name"))
        pieces.append(escape(text[at : match.start()]))
        pieces.append(link.format(target, shown))
        at = match.start() + len(shown)
    pieces.append(escape(text[at:]))
    return Markup("").join(pieces)


def without_trailing_marks(address: str) -> str:
    """Return a web address without the punctuation of the sentence around it; balanced brackets stay."""
    while address:
        last = address[-1]
        if last in ".,;:!?*_~" or (last == ")" and address.count(")") > address.count("(")) or last in "]":
            address = address[:-1]
        else:
            break
    return address


def ago(moment: datetime, now: datetime) -> str:
    """Return how long ago it was, in few letters; after a week the date."""
    age = max(now - moment, timedelta(0))
    if age < timedelta(minutes=1):
        return "now"
    if age < timedelta(hours=1):
        return f"{age // timedelta(minutes=1)} min"
    if age < timedelta(days=1):
        return f"{age // timedelta(hours=1)} h"
    if age < timedelta(days=7):
        return f"{age // timedelta(days=1)} d"
    local = moment.astimezone()
    return f"{local.day} {local:%b}" if local.year == now.astimezone().year else f"{local.day} {local:%b %Y}"


def full_date(moment: datetime) -> str:
    """Return the moment in this machine's time zone, in words."""
    local = moment.astimezone()
    return f"{local.day} {local:%B %Y, %H:%M}"


def sentence(message: str) -> str:
    """Return what the Stage's rules say, as a sentence."""
    return message[:1].upper() + message[1:] + ("" if message.endswith((".", "!", "?")) else ".")


def initial(name: str) -> str:
    """Return the letter that stands for a name."""
    return next((letter for letter in name if letter.isalnum()), "?")


def tone(handle: str) -> int:
    """Return which of the stylesheet's tones an account has, the same in every process."""
    return zlib.crc32(handle.lower().encode()) % TONES
