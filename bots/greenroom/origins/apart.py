"""A feed, read by a process of its own where it is not small: what hangs, or eats all memory, ends that process.

The library that reads feeds looks through some of what stands in them in time that grows with the square of its length,
and lets nothing else run meanwhile: an author's name of a megabyte would stop a bot for hours.
"""

import asyncio
import math
import sys
from collections.abc import Sequence

import msgspec

from greenroom.interpreter import environment_of_a_child
from greenroom.origins.feed import FeedBroken, read_feed
from greenroom.origins.item import Item

__all__ = ["feed_items"]

SMALL = 8 * 1024
"""Bytes of a feed that holds nobody up for long, whatever stands in it."""
PATIENCE = 60.0


class _Answer(msgspec.Struct):
    items: tuple[Item, ...] = ()
    broken: str = ""


async def feed_items(body: bytes, *, address: str, media_type: str = "", patience: float = PATIENCE) -> Sequence[Item]:
    """Return the items of a feed as `read_feed` does, while everything else goes on.

    :raises FeedBroken: it is no feed, is not read within so many seconds of `patience` or within bounds of memory, or
        nothing can read it now
    """
    if len(body) <= SMALL:
        return await asyncio.to_thread(read_feed, body, address=address, media_type=media_type)
    try:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", "greenroom.origins.feed_program", str(math.ceil(patience))),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            # under any other locale the archive of all of them is mapped, and counts against the bound of memory
            env={**environment_of_a_child(), "LC_ALL": "C"},
        )
    except OSError as error:
        # no memory or no place for another process, or the program is being replaced: that passes
        raise FeedBroken(f"the program that reads it cannot be started: {error.strerror or error}") from error
    try:
        async with asyncio.timeout(patience):
            told, _ = await process.communicate(msgspec.msgpack.encode((body, address, media_type)))
    except TimeoutError:
        raise FeedBroken(f"it was not read within {patience:g} seconds") from None
    finally:
        if process.returncode is None:
            process.kill()
            # to the end of what it wrote: a pipe that nobody empties is never closed, and the end never told
            await process.communicate()
    try:
        answer = msgspec.msgpack.decode(told, type=_Answer)
    except msgspec.DecodeError:
        raise FeedBroken("the program that reads it ended in the middle") from None
    if answer.broken:
        raise FeedBroken(answer.broken)
    return answer.items
