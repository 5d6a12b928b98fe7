"""What an account on Threads can do."""

from datetime import timedelta

from greenroom_adapters.contract import ClipLimit, CountingRule, Limits, MediaLimit, TextLimit

__all__ = ["LIMITS", "PUBLISH_DEADLINE", "VISIBLE_WITHIN"]

PUBLISH_DEADLINE = timedelta(seconds=90)
"""In it Threads fetches the files. A video on which it works for longer is gone on with at the next try."""
VISIBLE_WITHIN = timedelta(seconds=30)
LIMITS = Limits(
    text=(TextLimit(length=500, rule=CountingRule.EMOJI_AS_BYTES),),
    media=MediaLimit(
        count=20,
        types=frozenset({"image/jpeg", "image/png", "video/mp4"}),
        bytes=8 * 1000 * 1000,
        alt_length=1000,
        clip=ClipLimit(bytes=1000 * 1000 * 1000, count=20, seconds=300),
    ),
)
"""Threads counts 500 characters, links in full, and an emoji perhaps by its bytes, which are never fewer."""
