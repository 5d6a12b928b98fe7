"""Brings one post or direct message out: whether it may, its files, then the sending itself."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

from greenroom_adapters.contract import (
    AdapterError,
    Attempt,
    Capabilities,
    MediaRefused,
    Post,
    PostRejected,
    Receipt,
    TargetGone,
    TooLong,
    Unavailable,
    Unsupported,
)
from greenroom_adapters.media import glance
from greenroom_adapters.text import Askers, fits, worded
from greenroom_adapters.transport import Answer, read_quota
from greenroom_adapters.x.api import Api
from greenroom_adapters.x.claims import Claims
from greenroom_adapters.x.ids import is_id, message_number, message_ref, moment_of, number_of, post_ref
from greenroom_adapters.x.media import Uploads, odd_company
from greenroom_adapters.x.names import NAMES
from greenroom_adapters.x.plan import Plan
from greenroom_adapters.x.summons import Summons

__all__ = ["QUOTA_PREFIX", "Publishing"]

QUOTA_PREFIX = "x-rate-limit"


class Publishing:
    """The mouth of one account."""

    def __init__(
        self,
        api: Api,
        summons: Summons | None,
        claims: Claims,
        askers: Askers,
        *,
        handle: str,
        capabilities: Capabilities,
        discloses_ai: bool,
        now: Callable[[], datetime],
    ) -> None:
        """`summons` is asked before an answer; None: anybody may be answered."""
        self._api = api
        self._summons = summons
        self._claims = claims
        self._askers = askers
        self._uploads = Uploads(api, now=now)
        self._handle = handle
        self._capabilities = capabilities
        self._discloses_ai = discloses_ai
        self._now = now

    # Before the first try --------------------------------------------------------------------------------------------

    def prepare(self, post: Post, *, key: str) -> bytes:
        """Fix what must not change between tries."""
        if (lacking := self._capabilities.lacks(post) or _misdirected(post)) is not None:
            raise self._error(Unsupported, lacking)
        limits = self._capabilities.limits
        if not fits(post.text, limits.text):
            raise self._error(TooLong, f"the text is over {limits.text[0].length} {limits.text[0].rule}")
        if (wrong := self._wrong_with_poll(post)) is not None:
            raise self._error(PostRejected, wrong)
        if limits.media is not None and post.media:
            self._check_media(post)
        return Plan(newest=self._claims.newest, asker=self._askers.of(post)).stored()

    def _check_media(self, post: Post) -> None:
        limit = self._capabilities.limits.media
        if limit is None:
            return
        try:
            glance(post.media, limit)
        except MediaRefused as refused:
            raise self._error(MediaRefused, str(refused)) from None
        if (odd := odd_company(post.media)) is not None:
            raise self._error(MediaRefused, odd)
        if post.direct_to is not None and len(post.media) > 1:
            raise self._error(MediaRefused, "a direct message carries one file")

    def _wrong_with_poll(self, post: Post) -> str | None:
        poll, limit = post.poll, self._capabilities.limits.poll
        if poll is None or limit is None:
            return None
        if poll.several:
            return "in a poll on X everybody has one vote"
        if not 2 <= len(poll.options) <= limit.options:
            return f"a poll has 2 to {limit.options} answers"
        if len(set(poll.options)) < len(poll.options) or not all(poll.options):
            return "the answers of a poll are different, and none is empty"
        if any(len(option) > limit.option_length for option in poll.options):
            return f"an answer of a poll has at most {limit.option_length} characters"
        if not limit.shortest <= poll.open_for <= limit.longest:
            return "a poll is open for 5 minutes to 7 days"
        if post.media or post.quote is not None:
            return "a post has a poll, files, or a quoted post"
        return None

    # One try ---------------------------------------------------------------------------------------------------------

    async def publish(self, attempt: Attempt) -> Receipt:
        """Make one try."""
        clock = asyncio.get_running_loop().time
        ends = clock() + self._capabilities.publish_deadline.total_seconds()

        def left() -> timedelta:
            return timedelta(seconds=ends - clock())

        post = attempt.post
        answered = number_of(post.in_reply_to) if post.in_reply_to is not None and post.direct_to is None else None
        if answered is not None and self._summons is not None:
            await self._summons.require(answered)
        files: tuple[str, ...] = ()
        if post.media:
            files = await self._uploads.bring(
                post.media,
                private=post.direct_to is not None,
                state=attempt.state,
                save=attempt.checkpoint,
                left=left,
            )
        if left() <= timedelta(0):
            raise self._error(Unavailable, "X took too long before the post could be sent")
        if post.direct_to is not None:
            return await self._message(attempt, post.direct_to, files, left())
        body = self._body(post, Plan.read(attempt.prepared), answered, files)
        try:
            name, answer = await self._api.create_post(body, deadline=left())
        except TargetGone as gone:
            raise self._error(TargetGone if answered or post.quote else PostRejected, str(gone)) from None
        self._claims.claim(name, attempt.key)
        if self._summons is not None:
            self._summons.own(name)
        return self._receipt(attempt, name, answer)

    async def _message(self, attempt: Attempt, person: str, files: tuple[str, ...], left: timedelta) -> Receipt:
        body: dict[str, object] = {}
        if attempt.post.text:
            body["text"] = attempt.post.text
        if files:
            body["attachments"] = [{"media_id": name} for name in files]
        name, answer = await self._api.create_message(person, body, deadline=left)
        self._claims.claim_message(name, attempt.key)
        return Receipt(
            key=attempt.key,
            ref=message_ref(name),
            published_at=moment_of(int(name)),
            quota=read_quota(answer.headers, prefix=QUOTA_PREFIX, bucket="direct messages", now=self._now()),
        )

    def _body(self, post: Post, plan: Plan, answered: str | None, files: tuple[str, ...]) -> dict[str, object]:
        text = worded(post, self._capabilities.limits.text, asker=plan.asker, names=NAMES)
        body: dict[str, object] = {"text": text}
        if answered is not None:
            body["reply"] = {"in_reply_to_tweet_id": answered}
        if post.quote is not None:
            body["quote_tweet_id"] = post.quote.id
        if files:
            body["media"] = {"media_ids": list(files)}
            if self._discloses_ai and any(media.is_generated for media in post.media):
                body["made_with_ai"] = True
        if post.poll is not None:
            minutes = int(post.poll.open_for / timedelta(minutes=1))
            body["poll"] = {"options": list(post.poll.options), "duration_minutes": minutes}
        return body

    def _receipt(self, attempt: Attempt, name: str, answer: Answer) -> Receipt:
        return Receipt(
            key=attempt.key,
            ref=post_ref(name, handle=self._handle),
            published_at=moment_of(int(name)),
            quota=read_quota(answer.headers, prefix=QUOTA_PREFIX, bucket="posts", now=self._now()),
        )

    def _error(self, kind: type[AdapterError], words: str) -> AdapterError:
        return self._api.http.error(kind, words)


def _misdirected(post: Post) -> str | None:
    """Say why a post has nowhere to go; None: it has."""
    if post.room is not None:
        return "there are no rooms here to post in"
    if post.direct_to is not None:
        if not is_id(post.direct_to):
            return f"{post.direct_to!r} is nobody's id on X"
        return "a direct message has no poll and quotes nothing" if post.poll or post.quote else None
    for ref in (post.in_reply_to, post.quote):
        if ref is not None and message_number(ref) is not None:
            return "a direct message is answered by another: say to whom"
        if ref is not None and number_of(ref) is None:
            return f"{ref.id!r} is no post on X"
    return None
