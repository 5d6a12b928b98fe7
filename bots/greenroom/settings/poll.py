"""`poll:` of a post: a question to its readers, which the text of the post asks."""

from datetime import timedelta
from typing import Annotated, ClassVar

from pydantic import AfterValidator

from greenroom.settings.model import Model, Text, Truth, one_or_many, wrong
from greenroom.settings.spelling import DURATION
from greenroom_adapters.contract import Poll

__all__ = ["PollEntry"]


def _unlike(options: tuple[str, ...]) -> tuple[str, ...]:
    if len(options) < 2:
        raise wrong("a poll has at least two answers to choose from")
    known = {option.casefold() for option in options}
    if len(known) < len(options):
        raise wrong("two answers are the same: readers could not tell them apart")
    return options


def _is_some_time(value: timedelta) -> timedelta:
    if value <= timedelta(0):
        raise wrong("a poll is open for some time: write it like 1 day")
    return value


class PollEntry(Model):
    """A question to the readers of a post; its text asks it."""

    section: ClassVar[str] = "`poll`"
    short_for: ClassVar[str | None] = "options"

    options: Annotated[tuple[Text, ...], one_or_many, AfterValidator(_unlike)]
    """The answers, at least two."""
    open_for: Annotated[timedelta, DURATION, AfterValidator(_is_some_time)] = timedelta(days=1)
    """How long votes are counted."""
    several: Truth = False
    """Readers may choose more than one."""

    @property
    def poll(self) -> Poll:
        """The poll as it goes with a post."""
        return Poll(options=self.options, open_for=self.open_for, several=self.several)
