"""How a person gets the credentials of an account: what an adapter asks, and what comes out of it."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol, Self, runtime_checkable

from greenroom_adapters.contract.secrets import Secret

__all__ = ["Clerk", "Credentials", "SupportsLogin"]


class Clerk(Protocol):
    """The person before the terminal, as an adapter speaks with him while he signs in."""

    def tell(self, text: str) -> None:
        """Show him a paragraph."""
        ...

    async def ask(self, question: str, *, default: str = "") -> str:
        """Return what he answers, without spaces around it; `default` when he answers nothing."""
        ...

    async def ask_secret(self, question: str) -> Secret:
        """Return what he types or pastes, which is not shown."""
        ...

    async def visit(self, address: Callable[[str], Awaitable[str]]) -> Mapping[str, str]:
        """Let him say yes in his browser; return the query with which the browser comes back.

        `address` makes the page's address out of the one to come back to, a path on 127.0.0.1 that is listened to for
        the time being; the platform may have to be told of that one first. It may be asked more than once. The page is
        opened in his browser, and shown, since there may be none on this machine: then he pastes
        the address at which he ended. Give the page a `state`: then nothing counts as its way back that has another.

        :raises Unavailable: he did not come back in time
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """What `login` found out."""

    settings: Mapping[str, str]
    """Keys of the adapter's `Settings` → values that are no secret, such as the server."""
    secrets: Mapping[str, Secret]
    """Keys of the adapter's `Settings` that are annotated `Secret` → their values. Whoever called stores them."""
    handle: str
    """Who signed in, as people write it, without a leading @."""
    notes: tuple[str, ...] = field(default=())
    """What the person should know now, each a sentence."""


@runtime_checkable
class SupportsLogin(Protocol):
    """Adapters that walk a person through getting credentials."""

    @classmethod
    async def login(cls: type[Self], clerk: Clerk, known: Mapping[str, str]) -> Credentials:
        """Walk the person through it. `known` are settings that stand in the bot file already: these are not asked for.

        :raises AuthenticationFailed: the platform does not accept what was given
        :raises ConfigurationError: what was given cannot be right
        :raises Unavailable: the platform cannot be reached
        """
        ...
