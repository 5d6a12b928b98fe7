"""A file in memory, with what its platform wants to know about it."""

import asyncio
from dataclasses import dataclass
from pathlib import Path

from greenroom_adapters.contract import Media, MediaRefused
from greenroom_adapters.media.facts import Facts, facts_of

__all__ = ["Loaded", "load"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """A file in memory."""

    content: bytes
    media_type: str
    width: int | None
    height: int | None
    """In pixels, as it shows; None: unknown."""
    seconds: float | None
    """How long it plays; None: not at all, or unknown."""
    alt: str


async def load(media: Media) -> Loaded:
    """Read a file, off the loop.

    :raises MediaRefused: it cannot be read
    """

    def read() -> tuple[bytes, Facts]:
        path = Path(media.path)
        return path.read_bytes(), facts_of(path)

    try:
        content, facts = await asyncio.to_thread(read)
    except OSError as error:
        raise MediaRefused(f"{Path(media.path).name} cannot be read: {error.strerror}") from None
    return Loaded(
        content=content,
        media_type=media.media_type,
        width=facts.width,
        height=facts.height,
        seconds=facts.seconds,
        alt=media.alt,
    )
