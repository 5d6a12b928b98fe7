"""The account's token: good for 60 days, and renewed long before, so that a bot that runs never loses it."""

import asyncio
import hashlib
import logging
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack
from datetime import datetime, timedelta

import msgspec

from greenroom_adapters.contract import AdapterError, GreenroomError, Keep, Secret
from greenroom_adapters.meta.graph import Graph
from greenroom_adapters.meta.wire import TOKENS
from greenroom_adapters.transport import Effect

__all__ = ["Tokens", "about_the_end"]

logger = logging.getLogger(__name__)

KEPT = "token"
RENEWED_WITH = timedelta(days=30)
"""A token that lasts for less than this is renewed. Meta renews none within its first day."""
SOON = timedelta(days=14)
LOOKED_AFTER = timedelta(hours=12)


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """A renewed token, as it is kept."""

    seed: str
    """Digest of the token of the settings, from which it came: after another sign-in it counts for nothing."""
    token: str
    ends_at: datetime


class Tokens:
    """The token in use. What is renewed is on disk before it is used; the one before it goes on being good."""

    def __init__(self, graph: Graph, *, grant: str, seed: Secret, now: Callable[[], datetime]) -> None:
        """`grant` is what Meta calls the renewal."""
        self._graph = graph
        self._grant = grant
        self._seed = seed
        self._now = now
        self._keep: Keep | None = None
        self.ends_at: datetime | None = None
        """When the token in use ends; None: nobody has told yet."""

    def keep_in(self, keep: Keep) -> None:
        """Remember a renewed token there."""
        self._keep = keep

    async def begin(self) -> None:
        """Use the token that was renewed last, and renew it where that is time."""
        stored = None if self._keep is None else await self._keep.load(KEPT)
        try:
            kept = None if stored is None else KEEPS.decode(stored)
        except msgspec.DecodeError:
            kept = None
        if kept is not None and kept.seed == self._digest() and kept.ends_at > self._now():
            self._use(kept)
        await self.renew()

    async def _renew_for_ever(self) -> None:
        while True:
            await asyncio.sleep(LOOKED_AFTER.total_seconds())
            await self.renew()

    def renewing(self, stack: AsyncExitStack) -> None:
        """See to it now and then until the stack is closed."""
        task = asyncio.create_task(self._renew_for_ever(), name=f"{self._graph.http.platform}: token")
        stack.push_async_callback(_ended, task)

    async def renew(self) -> None:
        """Get a token that lasts longer, where it is time and there is a place to keep it in. What fails is tried again
        later: the token in use is good for weeks."""
        if self._keep is None or (self.ends_at is not None and self.ends_at - self._now() > RENEWED_WITH):
            return
        token = self._graph.token
        query = {"grant_type": self._grant, "access_token": "" if token is None else token.reveal()}
        try:
            answer = await self._graph.http.call("GET", "/refresh_access_token", effect=Effect.REPEATABLE, query=query)
            told = self._graph.http.decode(answer, TOKENS)
            ends_at = self._now() + timedelta(seconds=max(0, min(told.expires_in, 10**8)))
            kept = Kept(seed=self._digest(), token=told.access_token, ends_at=ends_at)
            self._graph.http.redactor.learn(Secret(told.access_token))
            await self._keep.store(KEPT, msgspec.json.encode(kept))
        except AdapterError as error:
            # one of its first day is renewed by nobody
            logger.info("the token cannot be renewed now: %s", error)
        except (GreenroomError, OSError) as error:
            logger.warning("the renewed token cannot be kept: %s", self._graph.http.redactor.clean(str(error)))
        else:
            self._use(kept)
            logger.debug("the token was renewed until %s", ends_at)

    def _use(self, kept: Kept) -> None:
        self._graph.use(Secret(kept.token))
        self.ends_at = kept.ends_at

    def _digest(self) -> str:
        return hashlib.sha256(self._seed.reveal().encode()).hexdigest()


async def _ended(task: "asyncio.Task[None]") -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def about_the_end(ends_at: datetime | None, now: datetime) -> Iterator[str]:
    """Warn of a token that ends soon."""
    if ends_at is not None and ends_at - now < SOON:
        yield (
            f"the token ends on {ends_at:%d %B %Y}, and Meta has not renewed it: make a new one and sign in again with "
            "`greenroom login`."
        )


KEEPS = msgspec.json.Decoder(Kept)
