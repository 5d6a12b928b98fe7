"""What may be attached to a post."""

from greenroom_adapters.contract import ClipLimit, MediaLimit

__all__ = ["LIMIT"]

LIMIT = MediaLimit(
    count=4,
    types=frozenset({"image/jpeg", "image/png", "image/webp", "video/mp4"}),
    bytes=2_000_000,
    alt_length=2000,
    clip=ClipLimit(bytes=50 * 1024 * 1024, count=1, seconds=180),
)
"""Four pictures (`app.bsky.embed.images`) or one video. The lexicon allows videos of 300 MB, which go through a service
of their own; what goes to the data server directly, as here, is what that server takes (50 MB, unless it says
otherwise). The length of a description and of a video is what the official app allows."""
