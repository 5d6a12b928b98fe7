"""What a post says of an item of a feed: its own words in the owner's template."""

import re

from greenroom.origins.item import Item
from greenroom.settings.templates import compile_template, fill, is_template
from greenroom_adapters.contract import ConfigurationError

__all__ = ["material_of", "unaddressed", "words_of"]

PLAIN = "{{ item.title or item.text }}"
"""What is said where the owner wrote nothing."""
_AT = re.compile(r"(?<!\w)@+|＠")  # noqa: RUF001 - some platforms take the wide one for the other
"""Whatever stands behind it; that of an e-mail address stands behind a letter."""
_LINES = re.compile(r"\n{3,}")


def words_of(item: Item, say: str | None) -> str:
    """Return the owner's words with those of the item in them; where his template can make nothing of this item, its
    title. Nobody is addressed by what stands in a feed: an `@` before a name is taken out."""
    text = PLAIN if say is None else say
    if not is_template(text):
        return text
    values = {name: unaddressed(getattr(item, name)) for name in ("title", "text", "author")}
    values["link"] = item.link or ""
    try:
        words = fill(compile_template(text, called="`say`"), called="`say`", item=values)
    except ConfigurationError:
        words = values["title"] or values["text"]
    return _LINES.sub("\n\n", words).strip()


def unaddressed(text: str) -> str:
    """Return a stranger's text without what would address somebody where it is said: an `@` before a name."""
    return _AT.sub("", text)


def material_of(item: Item) -> str:
    """Return what an engine reads of an item: a stranger's words."""
    return "\n".join(part for part in (item.title, item.text) if part)
