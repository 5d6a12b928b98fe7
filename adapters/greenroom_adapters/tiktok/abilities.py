"""What an account on TikTok can do, by what TikTok says of it at this moment."""

from dataclasses import replace
from datetime import timedelta

from greenroom_adapters.contract import (
    Capabilities,
    ClipLimit,
    CountingRule,
    Idempotency,
    IdempotencyKind,
    Limits,
    MediaLimit,
    Surface,
    TextLimit,
    Visibility,
)
from greenroom_adapters.tiktok.wire import WireCreatorData

__all__ = [
    "LEVELS",
    "LIMITS",
    "LONGEST_DESCRIPTION",
    "PICTURES",
    "PUBLISH_DEADLINE",
    "SHOWN",
    "capabilities_of",
    "media_limit_of",
]

PUBLISH_DEADLINE = timedelta(minutes=5)
"""In it the bytes go up. Where that takes longer, the next try goes on with it."""
LEVELS = {
    "everyone": "PUBLIC_TO_EVERYONE",
    "followers": "FOLLOWER_OF_CREATOR",
    "friends": "MUTUAL_FOLLOW_FRIENDS",
    "me": "SELF_ONLY",
}
"""Who sees a post, in our words and in TikTok's."""
SHOWN = {Visibility.PUBLIC: LEVELS["everyone"], Visibility.FOLLOWERS: LEVELS["followers"]}
PICTURES = frozenset({"image/jpeg", "image/webp"})
CLIP = ClipLimit(bytes=4 * 1000 * 1000 * 1000, count=1, seconds=600)
MEDIA = MediaLimit(
    count=35,
    types=PICTURES | {"video/mp4", "video/quicktime", "video/webm"},
    bytes=20 * 1000 * 1000,
    alt_length=1500,
    pixels=1080 * 1920,
    shows_alt=False,
    clip=CLIP,
)
LIMITS = Limits(text=(TextLimit(length=2200, rule=CountingRule.UTF16_UNITS),), media=MEDIA)
LONGEST_DESCRIPTION = (TextLimit(length=4000, rule=CountingRule.UTF16_UNITS),)
"""Of words beside pictures, with what the adapter itself writes there."""


def media_limit_of(creator: WireCreatorData) -> MediaLimit:
    """Return what may be attached; how long a video may play differs by account."""
    seconds = creator.max_video_post_duration_sec
    return replace(MEDIA, clip=replace(CLIP, seconds=float(seconds))) if seconds > 0 else MEDIA


def capabilities_of(
    creator: WireCreatorData, *, publish_deadline: timedelta, visible_within: timedelta
) -> Capabilities:
    """Return them. A try is over after `publish_deadline`, and what it sent has arrived `visible_within` of that."""
    return Capabilities(
        limits=replace(LIMITS, media=media_limit_of(creator)),
        idempotency=Idempotency(kind=IdempotencyKind.TWO_PHASE),
        settles_after=publish_deadline + visible_within,
        publish_deadline=publish_deadline,
        kinds=frozenset(),
        surfaces=frozenset({Surface.POST}),
        visibilities=frozenset(shown for shown, level in SHOWN.items() if level in creator.privacy_level_options),
    )
