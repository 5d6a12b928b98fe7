"""Decides from a channel's history whether one attempt went out."""

from collections.abc import Callable
from datetime import datetime, timedelta

import msgspec

from greenroom_adapters.contract import (
    Absent,
    Attempt,
    Found,
    Post,
    PostRejected,
    Receipt,
    TargetGone,
    Undecided,
)
from greenroom_adapters.discord.api import PAGE, Api
from greenroom_adapters.discord.errors import TokenSpent
from greenroom_adapters.discord.forum import Forum
from greenroom_adapters.discord.interactions import Interactions
from greenroom_adapters.discord.memory import Memory
from greenroom_adapters.discord.places import FORUMS, Places
from greenroom_adapters.discord.plan import Plan, Progress
from greenroom_adapters.discord.references import digest_of_nonce, place, reference
from greenroom_adapters.discord.snowflakes import first_of, moment_of
from greenroom_adapters.discord.wire import MESSAGE, WireMessage

__all__ = ["ReadingBack"]

PAGES = 60
"""Pages of a channel that are read to find one message."""
SKEW = timedelta(minutes=2)
"""How far Discord's clock, which is in its ids, and the one that recorded the try may differ."""


class ReadingBack:
    """Recognises the messages of one account: by their nonce where it is told, else by what they say and answer."""

    def __init__(
        self,
        api: Api,
        places: Places,
        memory: Memory,
        forum: Forum,
        *,
        me: str,
        settles_after: timedelta,
        now: Callable[[], datetime],
        interactions: Interactions,
        application: Callable[[], str],
    ) -> None:
        self._api = api
        self._places = places
        self._memory = memory
        self._forum = forum
        self._me = me
        self._settles_after = settles_after
        self._now = now
        self._interactions = interactions
        self._application = application

    async def find(self, attempt: Attempt) -> Found | Absent | Undecided:
        """Look for the message in its channel."""
        asked_at = self._now()
        plan, post = Plan.read(attempt.prepared), attempt.post
        progress = Progress.read(attempt.state) or Progress()
        channel = progress.channel
        if progress.begun_at is not None:
            try:
                return await self._forum.find(attempt, channel)
            except PostRejected as refused:
                return Undecided(reason=f"the forum cannot be read any more: {refused}", final=True)
        if not channel and plan.is_settled:
            channel = plan.channel
        if plan.command and not progress.channel:
            # What answers a command notes its way before its first byte.
            channel = ""
        if progress.as_response:
            if (response := await self._response(plan, post, attempt.key)) is not None:
                return response
            if self._interactions.get(plan.command) is not None:
                # it stands there, without these words
                channel = ""
            elif plan.is_private:
                return Undecided(reason="a private answer cannot be read back any more", final=True)
        # Without a channel nothing was sent: it is on disk before the first byte.
        if channel:
            try:
                verdict = await self.look(attempt, plan, channel)
            except PostRejected as refused:
                return Undecided(reason=f"the channel cannot be read any more: {refused}", final=True)
            if verdict is not None:
                return verdict
        if asked_at - attempt.last_tried_at <= self._settles_after:
            return Undecided(reason="not in the channel; it may still appear there")
        return Absent()

    async def _response(self, plan: Plan, post: Post, key: str) -> Found | None:
        """Return the answer to a command, where it says by now what it was to say; None: it does not, or its time to be
        read is over."""
        given = self._interactions.get(plan.command)
        if given is None:
            return None
        try:
            message = await self._api.response(self._application(), given.token)
        except (TokenSpent, TargetGone):
            self._interactions.spent(plan.command)
            return None
        return Found(receipt=self._receipt(key, message)) if _says(message, post) else None

    async def look(self, attempt: Attempt, plan: Plan, channel: str) -> Found | Undecided | None:
        """Return what the channel says about it; None: it certainly is not among what was said there until now."""
        post, since = attempt.post, self._api.http.dated(attempt.first_tried_at)[0] - SKEW
        if (Progress.read(attempt.state) or Progress()).as_response:
            # its message stands there since it was acknowledged
            since = min(since, moment_of(plan.command))
        until = self._api.http.dated(attempt.last_tried_at)[1] + self._settles_after + SKEW
        cursor = begin = max(0, first_of(since) - 1)
        told = await self._api.channel(channel)
        self._places.learn_channel(told)
        if told.type in FORUMS:
            # that a thread is to be begun is on disk before it is
            return None
        newest = told.last_message_id
        alike: list[WireMessage] = []
        seen: set[str] = set()
        for _ in range(PAGES):
            raws = await self._api.messages(channel, after=cursor)
            for raw in reversed(raws):
                try:
                    message = MESSAGE.decode(raw)
                except (msgspec.DecodeError, UnicodeDecodeError, ValueError):
                    continue
                cursor = max(cursor, int(message.id))
                seen.add(message.id)
                if message.author.id != self._me:
                    continue
                match self._is_it(message, plan, post):
                    case True:
                        return Found(receipt=self._receipt(attempt.key, message))
                    case None:
                        alike.append(message)
                    case False:
                        pass
            if len(raws) < PAGE or moment_of(str(cursor)) > until:
                break
        else:
            return Undecided(reason="more was said in the channel since the try than is read back", final=True)
        if alike:
            return Found(receipt=self._receipt(attempt.key, alike[0]))
        if not seen and int(newest or 0) > begin:
            # Without the permission to read the history every listing is empty, and none is refused.
            words = "something was said in the channel since then, and its history is empty: may the bot read it?"
            return Undecided(reason=words, final=True)
        if self._may_be_deleted(channel, newest, seen, since=since, until=until):
            # Deleted messages leave nothing behind that says whose they were.
            return Undecided(reason="it may be a message that was deleted since", final=True)
        return None

    def _is_it(self, message: WireMessage, plan: Plan, post: Post) -> bool | None:
        """Say whether a message of ours is the one; None: it may be, since nobody told its nonce."""
        if message.interaction_metadata is not None:
            return message.interaction_metadata.id == plan.command and _says(message, post)
        told = message.nonce if message.nonce is None else digest_of_nonce(message.nonce) or ""
        if told is None:
            told = self._memory.own.get(message.id)
        if told is not None:
            return told == digest_of_nonce(plan.nonce)
        if not _says(message, post):
            return False
        answered = place(post.in_reply_to) if post.in_reply_to is not None else None
        expected = answered[1] if answered is not None and answered[0] == message.channel_id else None
        found = None if message.message_reference is None else message.message_reference.message_id
        return None if found == expected else False

    def _may_be_deleted(
        self, channel: str, newest: str | None, seen: set[str], *, since: datetime, until: datetime
    ) -> bool:
        gone = [message for message, where in self._memory.deleted.items() if where == channel]
        if newest is not None and newest not in seen:
            gone.append(newest)
        return any(since <= moment_of(message) <= until for message in gone if message not in seen)

    def _receipt(self, key: str, message: WireMessage) -> Receipt:
        known = self._places.get(message.channel_id)
        ref = reference(message.channel_id, message.id, guild=None if known is None else known.guild)
        return Receipt(key=key, ref=ref, published_at=message.timestamp)


def _says(message: WireMessage, post: Post) -> bool:
    said = message.poll.question.text or "" if message.poll is not None else message.content
    return said.strip() == post.text.strip() and len(message.attachments) == len(post.media)
