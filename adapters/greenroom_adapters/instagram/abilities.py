"""What an account on Instagram can do, by its settings."""

from datetime import timedelta

from greenroom_adapters.contract import (
    Capabilities,
    ClipLimit,
    CountingRule,
    IdempotencyKind,
    Kind,
    Limits,
    MediaLimit,
    TextLimit,
)
from greenroom_adapters.instagram.settings import InstagramSettings
from greenroom_adapters.meta.abilities import abilities

__all__ = ["LIMITS", "PUBLISH_DEADLINE", "VISIBLE_WITHIN", "capabilities_of"]

PUBLISH_DEADLINE = timedelta(seconds=90)
"""In it Instagram fetches the files. A reel on which it works for longer is gone on with at the next try."""
VISIBLE_WITHIN = timedelta(seconds=30)
LIMITS = Limits(
    text=(TextLimit(length=2200, rule=CountingRule.UTF16_UNITS),),
    direct=(TextLimit(length=1000, rule=CountingRule.UTF8_BYTES),),
    media=MediaLimit(
        count=10,
        types=frozenset({"image/jpeg", "video/mp4"}),
        bytes=8 * 1000 * 1000,
        alt_length=1000,
        clip=ClipLimit(bytes=300 * 1000 * 1000, count=10, seconds=900),
    ),
)
"""Instagram does not say by which rule it counts captions; UTF-16 units are never fewer than what else it may count."""


def capabilities_of(
    settings: InstagramSettings, *, publish_deadline: timedelta, visible_within: timedelta
) -> Capabilities:
    """Return them. A try is over after `publish_deadline`, and its post is listed `visible_within` of that."""
    # that somebody takes a message back is told by calls alone
    live = {Kind.DELETION} if settings.webhook and settings.direct_messages else set[Kind]()
    return abilities(
        LIMITS,
        IdempotencyKind.TWO_PHASE,
        direct_messages=settings.direct_messages,
        live=live,
        publish_deadline=publish_deadline,
        visible_within=visible_within,
    )
