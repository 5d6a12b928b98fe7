"""`from:` of a post: where what it says comes from. A feed, a folder of drafts, or a calendar."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, BeforeValidator, ValidationInfo, model_validator
from pydantic.json_schema import WithJsonSchema

from greenroom.settings.model import FilePath, Model, PlainPath, Reading, Truth, wrong
from greenroom.settings.spelling import DURATION, RATE, Rate
from greenroom.settings.templates import compile_template, fill, is_template
from greenroom_adapters.contract import ConfigurationError
from greenroom_adapters.text import web_address

__all__ = ["FEED_LOOK", "FOLDER_LOOK", "MOST", "Origin", "PageUrl", "check_item_words"]

FEED_LOOK = timedelta(minutes=30)
SOONEST_LOOK = timedelta(minutes=1)
FOLDER_LOOK = timedelta(seconds=5)
MOST = Rate(count=12, per=timedelta(days=1))
_VALUES = {"title": "A title", "link": "https://example.org/1", "text": "What it says.", "author": "Somebody"}
"""What stands for an item while a template is tried out."""


def _page(value: Any) -> Any:
    text = str(value).strip()
    parts = web_address(text)
    if parts is None:
        raise wrong("this must be an address: write it like https://example.org/feed.xml")
    if "@" in parts.netloc:
        raise wrong("nobody signs in at a feed: leave out what stands before the @")
    return text


PageUrl = Annotated[str, BeforeValidator(_page), WithJsonSchema({"type": "string", "pattern": "^https?://.+"})]
"""The address of a page, as it is written."""


def _is_folder(path: Path, info: ValidationInfo) -> Path:
    if isinstance(info.context, Reading) and not info.context.is_kept and not path.is_dir():
        raise wrong(f"there is no folder {path}: make it, drafts are put into it")
    return path


def _count(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 100:
        raise wrong("write how many, from 0 to 100")
    return value


class Origin(Model):
    """Where what a post says comes from."""

    section: ClassVar[str] = "`from`"

    feed: PageUrl | None = None
    """The address of a feed, RSS or Atom: each item once, ever."""
    folder: Annotated[PlainPath, AfterValidator(_is_folder)] | None = None
    """A folder of drafts, .md and .txt: each once, ever, by name."""
    calendar: FilePath | None = None
    """A table, .csv, whose rows say when and what."""
    look: Annotated[timedelta, DURATION] | None = None
    """How often the feed is looked at; none: every 30 minutes."""
    old: Annotated[int, BeforeValidator(_count), WithJsonSchema({"type": "integer", "minimum": 0, "maximum": 100})] = 0
    """How many of the items that are there when the feed is read for the first time are posted, the newest."""
    most: Annotated[Rate, RATE] | None = None
    """How many of a feed or folder are posted in any stretch of time; what is over waits. None: 12/day."""
    private: Truth = False
    """true: the feed may lie on this machine or in this house."""

    @property
    def rate(self) -> Rate:
        """How many are posted at the most."""
        return MOST if self.most is None else self.most

    @property
    def look_every(self) -> timedelta:
        """How often there is a look whether there is something new."""
        if self.feed is None:
            return FOLDER_LOOK
        return FEED_LOOK if self.look is None else self.look

    @model_validator(mode="after")
    def _one_of_them(self) -> "Origin":
        there = [key for key in ("feed", "folder", "calendar") if getattr(self, key) is not None]
        if not there:
            raise wrong("from where? write `feed`, `folder` or `calendar`")
        if len(there) > 1:
            raise wrong(f"`{there[0]}` and `{there[1]}` are two places: give each a post of its own")
        for key, is_there in (("look", self.look is not None), ("old", bool(self.old)), ("private", self.private)):
            if is_there and self.feed is None:
                raise wrong(f"`{key}` is for a feed: leave it out")
        if self.most is not None and self.calendar is not None:
            raise wrong("`most` is for feeds and folders: the rows of a calendar say when they come")
        if self.look is not None and self.look < SOONEST_LOOK and not self.private:
            raise wrong("`look`: somebody else's server is looked at once a minute at the most")
        return self


def check_item_words(text: str) -> None:
    """See to it that the words of a post can be filled in from an item.

    :raises ConfigurationError: they cannot
    """
    if not is_template(text):
        return
    template = compile_template(text, called="`say`")
    try:
        fill(template, called="`say`", item=_VALUES)
    except ConfigurationError as error:
        there = ", ".join(f"item.{name}" for name in _VALUES)
        raise ConfigurationError(f"{error}; there are {there}") from error
    try:
        fill(template, called="`say`", item=dict.fromkeys(_VALUES, ""))
    except ConfigurationError as error:
        raise ConfigurationError(
            f"{error}, where an item has no title, text or author: ask for it with `if`"
        ) from error
