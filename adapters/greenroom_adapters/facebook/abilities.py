"""What a page on Facebook can do, by its settings."""

from datetime import timedelta

from greenroom_adapters.contract import (
    Capabilities,
    CountingRule,
    IdempotencyKind,
    Kind,
    Limits,
    MediaLimit,
    TextLimit,
)
from greenroom_adapters.facebook.settings import FacebookSettings
from greenroom_adapters.meta.abilities import abilities

__all__ = ["LIMITS", "PUBLISH_DEADLINE", "VISIBLE_WITHIN", "capabilities_of"]

PUBLISH_DEADLINE = timedelta(seconds=30)
VISIBLE_WITHIN = timedelta(seconds=30)
"""Facebook names no time in which a post comes up in its page's list; a second or two are usual."""
LIMITS = Limits(
    text=(TextLimit(length=63_206, rule=CountingRule.UTF16_UNITS),),
    answer=(TextLimit(length=8000, rule=CountingRule.UTF16_UNITS),),
    direct=(TextLimit(length=2000, rule=CountingRule.UTF16_UNITS),),
    media=MediaLimit(
        count=10,
        types=frozenset({"image/jpeg", "image/png", "image/gif", "image/webp"}),
        bytes=4 * 1024 * 1024,
        alt_length=1000,
    ),
)
"""Facebook does not say by which rule it counts; UTF-16 units are never fewer than what else it may count."""


def capabilities_of(
    settings: FacebookSettings, *, publish_deadline: timedelta, visible_within: timedelta
) -> Capabilities:
    """Return them. A try is over after `publish_deadline`, and its post is listed `visible_within` of that."""
    live = {Kind.REACTION, Kind.DELETION, Kind.EDIT} if settings.webhook else set[Kind]()
    return abilities(
        LIMITS,
        IdempotencyKind.LISTED,
        direct_messages=settings.direct_messages,
        live=live,
        publish_deadline=publish_deadline,
        visible_within=visible_within,
    )
