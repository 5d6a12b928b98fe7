"""What an account can do beside posting: count what its posts received."""

from greenroom_adapters.contract import Forbidden, Metrics, PostRef, TargetGone
from greenroom_adapters.tiktok.api import Api
from greenroom_adapters.tiktok.refs import is_public

__all__ = ["Acting"]


class Acting:
    """The eyes of one account."""

    def __init__(self, api: Api) -> None:
        self._api = api

    async def metrics(self, ref: PostRef) -> Metrics:
        """Count now."""
        post = ref.id if is_public(ref) else (await self._api.status(ref.id))[0].post
        if not post:
            raise self._api.http.error(Forbidden, "TikTok counts nothing but what everybody sees")
        found = await self._api.counts(post)
        if found is None:
            raise self._api.http.error(TargetGone, f"there is no post {post} of the account that everybody sees")
        return Metrics(
            likes=found.like_count, replies=found.comment_count, reposts=found.share_count, views=found.view_count
        )
