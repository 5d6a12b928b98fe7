"""A post of ours in a forum: a thread with a title, whose first message is the post.

Discord takes no nonce where a thread is begun. That it was to be begun is on disk before it is, and a second try looks
for it first: by its title and its words, among the forum's threads that are ours.
"""

from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta

import msgspec

from greenroom_adapters.contract import (
    Absent,
    Attempt,
    CountingRule,
    Found,
    OutcomeUnknown,
    PostRejected,
    Receipt,
    TargetGone,
    TextLimit,
    Undecided,
)
from greenroom_adapters.discord.api import PAGE, Api
from greenroom_adapters.discord.memory import Memory
from greenroom_adapters.discord.places import Places
from greenroom_adapters.discord.plan import Plan, Progress
from greenroom_adapters.discord.references import digest_of_nonce, reference
from greenroom_adapters.discord.snowflakes import moment_of
from greenroom_adapters.discord.tags import applied, lacking_tag
from greenroom_adapters.discord.wire import CHANNEL, WireChannel
from greenroom_adapters.discord.writing import compose
from greenroom_adapters.media import Loaded
from greenroom_adapters.text import cut

__all__ = ["Forum", "text_of", "title_and_text"]

TITLE = 100
"""Longest title of a thread, in characters."""
TITLE_LIMIT = TextLimit(length=TITLE, rule=CountingRule.CODE_POINTS)
SKEW = timedelta(minutes=2)
"""How far Discord's clock, which is in its ids, and the one that recorded the try may differ."""


def title_and_text(text: str) -> tuple[str, str]:
    """Return what a post is called, and what it says: a first line that is no longer than a title is the title; else
    the title is the beginning of a text that stays whole."""
    first, _, rest = (part.strip() for part in text.strip().partition("\n"))
    if rest and len(first) <= TITLE:
        return first, rest
    return (first if len(first) <= TITLE else cut(first, (TITLE_LIMIT,))), text.strip()


def text_of(title: str, said: str) -> str:
    """Return the text of a post that is called so and says that, but for the white space behind its first line."""
    return said if not said or title_and_text(said)[0] == title else f"{title}\n{said}"


class Forum:
    """All forums of one account."""

    def __init__(
        self,
        api: Api,
        places: Places,
        memory: Memory,
        *,
        me: str,
        tags: Collection[str],
        previews: bool,
        settles_after: timedelta,
        now: Callable[[], datetime],
    ) -> None:
        """`tags` are those that our posts get, where a forum has them."""
        self._api = api
        self._places = places
        self._memory = memory
        self._me = me
        self._tags = tags
        self._previews = previews
        self._settles_after = settles_after
        self._now = now

    async def publish(
        self, attempt: Attempt, forum: str, files: Sequence[tuple[str, Loaded]], *, left: Callable[[], timedelta]
    ) -> Receipt:
        """Begin the thread, unless an earlier try has; `left` is how much time there is for this try.

        :raises OutcomeUnknown: an earlier try may have
        :raises PostRejected: the forum takes no post without a tag, and none of ours is one of its own
        """
        begun_at = (Progress.read(attempt.state) or Progress()).begun_at
        if begun_at is not None:
            verdict = await self._look(attempt, forum)
            if isinstance(verdict, Found):
                return verdict.receipt
            if verdict is not None or self._now() - begun_at <= self._settles_after:
                raise self._api.http.error(OutcomeUnknown, "discord: an earlier try may have begun this thread")
        plan, post = Plan.read(attempt.prepared), attempt.post
        title, text = title_and_text(post.text)
        message = compose(post, text=text, nonce=plan.nonce, answers=None, files=files, previews=self._previews)
        del message["nonce"], message["enforce_nonce"]
        body: dict[str, object] = {"name": title, "message": message}
        # its owner may have changed them since it was last told of
        told = await self._api.channel(forum)
        if (lacking := lacking_tag(told.name or forum, told.flags, told.available_tags, self._tags)) is not None:
            raise self._api.http.error(PostRejected, lacking)
        if tags := applied(told.available_tags, self._tags):
            body["applied_tags"] = [tag.id for tag in tags]
        await attempt.checkpoint(Progress(channel=forum, begun_at=self._now()).stored())
        answer = await self._api.begin_thread(forum, body, files, deadline=left())
        return self._receipt(attempt, self._api.http.decode(answer, CHANNEL))

    async def find(self, attempt: Attempt, forum: str) -> Found | Absent | Undecided:
        """Look for the thread."""
        asked_at = self._now()
        verdict = await self._look(attempt, forum)
        if verdict is not None:
            return verdict
        if asked_at - attempt.last_tried_at <= self._settles_after:
            return Undecided(reason="not in the forum; it may still appear there")
        return Absent()

    async def _look(self, attempt: Attempt, forum: str) -> Found | Undecided | None:
        """Return what the forum says about it; None: it certainly is not among what was begun there until now."""
        since = self._api.http.dated(attempt.first_tried_at)[0] - SKEW
        until = self._api.http.dated(attempt.last_tried_at)[1] + self._settles_after + SKEW
        title, text = title_and_text(attempt.post.text)
        told = await self._api.channel(forum)
        self._places.learn_channel(told)
        if told.guild_id is None:
            return Undecided(reason="this is no forum any more", final=True)
        archived = await self._api.archived_threads(forum)
        threads = [
            thread
            for raw in (*(await self._api.active_threads(told.guild_id)).threads, *archived.threads)
            if (thread := _thread(raw)) is not None and thread.parent_id == forum
        ]
        for thread in threads:
            if thread.owner_id != self._me or not since <= moment_of(thread.id) <= until:
                continue
            told_key = self._memory.own.get(thread.id)
            if told_key is not None and told_key != digest_of_nonce(Plan.read(attempt.prepared).nonce):
                continue
            try:
                first = await self._api.message(thread.id, thread.id)
            except TargetGone:
                return Undecided(reason="a thread of ours is there, and its first message is gone", final=True)
            said = first.poll.question.text or "" if first.poll is not None else first.content
            is_said = said.strip() == text.strip() and len(first.attachments) == len(attempt.post.media)
            if is_said and thread.name == title:
                return Found(receipt=self._receipt(attempt, thread))
            if is_said or (thread.name == title and told_key is None):
                other = "title" if is_said else "words"
                return Undecided(
                    reason=f"a thread of ours that may be it is there, and has another {other}", final=True
                )
        newest = told.last_message_id
        is_gone = newest is not None and newest not in {thread.id for thread in threads}
        if not _reach_back(archived.threads, since) or (is_gone and since <= moment_of(newest or "0") <= until):
            return Undecided(reason="it may be a thread that was deleted or archived since", final=True)
        return None

    def _receipt(self, attempt: Attempt, thread: WireChannel) -> Receipt:
        self._places.learn_channel(thread)
        digest = digest_of_nonce(Plan.read(attempt.prepared).nonce)
        self._memory.own[thread.id] = digest or ""
        # the first message of a forum's thread has the thread's own id
        ref = reference(thread.id, thread.id, guild=thread.guild_id)
        return Receipt(key=attempt.key, ref=ref, published_at=moment_of(thread.id))


def _reach_back(archived: Sequence[msgspec.Raw], since: datetime) -> bool:
    """Say whether a page of archived threads, the last archived first, has all that were archived `since` then."""
    if len(archived) < PAGE:
        return True
    oldest = _thread(archived[-1])
    at = None if oldest is None else oldest.thread_metadata.archive_timestamp
    return at is not None and at < since


def _thread(raw: msgspec.Raw) -> WireChannel | None:
    try:
        return CHANNEL.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, ValueError):
        return None
