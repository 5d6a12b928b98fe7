"""What people may ask a model for: a picture of what they say, or their own picture changed."""

import asyncio
import re
from collections.abc import Collection

from greenroom.delivery import Means
from greenroom.filters import open_picture
from greenroom.generation import Canvas, Studio, Voice
from greenroom.personas import Persona
from greenroom.settings import Paints
from greenroom.storage import Draft, Turn, cause_of
from greenroom.turns.offering import FILTER, LARGEST, may_be_seen, said
from greenroom.turns.picturing import described, opened, styled
from greenroom_adapters.contract import (
    AdapterError,
    Media,
    MediaRefused,
    SupportsFetching,
    TextEvent,
)
from greenroom_adapters.media import Source, written_png

__all__ = ["Commissions"]

AT_ONCE = 4
"""Pictures that are fetched and opened at a time: each of them is in memory."""
SIDE = 1536
"""Longest side, in pixels, of what is sent to be changed."""
ADDRESSED = re.compile(r"(?<![\w.])@[\w.@:-]+")


class Commissions:
    """Answers who asks for a picture, on one account, with what a model makes of it.

    Only what is attached to the very message is changed. What people wrote is the prompt: the provider's own rules
    hold for it, and the answer goes the way of every answer, approval among it.
    """

    def __init__(self, means: Means) -> None:
        self._adapter = means.adapter
        self._shelf = means.shelf
        self._gate = asyncio.Semaphore(AT_ONCE)

    async def draft(
        self, turn: Turn, event: TextEvent, ways: Collection[Paints], *, persona: Persona, studio: Studio, voice: Voice
    ) -> Draft:
        """Return the answer to `event`.

        :raises EngineUnavailable: no model can now, and the owner's list ends so that it is waited for
        :raises ShareSpent: its author has had his share of the money
        """
        limit = self._adapter.capabilities.limits.media
        if self._shelf is None or limit is None:
            return said("I cannot send pictures here.", "this account cannot send pictures")
        words = " ".join(ADDRESSED.sub(" ", event.text).split())
        sent = next(filter(may_be_seen, event.media), None) if Paints.EDIT in ways else None
        if sent is None and Paints.DRAW not in ways:
            return said("Send a picture, and say what is to become of it.", "no picture in the message")
        if not words:
            return said("Say what is to be seen.", "no words in the message")
        original: bytes | None = None
        if sent is not None:
            if not isinstance(self._adapter, SupportsFetching):
                return said("I cannot get at pictures here.", "this account cannot fetch pictures")
            try:
                async with self._gate:
                    fetched = await self._adapter.fetch(sent, most=LARGEST)
                    original = await asyncio.to_thread(_as_png, fetched)
            except AdapterError as error:
                return said("I cannot work on that file.", f"not worked on: {error}")
        cause = cause_of(turn, platform=self._adapter.realm)
        identity = f"{turn.account} {turn.event_id}"
        prompt = words if original is not None else styled(words, persona)
        painted, _, notes = await studio.paint(Canvas(prompt=prompt, turn=identity, cause=cause, original=original))
        if painted is None:
            return said("I cannot do that now.", f"no picture: {'; '.join(notes) or 'no model is in `engines: image`'}")
        try:
            source = Source.MODEL if original is None else Source.EDITED_BY_MODEL
            content = await asyncio.to_thread(opened, painted, source)
        except MediaRefused as refusal:
            return said("I cannot do that now.", f"{painted.engine}: what it sent {refusal}", cost=painted.cost)
        path = await self._shelf.put(content, ".png")
        # what a stranger wrote would be the bot's words
        plain = "A picture that was made for who asked for it."
        alt, cost, more = await described(
            content, persona, voice, most=limit.alt_length, about=None, plain=plain, turn=identity, cause=cause
        )
        media = Media(path=str(path), media_type="image/png", alt=alt, is_generated=True)
        return Draft(
            parts=("Here it is.",),
            engine=FILTER,
            model=painted.engine,
            cost=painted.cost + cost,
            media=(media,),
            notes=(*notes, f"picture by {painted.engine}: {path}", *more),
        )


def _as_png(content: bytes) -> bytes:
    """Return the file of a stranger as it is sent on: opened within bounds, and with nothing beside its picture.

    :raises MediaRefused: it is no picture, broken, or more than is opened here
    """
    picture, _, _ = open_picture(content)
    picture.thumbnail((SIDE, SIDE))
    return written_png(picture, None, optimize=False)
