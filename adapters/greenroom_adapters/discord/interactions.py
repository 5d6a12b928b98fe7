"""What people gave the bot from Discord's menu of commands, and how each of them is answered.

A command must be acknowledged within three seconds, and its answer is written into the message that appears then
("Receiving and Responding"). That takes a token, good for fifteen minutes. It is kept on disk before its event is
passed on, so that a bot that was killed meanwhile still answers; it never is part of an event, a message or a log.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta

import msgspec
from typing_extensions import override

from greenroom_adapters.contract import AdapterError, Keep, TargetGone, Unavailable
from greenroom_adapters.discord.api import Api
from greenroom_adapters.discord.errors import AlreadyAnswered, TokenSpent
from greenroom_adapters.discord.snowflakes import moment_of

__all__ = ["Given", "Interactions"]

logger = logging.getLogger(__name__)

KEPT = "commands_given"
GOOD_FOR = timedelta(minutes=15)
"""So long a token is good, from the making of its command on."""
MARGIN = timedelta(seconds=15)
"""So much of that is left alone: our clock may differ from Discord's."""
SECONDS_TO_ACKNOWLEDGE = 3.0
LOADING = 1 << 7
"""Flag of a message in whose place an answer is still to come."""
PAUSE = 0.2
"""Seconds between two tries to acknowledge."""
MOST = 2000
"""Commands that are remembered at a time; the oldest go first, and are answered by ordinary messages."""


class Given(msgspec.Struct, frozen=True, kw_only=True):
    """One command that somebody gave."""

    id: str
    token: str
    channel: str
    is_private: bool
    """Its answer is shown to whoever gave it alone."""

    @override
    def __repr__(self) -> str:
        """Return it without its token."""
        return f"Given(id={self.id!r}, channel={self.channel!r}, is_private={self.is_private})"


class Interactions:
    """The commands that were given to one account, as long as they can be answered."""

    def __init__(
        self,
        api: Api,
        *,
        application: Callable[[], str],
        is_private: Callable[[str], bool],
        are_ours: bool,
        now: Callable[[], datetime],
    ) -> None:
        """`application` is whose commands they are; `is_private`: whether the answer to a command of that name is.
        Not `are_ours`: another program offers them, and answers them."""
        self.is_private = is_private
        self.are_ours = are_ours
        self._api = api
        self._application = application
        self._now = now
        self._keep: Keep | None = None
        self._given: dict[str, Given] = {}
        self._is_kept = True
        """All of them are on disk, or about to be."""
        self._recalled: set[str] = set()
        """Those that were given before a restart. Their events may never have come to the disk."""
        self._unsafe: dict[str, float] = {}
        """Those whose event is not known to be on disk, in the order in which they came → when, by the clock
        of this process."""
        self._acknowledgements: dict[str, asyncio.Task[None]] = {}
        self._dismissed: set[str] = set()

    def keep_in(self, keep: Keep) -> None:
        """Remember them there."""
        self._keep = keep

    async def recall(self) -> None:
        """Take up those that were given before a restart and can still be answered."""
        kept = None if self._keep is None else await self._keep.load(KEPT)
        if kept is None:
            return
        with suppress(msgspec.DecodeError):
            recalled = {given.id: given for given in SEVERAL.decode(kept)}
            self._recalled = recalled.keys() - self._given.keys()
            self._given = recalled | self._given
        self._sweep()

    async def aclose(self) -> None:
        """End what is under way."""
        tasks = list(self._acknowledgements.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    # As they come ----------------------------------------------------------------------------------------------------

    def heard(self, given: Given) -> bool:
        """Take one in; say whether it is new to this process."""
        if given.id in self._given and given.id not in self._recalled:
            return False
        self._recalled.discard(given.id)
        self._given[given.id] = given
        self._is_kept = False
        self._unsafe[given.id] = time.monotonic()
        if len(self._given) > MOST:
            self._forget(next(iter(self._given)))
        return True

    async def remember(self) -> None:
        """Keep those that came, before their events are passed on. What cannot be kept is lost with the process."""
        self._sweep()
        if self._keep is None or self._is_kept:
            return
        # those that come meanwhile are kept by the next call
        self._is_kept = True
        try:
            await self._keep.store(KEPT, msgspec.json.encode(list(self._given.values())))
        except AdapterError as error:
            self._is_kept = False
            logger.warning("what answers a command cannot be kept over a restart: %s", error)

    def safe(self, last: str) -> None:
        """Acknowledge the commands up to this one: their events are on disk."""
        if last not in self._unsafe:
            return
        for id in list(self._unsafe):
            self._acknowledge(id)
            if id == last:
                return

    # As they are answered --------------------------------------------------------------------------------------------

    def get(self, id: str) -> Given | None:
        """Return one that can still be answered; None: it cannot."""
        given = self._given.get(id)
        return given if given is not None and self._is_good(given) else None

    def spent(self, id: str) -> None:
        """Note that the token of one is good for nothing any more."""
        self._forget(id)

    async def acknowledged(self, id: str) -> None:
        """Return when one is acknowledged, or cannot be. For those whose event is on disk."""
        self.safe(id)
        task = self._acknowledgements.get(id)
        if task is not None:
            await asyncio.wait({task})

    async def dismiss(self, id: str) -> None:
        """Take away what shows that an answer is on its way, where none stands there yet."""
        if id in self._unsafe:
            self._dismissed.add(id)
            return
        await self.acknowledged(id)
        given = self.get(id)
        if given is not None:
            await self._take_away(given)

    def _acknowledge(self, id: str) -> None:
        heard_at = self._unsafe.pop(id)
        given = self.get(id)
        if given is None:
            return
        task = asyncio.get_running_loop().create_task(self._acknowledging(given, heard_at + SECONDS_TO_ACKNOWLEDGE))
        self._acknowledgements[id] = task
        task.add_done_callback(lambda _: self._acknowledgements.pop(id, None))

    async def _acknowledging(self, given: Given, until: float) -> None:
        is_private = given.is_private or given.id in self._dismissed
        while True:
            left = max(0.1, until - time.monotonic())
            try:
                await self._api.acknowledge(given.id, given.token, private=is_private, deadline=timedelta(seconds=left))
            except AlreadyAnswered:
                pass
            except Unavailable as absence:
                if time.monotonic() + PAUSE < until:
                    await asyncio.sleep(PAUSE)
                    continue
                logger.info("a command could not be acknowledged in time: %s", absence)
            except AdapterError as refusal:
                logger.info("a command could not be acknowledged: %s", refusal)
            break
        if given.id in self._dismissed:
            await self._take_away(given)

    async def _take_away(self, given: Given) -> None:
        try:
            stands = await self._api.response(self._application(), given.token)
            if not stands.flags & LOADING:
                return
            await self._api.delete_response(self._application(), given.token)
        except (TokenSpent, TargetGone):
            pass
        except AdapterError as error:
            logger.debug("what shows that an answer is on its way stays: %s", error)
            return
        self._forget(given.id)

    def _is_good(self, given: Given) -> bool:
        return self._now() < moment_of(given.id) + GOOD_FOR - MARGIN

    def _sweep(self) -> None:
        for given in list(self._given.values()):
            if not self._is_good(given):
                self._forget(given.id)

    def _forget(self, id: str) -> None:
        self._given.pop(id, None)
        self._recalled.discard(id)
        self._unsafe.pop(id, None)
        self._dismissed.discard(id)


SEVERAL: "msgspec.json.Decoder[list[Given]]" = msgspec.json.Decoder(list[Given])
