"""What an account can do beside posting: take down, count, and read what was said above."""

from contextlib import suppress

from greenroom_adapters.contract import Forbidden, Metrics, PostRef, PostRejected, TargetGone, ThreadPost
from greenroom_adapters.instagram.api import Api
from greenroom_adapters.instagram.refs import Place, comment_ref, media_ref, place_of
from greenroom_adapters.instagram.wire import COMMENTS, WireComment
from greenroom_adapters.meta.moments import moment
from greenroom_adapters.meta.people import author_or_nobody
from greenroom_adapters.meta.wire import WirePerson, read_rows
from greenroom_adapters.text import undefused

__all__ = ["Acting"]

PAGES = 10


class Acting:
    """The hands of one account."""

    def __init__(self, api: Api) -> None:
        self._api = api

    async def delete(self, ref: PostRef) -> None:
        """Take a post or a comment down. One that is gone is no error."""
        place = self._place(ref)
        try:
            await self._api.delete(place.object)
        except TargetGone:
            return
        except PostRejected as refused:
            words = f"Instagram lets no program take this down ({refused}): do it in the app"
            raise self._api.graph.error(Forbidden, words) from None

    async def metrics(self, ref: PostRef) -> Metrics:
        """Count now."""
        place = self._place(ref)
        if place.comment is not None or place.is_mention:
            raise self._api.graph.error(Forbidden, "Instagram counts what posts of the account received, and no other")
        media = await self._api.media(place.media)
        return Metrics(likes=media.like_count, replies=media.comments_count)

    async def thread(self, ref: PostRef, *, limit: int) -> tuple[ThreadPost, ...]:
        """Return the post above a comment, and the comment between them where there is one."""
        place = place_of(ref)
        if place is None or place.comment is None or place.is_mention:
            return ()
        media = await self._api.media(place.media)
        person = WirePerson(id=self._api.me, username=media.username)
        above = [
            ThreadPost(
                ref=media_ref(media.id, media.permalink),
                author=author_or_nobody(person, media.id),
                text=media.caption,
                posted_at=moment(media.timestamp),
            )
        ]
        with suppress(PostRejected):
            if (parent := await self._parent(place.media, place.comment)) is not None:
                told = ThreadPost(
                    ref=comment_ref(place.media, parent.id),
                    author=author_or_nobody(parent.author, parent.id),
                    text=undefused(parent.text),
                    posted_at=moment(parent.timestamp),
                )
                above.append(told)
        return tuple(above[-limit:])

    async def _parent(self, media: str, comment: str) -> WireComment | None:
        async for page in self._api.comments(media, most=PAGES):
            for one in read_rows(COMMENTS, page):
                if any(answer.id == comment for answer in read_rows(COMMENTS, one.replies)):
                    return one
        return None

    def _place(self, ref: PostRef) -> Place:
        place = place_of(ref)
        if place is None:
            raise self._api.gone(f"{ref.id!r} is no post or comment on Instagram")
        return place
