"""What bringing something out has in common on the platforms of Meta: where to, how long, and a receipt."""

import abc
import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

from greenroom_adapters.contract import (
    AdapterError,
    Attempt,
    Capabilities,
    MediaRefused,
    Post,
    PostRef,
    Receipt,
    Surface,
    TooLong,
    Unsupported,
)
from greenroom_adapters.media import glance
from greenroom_adapters.meta.calls import Calls
from greenroom_adapters.meta.usage import quota
from greenroom_adapters.recognising import Claims
from greenroom_adapters.text import fits
from greenroom_adapters.transport import Answer

__all__ = ["Bringing", "Left"]

Left = Callable[[], timedelta]
"""Says how much of a try's time is left."""


class Bringing(abc.ABC):
    """The mouth of one account."""

    def __init__(
        self, calls: Calls, claims: Claims, *, capabilities: Capabilities, now: Callable[[], datetime]
    ) -> None:
        self._calls = calls
        self._claims = claims
        self._capabilities = capabilities
        self._now = now

    @abc.abstractmethod
    def prepare(self, post: Post, *, key: str) -> bytes:
        """Refuse what the platform would refuse, as `Adapter` says."""

    @abc.abstractmethod
    async def publish(self, attempt: Attempt) -> Receipt:
        """Make one try."""

    def _check(
        self, post: Post, text: str, *, is_place: Callable[[PostRef], bool], is_person: Callable[[str], bool]
    ) -> None:
        """Refuse what has nowhere to go or is too long for its surface."""
        lacking = self._capabilities.lacks(post) or self._misdirected(post, is_place, is_person)
        if lacking is not None:
            raise self._error(Unsupported, lacking)
        surface = Surface.POST if post.in_reply_to is None else Surface.REPLY
        for limit in self._capabilities.limits.text_on(Surface.DIRECT_MESSAGE if post.direct_to else surface):
            if not fits(text, (limit,)):
                raise self._error(TooLong, f"the text is over {limit.length} {limit.rule}")

    def _check_files(self, post: Post) -> None:
        """Refuse files that the platform takes nowhere."""
        limit = self._capabilities.limits.media
        if limit is None or not post.media:
            return
        try:
            glance(post.media, limit)
        except MediaRefused as refused:
            raise self._error(MediaRefused, str(refused)) from None

    def _misdirected(
        self, post: Post, is_place: Callable[[PostRef], bool], is_person: Callable[[str], bool]
    ) -> str | None:
        """Say why a post has nowhere to go; None: it has."""
        name = self._calls.graph.name
        if post.room is not None:
            return "there are no rooms here to post in"
        if post.direct_to is not None:
            if Surface.DIRECT_MESSAGE not in self._capabilities.surfaces:
                return "the account has `direct_messages: false`"
            return None if is_person(post.direct_to) else f"{post.direct_to!r} is nobody's id on {name}"
        if post.in_reply_to is not None and not is_place(post.in_reply_to):
            return f"{post.in_reply_to.id!r} is no post or comment on {name}; a message is answered by another"
        return None

    def _time(self) -> Left:
        """Begin the time of a try."""
        clock = asyncio.get_running_loop().time
        ends = clock() + self._capabilities.publish_deadline.total_seconds()
        return lambda: timedelta(seconds=ends - clock())

    def _receipt(self, attempt: Attempt, ref: PostRef, at: datetime, answer: Answer | None) -> Receipt:
        self._claims.claim(ref.id, attempt.key)
        left = None if answer is None else quota(answer.headers, now=self._now())
        return Receipt(key=attempt.key, ref=ref, published_at=at, quota=left)

    def _error(self, kind: type[AdapterError], words: str) -> AdapterError:
        return self._calls.graph.error(kind, words)
