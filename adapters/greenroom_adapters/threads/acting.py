"""What an account can do beside posting: take down, repost, count, and read what was said above."""

from contextlib import suppress

from greenroom_adapters.contract import Metrics, PostRef, PostRejected, TargetGone, ThreadPost
from greenroom_adapters.meta.moments import moment
from greenroom_adapters.meta.people import author_or_nobody
from greenroom_adapters.meta.wire import WirePerson
from greenroom_adapters.text import undefused
from greenroom_adapters.threads.api import Api
from greenroom_adapters.threads.mapping import is_own
from greenroom_adapters.threads.refs import name_of, post_ref

__all__ = ["Acting"]


class Acting:
    """The hands of one account."""

    def __init__(self, api: Api) -> None:
        self._api = api

    async def delete(self, ref: PostRef) -> None:
        """Take a post or an answer down. One that is gone is no error."""
        name = self._name(ref)
        with suppress(TargetGone):
            await self._api.delete(name)

    async def repost(self, ref: PostRef) -> None:
        """Repost a post."""
        await self._api.repost(self._name(ref))

    async def metrics(self, ref: PostRef) -> Metrics:
        """Count now."""
        told = await self._api.insights(self._name(ref))
        return Metrics(**{name: told.count(name) for name in ("likes", "reposts", "replies", "quotes", "views")})

    async def thread(self, ref: PostRef, *, limit: int) -> tuple[ThreadPost, ...]:
        """Return what stands above a post, one by one upwards."""
        above: list[ThreadPost] = []
        if (name := name_of(ref)) is None:
            return ()
        post = await self._api.post(name)
        seen = {post.id}
        with suppress(PostRejected):
            while post.replied_to is not None and len(above) < limit and post.replied_to.id not in seen:
                post = await self._api.post(post.replied_to.id)
                seen.add(post.id)
                author = self._api.me if is_own(post, self._api.handle) else f"@{post.username}"
                person = WirePerson(id=author, username=post.username) if post.username else None
                above.append(
                    ThreadPost(
                        ref=post_ref(post.id, post.permalink),
                        author=author_or_nobody(person, post.id),
                        text=undefused(post.text),
                        posted_at=moment(post.timestamp),
                    )
                )
        return tuple(reversed(above))

    def _name(self, ref: PostRef) -> str:
        name = name_of(ref)
        if name is None:
            raise self._api.gone(f"{ref.id!r} is no post on Threads")
        return name
