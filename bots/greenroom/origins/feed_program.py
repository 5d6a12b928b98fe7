"""The program that reads one feed: `python -m greenroom.origins.feed_program SECONDS`.

Reads a row of MessagePack from standard input: the feed, its address and its media type. Of an address nothing stands
on a command line, for some let in whoever knows them. Writes an object: `{"items"}`, or `{"broken"}` with why not.
"""

import contextlib
import sys

import msgspec

from greenroom.origins.feed import FeedBroken, read_feed

__all__ = ["main"]

MOST_MEMORY = 384 * 1024**2
"""Bytes of address space; a feed that needs more is refused, and the bot goes on. An ordinary feed of the largest size
takes 103 MiB, and the worst that was found, of unclosed or nested tags alone, 227. A bot reads two at a time at the
most, one for its posts and one for its persona, and both of them and the bot fit into what deploy/ gives."""


def main(arguments: list[str]) -> int:
    """Write what stands in the feed to standard output, in so many seconds of the processor's time: nobody may be there
    any more to end it."""
    seconds = int(arguments[0])
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    body, address, media_type = msgspec.msgpack.decode(sys.stdin.buffer.read(), type=tuple[bytes, str, str])
    try:
        answer: dict[str, object] = {"items": read_feed(body, address=address, media_type=media_type)}
    except FeedBroken as broken:
        answer = {"broken": str(broken)}
    sys.stdout.buffer.write(msgspec.msgpack.encode(answer))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
