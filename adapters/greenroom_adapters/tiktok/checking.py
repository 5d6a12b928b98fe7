"""What an owner should know of the account before it runs, each trouble with its mend."""

from collections.abc import Iterator
from contextlib import aclosing

from greenroom_adapters.contract import Author, PostRejected, Standing, Wanted
from greenroom_adapters.tiktok.abilities import LEVELS
from greenroom_adapters.tiktok.api import Api
from greenroom_adapters.tiktok.settings import TikTokSettings
from greenroom_adapters.tiktok.wire import WireCreatorData
from greenroom_adapters.transport import unfetched
from greenroom_adapters.webhooks import Lending

__all__ = ["standing"]


async def standing(
    api: Api,
    me: Author,
    creator: WireCreatorData,
    lending: Lending | None,
    *,
    settings: TikTokSettings,
    wanted: Wanted | None,
) -> Standing:
    """Say what the account may post and what will not work."""
    seconds = creator.max_video_post_duration_sec
    may = [f"post videos of up to {seconds} seconds" if seconds else "post videos"]
    warnings = [*_about_privacy(creator, settings), *_about_posts(wanted)]
    try:
        async with aclosing(api.own(most=1, count=1)) as pages:
            async for _ in pages:
                break
        may.append("read and count what it posted")
    except PostRejected as refused:
        warnings.append(
            f"it cannot read what it posted: {refused}. Without `video.list`, pictures whose answer was lost wait for "
            "you, and nothing is counted."
        )
    if lending is not None:
        may.append("post pictures")
        if (trouble := await unfetched(lending, platform="tiktok")) is not None:
            warnings.append(trouble)
    return Standing(me=me, may=tuple(may), warnings=tuple(warnings))


def _about_privacy(creator: WireCreatorData, settings: TikTokSettings) -> Iterator[str]:
    options = [word for word, level in LEVELS.items() if level in creator.privacy_level_options]
    if settings.privacy not in options:
        yield (
            f"nothing can be posted: TikTok lets posts of the account be seen by {' or '.join(options) or 'nobody'}. "
            "Change `privacy`."
        )
    elif settings.privacy == "me":
        yield (
            "its posts are seen by the account alone, which is all that an app may do until TikTok has audited it. "
            "After that, write `privacy: everyone`."
        )
    if settings.promotes == "paid" and settings.privacy == "me":
        yield "what somebody pays for cannot be for the account alone: change `privacy` or `promotes`."


def _about_posts(wanted: Wanted | None) -> Iterator[str]:
    if wanted is not None and wanted.posts and not wanted.attaches:
        yield "its posts have no video and no picture, and TikTok takes none without: write `picture` below `post`."
