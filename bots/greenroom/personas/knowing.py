"""What a persona knows beyond its own file: the owner's documents, feeds, and how it may speak of them."""

from pathlib import Path
from typing import Annotated, Any, ClassVar

from pydantic import BeforeValidator, Field, ValidationInfo, model_validator

from greenroom.settings.model import FilePattern, Model, Reading, Truth, one_or_many, wrong
from greenroom.settings.origin import PageUrl

__all__ = ["KINDS", "Feed", "Knowledge"]

KINDS = (".md", ".markdown", ".txt", ".html", ".htm", ".pdf")
"""Endings of the files that are read."""
MOST_FEEDS = 10
_WILD = frozenset("*?[")


def _documents(value: Any, info: ValidationInfo) -> Any:
    if isinstance(value, dict) or (isinstance(value, str) and "://" in value):
        raise wrong(
            "`from` takes files: write a feed into `knowledge: {feeds: [https://…]}`, and save a page as a file"
        )
    if isinstance(value, str) and isinstance(info.context, Reading):
        written = Path(value)
        if not _WILD & set(value) and written.suffix.lower() not in KINDS:
            if (info.context.folder / written.expanduser()).is_dir():
                raise wrong(f"`{value}` is a folder: write {value.rstrip('/')}/*.md for what lies in it")
            raise wrong(f"`{value}` is none of the kinds that are read: {', '.join(KINDS)}")
    return value


Documents = Annotated[FilePattern, BeforeValidator(_documents)]


class Feed(Model):
    """A feed whose newest items it knows."""

    section: ClassVar[str] = "`feeds`"
    short_for: ClassVar[str | None] = "feed"

    feed: PageUrl
    """Its address, RSS or Atom; the address alone is short for this."""
    private: Truth = False
    """true: it may lie on this machine or in this house."""


class Knowledge(Model):
    """What it looks up before it speaks."""

    section: ClassVar[str] = "`knowledge`"
    short_for: ClassVar[str | None] = "from"

    files: Annotated[tuple[Documents, ...], one_or_many] = Field(
        default=(), validation_alias="from", serialization_alias="from"
    )
    """Its documents: Markdown, text, HTML and PDF, relative to this file; `*` stands for any name, `**` for any
    folders."""
    feeds: Annotated[tuple[Feed, ...], Field(max_length=MOST_FEEDS), one_or_many] = ()
    """Feeds, RSS or Atom, whose newest items it knows; looked at every 30 minutes while the bot runs."""
    only: Truth = False
    """true: it states no number and no address that stands neither in there nor in this file, and says that it does not
    know what is not in there."""
    cite: Truth = False
    """true: what it says out of a document names that document."""

    @model_validator(mode="after")
    def _knows_something(self) -> "Knowledge":
        if not self.files and not self.feeds:
            raise wrong("from where? write `from` for files, or `feeds`")
        addresses = [one.feed for one in self.feeds]
        if (twice := next((one for one in addresses if addresses.count(one) > 1), None)) is not None:
            raise wrong(f"`feeds` names {twice} twice: write it once")
        return self
