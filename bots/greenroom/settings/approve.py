"""`approve:` of the bot file and of its rules: who lets a draft out."""

import enum
from typing import Annotated

from greenroom.settings.model import word_of

__all__ = ["Approve", "ApproveWord"]


class Approve(enum.StrEnum):
    """Who lets a draft out."""

    NEVER = "never"
    """Nobody is asked."""
    RISKY = "risky"
    """A person is asked about what could do harm: the first posts and replies of a real account, links, money."""
    ALWAYS = "always"
    """A person is asked about everything that an engine wrote."""


ApproveWord = Annotated[Approve, word_of(Approve, "a way to approve")]
