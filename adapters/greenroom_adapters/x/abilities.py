"""What an account on X can do, by its settings."""

from datetime import timedelta

from greenroom_adapters.contract import (
    Capabilities,
    CountingRule,
    Idempotency,
    IdempotencyKind,
    Kind,
    Limits,
    PollLimit,
    Surface,
    TextLimit,
)
from greenroom_adapters.x.dialect import DIALECTS
from greenroom_adapters.x.media import LIMIT
from greenroom_adapters.x.settings import XSettings

__all__ = ["PUBLISH_DEADLINE", "VISIBLE_WITHIN", "capabilities_of"]

PUBLISH_DEADLINE = timedelta(seconds=15)
VISIBLE_WITHIN = timedelta(seconds=15)
"""X names no time in which a post comes up in its author's timeline; a second or two are usual. Should one take longer,
X still refuses the same words a second time, and then the timeline is asked again."""
LENGTH = 280
TOLD = {"like.create": Kind.REACTION, "follow.follow": Kind.FOLLOW, "post.delete": Kind.DELETION}
"""What no listing has: type of an activity → what it is for us."""
UNAPPROVED = "X has to approve replies that a machine writes first: then write `ai_replies_approved: true`"


def capabilities_of(settings: XSettings, *, publish_deadline: timedelta, visible_within: timedelta) -> Capabilities:
    """Return them. A try is over after `publish_deadline`, and its post is listed `visible_within` of that."""
    kinds = {Kind.MENTION, Kind.REPLY, Kind.QUOTE, Kind.OWN_POST}
    surfaces = {Surface.POST, Surface.REPLY}
    if settings.direct_messages:
        kinds |= {Kind.DIRECT_MESSAGE, Kind.MESSAGE}
        surfaces.add(Surface.DIRECT_MESSAGE)
    live: set[Kind] = set()
    if settings.bearer is not None:
        live = {TOLD[activity] for activity in DIALECTS[settings.dialect].activities if activity in TOLD}
    return Capabilities(
        limits=Limits(
            text=(TextLimit(length=LENGTH, rule=CountingRule.X_WEIGHTED),),
            media=LIMIT,
            poll=PollLimit(options=4, option_length=25, shortest=timedelta(minutes=5), longest=timedelta(days=7)),
        ),
        idempotency=Idempotency(kind=IdempotencyKind.LISTED),
        settles_after=publish_deadline + visible_within,
        publish_deadline=publish_deadline,
        kinds=frozenset(kinds | live),
        live_only=frozenset(live),
        surfaces=frozenset(surfaces),
        quotes=settings.access == "enterprise",
        holds_answers=None if settings.ai_replies_approved else UNAPPROVED,
    )
