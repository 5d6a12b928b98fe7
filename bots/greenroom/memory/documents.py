"""Files of an owner as texts: Markdown, plain text, HTML and PDF, each cut into passages that can be quoted."""

import json
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path

from typing_extensions import override

from greenroom.interpreter import environment_of_a_child
from greenroom.personas.knowing import KINDS
from greenroom_adapters.contract import GreenroomError

__all__ = ["Document", "Section", "Unreadable", "files_of", "passages_of", "read_document", "short_title"]

LARGEST = 16 * 1024 * 1024
"""Bytes of one file."""
MOST_FILES = 5_000
LONGEST = 4_000_000
"""Characters of text in one file."""
PASSAGE = 800
"""Characters of a passage at the most."""
PDF_PATIENCE = 120.0
"""Seconds that the text of one PDF may take."""
LONGEST_TITLE = 80


class Unreadable(GreenroomError):
    """A file holds no text that can be used; the message says why and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """Text below one heading."""

    heading: str
    """Empty: above the first one."""
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """What stands in one file."""

    title: str
    """By which it is named to people: its own, else made from the file's name."""
    sections: tuple[Section, ...]


def files_of(patterns: Iterable[Path]) -> list[Path]:
    """Return the files that the patterns mean now, by name, each once; of kinds that are not read none.

    :raises Unreadable: there are too many
    """
    found: dict[Path, None] = {}
    for pattern in patterns:
        for path in [pattern] if pattern.is_file() else _matching(pattern):
            if path.suffix.lower() in KINDS and path.is_file():
                found[path.absolute()] = None
                if len(found) > MOST_FILES:
                    raise Unreadable(f"{pattern} means more than {MOST_FILES:,} files: write a narrower pattern")
    return sorted(found)


def _matching(pattern: Path) -> Iterator[Path]:
    parts = pattern.parts
    fixed = next((at for at, part in enumerate(parts) if any(sign in part for sign in "*?[")), len(parts))
    folder = Path(*parts[:fixed]) if fixed else Path()
    if fixed < len(parts) and folder.is_dir():
        yield from folder.glob(str(Path(*parts[fixed:])))


def read_document(path: Path) -> Document:
    """Return what stands in a file. Takes as long as that does: not for the event loop.

    :raises Unreadable: it is broken, too large, or has no text
    """
    try:
        if (size := path.stat().st_size) > LARGEST:
            raise Unreadable(f"it has {size / 1e6:,.0f} MB, {LARGEST / 1e6:,.0f} are read: split it")
        kind = path.suffix.lower()
        if kind == ".pdf":
            document = _pdf(path)
        else:
            text = _decoded(path.read_bytes())
            if kind in (".html", ".htm"):
                document = _html(text, path)
            elif kind == ".txt":
                document = Document(title=_title_of(path), sections=(Section(heading="", text=text),))
            else:
                document = _markdown(text, path)
    except OSError as error:
        raise Unreadable(f"it cannot be read: {error.strerror or error}") from error
    length = sum(len(section.text) for section in document.sections)
    if length > LONGEST:
        raise Unreadable(f"it has {length:,} characters of text, {LONGEST:,} are read: split it")
    if not any(section.text.strip() for section in document.sections):
        raise Unreadable("there is no text in it" + (": are its pages pictures?" if kind == ".pdf" else ""))
    return document


def passages_of(document: Document) -> Iterator[tuple[str, str]]:
    """Yield the passages of a document in order, each with its heading: whole paragraphs where they fit, else whole
    sentences, and never more than `PASSAGE` characters."""
    for section in document.sections:
        together = ""
        for piece in _pieces(section.text):
            if together and len(together) + len(piece) + 1 > PASSAGE:
                yield section.heading, together
                together = ""
            together = f"{together}\n{piece}" if together else piece
        if together:
            yield section.heading, together


_PARAGRAPHS = re.compile(r"\n[ \t]*\n\s*")
_SENTENCES = re.compile(r"(?<=[.!?…])\s+")
_SPACE = re.compile(r"[^\S\n]+")


def _pieces(text: str) -> Iterator[str]:
    for paragraph in _PARAGRAPHS.split(text):
        tidy = "\n".join(line for each in paragraph.splitlines() if (line := _SPACE.sub(" ", each).strip()))
        if len(tidy) <= PASSAGE:
            if tidy:
                yield tidy
            continue
        for sentence in _SENTENCES.split(tidy):
            rest = sentence.strip()
            while len(rest) > PASSAGE:
                # a table or a run of words without an end
                at = max(rest.rfind(" ", 1, PASSAGE), rest.rfind("\n", 1, PASSAGE))
                at = PASSAGE if at < PASSAGE // 2 else at
                yield rest[:at].strip()
                rest = rest[at:].strip()
            if rest:
                yield rest


def _decoded(content: bytes) -> str:
    encoding = "utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise Unreadable(f"line {line} is not UTF-8: save it as UTF-8 text") from error
    if "\0" in text:
        raise Unreadable("it is no text: there are zero bytes in it")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _title_of(path: Path) -> str:
    return short_title(re.sub(r"[-_\s]+", " ", path.stem).strip() or path.name)


def short_title(title: str) -> str:
    """Return a title in one line, at most so long as titles are."""
    title = " ".join(title.split())
    return title if len(title) <= LONGEST_TITLE else title[: LONGEST_TITLE - 1].rstrip() + "…"


# Markdown

_HEADING = re.compile(r"^ {0,3}(#{1,6})\s+(.+?)\s*#*\s*$")
_FENCE = re.compile(r"^ {0,3}(```+|~~~+)")
_FRONT = re.compile(r"\A---\n(.*?)\n(?:---|\.\.\.)\n", re.DOTALL)
_FRONT_TITLE = re.compile(r"""(?m)^title:\s*['"]?(.+?)['"]?\s*$""")
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_PICTURE = re.compile(r"!\[([^\]\n]*)\]\([^)\n]*\)")
_LINK = re.compile(r"\[([^\]\n]+)\]\(\s*([^)\s]+)[^)\n]*\)")
_MARKS = re.compile(r"(\*\*|__|`)(?=\S)([^*`\n]{1,400}?)(?<=\S)\1")


def _markdown(text: str, path: Path) -> Document:
    title = ""
    if (front := _FRONT.match(text)) is not None:
        found = _FRONT_TITLE.search(front[1])
        title = "" if found is None else found[1]
        text = text[front.end() :]
    text = _COMMENT.sub("", text)
    sections: list[Section] = []
    above: list[tuple[int, str]] = []
    lines: list[str] = []
    fence = ""

    def close() -> None:
        if lines:
            heading = " / ".join(one for _, one in above)
            sections.append(Section(heading=heading, text="\n".join(lines)))
            lines.clear()

    for line in text.split("\n"):
        mark = _FENCE.match(line)
        if mark is not None and (not fence or mark[1].startswith(fence)):
            fence = "" if fence else mark[1]
            continue
        found = None if fence else _HEADING.match(line)
        if found is None:
            lines.append(line if fence else _plain(line))
            continue
        close()
        level, heading = len(found[1]), _plain(found[2])
        if level == 1 and not title:
            title = heading
        above = [one for one in above if one[0] < level]
        if not (level == 1 and heading == title):
            above.append((level, heading))
    close()
    return Document(title=short_title(title) or _title_of(path), sections=tuple(sections))


def _plain(line: str) -> str:
    """Return a line of Markdown as it is read: links with their address where that leads out, no marks."""
    line = _PICTURE.sub(r"\1", line)
    line = _LINK.sub(lambda found: f"{found[1]} ({found[2]})" if "://" in found[2] else found[1], line)
    return _MARKS.sub(r"\2", line)


# HTML

_SKIPPED = frozenset(
    ("script", "style", "noscript", "template", "svg", "nav", "header", "footer", "aside", "form", "iframe", "object")
)
_BLOCKS = frozenset(
    ("address", "article", "blockquote", "dd", "div", "dl", "dt", "fieldset", "figure", "hr", "li", "main", "ol", "p")
) | frozenset(("pre", "section", "table", "td", "th", "tr", "ul"))
_HEADINGS = frozenset(f"h{level}" for level in range(1, 7))


class _Page(HTMLParser):
    """Takes the text out of a page, section by section. Keeps no tree, so no nesting is too deep."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.title = ""
        self.sections: list[Section] = []
        self._text: list[str] = []
        self._heading = ""
        self._skips = 0
        self._in: str | None = None
        """The heading, or title, whose text comes now."""

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _SKIPPED:
            self._skips += 1
        elif tag in _HEADINGS:
            self.end_section()
            self._in, self._heading = tag, ""
        elif tag == "title" and not self.title:
            self._in = tag
        elif tag == "br":
            self._text.append("\n")
        elif tag in _BLOCKS:
            self._text.append("\n- " if tag == "li" else "\n\n")

    @override
    def handle_endtag(self, tag: str) -> None:
        if tag in _SKIPPED:
            self._skips = max(0, self._skips - 1)
        elif tag == self._in:
            self._in = None
        elif tag in _BLOCKS:
            self._text.append("\n")

    @override
    def handle_data(self, data: str) -> None:
        if self._skips:
            return
        if self._in == "title":
            self.title += data
        elif self._in is not None:
            self._heading = " ".join(f"{self._heading} {data}".split())[: 2 * LONGEST_TITLE]
        else:
            self._text.append(re.sub(r"\s+", " ", data))

    def end_section(self) -> None:
        text = "".join(self._text)
        if text.strip():
            self.sections.append(Section(heading=self._heading, text=text))
        self._text.clear()


def _html(text: str, path: Path) -> Document:
    page = _Page()
    page.feed(text)
    page.close()
    page.end_section()
    return Document(title=short_title(page.title) or _title_of(path), sections=tuple(page.sections))


# PDF


def _pdf(path: Path) -> Document:
    """Return the text of a PDF, read by a process of its own: what hangs, or eats all memory, ends that process."""
    command = [sys.executable, "-P", "-m", "greenroom.memory.pdf", str(path), str(LONGEST)]
    try:
        done = subprocess.run(  # noqa: S603 - our own program
            command, capture_output=True, timeout=PDF_PATIENCE, check=False, env=environment_of_a_child()
        )
    except subprocess.TimeoutExpired as error:
        raise Unreadable(f"its text was not out within {PDF_PATIENCE:.0f} seconds: save it as text") from error
    try:
        answer = json.loads(done.stdout)
    except ValueError as error:
        raise Unreadable("the program that reads it ended in the middle: save it as text") from error
    if "error" in answer:
        raise Unreadable(str(answer["error"]))
    pages: Sequence[str] = answer["pages"]
    sections = [Section(heading=f"page {number}", text=_flowing(page)) for number, page in enumerate(pages, 1)]
    return Document(title=short_title(str(answer["title"])) or _title_of(path), sections=tuple(sections))


_HYPHENATED = re.compile(r"(?<=[^\W\d_])-\n(?=[^\W\d_])")


def _flowing(page: str) -> str:
    """Return a page without the breaks of its lines: an empty line, or a short one, ends a paragraph."""
    lines = _HYPHENATED.sub("", page).split("\n")
    usual = sorted(len(line) for line in lines if line.strip())
    width = usual[int(len(usual) * 0.8)] if usual else 0
    flowing: list[str] = []
    for line in lines:
        flowing.append(line.strip())
        flowing.append("\n\n" if not line.strip() or len(line) < width * 0.6 else " ")
    return "".join(flowing)
