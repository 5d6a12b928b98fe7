"""What a page can do beside posting: like, take down, count, and read what was said above."""

from contextlib import suppress

from greenroom_adapters.contract import Metrics, PostRef, PostRejected, TargetGone, ThreadPost, Unsupported
from greenroom_adapters.facebook.api import Api
from greenroom_adapters.facebook.refs import Place, comment_ref, place_of, post_ref
from greenroom_adapters.facebook.wire import WireComment
from greenroom_adapters.meta.moments import moment
from greenroom_adapters.meta.people import author_or_nobody

__all__ = ["Acting"]


class Acting:
    """The hands of one page."""

    def __init__(self, api: Api) -> None:
        self._api = api

    async def delete(self, ref: PostRef) -> None:
        """Take a post or a comment down. One that is gone is no error."""
        place = self._place(ref)
        with suppress(TargetGone):
            await self._api.delete(place.object)

    async def react(self, ref: PostRef, reaction: str) -> None:
        """Like a post or a comment."""
        if reaction != "like":
            raise self._api.graph.error(Unsupported, "a page gives likes, and no other reactions")
        await self._api.like(self._place(ref).object)

    async def metrics(self, ref: PostRef) -> Metrics:
        """Count now."""
        place = self._place(ref)
        counted = await self._api.counts(place.object, is_post=place.comment is None)
        return Metrics(
            likes=counted.likes.summary.total_count,
            replies=counted.comments.summary.total_count,
            reposts=counted.shares.count if counted.shares is not None else None,
        )

    async def thread(self, ref: PostRef, *, limit: int) -> tuple[ThreadPost, ...]:
        """Return the post above a comment, and the comment between them where there is one."""
        place = place_of(ref)
        if place is None or place.comment is None:
            return ()
        comment = await self._api.comment(place.comment)
        above: list[ThreadPost] = []
        with suppress(PostRejected):
            post = await self._api.post(place.post)
            above.append(
                ThreadPost(
                    ref=post_ref(post.id, post.permalink_url),
                    author=author_or_nobody(post.sender, post.id),
                    text=post.message,
                    posted_at=moment(post.created_time),
                )
            )
        if comment.parent is not None:
            try:
                above.append(_told(place.post, await self._api.comment(comment.parent.id)))
            except PostRejected:
                above = []
        return tuple(above[-limit:])

    def _place(self, ref: PostRef) -> Place:
        place = place_of(ref)
        if place is None:
            raise self._api.gone(f"{ref.id!r} is no post or comment on Facebook")
        return place


def _told(post: str, comment: WireComment) -> ThreadPost:
    return ThreadPost(
        ref=comment_ref(post, comment.id),
        author=author_or_nobody(comment.sender, comment.id),
        text=comment.message,
        posted_at=moment(comment.created_time),
    )
