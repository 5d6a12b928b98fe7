"""Text of strangers, made safe to show on a terminal and in a log."""

import re

__all__ = ["plain"]

UNSAFE = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f"  # control characters but tab and newline: they move the cursor and set colours
    r"\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"  # unseen, or turning the order
    r"\ud800-\udfff"  # halves of characters: no encoding writes them
    r"\U000e0000-\U000e001f]"
)


def plain(text: str, *, one_line: bool = False) -> str:
    r"""Return `text` with every character that could act on a terminal or mislead its reader written as an escape.

    Control characters, characters that turn the direction of writing, invisible ones and half surrogates become
    `\x1b`, `\u202e` and the like; tab and newline stay, unless `one_line` is set. Letters, emoji and what joins them
    stay as they are. Cleaning twice changes nothing.
    """
    if text.isprintable():
        return text
    text = UNSAFE.sub(_escaped, text)
    return text.replace("\n", "\\n").replace("\t", "\\t") if one_line else text


def _escaped(character: re.Match[str]) -> str:
    code = ord(character[0])
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
