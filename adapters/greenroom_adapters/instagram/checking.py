"""What an owner should know of the account before it runs, each trouble with its mend."""

from collections.abc import Iterator
from datetime import datetime
from functools import partial

from greenroom_adapters.contract import (
    Author,
    PostRejected,
    Standing,
    Wanted,
)
from greenroom_adapters.instagram.api import Api
from greenroom_adapters.instagram.settings import InstagramSettings
from greenroom_adapters.instagram.wire import WireProfile
from greenroom_adapters.meta.checking import first, readable
from greenroom_adapters.meta.mail import Mail
from greenroom_adapters.meta.tokens import about_the_end
from greenroom_adapters.transport import unfetched
from greenroom_adapters.webhooks import Lending

__all__ = ["standing"]

PROFESSIONAL = ("BUSINESS", "MEDIA_CREATOR", "CREATOR")


async def standing(
    api: Api,
    mail: Mail,
    me: Author,
    profile: WireProfile,
    lending: Lending | None,
    *,
    settings: InstagramSettings,
    wanted: Wanted | None,
    ends_at: datetime | None,
    now: datetime,
) -> Standing:
    """Say what the account may do and what will not work."""
    works, troubles = await readable(
        partial(api.feed, posts=1),
        lambda: first(api.tagged(most=1)),
        mail if settings.direct_messages else None,
        permit_mail="Give the app `instagram_business_manage_messages` and switch on *Allow access to messages* in the "
        "Instagram app, or write `direct_messages: false`.",
    )
    may = ["answer comments and mentions", "delete what it said", *works]
    warnings = [
        *_about_the_account(profile),
        *_about_posts(wanted, settings),
        *about_the_end(ends_at, now),
        *troubles,
    ]
    if lending is not None:
        try:
            used, allowed = await api.used()
            may.append(f"post pictures and reels ({used} of {allowed} in 24 hours are used)")
        except PostRejected as refused:
            warnings.append(f"it cannot post: {refused}. Give the app `instagram_business_content_publish`.")
        if (trouble := await unfetched(lending, platform="instagram")) is not None:
            warnings.append(trouble)
    return Standing(me=me, may=tuple(may), warnings=tuple(warnings))


def _about_the_account(profile: WireProfile) -> Iterator[str]:
    if profile.account_type not in PROFESSIONAL:
        yield (
            "it is no professional account, and others may not be used by programs: in the Instagram app, under "
            "*Settings*, *Account type and tools*, switch to a professional one."
        )


def _about_posts(wanted: Wanted | None, settings: InstagramSettings) -> Iterator[str]:
    posts = wanted is None or wanted.posts
    if posts and not settings.media_url:
        yield (
            "nothing can be posted: Instagram fetches pictures from an address of yours. Write `media_url` below the "
            "account."
        )
    if wanted is not None and wanted.posts and not wanted.attaches:
        yield "its posts have no picture, and Instagram takes none without: write `picture` below `post`."
