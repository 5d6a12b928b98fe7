"""What can be done beside posting: take down, repost, count, read what was said above, and say who somebody is."""

from collections.abc import Callable, Sequence
from contextlib import suppress

from greenroom_adapters.contract import Author, Metrics, PostRef, PostRejected, TargetGone, ThreadPost
from greenroom_adapters.text import undefused
from greenroom_adapters.x.api import Api
from greenroom_adapters.x.errors import AlreadyDone
from greenroom_adapters.x.ids import is_id, message_number, moment_of, number_of, post_ref
from greenroom_adapters.x.mapping import Included, author_of, said_in
from greenroom_adapters.x.wire import MESSAGES, first

__all__ = ["Acting"]

FURTHER = 100
"""Messages of one conversation that are looked through for one of the other side."""


class Acting:
    """The hands of one account."""

    def __init__(self, api: Api, *, me: Callable[[], Author]) -> None:
        self._api = api
        self._me = me

    async def delete(self, ref: PostRef) -> None:
        """Take a post down, or a direct message out of our view. One that is gone is no error."""
        with suppress(TargetGone):
            if (message := message_number(ref)) is not None:
                await self._api.delete_message(message)
            else:
                await self._api.delete_post(self._post(ref))

    async def repost(self, ref: PostRef) -> None:
        """Repost a post."""
        with suppress(AlreadyDone):
            await self._api.repost(self._me().id, self._post(ref))

    async def metrics(self, ref: PostRef) -> Metrics:
        """Count now."""
        post, _ = await self._api.post(self._post(ref))
        counted = post.public_metrics
        return Metrics(
            likes=counted.like_count,
            reposts=counted.repost_count if counted.retweet_count is None else counted.retweet_count,
            replies=counted.reply_count,
            quotes=counted.quote_count,
            views=counted.impression_count,
        )

    async def thread(self, ref: PostRef, *, limit: int) -> tuple[ThreadPost, ...]:
        """Return the posts above one, oldest first, at most `limit`; a gap ends it. Each of them costs a read."""
        post, _ = await self._api.post(self._post(ref))
        above: list[ThreadPost] = []
        while len(above) < limit and (parent := post.referred("replied_to")) is not None:
            try:
                post, page = await self._api.post(parent)
            except PostRejected:
                break
            user = Included.of(page.includes).users.get(post.author_id)
            author = author_of(user) if user is not None else Author(id=post.author_id, handle=post.author_id)
            said = said_in(post)
            told = ThreadPost(
                ref=post_ref(post.id, handle=author.handle),
                author=author,
                text=undefused(said) if post.author_id == self._me().id else said,
                posted_at=moment_of(int(post.id)),
            )
            above.append(told)
        return tuple(reversed(above))

    async def gone(self, posts: Sequence[str]) -> frozenset[str]:
        """Return which of these posts, at most 100, are not there for our eyes any more."""
        asked = [name for name in posts if is_id(name)]
        return await self._api.missing(asked) if asked else frozenset()

    async def may_message(self, person: str) -> bool:
        """Say whether the person has written to us before: X lets machines begin no conversation."""
        if not is_id(person):
            return False
        try:
            page = await self._api.messages(person=person, rows=FURTHER)
        except PostRejected:
            return False
        return any(message.sender_id == person for message in first(MESSAGES, page.data))

    async def person(self, handle: str) -> Author | None:
        """Return whoever has this handle, written with or without its `@`, or this id. A number alone is an id."""
        name = handle.removeprefix("@")
        if not name or len(name) > 19 or not name.replace("_", "a").isalnum() or not name.isascii():
            return None
        try:
            if handle == name and is_id(name):
                return author_of(await self._api.person_by_id(name))
            return author_of(await self._api.person_by_handle(name))
        except PostRejected:
            return None

    def _post(self, ref: PostRef) -> str:
        number = number_of(ref)
        if number is None:
            raise self._api.http.error(TargetGone, f"{ref.id!r} is no post on X")
        return number
