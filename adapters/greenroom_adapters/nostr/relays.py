"""All relays of one account together: asking everywhere, and sending everywhere."""

import asyncio
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import cast

import msgspec

from greenroom_adapters.contract import AdapterError, AuthenticationFailed, OutcomeUnknown, Unavailable
from greenroom_adapters.nostr.answers import mean, weigh
from greenroom_adapters.nostr.relay import Relay
from greenroom_adapters.nostr.wire import UNBELIEVABLE, Filter, WireEvent, read_event

__all__ = ["QUESTION", "Found", "Relays", "first_reached", "gather", "send"]

logger = logging.getLogger(__name__)

QUESTION = timedelta(seconds=8)
"""How long a question may take."""
STRAGGLERS = 3.0
"""Seconds for which the other relays are waited for once enough have an event."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What several relays know."""

    events: tuple[WireEvent, ...]
    """Each once, read and verified, newest first; of one second, the lowest id first (NIP-01)."""
    silent: tuple[AdapterError, ...] = ()
    """Why some relays have not answered to the end."""

    @property
    def newest(self) -> WireEvent | None:
        """The newest event."""
        return self.events[0] if self.events else None


class Relays:
    """The relays that an account reads from and writes to."""

    def __init__(self, relays: Sequence[Relay]) -> None:
        self._relays = tuple(relays)

    def __iter__(self) -> Iterator[Relay]:
        return iter(self._relays)

    @property
    def urls(self) -> tuple[str, ...]:
        """Their addresses, in the order of the settings."""
        return tuple(relay.url for relay in self._relays)

    def at(self, url: str) -> Relay | None:
        """Return the relay at this address; None: it is none of ours."""
        return next((relay for relay in self._relays if relay.url == url), None)

    async def ask(self, *filters: Filter, within: timedelta = QUESTION) -> Found:
        """Ask every relay.

        :raises AuthenticationFailed: none of them lets the account in
        :raises Unavailable: none of them answers
        """
        return await gather(self._relays, *filters, within=within)

    async def event(self, event: str, *, within: timedelta = QUESTION) -> Found:
        """Ask every relay for one event; return when one of them has it, or all have answered.

        :raises AuthenticationFailed: none of them lets the account in
        :raises Unavailable: none of them answers
        """
        asked = {"ids": [event]}
        tries = [
            asyncio.create_task(_gathered(relay, asked, within), name=f"nostr:ask:{relay.url}")
            for relay in self._relays
        ]
        silent: list[AdapterError] = []
        try:
            for one in asyncio.as_completed(tries):
                answer = await one
                if isinstance(answer, AdapterError):
                    silent.append(answer)
                elif answer.newest is not None:
                    return answer
        finally:
            for task in tries:
                task.cancel()
            await asyncio.gather(*tries, return_exceptions=True)
        if len(silent) == len(tries):
            raise _nobody(silent)
        return Found(events=(), silent=tuple(silent))

    async def publish(self, event: WireEvent, *, within: timedelta, confirm: int = 1) -> None:
        """Send an event to every relay; return when `confirm` of them have it and the others had their chance.

        :raises AdapterError: the most careful reading of what the relays have answered
        """
        await send(self._relays, event, within=within, confirm=confirm)


async def gather(relays: Sequence[Relay], *filters: Filter, within: timedelta) -> Found:
    """Ask these relays; see `Relays.ask`."""
    answers = await asyncio.gather(*(_ask(relay, filters, within) for relay in relays))
    silent = tuple(answer for answer in answers if isinstance(answer, AdapterError))
    if len(silent) == len(answers):
        raise _nobody(silent)
    events: dict[str, WireEvent] = {}
    for answer in answers:
        for raw in answer if not isinstance(answer, AdapterError) else ():
            try:
                event = read_event(raw)
            except UNBELIEVABLE as problem:
                logger.debug("a relay keeps an event that cannot be believed: %s", problem)
                continue
            if any(fits(event, one) for one in filters):
                events[event.id] = event
    newest_first = sorted(events.values(), key=lambda event: (-event.created_at, event.id))
    return Found(events=tuple(newest_first), silent=silent)


def fits(event: WireEvent, asked: Filter) -> bool:
    """Tell whether an event is what was asked for: a relay's word is not enough."""
    for name, wanted in asked.items():
        match name:
            case "ids":
                holds = event.id in _listed(wanted)
            case "authors":
                holds = event.pubkey in _listed(wanted)
            case "kinds":
                holds = event.kind in _listed(wanted)
            case "since":
                holds = isinstance(wanted, int) and event.created_at >= wanted
            case _ if name.startswith("#"):
                holds = any(value in _listed(wanted) for value in event.values(name[1:]))
            case _:
                holds = True
        if not holds:
            return False
    return True


async def send(relays: Sequence[Relay], event: WireEvent, *, within: timedelta, confirm: int) -> None:
    """Send an event to these relays; see `Relays.publish`."""
    tries = [asyncio.create_task(_send(relay, event, within), name=f"nostr:send:{relay.url}") for relay in relays]
    try:
        waiting, failed, confirmed = set(tries), list[AdapterError](), 0
        timeout: float | None = None
        while waiting:
            done, waiting = await asyncio.wait(waiting, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
            if not done:
                break
            for one in done:
                error = one.result()
                if error is None:
                    confirmed += 1
                else:
                    failed.append(error)
            if confirmed >= confirm:
                timeout = STRAGGLERS
    finally:
        for one in tries:
            one.cancel()
        await asyncio.gather(*tries, return_exceptions=True)
    if confirmed >= confirm:
        for error in failed:
            logger.info("an event is not at every relay: %s", error)
        return
    if confirmed:
        words = f"{confirmed} of {confirm} relays have it, the others not: {weigh(failed)}"
        raise relays[0].http.error(OutcomeUnknown, words)
    raise weigh(failed)


async def _gathered(relay: Relay, asked: Filter, within: timedelta) -> Found | AdapterError:
    try:
        return await gather((relay,), asked, within=within)
    except AdapterError as error:
        return error


async def _ask(relay: Relay, filters: Sequence[Filter], within: timedelta) -> list[msgspec.Raw] | AdapterError:
    try:
        return await relay.query(*filters, within=within)
    except AdapterError as error:
        return error


async def _send(relay: Relay, event: WireEvent, within: timedelta) -> AdapterError | None:
    try:
        said = await relay.publish(event, within=within)
    except AdapterError as error:
        return error
    return None if said.is_there else mean(said, relay.http, relay.url)


def _nobody(silent: Sequence[AdapterError]) -> AdapterError:
    """Return the error of relays none of which answers."""
    if all(isinstance(error, AuthenticationFailed) for error in silent):
        return silent[0]
    return next(error for error in silent if isinstance(error, Unavailable))


def _listed(wanted: object) -> Sequence[object]:
    return cast("Sequence[object]", wanted) if isinstance(wanted, list | tuple) else ()


async def first_reached(relays: Sequence[Relay], *, within: timedelta) -> None:
    """Return when one of the relays is connected.

    :raises AuthenticationFailed: none of them lets the account in
    :raises Unavailable: none of them can be reached
    """
    tries = [asyncio.create_task(_reach(relay, within), name=f"nostr:reach:{relay.url}") for relay in relays]
    failed: list[AdapterError] = []
    try:
        for one in asyncio.as_completed(tries):
            error = await one
            if error is None:
                return
            failed.append(error)
    finally:
        for task in tries:
            task.cancel()
        await asyncio.gather(*tries, return_exceptions=True)
    raise _nobody(failed)


async def _reach(relay: Relay, within: timedelta) -> AdapterError | None:
    try:
        await relay.connection(within=within)
    except AdapterError as error:
        return error
    return None
