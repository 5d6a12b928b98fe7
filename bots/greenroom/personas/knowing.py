"""What a persona knows beyond its own file: the owner's documents, and how it may speak of them."""

from pathlib import Path
from typing import Annotated, Any, ClassVar

from pydantic import BeforeValidator, Field, ValidationInfo

from greenroom.settings.model import FilePattern, Model, Reading, Truth, one_or_many, wrong

__all__ = ["KINDS", "Knowledge"]

KINDS = (".md", ".markdown", ".txt", ".html", ".htm", ".pdf")
"""Endings of the files that are read."""
_WILD = frozenset("*?[")


def _documents(value: Any, info: ValidationInfo) -> Any:
    if isinstance(value, dict) or (isinstance(value, str) and "://" in value):
        raise wrong("feeds and addresses are not there yet: save the text as a file, and write its path")
    if isinstance(value, str) and isinstance(info.context, Reading):
        written = Path(value)
        if not _WILD & set(value) and written.suffix.lower() not in KINDS:
            if (info.context.folder / written.expanduser()).is_dir():
                raise wrong(f"`{value}` is a folder: write {value.rstrip('/')}/*.md for what lies in it")
            raise wrong(f"`{value}` is none of the kinds that are read: {', '.join(KINDS)}")
    return value


Documents = Annotated[FilePattern, BeforeValidator(_documents)]


class Knowledge(Model):
    """What it looks up before it speaks."""

    section: ClassVar[str] = "`knowledge`"
    short_for: ClassVar[str | None] = "from"

    files: Annotated[tuple[Documents, ...], Field(min_length=1), one_or_many] = Field(
        validation_alias="from", serialization_alias="from"
    )
    """Its documents: Markdown, text, HTML and PDF, relative to this file; `*` stands for any name, `**` for any
    folders."""
    only: Truth = False
    """true: it states no number and no address that stands neither in there nor in this file, and says that it does not
    know what is not in there."""
    cite: Truth = False
    """true: what it says out of a document names that document."""
