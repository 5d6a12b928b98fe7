"""Brings one post out: whom it answers, its files, then the sending itself."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

from greenroom_adapters.contract import (
    AdapterError,
    Attempt,
    Capabilities,
    Forbidden,
    IdempotencyKind,
    Media,
    MediaRefused,
    Poll,
    Post,
    PostRejected,
    Receipt,
    TargetGone,
    TooLong,
    Unavailable,
    Unsupported,
)
from greenroom_adapters.mastodon.api import Api
from greenroom_adapters.mastodon.outgoing import Outgoing
from greenroom_adapters.mastodon.plan import Plan, Progress
from greenroom_adapters.mastodon.reading import reference
from greenroom_adapters.mastodon.wire import STATUSES, WireStatus
from greenroom_adapters.mastodon.writing import Audience, Draft, compose, length, status_language
from greenroom_adapters.media import Loaded, glance, load
from greenroom_adapters.transport import Effect, read_quota

__all__ = ["Publishing"]

FILES_KEPT = timedelta(hours=6)
"""Mastodon throws a file away that nobody attached within a day."""
LOOK_EVERY = 1.0
"""Seconds between two looks whether a file is ready."""


class Publishing:
    """The mouth of one account."""

    def __init__(
        self,
        api: Api,
        outgoing: Outgoing,
        *,
        me: str,
        audience: Audience,
        capabilities: Capabilities,
        in_flight: timedelta,
        now: Callable[[], datetime],
    ) -> None:
        """`in_flight` is how long a request that got no answer may still be worked on."""
        self._api = api
        self._outgoing = outgoing
        self._me = me
        self._audience = audience
        self._capabilities = capabilities
        self._in_flight = in_flight
        self._now = now

    # Before the first try --------------------------------------------------------------------------------------------

    def prepare(self, post: Post, *, key: str) -> bytes:
        """Fix what must not change between tries."""
        if post.room is not None:
            raise self._error(Unsupported, "Mastodon has no rooms")
        if (lacking := self._capabilities.lacks(post)) is not None:
            raise self._error(Unsupported, lacking)
        if post.poll is not None and post.media:
            raise self._error(Unsupported, "a post has a poll or files, not both")
        self._check_text(post.text, post.content_warning or "")
        if post.poll is not None:
            self._check_poll(post.poll)
        if post.media and self._capabilities.limits.media is not None:
            try:
                glance(post.media, self._capabilities.limits.media)
            except MediaRefused as refused:
                raise self._error(MediaRefused, str(refused)) from None
        return Plan.of(key).stored()

    def _check_text(self, text: str, warning: str) -> None:
        limit = self._capabilities.limits.text[0]
        found = length(text, warning, limit)
        if found > limit.length:
            raise self._error(TooLong, f"the text is over {limit.length} {limit.rule} by {found - limit.length}")

    def _check_poll(self, poll: Poll) -> None:
        limit = self._capabilities.limits.poll
        if limit is None:
            return
        if not 2 <= len(poll.options) <= limit.options:
            raise self._error(PostRejected, f"a poll has 2 to {limit.options} answers here, not {len(poll.options)}")
        if len(set(poll.options)) < len(poll.options):
            raise self._error(PostRejected, "two answers of the poll are alike")
        if any(len(option) > limit.option_length or not option.strip() for option in poll.options):
            raise self._error(PostRejected, f"an answer of the poll is empty, or over {limit.option_length} characters")
        if not limit.shortest <= poll.open_for <= limit.longest:
            raise self._error(PostRejected, f"a poll is open for {limit.shortest} to {limit.longest} here")

    # One try ---------------------------------------------------------------------------------------------------------

    async def publish(self, attempt: Attempt) -> Receipt:
        """Make one try."""
        clock = asyncio.get_running_loop().time
        ends = clock() + self._capabilities.publish_deadline.total_seconds()

        def left() -> timedelta:
            return timedelta(seconds=ends - clock())

        plan, post = Plan.read(attempt.prepared), attempt.post
        # Some servers take a text of any length, and answers to anything: that our own limits hold is for us to see to.
        self._check_text(post.text, post.content_warning or "")
        answered = await self._answered(post)
        person = (await self._api.account(post.direct_to)).acct if post.direct_to is not None else None
        draft = compose(
            post,
            answered=answered,
            person=person,
            me=self._me,
            audience=self._audience,
            limit=self._capabilities.limits.text[0],
        )
        self._check_text(draft.text, draft.warning)
        files = await self._files(attempt, left) if post.media else ()
        await self._let_end(attempt)
        if left() <= timedelta(0):
            raise self._error(Unavailable, "the server took too long before the post could be sent")
        is_keyed = self._capabilities.idempotency.kind is IdempotencyKind.KEYED
        effect = Effect.KEYED if is_keyed else Effect.ONCE
        with self._outgoing.sending(plan.key):
            answer = await self._api.post(_status(post, draft, files), key=plan.key, effect=effect, deadline=left())
            status = self._api.http.decode(answer, STATUSES)
            self._outgoing.published(status.id, plan.key)
        quota = read_quota(answer.headers, bucket="statuses", now=self._now())
        return Receipt(key=attempt.key, ref=reference(status), published_at=status.created_at, quota=quota)

    async def _answered(self, post: Post) -> WireStatus | None:
        """Look up what is answered: who wrote it, who may see it, and that it is still there."""
        if post.in_reply_to is None:
            return None
        try:
            return await self._api.status(post.in_reply_to.id)
        except Forbidden:
            raise self._error(TargetGone, "what it answers is not for the account to see any more") from None

    async def _let_end(self, attempt: Attempt) -> None:
        """Wait until the last try is over, at the server too.

        Mastodon looks for the key before it makes the status, and notes it afterwards: while a first request is still
        worked on, a second one under the same key would make a second status. So a try that got no answer is given time
        to end; then its key is known, or the request is dead. Where no key is honoured, that it is dead is certain
        before there is another try.
        """
        if attempt.number > 1 and self._capabilities.idempotency.kind is IdempotencyKind.KEYED:
            await asyncio.sleep(self._still_in_flight(attempt))

    def _still_in_flight(self, attempt: Attempt) -> float:
        """Return for how many seconds the last try may still be worked on. Of a try of an earlier run nobody knows
        when it ended; the first one began when it was recorded."""
        since = self._outgoing.unanswered_since(Plan.read(attempt.prepared).key)
        whole = self._in_flight.total_seconds()
        if since is not None:
            passed = asyncio.get_running_loop().time() - since
        elif attempt.number == 2:
            passed = (self._now() - attempt.first_tried_at).total_seconds()
        else:
            passed = 0.0
        return min(whole, max(0.0, whole - passed))

    # Files -----------------------------------------------------------------------------------------------------------

    async def _files(self, attempt: Attempt, left: Callable[[], timedelta]) -> tuple[str, ...]:
        """Return the ids of the post's files, which the server has and is done with."""
        progress = Progress.read(attempt.state)
        if progress is not None and self._now() - progress.uploaded_at < FILES_KEPT:
            return progress.files
        files = tuple([await self._upload(media, left) for media in attempt.post.media])
        progress = Progress(files=files, uploaded_at=self._now())
        await attempt.checkpoint(progress.stored())
        return files

    async def _upload(self, media: Media, left: Callable[[], timedelta]) -> str:
        try:
            file = await load(media)
            uploaded = await self._api.upload(
                file.content, media_type=file.media_type, name=_name(file), description=file.alt, deadline=left()
            )
            while uploaded.url is None:
                if left() <= timedelta(seconds=LOOK_EVERY):
                    raise self._error(Unavailable, "the server is not done with a file yet")
                await asyncio.sleep(LOOK_EVERY)
                uploaded = await self._api.attachment(uploaded.id)
        except PostRejected as refused:
            raise self._error(MediaRefused, str(refused)) from None
        return uploaded.id

    def _error(self, kind: type[AdapterError], words: str) -> AdapterError:
        return self._api.http.error(kind, words)


def _status(post: Post, draft: Draft, files: tuple[str, ...]) -> dict[str, object]:
    status: dict[str, object] = {"status": draft.text, "visibility": draft.visibility}
    if post.in_reply_to is not None:
        status["in_reply_to_id"] = post.in_reply_to.id
    if post.quote is not None:
        status["quoted_status_id"] = post.quote.id
    if draft.warning:
        status["spoiler_text"] = draft.warning
    if post.language:
        status["language"] = status_language(post.language)
    if files:
        status["media_ids"] = list(files)
    if post.poll is not None:
        status["poll"] = {
            "options": list(post.poll.options),
            "expires_in": int(post.poll.open_for.total_seconds()),
            "multiple": post.poll.several,
        }
    return status


def _name(file: Loaded) -> str:
    """Return what the file is called: its name on the owner's disk is nobody's business."""
    return file.media_type.replace("/", ".")
