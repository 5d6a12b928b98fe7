"""The platform as a test sees it, past the adapter."""

import abc
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NoReturn

import pytest

from greenroom_adapters.contract import (
    Adapter,
    PostRef,
    Visibility,
)

__all__ = ["Published", "World", "cannot"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """One post of the bot as it stands on the platform."""

    text: str
    id: str
    in_reply_to: str | None = None
    direct_to: str | None = None
    """Stable id of the person who alone received it."""
    alts: tuple[str, ...] = ()
    """Descriptions of what is attached, in order; empty ones where the platform has no place for them."""
    quote: str | None = None
    """Id of the post that it quotes."""
    content_warning: str | None = None
    visibility: Visibility | None = None
    """None: there is nothing to choose there."""
    poll: tuple[str, ...] = ()
    """Answers of its poll, in order."""


def cannot(what: str) -> NoReturn:
    """Skip the test: its platform has no way to play this."""
    pytest.skip(f"this world cannot {what}")


class World(abc.ABC):
    """The platform as seen from outside the adapter: other people, the stored truth, and what can go wrong.

    Three methods are needed. Each of the others says what it plays; left alone, it skips the tests that need it. Tasks
    that a world runs in the test's loop have names that begin with `world:`.
    """

    @abc.abstractmethod
    def connect(self) -> Adapter:
        """Return a fresh, unentered adapter for the bot's account, always the same account."""

    @abc.abstractmethod
    async def mention_bot(self, text: str) -> None:
        """Mention the bot in a public post of somebody else that contains `text`; return when the platform has it."""

    @abc.abstractmethod
    async def published(self) -> Sequence[Published]:
        """Return what the bot has published and what is not deleted, oldest first, read past the adapter."""

    def secrets(self) -> Sequence[str]:
        """Return the credentials that the adapter was given: no log, message or representation may show them."""
        cannot("say which credentials the adapter has")

    # Other people ----------------------------------------------------------------------------------------------------

    async def post_of_somebody(self, text: str) -> PostRef:
        """Let somebody else publish `text`, without addressing the bot."""
        cannot("post as somebody else")

    async def reply_to_bot(self, ref: PostRef, text: str) -> None:
        """Let somebody else answer a post of the bot."""
        cannot("answer the bot as somebody else")

    async def message_bot(self, text: str) -> str:
        """Let somebody else write to the bot alone; return the person's stable id."""
        cannot("send a direct message")

    async def say_in(self, room: str, text: str) -> None:
        """Let somebody else say `text` in the room of this name, which is open to whoever knows what it is called; he
        opens it where nobody has."""
        cannot("speak in a room that is open to whoever knows its name")

    async def give_command(self, name: str, text: str) -> None:
        """Let somebody else give a command that the bot offers, in public, with `text` behind it; as soon as the bot
        listens."""
        cannot("give a command")

    async def remove(self, ref: PostRef) -> None:
        """Delete a post of anybody, the bot included, past the adapter."""
        cannot("delete a post by hand")

    async def bot_says_elsewhere(self, text: str) -> None:
        """Publish `text` from the bot's own account past the adapter, mentioning the bot itself."""
        cannot("post as the bot past the adapter")

    async def likes(self, ref: PostRef) -> int:
        """Return how many likes a post has."""
        cannot("count likes")

    # What goes wrong with the next publication -----------------------------------------------------------------------

    async def lose_next_answer(self) -> None:
        """Let the platform take the next post and lose its answer."""
        cannot("lose an answer")

    async def refuse_next(self) -> None:
        """Cut the next publication off before the platform has taken it."""
        cannot("cut a request off")

    async def commit_next_late(self, seconds: float) -> None:
        """Cut the next publication off at once; the platform takes it `seconds` later all the same."""
        cannot("take a post late")

    async def delay_next(self, seconds: float) -> None:
        """Let the answer to the next publication take `seconds` longer."""
        cannot("answer late")

    async def garble_next(self) -> None:
        """Let the platform take the next post and answer with nonsense."""
        cannot("answer with nonsense")

    async def answer_next(self, status: int, *, retry_after: int | None = None) -> None:
        """Let the platform answer the next publication with this HTTP status, without taking it."""
        cannot("answer with a status of choice")

    # What goes wrong with the account and the way to it --------------------------------------------------------------

    async def revoke_token(self) -> None:
        """Make the credentials of every connected adapter worthless."""
        cannot("revoke credentials")

    def unreachable(self) -> Adapter:
        """Return an unentered adapter whose platform is not there."""
        cannot("be away")

    async def drop_stream(self) -> None:
        """Cut the adapter's open stream."""
        cannot("cut a stream")

    async def silence_stream(self) -> None:
        """Keep the adapter's open stream open and send nothing on it any more."""
        cannot("silence a stream")

    async def redeliver_next(self) -> None:
        """Deliver the next event twice."""
        cannot("deliver an event twice")

    async def reorder_next(self) -> None:
        """Deliver the next event after the one that follows it."""
        cannot("deliver events in another order")

    # What passes on the wire -----------------------------------------------------------------------------------------

    def arrived_keys(self) -> Sequence[str]:
        """Return the idempotency keys that have come with publications, in order."""
        cannot("see the keys that arrive")

    def open_connections(self) -> int:
        """Return how many connections adapters have open to the platform."""
        cannot("count connections")
