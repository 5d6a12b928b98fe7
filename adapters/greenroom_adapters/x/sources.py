"""What an account hears, source by source: which pages tell it, how often they are looked at, what they say."""

import abc
import hashlib
import logging
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec
from typing_extensions import override

from greenroom_adapters.contract import Author, ConfigurationError, Event, OwnPostSeen
from greenroom_adapters.x.api import FEWEST, Api, pages
from greenroom_adapters.x.ids import id_at, moment_of
from greenroom_adapters.x.mapping import Included, read_message, read_post, unknown
from greenroom_adapters.x.position import Position
from greenroom_adapters.x.wire import IDS, WirePage

__all__ = ["Intervals", "MentionsSource", "MessagesSource", "OwnSource", "Source"]

logger = logging.getLogger(__name__)

MENTIONS, MESSAGES, OWN = "mentions", "messages", "own"
REACH = {MENTIONS: 800, OWN: 3200}
"""So many of the newest rows X gives of a timeline, and no more."""
MESSAGE_PAGES = 15
"""Pages of messages that are read to come back to a known one: as many as X allows in a quarter of an hour."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Intervals:
    """How often each source is looked at. X allows 300 looks at mentions and 15 at messages in 15 minutes."""

    mentions: timedelta = timedelta(seconds=15)
    messages: timedelta = timedelta(seconds=75)
    own: timedelta = timedelta(seconds=60)

    @classmethod
    def of(cls, seconds: int) -> "Intervals":
        """Return those of an owner who wants mentions looked at so often; the others are not looked at more often.

        :raises ConfigurationError: it is no time at all
        """
        if seconds < 1:
            raise ConfigurationError("x: `look_every` is a number of seconds, 1 or more")
        usual, mentions = cls(), timedelta(seconds=seconds)
        return cls(mentions=mentions, messages=max(usual.messages, mentions), own=max(usual.own, mentions))


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """Something that has an id of X, not read yet."""

    number: int
    raw: msgspec.Raw
    included: Included


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What one look brought."""

    events: Sequence[Event]
    """In the order of their ids."""
    position: Position


class Source(abc.ABC):
    """One listing of the account, newest first, whose rows have growing ids."""

    name: str
    allowed: int
    """So many looks X allows a user in a quarter of an hour."""
    comes_first: bool = False
    """What it tells is told before what the others have found meanwhile."""

    def __init__(self, api: Api, *, every: timedelta, me: Callable[[], Author], now: Callable[[], datetime]) -> None:
        self.every = every
        self._api = api
        self._me = me
        self._now = now

    async def beginning(self) -> Position:
        """Return the position of this moment."""
        page = await self._look(0, None, FEWEST)
        numbers = [number for raw in page.data or () if (number := number_in(raw)) is not None]
        # Where there is nothing yet, everything will be new.
        return Position(floor=max(numbers, default=0))

    async def news(self, position: Position) -> Heard:
        """Read what is newer than the position.

        :raises AdapterError: it cannot be read now
        """
        rows, unreadable = await self._rows(position)
        events: list[Event] = []
        for raw in unreadable:
            # Without an id it cannot be told from others, but it is the same each time.
            name = f"unreadable-{hashlib.sha256(bytes(raw)).hexdigest()[:32]}"
            events.append(unknown(raw, name=name, source=self.name, cursor=position.cursor(), at=self._now()))
        for row in rows:
            position = position.hears(row.number)
            event = self._event(row, position.cursor())
            if event is not None:
                events.append(event)
        return Heard(events=events, position=position)

    async def since(self, moment: datetime) -> AsyncGenerator[Event, None]:
        """Yield what came in from a moment until now, oldest first."""
        heard = await self.news(Position(floor=max(0, id_at(moment) - 1)))
        for event in heard.events:
            if event.occurred_at >= moment:
                yield event

    async def _rows(self, position: Position) -> tuple[list[Row], list[msgspec.Raw]]:
        """Return what is new, the oldest first, and what has no id."""
        rows: dict[int, Row] = {}
        unreadable: list[msgspec.Raw] = []
        seen = 0
        async with aclosing(pages(lambda page: self._look(position.floor, page, None), most=self._most)) as told:
            async for page in told:
                included = Included.of(page.includes)
                seen += len(page.data or ())
                is_known = False
                for raw in page.data or ():
                    number = number_in(raw)
                    if number is None:
                        unreadable.append(raw)
                    elif position.is_news(number):
                        rows[number] = Row(number=number, raw=raw, included=included)
                    is_known |= number is not None and number <= position.floor
                if is_known:
                    break
            else:
                if seen >= REACH.get(self.name, MESSAGE_PAGES * 100):
                    words = "%s: more came in than X shows (%d): what is older than that is not heard"
                    logger.warning(words, self.name, seen)
        return [rows[number] for number in sorted(rows)], unreadable

    def _event(self, row: Row, cursor: str) -> Event | None:
        try:
            return self._read(row, cursor)
        except (msgspec.DecodeError, ValueError) as error:
            logger.debug("%s: not understood: %s", self.name, error)
            at = moment_of(row.number)
            return unknown(row.raw, name=str(row.number), source=self.name, cursor=cursor, at=at)

    @property
    def _most(self) -> int:
        return REACH.get(self.name, MESSAGE_PAGES * 100) // 100

    @abc.abstractmethod
    async def _look(self, since: int, page: str | None, rows: int | None) -> WirePage:
        """Ask for one page of what is newer than the id `since`: the first, or the one that is called `page`; of so
        many `rows`, None: as many as a page may have."""

    def _read(self, row: Row, cursor: str) -> Event | None:
        return read_post(row.raw, row.included, me=self._me(), source=self.name, cursor=cursor)


class MentionsSource(Source):
    """Posts of others that name the bot."""

    name = MENTIONS
    allowed = 300

    @override
    async def _look(self, since: int, page: str | None, rows: int | None) -> WirePage:
        return await self._api.mentions(self._me().id, since=since, page=page, rows=rows or 100)

    @override
    def _read(self, row: Row, cursor: str) -> Event | None:
        event = super()._read(row, cursor)
        # A post of ours that names us comes from its own source, and once.
        return None if isinstance(event, OwnPostSeen) else event


class OwnSource(Source):
    """Posts of the account itself, whoever wrote them."""

    name = OWN
    allowed = 900
    comes_first = True

    @override
    async def _look(self, since: int, page: str | None, rows: int | None) -> WirePage:
        return await self._api.own(self._me().id, since=since, page=page, rows=rows or 100)


class MessagesSource(Source):
    """Direct messages, of both sides. X cannot be asked for those since one: a look ends at one that is known."""

    name = MESSAGES
    allowed = 15

    @override
    async def _look(self, since: int, page: str | None, rows: int | None) -> WirePage:
        # A message that is read costs, so a look that should find nothing new reads as few as it can.
        return await self._api.messages(page=page, rows=rows or (100 if page is not None else FEWEST))

    @override
    def _read(self, row: Row, cursor: str) -> Event | None:
        return read_message(row.raw, row.included, me=self._me(), source=self.name, cursor=cursor)


def number_in(raw: msgspec.Raw) -> int | None:
    """Return the id in a row; None: it has none."""
    try:
        return int(IDS.decode(raw).id)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
