"""What an account on Instagram can do, by its settings."""

from datetime import timedelta

from greenroom_adapters.contract import (
    Capabilities,
    ClipLimit,
    CountingRule,
    Idempotency,
    IdempotencyKind,
    Kind,
    Limits,
    MediaLimit,
    Surface,
    TextLimit,
)
from greenroom_adapters.instagram.settings import InstagramSettings

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
    kinds = {Kind.MENTION, Kind.REPLY, Kind.MESSAGE, Kind.OWN_POST}
    surfaces = {Surface.POST, Surface.REPLY}
    if settings.direct_messages:
        kinds.add(Kind.DIRECT_MESSAGE)
        surfaces.add(Surface.DIRECT_MESSAGE)
    # that somebody takes a message back is told by calls alone
    live = {Kind.DELETION} if settings.webhook and settings.direct_messages else set[Kind]()
    return Capabilities(
        limits=LIMITS,
        idempotency=Idempotency(kind=IdempotencyKind.TWO_PHASE),
        settles_after=publish_deadline + visible_within,
        publish_deadline=publish_deadline,
        kinds=frozenset(kinds | live),
        live_only=frozenset(live),
        surfaces=frozenset(surfaces),
    )
