"""The text in the HTML of a status or a profile.

The parser of the standard library takes minutes for a text of `<a <a <a`, and what strangers write is read here. This
one looks at each character a bounded number of times: what is no tag of ordinary length is text.
"""

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass

__all__ = ["plain_text"]

LONGEST = 64 * 1024
"""More HTML than any post needs is cut off."""
TAG = re.compile(
    r"<(?P<end>/?)(?P<name>[a-zA-Z][a-zA-Z0-9]{0,20}+)"
    r"(?P<rest>(?:[^<>\"']{1,500}+|\"[^\"]{0,4000}+\"|'[^']{0,4000}+'){0,60}+)>"
    r"|<!(?P<comment>--)?[^>]{0,4000}+>"
)
ATTRIBUTE = re.compile(r"""([a-zA-Z-]{1,40}+)\s{0,9}+=\s{0,9}+(?:"([^"]*+)"|'([^']*+)'|([^\s"'<>]++))""")
BLOCKS = frozenset({"p", "div", "blockquote", "pre", "ul", "ol", "h1", "h2", "h3", "h4", "h5", "h6"})
LINES = frozenset({"li", "tr"})
UNSEEN = frozenset({"script", "style", "template"})
NOT_TO_BE_SHOWN = "quote-inline"
"""Class of the line `RE: …` that Mastodon puts before a quote for clients without quotes (documentation, "Status")."""
BLANK = re.compile(r"\s++")
WEB = ("http://", "https://")


@dataclass(frozen=True, slots=True)
class _Tag:
    name: str
    is_end: bool
    attributes: str

    def get(self, name: str) -> str:
        """Return an attribute; empty: there is none."""
        for found in ATTRIBUTE.finditer(self.attributes):
            if found[1].lower() == name:
                return html.unescape(found[2] or found[3] or found[4] or "")
        return ""


def plain_text(source: str) -> str:
    """Return the text as its writer typed it: paragraphs and lines apart, links as whole addresses, mentions and
    hashtags as they stand. Broken or hostile markup gives some text, never an error."""
    if "<" not in source and "&" not in source:
        return source.strip()
    reader = _Reader()
    for token in _tokens(source[:LONGEST]):
        if isinstance(token, str):
            reader.read_text(html.unescape(token))
        elif token.is_end:
            reader.read_end(token)
        else:
            reader.read_start(token)
    return reader.text()


def _on_one_line(blank: re.Match[str]) -> str:
    """Return white space as it is shown: a line break in the source is a space."""
    return " " if "\n" in blank[0] else blank[0]


def _tokens(source: str) -> Iterator[str | _Tag]:
    position = 0
    for tag in TAG.finditer(source):
        if tag.start() > position:
            yield source[position : tag.start()]
        position = tag.end()
        if tag["name"] is not None:
            yield _Tag(tag["name"].lower(), bool(tag["end"]), tag["rest"])
    if position < len(source):
        yield source[position:]


class _Reader:
    """Collects the text; what is open is kept as a depth, so nesting costs nothing."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._breaks = 0
        """Line breaks that come before the next text."""
        self._link: str | None = None
        self._label: list[str] = []
        self._hidden: str | None = None
        """Tag of the element whose text is not for readers."""
        self._hidden_depth = 0
        self._preformatted = 0

    def read_start(self, found: _Tag) -> None:
        tag = found.name
        if self._hidden is not None:
            self._hidden_depth += tag == self._hidden
            return
        classes = found.get("class").split()
        if tag in UNSEEN or NOT_TO_BE_SHOWN in classes:
            self._hidden, self._hidden_depth = tag, 1
        elif tag == "br":
            self._end_link()
            self._breaks += 1
        elif tag in BLOCKS:
            self._block()
            self._preformatted += tag == "pre"
        elif tag in LINES:
            self._line()
        elif tag == "a":
            self._end_link()
            # Mentions and hashtags lead to pages that say what their words say.
            self._link = "" if {"mention", "hashtag", "u-url"} & set(classes) else found.get("href")
        elif tag == "img":
            self._add(found.get("alt"))

    def read_end(self, found: _Tag) -> None:
        tag = found.name
        if self._hidden is not None:
            self._hidden_depth -= tag == self._hidden
            if self._hidden_depth <= 0:
                self._hidden = None
        elif tag == "a":
            self._end_link()
        elif tag in BLOCKS:
            self._block()
            self._preformatted -= tag == "pre" and self._preformatted > 0
        elif tag in LINES:
            self._line()

    def read_text(self, data: str) -> None:
        if self._hidden is None:
            self._add(data if self._preformatted else BLANK.sub(_on_one_line, data))

    def text(self) -> str:
        """Return what was read."""
        self._end_link()
        return "".join(self._parts).strip()

    def _add(self, text: str) -> None:
        if self._link is not None:
            self._label.append(text)
        elif text.strip() or (text and self._parts and not self._breaks):
            self._parts += ["\n" * self._breaks, text] if self._parts else [text]
            self._breaks = 0

    def _end_link(self) -> None:
        link, self._link = self._link, None
        label, self._label = "".join(self._label), []
        if link is None:
            return
        shown = label.strip().rstrip("…")
        bare = link.removeprefix("https://").removeprefix("http://")
        if not link.startswith(WEB) or not label.strip():
            self._add(label)
        elif link.startswith(shown) or bare.startswith(shown) or bare.removeprefix("www.").startswith(shown):
            self._add(link)
        else:
            self._add(f"{label} ({link})")

    def _block(self) -> None:
        self._end_link()
        self._breaks = max(self._breaks, 2 if self._parts else 0)

    def _line(self) -> None:
        self._end_link()
        self._breaks = max(self._breaks, 1 if self._parts else 0)
