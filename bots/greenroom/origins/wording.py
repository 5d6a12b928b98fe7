"""What a post says of an item of a feed: its own words in the owner's template."""

import re

from greenroom.origins.item import Item
from greenroom.settings.templates import compile_template, is_template

__all__ = ["material_of", "words_of"]

PLAIN = "{{ item.title or item.text }}"
"""What is said where the owner wrote nothing."""
_AT_NAME = re.compile(r"(?<![\w.@])@(?=\w)")
_LINES = re.compile(r"\n{3,}")


def words_of(item: Item, say: str | None) -> str:
    """Return the owner's words with those of the item in them. Nobody is addressed by what stands in a feed: an `@`
    before a name is taken out."""
    text = PLAIN if say is None else say
    if not is_template(text):
        return text
    values = {name: _AT_NAME.sub("", getattr(item, name)) for name in ("title", "text", "author")}
    values["link"] = item.link or ""
    words: str = compile_template(text, called="`say`").render(item=values)
    return _LINES.sub("\n\n", words).strip()


def material_of(item: Item) -> str:
    """Return what an engine reads of an item: a stranger's words."""
    return "\n".join(part for part in (item.title, item.text) if part)
