"""Decides from what the page has published whether one attempt went out. Facebook has no keys: it is known by its
words, its pictures and what it answers."""

from collections.abc import Callable
from datetime import datetime, timedelta

from typing_extensions import override

from greenroom_adapters.contract import Attempt
from greenroom_adapters.facebook.api import Api
from greenroom_adapters.facebook.publishing import Progress
from greenroom_adapters.facebook.refs import Place, comment_ref, place_of, post_ref
from greenroom_adapters.facebook.wire import COMMENTS, POSTS, WireComment, WirePost
from greenroom_adapters.meta.mail import Mail
from greenroom_adapters.meta.moments import moment
from greenroom_adapters.meta.reading_back import Recognising, Seen, oldest_of
from greenroom_adapters.recognising import Claims, is_like

__all__ = ["ReadingBack"]

PAGES = 10


class ReadingBack(Recognising):
    """Recognises what one page has published."""

    def __init__(
        self, api: Api, mail: Mail, claims: Claims, *, settles_after: timedelta, now: Callable[[], datetime]
    ) -> None:
        super().__init__(api, claims, settles_after=settles_after, now=now)
        self._api = api
        self._mail = mail

    @override
    async def _told(self, attempt: Attempt, *, is_settled: bool) -> Seen | None:
        post, since = attempt.post, self._api.since(attempt)
        if post.direct_to is not None:
            return await self._message(self._mail, attempt, post.direct_to)
        above = place_of(post.in_reply_to) if post.in_reply_to is not None else None
        return await (self._post(attempt, since) if above is None else self._comment(attempt, above, since))

    async def _post(self, attempt: Attempt, since: datetime) -> Seen | None:
        def seen(post: WirePost) -> tuple[Seen, bool]:
            return (post_ref(post.id, post.permalink_url), moment(post.created_time)), _is_post(attempt, post)

        pages = self._api.own(since=since, most=PAGES)
        return await oldest_of(pages, POSTS, seen, since=since, key=attempt.key, claims=self._claims)

    async def _comment(self, attempt: Attempt, above: Place, since: datetime) -> Seen | None:
        parents = {above.comment}
        if above.comment is not None:
            # an answer to an answer stands beside it, below the same comment
            parent = (await self._api.comment(above.comment)).parent
            parents.add(parent.id if parent is not None else above.comment)

        def seen(comment: WireComment) -> tuple[Seen, bool]:
            at, ref = moment(comment.created_time), comment_ref(above.post, comment.id)
            return (ref, at), self._is_comment(attempt, comment, parents)

        pages = self._api.comments(above.post, since=since, most=PAGES)
        return await oldest_of(pages, COMMENTS, seen, since=since, key=attempt.key, claims=self._claims)

    def _is_comment(self, attempt: Attempt, comment: WireComment, parents: "set[str | None]") -> bool:
        by_us = comment.sender is not None and comment.sender.id == self._api.me
        below = comment.parent.id if comment.parent is not None else None
        return (
            by_us
            and below in parents
            and comment.has_picture == bool(attempt.post.media)
            and is_like(attempt.post.text, comment.message)
        )


def _is_post(attempt: Attempt, listed: WirePost) -> bool:
    """Say whether a listed post is what the attempt became. One with pictures is known by these."""
    if not attempt.post.media:
        return not listed.photos and is_like(attempt.post.text, listed.message)
    progress = Progress.read(attempt.state)
    return progress is not None and bool(progress.ready) and set(progress.ready) <= listed.photos
