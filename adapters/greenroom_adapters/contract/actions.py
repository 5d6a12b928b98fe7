"""What an adapter may offer beside publishing and listening: one protocol for each, found with `isinstance`.

Called after entering, unless it is said otherwise. Doing a thing twice shows no more than doing it once, so an answer
that was lost is `Unavailable` and never `OutcomeUnknown`. Beside what each names, whatever asks the platform may raise
`AuthenticationFailed`, `Unavailable` (as `RateLimited` with the wait) and `Forbidden`, where the account may not do it.
"""

import enum
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol, runtime_checkable

from greenroom_adapters.contract.events import Author, Event, Kind, RemoteMedia, TextEvent
from greenroom_adapters.contract.posts import Post, PostRef

__all__ = [
    "Audience",
    "Command",
    "Keep",
    "Metrics",
    "SupportsComingIn",
    "SupportsCommands",
    "SupportsDeclaration",
    "SupportsDelete",
    "SupportsDirectMessages",
    "SupportsEdit",
    "SupportsEntering",
    "SupportsFetching",
    "SupportsFollow",
    "SupportsHistory",
    "SupportsKeeping",
    "SupportsLeaving",
    "SupportsLookup",
    "SupportsMetrics",
    "SupportsPresence",
    "SupportsPrices",
    "SupportsReact",
    "SupportsRepost",
    "SupportsThread",
    "SupportsTyping",
    "ThreadPost",
]


class Keep(Protocol):
    """A private place of one account that outlives the process: for what a platform hands out while we run and wants
    back at the next start (a session, a rotated refresh token). Nobody else reads it."""

    async def load(self, name: str) -> bytes | None:
        """Return what was stored under `name`; None: nothing."""
        ...

    async def store(self, name: str, value: bytes) -> None:
        """Replace what is stored under `name`, whole or not at all; returns when it is on disk."""
        ...


@runtime_checkable
class SupportsKeeping(Protocol):
    """Adapters that have something to remember beyond their settings."""

    def keep_in(self, keep: Keep) -> None:
        """Use this place. Called once, before the adapter is entered; without it nothing is remembered."""
        ...


@runtime_checkable
class SupportsDeclaration(Protocol):
    """Adapters whose platform has a mark for automated accounts."""

    async def declare(self) -> bool:
        """Set the mark on the account; say whether that changed anything. What else stands in the profile stays.

        Called at the start of a bot that publishes, when its owner lets it.

        :raises Forbidden: the credentials do not allow it
        """
        ...


class Audience(enum.StrEnum):
    """To whom a command is shown. Who may give it is asked again when it comes."""

    EVERYBODY = "everybody"
    OWNER = "owner"
    """The bot's owner; as a platform does not know him, whoever manages the place."""
    MODERATOR = "moderator"
    """Those who keep order in a room; in rooms alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """Something that people can ask of the bot from a menu of their platform."""

    name: str
    """In small letters, without spaces and without a mark in front."""
    description: str
    """What it does, in a few words."""
    text: str | None = None
    """What is to be written behind it, in a few words; None: nothing is."""
    needs_text: bool = True
    """Where there is a `text`: it cannot be left out."""
    is_private: bool = False
    """Its answer is for whoever gave it, and nobody else sees it."""
    audience: Audience = Audience.EVERYBODY


@runtime_checkable
class SupportsCommands(Protocol):
    """Adapters whose platform shows people a menu of commands. What they give comes as `CommandGiven`."""

    async def offer(self, commands: Sequence[Command]) -> bool:
        """Offer exactly these; say whether that changed anything. What is offered already costs no request.

        :raises Unsupported: the platform takes no such command
        :raises Unavailable: the platform cannot be reached now
        """
        ...

    async def dismiss(self, command: PostRef) -> None:
        """Take away what shows that an answer to this command (`CommandGiven.post`) is on its way: none is. Doing it
        for one that is answered, or forgotten, changes nothing."""
        ...


@runtime_checkable
class SupportsTyping(Protocol):
    """Adapters that can show people that an answer is being written."""

    async def show_typing(self, to: TextEvent) -> timedelta:
        """Show it where `to` was said; return for how long it stays shown by itself. Whoever still writes then shows it
        again."""
        ...


@runtime_checkable
class SupportsDelete(Protocol):
    """Adapters that can take a post of the account down again."""

    async def delete(self, ref: PostRef) -> None:
        """Delete a post of the account, as its receipt names it. Deleting a post that is gone is not an error."""
        ...


@runtime_checkable
class SupportsEdit(Protocol):
    """Adapters that can change the text of a post of the account."""

    async def edit(self, ref: PostRef, text: str) -> None:
        """Replace the text. Editing to the present text is not an error.

        :raises TargetGone: the post is gone
        """
        ...


@runtime_checkable
class SupportsReact(Protocol):
    """Adapters that can react to a post."""

    async def react(self, ref: PostRef, reaction: str = "like") -> None:
        """React: with a like, or with an emoji where the platform has others. Doing it twice leaves one reaction.

        :raises Unsupported: the platform has no such reaction
        :raises TargetGone: the post is gone
        """
        ...


@runtime_checkable
class SupportsRepost(Protocol):
    """Adapters that can repost a post of somebody else."""

    async def repost(self, ref: PostRef) -> None:
        """Repost. Doing it twice leaves one repost.

        :raises TargetGone: the post is gone
        """
        ...


@runtime_checkable
class SupportsFetching(Protocol):
    """Adapters that can get at what somebody attached."""

    async def fetch(self, media: RemoteMedia, *, most: int) -> bytes:
        """Return what lies there, of at most so many bytes. An address that a stranger wrote leads to no machine of
        this house: the platform's own server, or one that is public.

        :raises AdapterError: it is not there, too large, or cannot be fetched
        """
        ...


@runtime_checkable
class SupportsFollow(Protocol):
    """Adapters that can follow people."""

    async def follow(self, person: str) -> None:
        """Follow the person with this stable id. Doing it twice is not an error."""
        ...


@runtime_checkable
class SupportsDirectMessages(Protocol):
    """Adapters that can begin a direct conversation; the message itself is a `Post` with `direct_to`."""

    async def may_message(self, person: str) -> bool:
        """Say whether the platform lets us write to this person now."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ThreadPost:
    """One post of a thread, as context for an answer. Its text is untrusted."""

    ref: PostRef
    author: Author
    text: str
    posted_at: datetime


@runtime_checkable
class SupportsThread(Protocol):
    """Adapters that can read what was said before."""

    async def thread(self, ref: PostRef, *, limit: int = 20) -> tuple[ThreadPost, ...]:
        """Return the posts above `ref`, oldest first, at most `limit` (those that are nearest), without `ref` itself. A
        gap (a deleted or hidden post) ends it there.

        :raises AdapterError: the platform does not show it now
        """
        ...


@runtime_checkable
class SupportsHistory(Protocol):
    """Adapters that can read what came in before the account began to listen."""

    def history(self, *, since: datetime) -> AsyncGenerator[Event, None]:
        """Yield what came in from `since` (aware) until now, oldest first within a source, then end.

        What the account itself wrote is among it where `Kind.OWN_POST` is among the kinds: whoever was answered by hand
        is not answered again. An event has the same `id` here as from `events`. Nothing is acknowledged and no cursor
        moves. Close it with `aclose`.

        :raises Unavailable: the platform cannot be asked now
        """
        ...


@runtime_checkable
class SupportsLookup(Protocol):
    """Adapters that can say who somebody is."""

    async def person(self, handle: str) -> Author | None:
        """Return whoever has this handle, written with or without its `@`, or this stable id; None: nobody has.

        Display names are never looked at: anybody may choose any.

        :raises Unavailable: the platform cannot be asked now
        """
        ...


@runtime_checkable
class SupportsComingIn(Protocol):
    """Adapters whose rooms are open to whoever knows what they are called."""

    async def come_in(self, room: str) -> None:
        """Be in the room with this id or name, as the owner writes it; one that nobody has opened is opened. Being in
        it is not an error.

        :raises PostRejected: it lets the account not in
        :raises Unavailable: the platform cannot be asked now
        """
        ...


@runtime_checkable
class SupportsEntering(Protocol):
    """Adapters that are asked before the account is in a room."""

    async def enter(self, room: str) -> None:
        """Accept an invitation into the room with this id. Being in it is not an error.

        :raises PostRejected: there is no such invitation, or no more
        :raises Unavailable: the platform cannot be asked now
        """
        ...


@runtime_checkable
class SupportsLeaving(Protocol):
    """Adapters that can leave a room."""

    async def leave(self, room: str, *, by: str | None = None) -> None:
        """Leave the room with this id, or decline the invitation into it; where rooms are only left together (the
        channels of a server), all of them.
        Leaving one that the account is not in is not an error.

        `by` is the stable id of who sends the account away, None: its owner. Where leaving reaches beyond the room, it
        is asked now whether his rights do.

        :raises Forbidden: his rights do not reach so far; the account has not left
        :raises Unavailable: the platform cannot be asked now
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Metrics:
    """What a post has received so far; None where the platform does not tell."""

    likes: int | None = None
    reposts: int | None = None
    replies: int | None = None
    quotes: int | None = None
    views: int | None = None


@runtime_checkable
class SupportsMetrics(Protocol):
    """Adapters that can count what a post received."""

    async def metrics(self, ref: PostRef) -> Metrics:
        """Count now: what the platform shows at this moment.

        :raises TargetGone: the post is gone
        """
        ...


@runtime_checkable
class SupportsPresence(Protocol):
    """Adapters whose platform wants that what is deleted there is kept nowhere, and does not tell of all deletions."""

    def price_of_look(self) -> int | None:
        """Return what looking for one post costs, in millionths of a US dollar; None: its owner wants no looks."""
        ...

    async def gone(self, posts: Sequence[str]) -> frozenset[str]:
        """Return which of these posts (`PostRef.id`; at most 100) are not to be seen any more. One of which the
        platform cannot be asked is not among them.

        :raises AdapterError: the platform cannot be asked now
        """
        ...


@runtime_checkable
class SupportsPrices(Protocol):
    """Adapters whose platform charges for calls. Amounts are whole millionths of a US dollar; valid before entering."""

    def price_of(self, post: Post) -> int:
        """Return what publishing this very post costs; 0: nothing. Pure, and where it cannot be known, never less than
        the bill. It is set aside before each try, and given back when nothing went out."""
        ...

    def price_of_hearing(self, kind: Kind) -> int:
        """Return what reading one event of this kind costs; 0: nothing. For forecasts."""
        ...

    def take_charges(self) -> int:
        """Return what everything beside publishing has cost since this was last called, by what was read: it is
        settled afterwards, for it cannot be known before how much there is to read."""
        ...
