"""A folder of drafts: text and Markdown, with a head of settings and pictures beside them."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, time, tzinfo
from pathlib import Path
from typing import Annotated, Any, ClassVar

from pydantic import BeforeValidator, ValidationInfo
from pydantic.json_schema import WithJsonSchema

from greenroom.origins.item import Item, is_of_our_time, mark
from greenroom.origins.pictures import picture_beside
from greenroom.settings import Mistake, Mistakes
from greenroom.settings.loader import load_model
from greenroom.settings.model import Model, Text, word_of, wrong
from greenroom.settings.spelling import WHEN, SpellingError
from greenroom_adapters.contract import Media, Visibility

__all__ = ["Drafts", "read_drafts"]

LARGEST = 256 * 1024
"""Bytes of a draft; a larger one is no post."""
MOST = 2000
"""Drafts of a folder that are looked at."""
_ENDINGS = frozenset({".md", ".txt"})
_PICTURE = re.compile(r"!\[([^\]\n]*)\]\(\s*<?([^)>\n]+?)>?\s*\)")
_RULE = re.compile(r"-{3}[ \t]*\r?\n")


def _moment(value: Any, info: ValidationInfo) -> Any:
    try:
        when = value if isinstance(value, datetime) else WHEN.read(value)
    except SpellingError:
        when = time()
    if isinstance(when, time) or not is_of_our_time(when):
        raise wrong("`when` is a day and a time: write it like 2026-12-24 18:00")
    return when


class DraftHead(Model):
    """What stands between the two lines of dashes at the top of a draft."""

    section: ClassVar[str] = "the head of a draft"
    computed: ClassVar[frozenset[str]] = frozenset({"file", "version"})

    id: Text | None = None
    """By this it is told again; none: by its file's name and by its words."""
    when: Annotated[datetime, BeforeValidator(_moment), WithJsonSchema({"type": "string"})] | None = None
    """When it is posted; none: as the post says."""
    picture: Text | None = None
    """The name of a picture in the folder."""
    alt: Text | None = None
    """Description of that picture."""
    warning: Text | None = None
    visibility: Annotated[Visibility, word_of(Visibility, "a visibility")] | None = None
    file: Path | None = None
    version: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drafts:
    """What stands in a folder."""

    items: tuple[Item, ...]
    """By the names of their files."""
    mistakes: tuple[Mistake, ...]
    """Of those that cannot be posted as they are."""


def read_drafts(folder: Path, *, timezone: tzinfo) -> Drafts:
    """Return the drafts of a folder, whose times are on the clock of `timezone`. Files whose names begin with a dot or
    an underscore are not ready yet, and let be. Reads files: not for the loop.

    :raises Mistakes: there is no such folder
    """
    items: list[Item] = []
    mistakes: list[Mistake] = []
    try:
        paths = sorted(
            path for path in folder.iterdir() if path.suffix.lower() in _ENDINGS and path.name[0] not in "._"
        )
    except OSError as error:
        why = "there is no such folder" if isinstance(error, FileNotFoundError) else error.strerror or "unreadable"
        raise Mistakes([Mistake(path=folder, line=None, column=None, reason=why)]) from error
    for path in paths[:MOST]:
        try:
            items.append(_read(path, folder, timezone))
        except Mistakes as found:
            mistakes += found.mistakes
        except OSError as error:
            mistakes.append(Mistake(path=path, line=None, column=None, reason=error.strerror or "unreadable"))
    return Drafts(items=tuple(items), mistakes=tuple(mistakes))


def files_of_drafts(folder: Path, *, timezone: tzinfo) -> list[Path]:
    """Return the files of a folder that are drafts, also those that are not ready yet, and the pictures of those that
    are; of whatever else lies there none.

    :raises Mistakes: there is no such folder
    """
    pictures = [Path(media.path) for item in read_drafts(folder, timezone=timezone).items for media in item.media]
    return [path for path in folder.iterdir() if path.suffix.lower() in _ENDINGS and path.name[0] != "."] + pictures


def _read(path: Path, folder: Path, timezone: tzinfo) -> Item:
    with path.open("rb") as file:
        body = file.read(LARGEST + 1)
    if len(body) > LARGEST:
        raise _mistake(path, None, f"a draft has at most {LARGEST // 1024} kB")
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _mistake(path, None, "this is not UTF-8: save the file as UTF-8") from error
    head, text = _divided(text, path)
    media: list[Media] = []
    if head.picture is not None:
        media.append(_picture(path, folder, head.picture, head.alt or ""))
    elif head.alt is not None:
        raise _mistake(path, None, "`alt` describes a picture: write `picture` as well")
    media += [_picture(path, folder, found[2], found[1]) for found in _PICTURE.finditer(text)]
    text = re.sub(r"\n{3,}", "\n\n", _PICTURE.sub("", text).replace("\r\n", "\n")).strip()
    if not text:
        raise _mistake(path, None, "there is nothing to say: write something below the head")
    identity = mark("draft", head.id) if head.id is not None else mark("file", path.name)
    when = None if head.when is None else head.when.replace(tzinfo=timezone).astimezone(UTC)
    return Item(
        marks=(identity, mark("words", text)),
        text=text,
        when=when,
        media=tuple(media),
        warning=head.warning,
        visibility=head.visibility,
    )


def _divided(text: str, path: Path) -> tuple[DraftHead, str]:
    """Return the head of a draft, and what stands below it."""
    opening = _RULE.match(text)
    if opening is None:
        return DraftHead(), text
    closing = re.search(r"^-{3}[ \t]*(?:\r?\n|\Z)", text[opening.end() :], re.MULTILINE)
    if closing is None:
        raise _mistake(path, 1, "the head has no end: write a line of three dashes below it")
    written = text[opening.end() : opening.end() + closing.start()]
    rest = text[opening.end() + closing.end() :]
    if not written.strip():
        return DraftHead(), rest
    # the line of dashes is kept as an empty one, so that mistakes are told with the lines of the file
    return load_model(DraftHead, path, body=f"\n{written}".encode()), rest


def _picture(path: Path, folder: Path, name: str, alt: str) -> Media:
    try:
        return picture_beside(folder, name, alt)
    except ValueError as error:
        raise _mistake(path, None, str(error)) from error


def _mistake(path: Path, line: int | None, reason: str) -> Mistakes:
    return Mistakes([Mistake(path=path, line=line, column=None if line is None else 1, reason=reason)])
