"""Words that a rule always says: the owner's own text, with the asker's name where he wants it."""

import re
from typing import Any

from greenroom.cleaning import without_unseen
from greenroom.settings.templates import compile_template, is_template
from greenroom_adapters.contract import Author, ConfigurationError

__all__ = ["FixedWords"]

ACTED_UPON = re.compile("[@#\uff20\uff03]")
"""What makes of a word the name of somebody, or of a subject, on one platform or another; X takes the wide ones too."""
LONGEST_NAME = 60
"""Characters of a stranger's name that are repeated at the most."""


class FixedWords:
    """A text with `{{ author.name }}`, `{{ author.handle }}` and `{{ bot }}` in it; nothing else can be asked for.

    The template is the owner's. What strangers chose, their names, is only ever a value in it.
    """

    def __init__(self, text: str, *, rule: str) -> None:
        """Take the words of `rule`.

        :raises ConfigurationError: the text is no template, or asks for something else
        """
        self._text = text
        self._template: Any = None
        if is_template(text):
            self._template = compile_template(text, called=f"`say` of {rule}")
            self.render(Author(id="1", handle="somebody", name="Somebody"), bot="bot", rule=rule)

    def render(self, author: Author | None, *, bot: str, rule: str = "") -> str:
        """Return the words for `author`; somebody unknown is "friend"."""
        if self._template is None:
            return self._text
        from jinja2 import TemplateError

        name = _tame(author.name or author.handle) if author is not None else ""
        handle = _tame(author.handle) if author is not None else ""
        try:
            text: str = self._template.render(author={"name": name or "friend", "handle": handle or "friend"}, bot=bot)
        except TemplateError as error:
            raise ConfigurationError(
                f"`say` of {rule}: {error}; there are author.name, author.handle and bot"
            ) from error
        return text


def _tame(name: str) -> str:
    """Return a stranger's name without anything that a platform would act upon."""
    seen = " ".join(without_unseen(name, joiners=False).split())
    return ACTED_UPON.sub("", seen).replace("://", " ").strip()[:LONGEST_NAME]
