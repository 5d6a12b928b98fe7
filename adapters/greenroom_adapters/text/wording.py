"""The words of an answer as they go out: it names whom it answers, and nobody else."""

import re

from greenroom_adapters.contract import Event, Post, TextEvent, TextLimit
from greenroom_adapters.remembering import Recent
from greenroom_adapters.text.counting import fits
from greenroom_adapters.text.names import USUAL, defused, nameless

__all__ = ["Askers", "worded"]

REMEMBERED = 10_000


class Askers:
    """Who wrote what may be answered, as far as this process has heard it; the oldest are forgotten first."""

    def __init__(self) -> None:
        self._handles = Recent[str, str](REMEMBERED)

    def hear(self, event: Event) -> None:
        """Learn who says something."""
        if isinstance(event, TextEvent):
            self._handles[event.post.id] = event.author.handle

    def of(self, post: Post) -> str:
        """Return the handle of whom a post answers; empty: it answers nobody, or nobody knows."""
        return "" if post.in_reply_to is None else self._handles.get(post.in_reply_to.id, "")


def worded(post: Post, limits: tuple[TextLimit, ...], *, asker: str, names: re.Pattern[str] = USUAL) -> str:
    """Return the words of a post as they go out: never longer than `limits`, if its own are not.

    The platform tells everybody who is named in a post. Whoever asks must not make the account write to others, so in
    an answer every name but that of `asker` is a mere word. Of a direct message, and of a post that answers nothing,
    nobody else had a say in the words.
    """
    if post.in_reply_to is None or post.direct_to is not None:
        return post.text
    text = defused(post.text, spare=[asker] if asker else [], names=names)
    # what takes a name its power counts; without its `@` it has none either
    return text if fits(text, limits) else nameless(text)
