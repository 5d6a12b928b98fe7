"""Decides whether one attempt went out: of a post its container says so; an answer or a message is looked up."""

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from datetime import datetime, timedelta

from typing_extensions import override

from greenroom_adapters.contract import Absent, Attempt, Undecided
from greenroom_adapters.instagram.api import Api
from greenroom_adapters.instagram.publishing import Publishing
from greenroom_adapters.instagram.refs import Place, comment_ref, place_of
from greenroom_adapters.instagram.wire import COMMENTS, WireComment
from greenroom_adapters.meta.graph import OutOfReach
from greenroom_adapters.meta.mail import Mail
from greenroom_adapters.meta.moments import moment
from greenroom_adapters.meta.reading_back import Recognising, Seen
from greenroom_adapters.meta.wire import read_rows
from greenroom_adapters.recognising import Claims

__all__ = ["ReadingBack"]

PAGES = 40
"""Pages of the comments below one post in which an answer is looked for."""


class ReadingBack(Recognising):
    """Recognises what one account has published."""

    def __init__(
        self,
        api: Api,
        mail: Mail,
        claims: Claims,
        publishing: Publishing,
        *,
        handle: Callable[[], str],
        settles_after: timedelta,
        now: Callable[[], datetime],
    ) -> None:
        super().__init__(api, claims, settles_after=settles_after, now=now)
        self._api = api
        self._mail = mail
        self._publishing = publishing
        self._handle = handle

    @override
    async def _told(self, attempt: Attempt, *, is_settled: bool) -> Seen | Absent | Undecided | None:
        post = attempt.post
        if post.direct_to is not None:
            return await self._message(self._mail, attempt, post.direct_to)
        above = place_of(post.in_reply_to) if post.in_reply_to is not None else None
        if above is None:
            return await self._publishing.became(attempt, is_settled=is_settled)
        if above.is_mention:
            return Undecided(reason="what is said below posts of others cannot be read on Instagram", final=True)
        return await self._answer(attempt, above)

    async def _answer(self, attempt: Attempt, above: Place) -> Seen | None:
        since = self._api.since(attempt)
        oldest: Seen | None = None
        try:
            async with aclosing(self._below(above, since)) as comments:
                async for comment in comments:
                    at, ref = moment(comment.timestamp), comment_ref(above.media, comment.id)
                    is_it = at >= since and self._is_ours(comment) and self._publishing.is_like(attempt, comment.text)
                    if is_it and self._claims.is_free_for(attempt.key, ref.id) and (oldest is None or at <= oldest[1]):
                        oldest = ref, at
        except OutOfReach:
            if oldest is None:
                raise
        return oldest

    async def _below(self, above: Place, since: datetime) -> AsyncGenerator[WireComment, None]:
        """Yield the comments below a post from a moment on, or the answers to a comment there: an answer to an answer
        stands beside it.

        :raises OutOfReach: these are not all of them
        """
        are_all, goes_on = True, False
        async with aclosing(self._api.comments(above.media, most=PAGES)) as pages:
            async for page in pages:
                comments = read_rows(COMMENTS, page)
                are_all = are_all and len(comments) == len(page.data)
                goes_on = bool(page.after)
                for comment in comments:
                    if above.comment is None:
                        yield comment
                        goes_on = goes_on and moment(comment.timestamp) >= since
                        continue
                    answers = read_rows(COMMENTS, comment.replies)
                    has_all = len(answers) == len(comment.replies.data) and not comment.replies.after
                    if above.comment in (comment.id, *(answer.id for answer in answers)):
                        for answer in answers:
                            yield answer
                        if has_all:
                            return
                    # what is looked for may stand where the answers are not shown
                    are_all = are_all and has_all
                if not goes_on:
                    break
        if goes_on or not are_all:
            raise OutOfReach

    def _is_ours(self, comment: WireComment) -> bool:
        author = comment.author
        return author is not None and (self._api.is_me(author.id) or author.username == self._handle())
