"""What can be done beside posting: take down, react, repost, follow, count, read a thread, say what we are."""

import asyncio
from collections.abc import Callable
from datetime import timedelta

import msgspec

from greenroom_adapters.contract import (
    AdapterError,
    Forbidden,
    Metrics,
    OutcomeUnknown,
    PostRef,
    TargetGone,
    ThreadPost,
    Unavailable,
)
from greenroom_adapters.nostr.acquaintances import Acquaintances
from greenroom_adapters.nostr.inboxes import INBOX
from greenroom_adapters.nostr.keys import Keys
from greenroom_adapters.nostr.profiles import PROFILE, WITHIN, Profiles
from greenroom_adapters.nostr.publishing import gone
from greenroom_adapters.nostr.reading import Reader
from greenroom_adapters.nostr.references import event_of, is_hex, reference
from greenroom_adapters.nostr.relays import QUESTION, Found, Relays
from greenroom_adapters.nostr.threads import place_of, quoted_by, target_of
from greenroom_adapters.nostr.wire import UNREADABLE, Filter, Tags, WireEvent, moment, signed
from greenroom_adapters.transport import Http

__all__ = ["Acting"]

NOTE, FOLLOWS, DELETION, REPOST, REACTION, OTHER_REPOST = 1, 3, 5, 6, 7, 16
ACT_WITHIN = timedelta(seconds=20)
THREAD_WITHIN = timedelta(seconds=12)
"""For reading a whole thread: whoever asks for it wants to answer."""
PROFILE_NAME = "the account's profile"
CONTENTS = msgspec.json.Decoder(dict[str, object])


class Acting:
    """The hands of one account."""

    def __init__(
        self,
        keys: Keys,
        relays: Relays,
        acquaintances: Acquaintances,
        profiles: Profiles,
        reader: Reader,
        *,
        http: Http,
        now: Callable[[], int],
    ) -> None:
        self._keys = keys
        self._relays = relays
        self._acquaintances = acquaintances
        self._profiles = profiles
        self._reader = reader
        self._http = http
        self._now = now

    async def delete(self, ref: PostRef) -> None:
        """Ask the relays to delete the event (NIP-09)."""
        event, is_direct = self._where(ref)
        if is_direct:
            raise self._error(Forbidden, "a direct message on Nostr cannot be taken back")
        await self._send(DELETION, (("e", event), ("k", str(NOTE))))

    async def react(self, ref: PostRef, reaction: str) -> None:
        """React to the event (NIP-25); a like is `+`."""
        content = "+" if reaction == "like" else reaction
        target, others = await self._there(ref, {"kinds": [REACTION], "authors": [self._keys.pubkey]})
        if any(one.content == content for one in others):
            return
        tags = (("e", target.id, "", target.pubkey), ("p", target.pubkey), ("k", str(target.kind)))
        await self._send(REACTION, tags, content)

    async def repost(self, ref: PostRef) -> None:
        """Repost the event (NIP-18)."""
        target, others = await self._there(ref, {"kinds": [REPOST, OTHER_REPOST], "authors": [self._keys.pubkey]})
        if others:
            return
        tags: list[tuple[str, ...]] = [("e", target.id, self._relays.urls[0]), ("p", target.pubkey)]
        kind = REPOST if target.kind == NOTE else OTHER_REPOST
        if kind == OTHER_REPOST:
            tags.append(("k", str(target.kind)))
        await self._send(kind, tuple(tags), msgspec.json.encode(target).decode())

    async def follow(self, person: str) -> None:
        """Add the person to the account's list (NIP-02), of which nothing else changes."""
        if not is_hex(person):
            raise self._error(TargetGone, f"{person[:80]!r} is nobody on Nostr")
        found = await self._own(FOLLOWS)
        self._must_be_whole(found, "the list of those whom the account follows")
        newest = found.newest
        if newest is not None and person in newest.values("p"):
            return
        tags: Tags = () if newest is None else newest.tags
        await self._replace(newest, FOLLOWS, (*tags, ("p", person)), "" if newest is None else newest.content)

    async def declare(self) -> bool:
        """Mark the account's profile as that of a bot (NIP-24), and say where it reads direct messages (NIP-17) where
        it has not. Where no relay has the profile, nothing is written: relays that are not asked may have one, and the
        newest replaces all others everywhere.

        :raises Unavailable: a relay does not answer, which may have a newer profile or the list of relays
        :raises Forbidden: the profile cannot be read
        """
        profile = await self._own(PROFILE)
        if profile.newest is None:
            self._must_be_whole(profile, PROFILE_NAME)
            return False
        try:
            fields = CONTENTS.decode(profile.newest.content)
        except UNREADABLE:
            words = f"{PROFILE_NAME} cannot be read, and is left as it is: mend it in a Nostr client"
            raise self._error(Forbidden, words) from None
        is_changed = fields.get("bot") is not True
        if is_changed:
            self._must_be_whole(profile, PROFILE_NAME)
            content = msgspec.json.encode({**fields, "bot": True}).decode()
            await self._replace(profile.newest, PROFILE, profile.newest.tags, content)
        inbox = await self._own(INBOX)
        if inbox.newest is None:
            self._must_be_whole(inbox, "the account's list of relays for direct messages")
            await self._replace(None, INBOX, tuple(("relay", url) for url in self._relays.urls[:3]), "")
            is_changed = True
        return is_changed

    async def metrics(self, ref: PostRef) -> Metrics:
        """Count what the relays have. A person who reacted twice counts once."""
        target, others = await self._there(
            ref,
            {"kinds": [NOTE, REPOST, REACTION, OTHER_REPOST]},
            {"kinds": [NOTE], "#q": [ref.id]},
        )
        notes = [one for one in others if one.kind == NOTE]
        return Metrics(
            likes=len({one.pubkey for one in others if one.kind == REACTION and one.content.strip() != "-"}),
            reposts=len({one.pubkey for one in others if one.kind in (REPOST, OTHER_REPOST)}),
            replies=sum(place_of(one).parent == target.id for one in notes),
            quotes=sum(target.id in quoted_by(one) for one in notes),
        )

    async def thread(self, ref: PostRef, *, limit: int) -> tuple[ThreadPost, ...]:
        """Return what the event answers, and what that answers, oldest first. What no relay has, or has said in time,
        is a gap.

        :raises Unavailable: no relay answers
        """
        event, is_direct = self._where(ref)
        above: list[WireEvent] = []
        if is_direct:
            return ()
        clock = asyncio.get_running_loop().time
        ends = clock() + THREAD_WITHIN.total_seconds()

        def at_most(usual: timedelta) -> timedelta:
            return min(usual, timedelta(seconds=max(0.0, ends - clock())))

        # From the relays, not from memory: what was deleted meanwhile is a gap.
        current = (await self._relays.event(event, within=at_most(QUESTION))).newest
        while current is not None and len(above) < limit:
            parent = place_of(current).parent
            if parent is None or any(one.id == parent for one in above):
                break
            try:
                current = (await self._relays.event(parent, within=at_most(QUESTION))).newest
            except Unavailable:
                break
            if current is None or current.kind != NOTE:
                break
            above.append(current)
        await self._profiles.learn((one.pubkey for one in above), within=at_most(WITHIN))
        return tuple(
            ThreadPost(
                ref=reference(one.id, author=one.pubkey),
                author=self._profiles.author(one.pubkey),
                text=self._reader.text(one),
                posted_at=moment(one.created_at),
            )
            for one in reversed(above)
        )

    async def _there(self, ref: PostRef, *about: Filter) -> tuple[WireEvent, list[WireEvent]]:
        """Return the event, which must still be there, and what the filters find about it."""
        event, is_direct = self._where(ref)
        if is_direct:
            raise self._error(Forbidden, "on Nostr a direct message is answered, and nothing else is done with it")
        named = [one if "#q" in one else {**one, "#e": [event]} for one in about]
        found = await self._relays.ask({"ids": [event]}, *named)
        target = next((one for one in found.events if one.id == event), None)
        if target is None:
            raise gone(found, self._http, "the post")
        self._acquaintances.meet(target)
        others = [one for one in found.events if one.id != event]
        return target, [one for one in others if one.kind == NOTE or target_of(one) == event]

    async def _own(self, kind: int) -> Found:
        """Ask for the account's own events of a kind of which there is one to an account: the newest is that."""
        return await self._relays.ask({"kinds": [kind], "authors": [self._keys.pubkey]})

    def _must_be_whole(self, found: Found, what: str) -> None:
        """Refuse to write over what may be newer than what was found.

        :raises Unavailable: a relay has not answered
        """
        if found.silent:
            raise self._error(Unavailable, f"{what} may be at a relay that does not answer: {found.silent[0]}")

    async def _replace(self, newest: WireEvent | None, kind: int, tags: Tags, content: str) -> None:
        created_at = max(self._now(), 0 if newest is None else newest.created_at + 1)
        await self._send(kind, tags, content, created_at=created_at)

    async def _send(self, kind: int, tags: Tags, content: str = "", *, created_at: int | None = None) -> None:
        event = signed(
            self._keys,
            created_at=self._now() if created_at is None else created_at,
            kind=kind,
            tags=tags,
            content=content,
        )
        try:
            await self._relays.publish(event, within=ACT_WITHIN)
        except OutcomeUnknown as error:
            # Done twice, none of this shows: whoever asked may ask again.
            raise self._error(Unavailable, str(error)) from None

    def _where(self, ref: PostRef) -> tuple[str, bool]:
        where = event_of(ref)
        if where is None:
            raise self._error(TargetGone, f"{ref.id!r} is no post on Nostr")
        return where

    def _error(self, kind: type[AdapterError], words: str) -> AdapterError:
        return self._http.error(kind, words)
