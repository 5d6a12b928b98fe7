"""Brings a post out in two phases: a container, which Meta fills and which nobody sees, and its publishing."""

import abc
import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from greenroom_adapters.contract import (
    Absent,
    AdapterError,
    Attempt,
    Capabilities,
    ConfigurationError,
    Media,
    MediaRefused,
    OutcomeUnknown,
    Post,
    PostRef,
    PostRejected,
    RateLimited,
    Receipt,
    TargetGone,
    Unavailable,
    Undecided,
)
from greenroom_adapters.meta.calls import Calls
from greenroom_adapters.meta.graph import OutOfReach
from greenroom_adapters.meta.people import NOBODY
from greenroom_adapters.meta.publishing import Bringing, Left
from greenroom_adapters.meta.reading_back import Seen
from greenroom_adapters.recognising import Claims, is_like
from greenroom_adapters.remembering import Checkpoint
from greenroom_adapters.text import Askers, worded
from greenroom_adapters.transport import Answer, answered_at
from greenroom_adapters.webhooks import Lending

__all__ = ["Clock", "Container", "PhasedBringing", "PhasedCalls"]

Clock = Callable[[], datetime]

LOOK_EVERY = 1.0
"""Seconds between two looks at a container."""
FOR_PUBLISHING = timedelta(seconds=15)
"""What is kept of a try's time for the second phase."""
ASKED_AGAIN = timedelta(hours=1)
"""Wait when the account has posted as often as it may in 24 hours: one of these posts is a day old by then, perhaps."""
KEPT_FOR = timedelta(hours=23)
"""Meta forgets containers after a day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """How far Meta is with something that is to be published."""

    status: str
    """`IN_PROGRESS`, `FINISHED`, `PUBLISHED`, `ERROR` or `EXPIRED`."""
    why: str = ""
    """What is wrong with it, in Meta's words."""


class Progress(Checkpoint, frozen=True, kw_only=True):
    """How far the first phase of a post is: the checkpoint of an attempt."""

    begun_at: datetime
    """When the first thing was brought; aware."""
    children: tuple[str, ...] = ()
    """Containers of the single files of a post that has several, in order."""
    container: str = ""
    """The container of the post itself; empty: there is none yet, and nothing can have gone out."""


class PhasedCalls(Calls, abc.ABC):
    """The calls of an account whose posts have two phases."""

    @abc.abstractmethod
    async def container(self, name: str) -> Container:
        """Say how far Meta is with a container.

        :raises TargetGone: it knows none of this name any more
        """

    @abc.abstractmethod
    async def create_container(self, fields: Mapping[str, str], *, deadline: timedelta) -> str:
        """Announce what is to be published; return the container's id. One that nobody hears of is never published."""

    @abc.abstractmethod
    async def publish_container(self, name: str, *, deadline: timedelta) -> tuple[str, Answer]:
        """Publish what a container holds; return the post's id."""

    @abc.abstractmethod
    async def used(self, *, answers: bool = False) -> tuple[int, int]:
        """Return how often the account has posted in 24 hours, or answered, and how often it may; 0: it is not told."""

    @abc.abstractmethod
    async def address_of(self, name: str) -> str | None:
        """Return where a person can look at a post."""


class PhasedBringing(Bringing, abc.ABC):
    """The mouth of one account."""

    def __init__(
        self,
        calls: PhasedCalls,
        claims: Claims,
        lending: Lending | None,
        askers: Askers,
        *,
        capabilities: Capabilities,
        now: Clock,
        look_every: float = LOOK_EVERY,
    ) -> None:
        """`lending` gives the files out; None: nothing that has some can be posted."""
        super().__init__(calls, claims, capabilities=capabilities, now=now)
        self._phases = calls
        self._lending = lending
        self._askers = askers
        self._look_every = look_every

    # What the platforms differ in ------------------------------------------------------------------------------------

    @abc.abstractmethod
    async def listed(self, attempt: Attempt) -> Seen | None:
        """Return the post that an attempt became and when it was published, out of the account's list; None: it is not
        there.

        :raises OutOfReach: the list does not show all that was said
        """

    @abc.abstractmethod
    def _words(self, attempt: Attempt) -> dict[str, str]:
        """Return what a post's container has beside its files."""

    @abc.abstractmethod
    def _file(self, media: Media, address: str, *, alone: bool) -> dict[str, str]:
        """Return how a file is announced, which is the only one of its post or not."""

    @abc.abstractmethod
    def _meaning(self, why: str) -> tuple[type[AdapterError], str]:
        """Return what an error of a container means, and its mend."""

    @abc.abstractmethod
    def _ref(self, name: str, url: str | None) -> PostRef:
        """Return the reference of a post of the account."""

    # Whom it names ---------------------------------------------------------------------------------------------------

    def _asker(self, post: Post) -> bytes:
        """Return what `prepare` fixes: the handle of whom a post answers, which may stand in it as a name."""
        asker = self._askers.of(post)
        return b"" if asker == NOBODY else asker.encode()

    def said(self, attempt: Attempt) -> str:
        """Return the words of an attempt as they go out: an answer names whom it answers, and nobody else."""
        return worded(attempt.post, self._capabilities.limits.text, asker=attempt.prepared.decode())

    def is_like(self, attempt: Attempt, listed: str) -> bool:
        """Say whether a listed text is what became of an attempt; its first try may have been of a version that made no
        names in it words."""
        return is_like(self.said(attempt), listed) or is_like(attempt.post.text, listed)

    # One try ---------------------------------------------------------------------------------------------------------

    async def _post(self, attempt: Attempt, left: Left) -> Receipt:
        progress, is_published = await self._living(attempt)
        if is_published:
            if (found := await self._found(attempt)) is not None:
                return self._receipt(attempt, found[0], found[1], None)
            raise self._error(OutcomeUnknown, "the container is published, and its post is not listed yet")
        container = await self._filled(attempt, progress, left)
        try:
            name, answer = await self._phases.publish_container(container, deadline=left())
        except TargetGone as gone:
            if attempt.post.in_reply_to is not None and await self._is_there(container):
                raise
            raise self._error(Unavailable, f"the container is gone, and nothing of it went out: {gone}") from None
        url = None
        with suppress(AdapterError):
            # for the owner to look at; the post is out in any case
            url = await self._phases.address_of(name)
        return self._receipt(attempt, self._ref(name, url), answered_at(answer, self._now), answer)

    async def _is_there(self, container: str) -> bool:
        """Say whether Meta still knows a container: what is gone is then what it answers."""
        try:
            await self._phases.container(container)
        except TargetGone:
            return False
        return True

    async def _living(self, attempt: Attempt) -> tuple[Progress, bool]:
        """Return how far an earlier try came, as far as it can be gone on with, and whether its post is out. Meta
        forgets what is a day old, and a container with an error stays one."""
        fresh, progress = Progress(begun_at=self._now()), Progress.read(attempt.state)
        if progress is None or (not progress.container and self._now() - progress.begun_at > KEPT_FOR):
            return fresh, False
        try:
            for name in (progress.container,) if progress.container else progress.children:
                told = await self._phases.container(name)
                if told.status in ("ERROR", "EXPIRED"):
                    return fresh, False
                if told.status == "PUBLISHED" and progress.container:
                    return progress, True
        except TargetGone:
            # it knows nothing of it any more: whether it was published, the list says
            is_published = bool(progress.container) and await self._found(attempt) is not None
            return (progress, True) if is_published else (fresh, False)
        return progress, False

    async def _found(self, attempt: Attempt) -> Seen | None:
        """Return what is listed of an attempt; None: nothing.

        :raises OutcomeUnknown: it may stand where the list was not read
        """
        try:
            return await self.listed(attempt)
        except OutOfReach:
            words = f"it is not among what can be read of what {self._name} lists"
            raise self._error(OutcomeUnknown, words) from None

    async def _filled(self, attempt: Attempt, progress: Progress, left: Left) -> str:
        """Return the post's container, on disk and with all that it needs; the files are given out meanwhile."""
        post = attempt.post
        if not progress.container and not progress.children:
            await self._require_allowance(answers=post.in_reply_to is not None)
        try:
            async with self._lent(attempt) as addresses:
                if not progress.container:
                    fields = await self._fields(attempt, progress, addresses, left)
                    name = await self._phases.create_container(fields, deadline=left())
                    progress = msgspec.structs.replace(progress, container=name)
                    await attempt.checkpoint(progress.stored())
                await self._wait_for(progress.container, left)
        except ConfigurationError as trouble:
            raise self._error(Unavailable, f"{self._name} cannot fetch the files: {trouble}") from None
        return progress.container

    @asynccontextmanager
    async def _lent(self, attempt: Attempt) -> AsyncGenerator[Sequence[str], None]:
        if not attempt.post.media:
            yield ()
            return
        if self._lending is None:
            words = f"there is no `media_url` any more, from which {self._name} fetches pictures"
            raise self._error(MediaRefused, words)
        async with self._lending.lent(attempt.key, attempt.post.media) as addresses:
            yield addresses

    async def _fields(
        self, attempt: Attempt, progress: Progress, addresses: Sequence[str], left: Left
    ) -> dict[str, str]:
        """Return what the post's container is made of; the single files of several are brought first, each noted."""
        media, words = attempt.post.media, self._words(attempt)
        if not media:
            return {"media_type": "TEXT", **words}
        if len(media) == 1:
            return {**self._file(media[0], addresses[0], alone=True), **words}
        children = progress.children
        for one, address in list(zip(media, addresses, strict=True))[len(children) :]:
            child = await self._phases.create_container(
                {**self._file(one, address, alone=False), "is_carousel_item": "true"}, deadline=left()
            )
            children = (*children, child)
            stored = msgspec.structs.replace(progress, children=children).stored()
            await attempt.checkpoint(stored)
        for child in children:
            await self._wait_for(child, left)
        return {"media_type": "CAROUSEL", "children": ",".join(children), **words}

    async def _wait_for(self, container: str, left: Left) -> None:
        """Return when Meta has all that a container needs."""
        while True:
            told = await self._phases.container(container)
            match told.status:
                case "FINISHED" | "PUBLISHED":
                    return
                case "ERROR" | "EXPIRED":
                    raise self._failed(told.why or told.status)
                case _:
                    pass
            if left() - timedelta(seconds=self._look_every) < FOR_PUBLISHING:
                raise self._error(Unavailable, f"{self._name} still works on it; it is gone on with")
            await asyncio.sleep(self._look_every)

    def _failed(self, words: str) -> AdapterError:
        """Return what it means that a container has an error. A new one may do where it does not lie in the file."""
        kind, mend = self._meaning(words)
        said = f"{self._name} could not use the file: {words}" + (f": {mend}" if mend else "")
        return self._error(kind if issubclass(kind, PostRejected) else Unavailable, said)

    async def _require_allowance(self, *, answers: bool) -> None:
        used, allowed = await self._phases.used(answers=answers)
        if allowed and used >= allowed:
            http = self._calls.graph.http
            did = "answered" if answers else "posted"
            words = f"the account has {did} {used} times in 24 hours, and {self._name} allows {allowed}"
            raise RateLimited(words, retry_after=ASKED_AGAIN, platform=http.platform, account=http.account)

    @property
    def _name(self) -> str:
        return self._calls.graph.name

    # What became of it -----------------------------------------------------------------------------------------------

    async def became(self, attempt: Attempt, *, is_settled: bool) -> Seen | Absent | Undecided:
        """Say what became of a try: its container says whether it is published.

        :raises OutOfReach: only the list can tell it, and does not show all that was said
        """
        progress = Progress.read(attempt.state)
        if progress is None or not progress.container:
            # without a container on disk the second phase never began
            return Absent() if is_settled else Undecided(reason="its container may still be on its way to the disk")
        try:
            status = (await self._phases.container(progress.container)).status
        except TargetGone:
            status = None
        if status in ("PUBLISHED", None):
            if (seen := await self.listed(attempt)) is not None:
                return seen
            if status is not None:
                return Undecided(reason="it was published, and is not in the account's list", final=is_settled)
        if not is_settled:
            return Undecided(reason="the container is not published; that may still come")
        return Absent()
