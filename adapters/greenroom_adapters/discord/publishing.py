"""Brings one post out: where it goes, its files, then the sending itself."""

import asyncio
from collections.abc import Callable
from datetime import timedelta

from greenroom_adapters.contract import (
    AdapterError,
    Attempt,
    Capabilities,
    Found,
    OutcomeUnknown,
    Post,
    Receipt,
    TargetGone,
    Unavailable,
    Undecided,
    Unsupported,
)
from greenroom_adapters.discord.allowance import quota_of
from greenroom_adapters.discord.api import Api
from greenroom_adapters.discord.channels import Channels
from greenroom_adapters.discord.errors import TokenSpent
from greenroom_adapters.discord.forum import Forum
from greenroom_adapters.discord.interactions import Interactions
from greenroom_adapters.discord.measuring import files_of, must_fit
from greenroom_adapters.discord.memory import Memory
from greenroom_adapters.discord.places import FORUMS, Places
from greenroom_adapters.discord.plan import Plan, Progress
from greenroom_adapters.discord.reading_back import ReadingBack
from greenroom_adapters.discord.references import command_of, place, reference
from greenroom_adapters.discord.wire import MESSAGE
from greenroom_adapters.discord.writing import compose, compose_response
from greenroom_adapters.media import Loaded
from greenroom_adapters.transport import Answer

__all__ = ["Publishing"]


class Publishing:
    """The mouth of one account."""

    def __init__(
        self,
        api: Api,
        channels: Channels,
        places: Places,
        memory: Memory,
        forum: Forum,
        *,
        home: str,
        previews: bool,
        capabilities: Capabilities,
        interactions: Interactions,
        reading_back: ReadingBack,
        application: Callable[[], str],
    ) -> None:
        self._api = api
        self._channels = channels
        self._places = places
        self._memory = memory
        self._forum = forum
        self._home = home
        self._previews = previews
        self._capabilities = capabilities
        self._interactions = interactions
        self._reading_back = reading_back
        self._application = application

    # Before the first try --------------------------------------------------------------------------------------------

    def prepare(self, post: Post, *, key: str) -> bytes:
        """Fix what must not change between tries."""
        if post.room is not None and post.direct_to is not None:
            raise self._error(Unsupported, "a post goes to a channel or to one person, not to both")
        if (lacking := self._capabilities.lacks(post)) is not None:
            raise self._error(Unsupported, lacking)
        answered = post.in_reply_to
        if answered is not None and place(answered) is None and command_of(answered) is None:
            raise self._error(Unsupported, f"{answered.id!r} is no message on Discord")
        must_fit(post, self._capabilities.limits, self._api.http)
        plan = Plan.of(post, key=key, home=self._home)
        if plan is None:
            words = "Discord has no public timeline: say in which channel posts appear, with `home: '#log'` or its id"
            raise self._error(Unsupported, words)
        return plan.stored()

    def is_forum(self, channel: str) -> bool:
        """Say whether a channel, given by its id or its name, is known to be a forum."""
        found = [self._places.get(channel)] if channel.isdecimal() else self._places.called(channel)
        return any(place is not None and place.type in FORUMS for place in found)

    # One try ---------------------------------------------------------------------------------------------------------

    async def publish(self, attempt: Attempt) -> Receipt:
        """Make one try."""
        clock = asyncio.get_running_loop().time
        ends = clock() + self._capabilities.publish_deadline.total_seconds()
        plan, post = Plan.read(attempt.prepared), attempt.post
        files = await files_of(post, self._api.http)
        channel = (Progress.read(attempt.state) or Progress()).channel
        is_settled = bool(channel)
        if plan.command:
            if (receipt := await self._respond(attempt, plan, files, ends)) is not None:
                return receipt
            channel, is_settled = plan.channel, True
        elif is_settled:
            await self._channels.known(channel)
        else:
            channel = await self._channels.channel_for(plan, post)
        if not plan.command and self.is_forum(channel):
            return await self._forum.publish(attempt, channel, files, left=lambda: self._left(ends))
        if not is_settled and channel != plan.channel:
            await attempt.checkpoint(Progress(channel=channel).stored())
        answered = place(post.in_reply_to) if post.in_reply_to is not None else None
        # A private answer to something that was said elsewhere stands alone.
        answers = answered[1] if answered is not None and answered[0] == channel else None
        body = compose(post, text=post.text, nonce=plan.nonce, answers=answers, files=files, previews=self._previews)
        sent = await self._api.create_message(channel, body, files, deadline=self._left(ends))
        return self._receipt(attempt.key, channel, sent)

    async def _respond(
        self, attempt: Attempt, plan: Plan, files: list[tuple[str, Loaded]], ends: float
    ) -> Receipt | None:
        """Write the answer to a command into the message that waits for it; None: that cannot be done any more, and
        surely was not, so that an ordinary message says it.

        The same words written twice are there once.

        :raises TargetGone: it cannot be done any more, and nobody else may see it
        """
        progress, post = Progress.read(attempt.state) or Progress(), attempt.post
        if progress.channel and not progress.as_response:
            return None
        given = self._interactions.get(plan.command)
        if given is not None:
            await self._interactions.acknowledged(plan.command)
            if not progress.as_response:
                await attempt.checkpoint(Progress(channel=plan.channel, as_response=True).stored())
            body = compose_response(post, text=post.text, files=files, previews=self._previews)
            try:
                sent = await self._api.edit_response(
                    self._application(), given.token, body, files, deadline=self._left(ends)
                )
            except (TokenSpent, TargetGone):
                self._interactions.spent(plan.command)
            else:
                return self._receipt(attempt.key, plan.channel, sent)
        if plan.is_private:
            raise self._error(TargetGone, "the time for a private answer to this command is over")
        if progress.as_response:
            match await self._reading_back.look(attempt, plan, plan.channel):
                case Found(receipt=receipt):
                    return receipt
                case Undecided(reason=reason):
                    raise self._error(OutcomeUnknown, reason)
                case None if attempt.last_tried_at - attempt.first_tried_at <= self._capabilities.settles_after:
                    raise self._error(OutcomeUnknown, "what answers the command may still appear")
                case None:
                    pass
        # From here on it is an ordinary message, and known to be before its first byte.
        self._channels.check(await self._channels.known(plan.channel))
        await attempt.checkpoint(Progress(channel=plan.channel).stored())
        return None

    def _left(self, ends: float) -> timedelta:
        left = timedelta(seconds=ends - asyncio.get_running_loop().time())
        if left <= timedelta(0):
            raise self._error(Unavailable, "Discord took too long before the message could be sent")
        return left

    def _receipt(self, key: str, channel: str, answer: Answer) -> Receipt:
        message = self._api.http.decode(answer, MESSAGE)
        if message.channel_id != channel:
            raise self._error(OutcomeUnknown, "Discord answered with a message of another channel")
        self._memory.saw_own(message.id, message.nonce)
        known = self._places.get(channel)
        return Receipt(
            key=key,
            ref=reference(channel, message.id, guild=None if known is None else known.guild),
            published_at=message.timestamp,
            quota=quota_of(answer, channel),
        )

    def _error(self, kind: type[AdapterError], words: str) -> AdapterError:
        return self._api.http.error(kind, words)
