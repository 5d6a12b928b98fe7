"""The one class that a platform has to implement."""

import abc
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, ClassVar, Self

from greenroom_adapters.contract.capabilities import Capabilities, Idempotency, Limits
from greenroom_adapters.contract.events import Author, Event
from greenroom_adapters.contract.posts import Absent, Attempt, Found, Post, Receipt, Undecided

__all__ = ["Adapter", "Standing"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What `Adapter.check` found out about an account."""

    me: Author
    may: tuple[str, ...]
    """What the account may do, in words for its owner: "read mentions", "post", "send direct messages"."""
    warnings: tuple[str, ...] = ()
    """What will not work as configured, each with its mend."""


class Adapter(abc.ABC):
    """One account on one platform.

    An async context manager: entering signs in, leaving signs out. Whoever enters it leaves it; after leaving, no
    task, connection or file of the adapter is open. All methods are called from the loop that entered it.
    """

    platform: ClassVar[str]
    """Name in the entry-point group `greenroom.adapters` and in the bot file."""

    known_as: ClassVar[frozenset[str]] = frozenset()
    """What people call the platform otherwise, in small letters: who writes that is told `platform`."""

    Settings: ClassVar[type[Any]]
    """Frozen dataclass of what an owner writes below the account, beside `platform` and `live`. Field docstrings
    become help and schema; a field annotated `Secret` is given as a reference and resolved before construction."""

    person_form: ClassVar[str] = "@your-handle"
    """How an owner writes himself behind `account/` in `tell`, with his own name in place of this one."""
    person_hint: ClassVar[str] = ""
    """What he must know or do for that, in one sentence; empty: nothing."""

    posts_need: ClassVar[str] = ""
    """What an account's posts cannot do without there, beside their words: "`home` on the account, the channel where
    posts appear". Empty: nothing, it has a timeline of its own."""
    posts_need_fields: ClassVar[frozenset[str]] = frozenset()
    """Of these fields of `Settings` one must be there for them; empty: none."""
    posts_need_media: ClassVar[bool] = False
    """Each of them needs a picture or a clip."""

    usual_limits: ClassVar[Limits | None] = None
    """What a text must fit into on most accounts of the platform, told before one is signed in: for looking at a
    persona, never for publishing. None: there is no telling."""

    session_fields: ClassVar[frozenset[str] | None] = None
    """Fields of `Settings` that what the adapter keeps (`SupportsKeeping`) belongs to: where one of them is another,
    nothing is remembered; others may be added, renewed and taken away. None: all secrets, what has no default, and
    `server`, `user` and `handle`."""

    @abc.abstractmethod
    def __init__(self, settings: Any, *, account: str) -> None:
        """Take `settings` (an instance of `Settings`) and the account's name in the bot file. No I/O here."""

    @classmethod
    def for_account(cls, settings: Any, *, account: str) -> "Adapter":
        """Return the adapter, not entered, of an account with these settings: one of this class, unless the platform
        has accounts of several kinds that can do different things.

        :raises ConfigurationError: no account can be signed in with these settings
        """
        return cls(settings, account=account)

    @property
    def realm(self) -> str:
        """Where the id of a person means him: what is known of him holds on every account of that realm, and on no
        other. The platform, unless each server of it gives ids of its own. Valid before entering."""
        return self.platform

    @property
    @abc.abstractmethod
    def capabilities(self) -> Capabilities:
        """What this account can do right now. Valid after entering."""

    def idempotency_of(self, post: Post) -> Idempotency:
        """How this very post is kept from going out twice: as `capabilities.idempotency` says, unless the platform has
        no key for posts of this kind (direct messages, perhaps). Valid after entering."""
        return self.capabilities.idempotency

    @property
    @abc.abstractmethod
    def me(self) -> Author:
        """Whom the platform takes us for. Valid after entering."""

    @abc.abstractmethod
    async def __aenter__(self) -> Self:
        """Sign in.

        :raises AuthenticationFailed: the credentials do not work
        :raises Unavailable: the platform cannot be reached
        """

    @abc.abstractmethod
    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        """Sign out. Safe to call twice."""

    @abc.abstractmethod
    async def check(self) -> Standing:
        """Say who the account is and what it may do. Changes nothing on the platform."""

    @abc.abstractmethod
    async def now(self) -> Mapping[str, str]:
        """Return the cursors of this moment, one for each source: where a new account starts to listen, and a source
        that the account did not have before. Asked for at every start, before `events`."""

    @abc.abstractmethod
    def events(self, *, after: Mapping[str, str]) -> AsyncGenerator[Event, None]:
        """Yield what is newer than the cursors in `after` (source → cursor), for ever.

        At least once: an event may come again after a reconnect, with the same `id`. Within one source events come in
        the order of their cursors. First what was missed, then live, without a gap between the two. The account's own
        posts come as `OwnPostSeen`, where the platform shows them, and as nothing else. Reconnects by itself; one event
        that cannot be read becomes `UnknownEvent` and never ends the stream. The consumer never waits for storage
        inside the iteration. Close it with `aclose`.

        :raises AuthenticationFailed: the credentials stopped working
        """

    async def acknowledge(self, source: str, cursor: str) -> None:
        """Tell the platform that everything up to `cursor` is safe. Called after the commit. Default: nothing."""
        return

    @abc.abstractmethod
    def prepare(self, post: Post, *, key: str) -> bytes:
        """Return what must be fixed before the first try (a record key, a creation time, a transaction id).

        Pure but for the clock; called once per intent and stored with it. An adapter that needs nothing returns `b""`.

        :raises TooLong: the text is over a limit
        :raises MediaRefused: an attachment is over a limit
        :raises Unsupported: `capabilities` does not list what the post needs
        """

    @abc.abstractmethod
    async def publish(self, attempt: Attempt) -> Receipt:
        """Publish exactly one post.

        The same key twice posts once where `idempotency_of(post)` says so. `await attempt.checkpoint(state)`
        commits between two phases; the next try finds it as `attempt.state`. Never retries a write by itself.

        :raises PostRejected: the platform will never take it
        :raises AuthenticationFailed: the credentials stopped working
        :raises RateLimited: nothing went out; wait
        :raises Unavailable: nothing went out; retry with the same key
        :raises OutcomeUnknown: it may have gone out; call `find` first
        """

    @abc.abstractmethod
    async def find(self, attempt: Attempt) -> Found | Absent | Undecided:
        """Say whether the last try went out, by asking the platform. Never publishes.

        `Absent` only when the platform's answer is conclusive (see there); otherwise `Undecided`.

        :raises AuthenticationFailed: the credentials stopped working
        :raises Unavailable: the platform cannot be asked now
        """
