"""What a bot would do with an account: by this a platform is asked for no more than the bot needs."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol, Self, runtime_checkable

from greenroom_adapters.contract.events import Kind
from greenroom_adapters.contract.login import Clerk, Credentials

__all__ = ["SupportsWanted", "Wanted"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a bot's file says of one account."""

    kinds: frozenset[Kind]
    """Events that its rules answer, or pass on to the owner."""
    posts: bool
    """It posts by itself there."""
    attaches: bool
    """A picture or a clip goes with a post or an answer."""
    reacts: bool = False
    """It likes, or reacts with an emoji."""
    embeds: bool = False
    """An embed goes with a post or an answer."""
    rooms: frozenset[str] = frozenset()
    """Where its posts go beside the account's timeline, as the file names them."""


@runtime_checkable
class SupportsWanted(Protocol):
    """Adapters whose platform gives a bot its rights one by one."""

    @classmethod
    async def login_for(cls: type[Self], clerk: Clerk, known: Mapping[str, str], wanted: Wanted) -> Credentials:
        """Walk the person through it as `SupportsLogin.login` does, and name exactly what this bot needs."""
        ...

    def want(self, wanted: Wanted) -> None:
        """Let `check` judge by this what is missing. Without it `check` speaks of everything that a bot may want."""
        ...
