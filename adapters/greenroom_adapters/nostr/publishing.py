"""Brings one post out: what it answers, its files, then the sending itself."""

import asyncio
import bisect
import logging
from collections.abc import Callable
from contextlib import AsyncExitStack
from datetime import datetime, timedelta

import msgspec

from greenroom_adapters.contract import (
    AdapterError,
    Attempt,
    Capabilities,
    MediaRefused,
    OutcomeUnknown,
    Post,
    PostRef,
    Receipt,
    Surface,
    TargetGone,
    TooLong,
    Unavailable,
    Unsupported,
    key_digest,
)
from greenroom_adapters.media import glance
from greenroom_adapters.nostr.acquaintances import Acquaintances
from greenroom_adapters.nostr.inboxes import Inboxes
from greenroom_adapters.nostr.keys import Keys
from greenroom_adapters.nostr.media import MediaServer
from greenroom_adapters.nostr.plan import Plan, Progress, message_of, note_of
from greenroom_adapters.nostr.profiles import Profiles
from greenroom_adapters.nostr.references import direct_reference, event_of, is_hex, reference
from greenroom_adapters.nostr.relays import Found, Relays, send
from greenroom_adapters.nostr.threads import answering
from greenroom_adapters.nostr.wire import Filter, Tags, WireEvent, message, moment
from greenroom_adapters.nostr.wrapping import wrap
from greenroom_adapters.nostr.writing import compose, context_of, longest, names_for
from greenroom_adapters.text import fits
from greenroom_adapters.transport import Http

__all__ = ["MESSAGE_RESERVE", "Publishing", "deletions_of", "gone", "longest_direct"]

logger = logging.getLogger(__name__)

MESSAGE_RESERVE = 1500
"""Bytes of a message to a relay beside the text: ids, keys, signature and the usual tags."""
COPY_WITHIN = timedelta(seconds=5)


def longest_direct(keys: Keys, *, content: int, message_size: int | None) -> int:
    """Return how many letters a direct message may have, whose wrap no relay may find longer than `content` characters,
    or larger than `message_size` bytes as a message to it (None: none says). It is encrypted twice, in steps."""

    def fits_wrapped(letters: int) -> bool:
        post = Post(text="a" * letters, direct_to=keys.pubkey)
        plan = Plan(key=key_digest(""), created_at=10**9, relays=(), context=())
        try:
            wrapped = wrap(message_of(post, plan, keys), keys, keys.pubkey, key=plan.key)
        except ValueError:
            return False
        return len(wrapped.content) <= content and (
            message_size is None or len(message("EVENT", wrapped)) <= message_size
        )

    return bisect.bisect_left(range(1, content), True, key=lambda letters: not fits_wrapped(letters))


class Publishing:
    """The mouth of one account."""

    def __init__(
        self,
        keys: Keys,
        relays: Relays,
        acquaintances: Acquaintances,
        profiles: Profiles,
        inboxes: Inboxes,
        media: MediaServer | None,
        *,
        http: Http,
        capabilities: Capabilities,
        longest_content: int,
        longest_message: int | None,
        confirm: int,
        now: Callable[[], datetime],
    ) -> None:
        """`longest_content` and `longest_message` are what the smallest of the relays takes, in characters and in
        bytes; None: none of them says how large a message may be."""
        self._keys = keys
        self._relays = relays
        self._acquaintances = acquaintances
        self._profiles = profiles
        self._inboxes = inboxes
        self._media = media
        self._http = http
        self._capabilities = capabilities
        self._longest_content = longest_content
        self._longest_message = longest_message
        self._confirm = confirm
        self._now = now

    # Before the first try --------------------------------------------------------------------------------------------

    def prepare(self, post: Post, *, key: str) -> bytes:
        """Fix what must not change between tries."""
        if (lacking := self._capabilities.lacks(post)) is not None:
            raise self._error(Unsupported, lacking)
        if post.room is not None:
            raise self._error(Unsupported, "Nostr has no rooms here")
        for ref in (post.in_reply_to, post.quote):
            if ref is not None and event_of(ref) is None:
                raise self._error(Unsupported, f"{ref.id!r} is no post on Nostr")
        plan = Plan(key=key_digest(key), created_at=int(self._now().timestamp()), relays=self._relays.urls, context=())
        if post.direct_to is not None:
            self._check_direct(post, post.direct_to, plan)
            return plan.stored()
        if any(ref is not None and (event_of(ref) or ("", False))[1] for ref in (post.in_reply_to, post.quote)):
            raise self._error(Unsupported, "a direct message is answered by one, and never quoted")
        if post.media and self._capabilities.limits.media is not None:
            try:
                glance(post.media, self._capabilities.limits.media)
            except MediaRefused as refused:
                raise self._error(MediaRefused, str(refused)) from None
        context = self._context(post)
        plan = msgspec.structs.replace(plan, context=context, names=self._names(post))
        plan = self._fitting(post, plan)
        return plan.stored()

    def _check_direct(self, post: Post, person: str, plan: Plan) -> None:
        if not is_hex(person):
            raise self._error(Unsupported, f"{person[:80]!r} is nobody on Nostr")
        if post.media or post.quote is not None or post.content_warning is not None:
            raise self._error(Unsupported, "a direct message has text alone")
        (limit,) = limits = self._capabilities.limits.text_on(Surface.DIRECT_MESSAGE)
        if not fits(post.text, limits):
            words = f"the text is over {limit.length} {limit.rule}, all that a direct message has room for"
            raise self._error(TooLong, f"{words}: it is encrypted twice, and relays take no more")
        try:
            wrapped = wrap(message_of(post, plan, self._keys), self._keys, person, key=plan.key)
        except ValueError as problem:
            raise self._error(TooLong, f"it cannot be encrypted: {problem}") from None
        if len(wrapped.content) > self._longest_content or (
            self._longest_message is not None and len(message("EVENT", wrapped)) > self._longest_message
        ):
            words = "the text is too long for a direct message: it is encrypted twice, and a relay takes no more than "
            raise self._error(TooLong, f"{words}{self._longest_content}")

    def _fitting(self, post: Post, plan: Plan) -> Plan:
        """Return the plan with which the note fits; names are written out only where there is room for that."""
        limit = self._capabilities.limits.text[0]
        for one in (plan, msgspec.structs.replace(plan, names={})):
            content, tags = compose(post, key=plan.key, context=plan.context or (), names=one.names)
            size = len(message("EVENT", {"content": content, "tags": tags})) + MESSAGE_RESERVE // 2
            if longest(post, content) <= limit.length and (
                self._longest_message is None or size <= self._longest_message
            ):
                return one
        raise self._error(TooLong, f"the text is over {limit.length} {limit.rule}")

    def _names(self, post: Post) -> dict[str, str]:
        """Return whom the `@name`s mean: of all people, those who talk where the post goes."""
        if "@" not in post.text:
            return {}
        people: dict[str, str] = {}
        for ref in (post.in_reply_to, post.quote):
            event = self._acquaintances.known(ref.id) if ref is not None else None
            if event is not None:
                for person in (event.pubkey, *(value for value in event.values("p") if is_hex(value))):
                    people[person] = self._profiles.author(person).name
        return names_for(post.text, people)

    def _context(self, post: Post) -> Tags | None:
        """Return the tags of what the post answers and quotes; None: that is not known here."""
        answered, quoted = (
            None if ref is None else self._acquaintances.known(ref.id) for ref in (post.in_reply_to, post.quote)
        )
        if (post.in_reply_to is not None and answered is None) or (post.quote is not None and quoted is None):
            return None
        me, relay = self._keys.pubkey, self._relays.urls[0]
        tags = [] if answered is None else answering(answered, me=me, relay=relay)
        return context_of(tags, quoted, relay=relay, me=me)

    # One try ---------------------------------------------------------------------------------------------------------

    async def publish(self, attempt: Attempt) -> Receipt:
        """Make one try."""
        clock = asyncio.get_running_loop().time
        ends = clock() + self._capabilities.publish_deadline.total_seconds()

        def left() -> timedelta:
            return timedelta(seconds=ends - clock())

        plan, progress, post = Plan.read(attempt.prepared), Progress.read(attempt.state) or Progress(), attempt.post
        if post.direct_to is not None:
            return await self._publish_direct(attempt, plan, progress, post.direct_to, left)
        progress = await self._progress(attempt, plan, progress, left)
        event = note_of(post, plan, progress, self._keys)
        if event is None:
            raise RuntimeError("a post without its context or its files")
        if attempt.number > 1:
            await self._must_not_be_deleted(event)
        if left() <= timedelta(0):
            raise self._error(Unavailable, "the relays took too long before the post could be sent")
        await self._relays.publish(event, within=left(), confirm=self._confirm)
        self._acquaintances.meet(event)
        return Receipt(
            key=attempt.key,
            ref=reference(event.id, author=event.pubkey, relay=self._relays.urls[0]),
            published_at=moment(event.created_at),
        )

    async def _progress(
        self, attempt: Attempt, plan: Plan, progress: Progress, left: Callable[[], timedelta]
    ) -> Progress:
        """Reach the phases before the sending, and commit what they bring."""
        post = attempt.post
        for ref in (post.in_reply_to, post.quote):
            if ref is not None:
                await self._must_be_there(ref)
        if plan.context is None and progress.context is None:
            progress = msgspec.structs.replace(progress, context=self._context(post))
            await attempt.checkpoint(progress.stored())
        if len(progress.attached) < len(post.media):
            if self._media is None:
                raise self._error(MediaRefused, "there is no media server any more: name one as `media_server`")
            attached = tuple([await self._media.keep(one, within=left()) for one in post.media])
            progress = msgspec.structs.replace(progress, attached=attached)
            await attempt.checkpoint(progress.stored())
        return progress

    async def _must_be_there(self, ref: PostRef) -> None:
        """Refuse to answer what is gone: a relay takes an answer to anything."""
        found = await self._relays.event(ref.id)
        if found.newest is not None:
            self._acquaintances.meet(found.newest)
            return
        raise gone(found, self._http, "what it answers or quotes")

    async def _must_not_be_deleted(self, event: WireEvent) -> None:
        """Refuse to send again what somebody has deleted since: relays would have it again."""
        if (await self._relays.ask(deletions_of(event.id, self._keys.pubkey))).newest is not None:
            raise self._error(OutcomeUnknown, "it may have gone out, and was deleted since")

    async def _publish_direct(
        self, attempt: Attempt, plan: Plan, progress: Progress, person: str, left: Callable[[], timedelta]
    ) -> Receipt:
        """Send a direct message: one wrap for the person, one for ourselves."""
        told = message_of(attempt.post, plan, self._keys)
        try:
            theirs = wrap(told, self._keys, person, key=plan.key)
            ours = wrap(told, self._keys, self._keys.pubkey, key=plan.key)
        except ValueError as problem:
            raise self._error(TargetGone, f"nobody can be written to under this key: {problem}") from None
        if not progress.relays:
            inbox = await self._inboxes.of(person)
            if inbox:
                progress = msgspec.structs.replace(progress, relays=inbox)
                await attempt.checkpoint(progress.stored())
        async with AsyncExitStack() as stack:
            if progress.relays:
                relays = await self._inboxes.open(progress.relays, stack)
            else:
                relays = list(self._relays)
            await send(relays, theirs, within=left(), confirm=1)
        try:
            await self._relays.publish(ours, within=COPY_WITHIN)
        except AdapterError as error:
            logger.warning("no relay keeps our copy of a direct message: %s", error)
        return Receipt(key=attempt.key, ref=direct_reference(told.id), published_at=moment(told.created_at))

    def _error(self, kind: type[AdapterError], words: str) -> AdapterError:
        return self._http.error(kind, words)


def deletions_of(event: str, author: str) -> Filter:
    """Return what asks for the deletions of an event."""
    return {"kinds": [5], "authors": [author], "#e": [event]}


def gone(found: Found, http: Http, what: str) -> AdapterError:
    """Return the error for an event that none of the relays has that answered."""
    if found.silent:
        return http.error(Unavailable, f"{what} is at no relay that answers: {found.silent[0]}")
    return http.error(TargetGone, f"{what} is gone")
