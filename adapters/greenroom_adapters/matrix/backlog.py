"""What one room has to tell in one batch of `/sync`: the end of its timeline, and the gap before it."""

from collections.abc import AsyncGenerator

import msgspec

from greenroom_adapters.contract import PostRejected
from greenroom_adapters.matrix.api import Api
from greenroom_adapters.matrix.mapping import name_of
from greenroom_adapters.matrix.references import short
from greenroom_adapters.matrix.room import RoomFacts
from greenroom_adapters.matrix.wire import EVENTS, MEMBERS, WirePage, WireTimeline

__all__ = ["Beginning", "backlog"]

KEPT = 50
"""Pages of a gap that stay in memory. Of a longer one the older pages are read twice: backwards, as the platform gives
them, to know where it begins, and again when their turn comes."""


class Beginning:
    """Finds, going back from the newest event, the one behind which telling begins.

    That is the last event that was told already; or, when the account came into the room meanwhile, its arrival: the
    invitation, since what was said behind it was said to the account as well, or the joining where nobody invited it.
    What is older was said before the account came.
    """

    def __init__(self, *, me: str, taken: str | None) -> None:
        self._me = me
        self._taken = taken
        self._joined: str | None = None
        self.marker: str | None = None
        """Name of the event behind which telling begins; None: before the oldest."""
        self.is_found = False

    def look(self, raw: msgspec.Raw) -> None:
        """Look at the next older event."""
        if self.is_found:
            return
        name = name_of(raw)
        if self._taken is not None and short(name) == self._taken:
            self._found(name)
        elif b"m.room.member" in bytes(raw):
            self._look_at_member(raw, name)

    def _look_at_member(self, raw: msgspec.Raw, name: str) -> None:
        try:
            event = EVENTS.decode(raw)
            if event.type != "m.room.member" or event.state_key != self._me:
                return
            now = MEMBERS.decode(event.content).membership
            before = MEMBERS.decode(event.unsigned.prev_content).membership
        except (msgspec.DecodeError, UnicodeDecodeError):
            return
        if self._joined is not None or (now == "join" and before not in ("join", "invite")):
            self._found(self._joined if now != "invite" and self._joined else name)
        elif now == "join" and before == "invite":
            self._joined = self.marker = name

    def _found(self, name: str) -> None:
        self.marker, self.is_found = name, True


async def backlog(
    api: Api, room: RoomFacts, timeline: WireTimeline, *, since: str, beginning: Beginning
) -> AsyncGenerator[msgspec.Raw, None]:
    """Yield the room's events since the token, oldest first, none twice and none left out; those before the beginning
    as well, because state is learnt from them.

    A `limited` timeline has a gap before it, from `prev_batch` back to `since` (client-server API, "Syncing").
    """
    for raw in reversed(timeline.events):
        beginning.look(raw)
    tokens: list[str] = []
    kept: dict[str, WirePage] = {}
    token = timeline.prev_batch if timeline.limited else None
    while token is not None and not beginning.is_found:
        page = await _page(api, room, token, since)
        tokens.append(token)
        if len(kept) < KEPT:
            kept[token] = page
        for raw in page.chunk:
            beginning.look(raw)
        token = page.end if page.end != token else None
    for token in reversed(tokens):
        page = kept.pop(token) if token in kept else await _page(api, room, token, since)
        for raw in page.state:
            room.learn(raw)
        for raw in reversed(page.chunk):
            yield raw
    for raw in timeline.events:
        yield raw


async def _page(api: Api, room: RoomFacts, token: str, since: str) -> WirePage:
    try:
        return await api.messages(room.id, before=token, to=since)
    except PostRejected:  # the account was put out of the room meanwhile
        return WirePage()
