"""Brings one post out: where it goes, then the sending itself."""

import asyncio
import math
from dataclasses import replace
from datetime import timedelta

from greenroom_adapters.contract import (
    AdapterError,
    Attempt,
    Capabilities,
    Forbidden,
    OutcomeUnknown,
    Post,
    RateLimited,
    Receipt,
    TargetGone,
    Unavailable,
    Unsupported,
)
from greenroom_adapters.media import Loaded
from greenroom_adapters.telegram.api import Api
from greenroom_adapters.telegram.errors import GroupMoved
from greenroom_adapters.telegram.files import files_of, must_fit
from greenroom_adapters.telegram.mapping import Reader, moment
from greenroom_adapters.telegram.memory import Memory
from greenroom_adapters.telegram.names import NAMES
from greenroom_adapters.telegram.pacing import Allowance
from greenroom_adapters.telegram.plan import Plan, Progress
from greenroom_adapters.telegram.references import Chat, asker_of, message_of
from greenroom_adapters.telegram.wire import MESSAGE, MESSAGES
from greenroom_adapters.telegram.writing import Wording, compose
from greenroom_adapters.text import Askers, worded
from greenroom_adapters.transport import Answer

__all__ = ["Publishing"]


class Publishing:
    """The mouth of one account."""

    def __init__(
        self,
        api: Api,
        memory: Memory,
        allowance: Allowance,
        askers: Askers,
        *,
        reader: Reader,
        home: str,
        previews: bool,
        capabilities: Capabilities,
    ) -> None:
        self._api = api
        self._memory = memory
        self._allowance = allowance
        self._askers = askers
        self._reader = reader
        self._home = home
        self._previews = previews
        self._capabilities = capabilities

    # Before the first try --------------------------------------------------------------------------------------------

    def prepare(self, post: Post, *, key: str) -> bytes:
        """Fix what must not change between tries."""
        if post.room is not None and post.direct_to is not None:
            raise self._error(Unsupported, "a post goes to a chat or to one person, not to both")
        if (lacking := self._capabilities.lacks(post)) is not None:
            raise self._error(Unsupported, lacking)
        answered = post.in_reply_to
        if answered is not None and message_of(answered) is None and asker_of(answered) is None:
            raise self._error(Unsupported, f"{answered.id!r} is no message on Telegram")
        if post.direct_to is not None and not post.direct_to.isdecimal():
            raise self._error(Unsupported, f"{post.direct_to!r} is nobody on Telegram: people have numbers there")
        must_fit(post, self._capabilities.limits, self._api.http)
        plan = Plan.of(post, home=self._home, asker=self._askers.of(post))
        if plan is None:
            raise self._error(Unsupported, self._nowhere(post))
        return plan.stored()

    def _nowhere(self, post: Post) -> str:
        if wrong := post.room or self._home:
            return f"{wrong!r} names no chat: write `@name` of one that is public, or an id"
        return "Telegram has no public timeline: say where posts appear, with `home: '@channel'` or an id"

    # One try ---------------------------------------------------------------------------------------------------------

    async def publish(self, attempt: Attempt) -> Receipt:
        """Make one try. A group that has become a supergroup has another id: what was refused for that goes there."""
        clock = asyncio.get_running_loop().time
        ends = clock() + self._capabilities.publish_deadline.total_seconds()
        plan = Plan.read(attempt.prepared)
        attempt = replace(attempt, post=self._worded(attempt.post, plan))
        files = await files_of(attempt.post, self._api.http)
        moved = (Progress.read(attempt.state) or Progress()).moved_to or self._memory.moved.get(plan.chat)
        if not moved:
            try:
                return await self._send(attempt, plan.where, files, answers=plan.answers, ends=ends)
            except Forbidden as refused:
                if not plan.is_aside:
                    raise
                # nobody is to be told of it: whoever gave the command has no conversation with the bot
                raise self._error(TargetGone, str(refused)) from None
            except GroupMoved as refused:
                moved = refused.to
                self._memory.moved[plan.chat] = moved
                await attempt.checkpoint(Progress(moved_to=moved).stored())
        # the messages of before have other numbers there, which nobody tells
        return await self._send(attempt, Chat(id=moved, topic=plan.topic), files, answers=None, ends=ends)

    def _worded(self, post: Post, plan: Plan) -> Post:
        """Return a post as it goes out: an answer names whom it answers, and nobody else."""
        limits = self._capabilities.limits
        within = (*limits.text, *limits.caption) if post.media else limits.text
        return replace(post, text=worded(post, within, asker=plan.asker, names=NAMES))

    async def _send(
        self, attempt: Attempt, where: Chat, files: list[Loaded], *, answers: int | None, ends: float
    ) -> Receipt:
        wording = Wording(where=where, answers=answers, previews=self._previews)
        method, body = compose(attempt.post, wording, files)
        self._pace(where, max(1, len(files)))
        left = ends - asyncio.get_running_loop().time()
        if left <= 0:
            raise self._error(Unavailable, "Telegram took too long before the message could be sent")
        answer = await self._api.send(method, body, files, deadline=timedelta(seconds=left))
        return self._receipt(attempt.key, answer, is_album=len(files) > 1)

    def _pace(self, where: Chat, count: int) -> None:
        """See to it that Telegram's limits hold.

        :raises RateLimited: too much was sent to everybody
        :raises Unavailable: too much was sent to this chat; another may still be written to
        """
        if (waits := self._allowance.wait_overall(count)) > 0:
            raise RateLimited(
                "telegram: 30 messages in a second are all there can be",
                retry_after=timedelta(seconds=waits),
                platform=self._api.http.platform,
                account=self._api.http.account,
            )
        if (waits := self._allowance.wait_for(where.id, is_group=where.is_group, count=count)) > 0:
            words = (
                f"this chat has had as many messages as Telegram allows; it may have another in {math.ceil(waits)} s"
            )
            raise self._error(Unavailable, words)
        self._allowance.took(where.id, count)

    def _receipt(self, key: str, answer: Answer, *, is_album: bool) -> Receipt:
        http = self._api.http
        album = http.decode(answer, MESSAGES).result if is_album else (http.decode(answer, MESSAGE).result,)
        if not album:
            raise self._error(OutcomeUnknown, "Telegram answered with no message")
        message, *others = album
        ref = self._reader.reference(message, album=tuple(others))
        if (post := self._reader.thread_post(message)) is not None and (where := message_of(ref)) is not None:
            above = self._reader.answered(message)
            self._memory.said(where, replace(post, ref=ref), answers=None if above is None else message_of(above))
        return Receipt(key=key, ref=ref, published_at=moment(message.date))

    def _error(self, kind: type[AdapterError], words: str) -> AdapterError:
        return self._api.http.error(kind, words)
