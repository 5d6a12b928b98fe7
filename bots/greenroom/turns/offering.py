"""What people may ask for with a photo or a clip: it comes back under the filter that they name."""

import asyncio
import contextlib
import re
from collections.abc import Iterable
from pathlib import Path

from greenroom.delivery import Means, Shelf
from greenroom.storage import Draft
from greenroom_adapters.contract import (
    AdapterError,
    Media,
    MediaRefused,
    RemoteMedia,
    SupportsFetching,
    TextEvent,
)

__all__ = ["FILTER", "LARGEST", "Offering", "asked_for", "may_be_seen", "said"]

FILTER = "filter"
"""What stands in a draft for an engine: nobody wrote it."""
LARGEST = 32 * 1024 * 1024
"""Bytes of what somebody sends; a larger file is not fetched."""
AT_ONCE = 4
"""Files that are fetched at a time: each of them is in memory until it is on the disk."""
PATIENCE = 300.0
"""Seconds that a stranger's clip may keep ffmpeg at work, while the next one waits."""
MOST_NAMES = 12
"""Filters that are named to somebody who asks for another."""


class Offering:
    """Answers who sends a photo or a clip and names a filter, on one account.

    Only what is attached to the very message is looked at. It is fetched through the adapter, within a size, worked on
    as every file of a stranger is, and not kept; what becomes of it lies on the shelf. Whoever names no filter that is
    offered, or sends nothing that can be worked on, is told what there is.
    """

    def __init__(self, means: Means) -> None:
        self._adapter = means.adapter
        self._shelf = means.shelf
        self._fetching = asyncio.Semaphore(AT_ONCE)

    async def draft(self, event: TextEvent, offered: Iterable[str]) -> Draft:
        """Return the answer to `event` out of the filters that are offered."""
        names = tuple(offered)
        limit = self._adapter.capabilities.limits.media
        if self._shelf is None or limit is None or not isinstance(self._adapter, SupportsFetching):
            return said("I cannot send pictures here.", "this account cannot fetch or send pictures")
        name, sent = asked_for(event.text, names), next(filter(may_be_seen, event.media), None)
        if name is None or sent is None:
            missing = "no filter" if name is None else "no picture"
            return said(_help(names), f"{missing} in the message: told what there is")
        try:
            async with self._fetching:
                source = await self._shelf.kept(await self._adapter.fetch(sent, most=LARGEST))
        except AdapterError as error:
            return said("I could not get at that file.", f"not fetched: {error}")
        try:
            made = await self._made(self._shelf, source, name)
        except MediaRefused as refusal:
            return said("I cannot work on that file.", f"not worked on: {refusal}")
        kind = "clip" if made.media_type.startswith("video/") else "photo"
        note = f"the {kind} of the message under the filter {name}: {made.path}"
        return Draft(parts=(f"Here it is, under {name}.",), engine=FILTER, media=(made,), notes=(note,))

    async def _made(self, shelf: Shelf, source: Path, name: str) -> Media:
        try:
            # its description is a stranger's, and would be the bot's words
            media = Media(path=str(source), media_type="", alt=f"Sent to be shown under the filter {name}.")
            return await shelf.filtered(media, name, called="it", patience=PATIENCE)
        finally:
            with contextlib.suppress(OSError):
                await asyncio.to_thread(source.unlink, missing_ok=True)


def asked_for(text: str, offered: Iterable[str]) -> str | None:
    """Return which of the filters a text names first, as a word of its own; None: none of them."""
    found: list[tuple[int, str]] = []
    for name in offered:
        place = re.search(rf"(?<![\w@#-]){re.escape(name)}(?![\w-])", text, re.IGNORECASE)
        if place is not None:
            found.append((place.start(), name))
    return min(found)[1] if found else None


def may_be_seen(media: RemoteMedia) -> bool:
    """Say whether it may be a photo or a clip, by the word of whoever sent it; its bytes decide."""
    kind = media.media_type.partition("/")[0]
    return kind in ("image", "video", "*") or media.media_type == "application/octet-stream"


def said(words: str, note: str, *, cost: int = 0) -> Draft:
    """Return an answer in words alone; the note is for the record."""
    return Draft(parts=(words,), engine=FILTER, notes=(note,), cost=cost)


def _help(names: tuple[str, ...]) -> str:
    shown = ", ".join(names[:MOST_NAMES]) + (" …" if len(names) > MOST_NAMES else "")
    return f"Send a photo or a clip, and name one of these: {shown}."
