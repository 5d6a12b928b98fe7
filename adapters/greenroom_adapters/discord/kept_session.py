"""What outlives the process of a gateway's session: by it Discord tells after a restart what no history has.

Discord keeps for some minutes what it would have told a session whose connection broke. A direct conversation that a
stranger began in that time stands nowhere else: bots cannot list their direct conversations.
"""

import logging
from collections.abc import Iterable
from typing import TypeVar

import msgspec

from greenroom_adapters.contract import AdapterError, Keep
from greenroom_adapters.discord.wire import Snowflake

__all__ = ["KeptSession", "Session"]

logger = logging.getLogger(__name__)

T = TypeVar("T")

SESSION, DIRECT = "session", "direct"
MOST = 10_000
"""Direct conversations that are remembered until something of them is durable."""


class Session(msgspec.Struct, kw_only=True):
    """What it takes to go on where a connection broke."""

    id: str
    seq: int
    """The last dispatch that is dealt with."""
    url: str


SESSIONS = msgspec.json.Decoder(Session)
CHANNELS = msgspec.json.Decoder(tuple[Snowflake, ...])


class KeptSession:
    """The place where both are kept. Without one nothing outlives the process."""

    def __init__(self) -> None:
        self._keep: Keep | None = None
        self._session: bytes | None = None
        """As it is stored."""
        self._direct: tuple[str, ...] = ()

    def keep_in(self, keep: Keep) -> None:
        """Keep them there."""
        self._keep = keep

    @property
    def is_there(self) -> bool:
        """There is a place."""
        return self._keep is not None

    async def recall(self) -> tuple[Session | None, tuple[str, ...]]:
        """Return the last session, and the direct conversations that were begun and of which nothing was durable yet.

        :raises Unavailable: another process uses the place
        """
        if self._keep is None:
            return None, ()
        self._session = await self._keep.load(SESSION)
        self._direct = _read(await self._keep.load(DIRECT), CHANNELS) or ()
        return _read(self._session, SESSIONS), self._direct

    async def remember(self, session: Session) -> None:
        """Store how far a session is durable. What cannot be stored is left: then more is told again."""
        stored = msgspec.json.encode(session)
        if stored != self._session and await self._store(SESSION, stored):
            self._session = stored

    async def remember_direct(self, channels: Iterable[str]) -> bool:
        """Store which direct conversations were begun and have no cursor yet; say whether that is on disk."""
        direct = tuple(sorted(channels))[-MOST:]
        if direct != self._direct:
            if not await self._store(DIRECT, msgspec.json.encode(direct)):
                return False
            self._direct = direct
        return True

    async def _store(self, name: str, value: bytes) -> bool:
        if self._keep is None:
            return False
        try:
            await self._keep.store(name, value)
        except AdapterError as error:
            logger.warning("how far Discord was heard cannot be kept: %s", error)
            return False
        return True


def _read(stored: bytes | None, decoder: "msgspec.json.Decoder[T]") -> T | None:
    try:
        return None if stored is None else decoder.decode(stored)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
