"""What the crash test needs of a platform: its server, the people there, and what they find of the bot."""

import random
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import ClassVar, Self

from counting import Count

__all__ = ["BOT", "DOUBTS", "PEOPLE", "Network"]

BOT = "keeper"
PEOPLE = 25
DOUBTS = {"before_reconcile", "after_reconcile"}
"""Fault points behind an answer that was lost."""


class Network(ABC):
    """One platform. Entering starts its server, leaving stops it; its state outlives `kill`."""

    platform: ClassVar[str]
    idempotency: str = "keyed"
    """What its keys are worth, in the words of the option."""
    key_window: float | None = None
    """Seconds for which it honours a key, where that is so short that a run may wait for its end."""
    moment: ClassVar[float]
    """Seconds from the last mention to a kill at work, on average: about as long as a handful of answers takes."""
    is_quick: bool = False
    """The bot's adapter is told of shorter times than it has by itself."""
    unreachable: Mapping[str, str]
    """Fault point → why the bot cannot come there. Every other point must be reached."""

    def __init__(self, folder: Path, chance: random.Random) -> None:
        """`folder` is that of the bot's files."""
        self.folder = folder
        self.chance = chance

    @abstractmethod
    def start(self) -> None:
        """Start the server, again on the same port and state when it ran before."""

    @abstractmethod
    def kill(self) -> None:
        """End the server by SIGKILL."""

    @abstractmethod
    def stop(self) -> None:
        """Stop the server."""

    @property
    @abstractmethod
    def bot_file(self) -> str:
        """The bot's file. The account is called `home`."""

    @abstractmethod
    def mention(self, token: str, number: int) -> None:
        """Let somebody ask the bot for this token; `number` decides who, and where."""

    @abstractmethod
    def lose_answers(self, share: float) -> None:
        """From now on lose this share of the answers to the bot, at random, after the server has done its work."""

    @abstractmethod
    def lose_next_answer(self) -> None:
        """Lose the answer to the bot's next publish, after the server has published it."""

    @property
    @abstractmethod
    def answers_lost(self) -> int:
        """How many publishes have been answered by nothing, by chance."""

    @abstractmethod
    def count(self, tokens: set[str]) -> Count:
        """Compare what the bot has published with `tokens`, in the server's own database."""

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None
    ) -> None:
        self.stop()
