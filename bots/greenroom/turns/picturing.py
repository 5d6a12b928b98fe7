"""The picture that is made for a post: by a model, or as a card in the persona's colours; and its description."""

import asyncio
import io
from dataclasses import dataclass
from pathlib import Path

import msgspec

from greenroom.cards import draw_chart, draw_quote, shown
from greenroom.delivery import Means
from greenroom.filters import open_picture
from greenroom.generation import Canvas, Painted, Sight, Studio, Voice
from greenroom.personas import Persona
from greenroom.settings import WithoutModel
from greenroom.settings.table import TableError, read_table
from greenroom.storage import Card, Cause, Draft, Due, Turn, Wish, cause_of
from greenroom_adapters.contract import Media, MediaRefused, TextLimit
from greenroom_adapters.media import Source, facts_of, written_png
from greenroom_adapters.text import cut

__all__ = ["NOTHING_MADE", "Made", "Picturing", "described", "drawn", "made_small", "opened", "styled", "wants_engine"]

SEEN_SIDE = 512
"""Longest side, in pixels, of what an engine looks at."""
MOST_KEPT = 100
"""Posts of one account that may wait for their words with a picture."""
LARGEST_SEEN = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """What was made for a post before its words were looked for."""

    media: tuple[Media, ...] = ()
    cost: int = 0
    """Millionths of a US dollar."""
    notes: tuple[str, ...] = ()
    held: str | None = None
    """Why a person is to decide about the post; None: nothing keeps it."""

    def with_draft(self, draft: Draft) -> Draft:
        """Return the draft with it."""
        if self is NOTHING_MADE:
            return draft
        notes = (*self.notes, *draft.notes)
        return msgspec.structs.replace(draft, media=self.media, cost=draft.cost + self.cost, notes=notes)


NOTHING_MADE = Made()


def wants_engine(turn: Turn, studio: Studio) -> bool:
    """Say whether a post wants something of an engine beside its words: a picture, or a description of one."""
    wish = turn.event.picture if isinstance(turn.event, Due) else None
    return wish is not None and (wish.file is not None or (wish.about is not None and studio.must_be_asked))


def drawn(card: Card, words: str, persona: Persona, *, shape: str) -> tuple[bytes, str]:
    """Return a card as PNG, and what stands on it in words. `words` are those of the post. Takes up to a second: call
    it in a thread.

    :raises MediaRefused: it cannot be drawn, or its table cannot be read
    """
    by = card.by or persona.persona
    if card.show == "quote":
        words = card.say or words
        return draw_quote(words, by=by, look=persona.look, shape=shape), f"“{words}” ({by})"
    try:
        rows = dict(card.rows) if card.table is None else read_table(Path(card.table))
    except TableError as error:
        raise MediaRefused(str(error)) from None
    is_line = card.show == "line"
    content = draw_chart(rows, title=card.title, by=by, look=persona.look, shape=shape, line=is_line)
    numbers = ", ".join(f"{name} {shown(number)}" for name, number in rows.items())
    return content, f"{card.title}: {numbers}" if card.title else numbers


class Picturing:
    """Makes what the posts of one account go out with."""

    def __init__(self, means: Means) -> None:
        self._adapter = means.adapter
        self._shelf = means.shelf
        self._kept: dict[str, Made] = {}
        """Identity of a turn → what was made for it already: a post that waits for its words is not paid twice."""

    async def asked_for(self, turn: Turn, persona: Persona, studio: Studio, voice: Voice) -> Made:
        """Return what engines make of a post's wish: a picture, or the description of one that is there.

        :raises EngineUnavailable: none can now, and the owner's list ends so that the post waits
        :raises MediaRefused: the file that is to be described cannot be read
        """
        wish = turn.event.picture if isinstance(turn.event, Due) else None
        limit = self._adapter.capabilities.limits.media
        if wish is None or self._shelf is None or limit is None:
            return NOTHING_MADE
        identity = self._identity(turn)
        if (made := self._kept.get(identity)) is None:
            made = await self._made(turn, wish, persona, studio, voice, limit.alt_length)
            if made.media:
                self._kept[identity] = made
            while len(self._kept) > MOST_KEPT:
                del self._kept[next(iter(self._kept))]
        return made

    async def _made(self, turn: Turn, wish: Wish, persona: Persona, studio: Studio, voice: Voice, most: int) -> Made:
        assert self._shelf is not None  # noqa: S101 - whoever calls has looked
        if wish.file is not None:
            return await self._described(turn, wish.file, persona, voice, most)
        canvas = Canvas(
            prompt=styled(wish.about or "", persona),
            shape=wish.shape,
            turn=self._identity(turn),
            cause=cause_of(turn, platform=self._adapter.realm),
        )
        painted, instead, notes = await studio.paint(canvas)
        if painted is None:
            held = "no picture could be made: " + "; ".join(notes) if instead is WithoutModel.HOLD else None
            return Made(notes=notes, held=held)
        try:
            content = await asyncio.to_thread(opened, painted, Source.MODEL)
        except MediaRefused as refusal:
            # it is paid all the same
            notes = (*notes, f"{painted.engine}: what it sent {refusal}")
            held = f"no picture could be made: {notes[-1]}" if instead is WithoutModel.HOLD else None
            return Made(cost=painted.cost, notes=notes, held=held)
        path = await self._shelf.put(content, ".png")
        more, cost = tuple[str, ...](), 0
        if (alt := wish.alt) is None:
            alt, cost, more = await self._words_for(turn, content, persona, voice, most=most, about=wish.about)
        media = Media(path=str(path), media_type="image/png", alt=alt, is_generated=True)
        return Made(
            media=(media,),
            cost=painted.cost + cost,
            notes=(*notes, f"picture by {painted.engine}: {path}", *more),
        )

    async def drawn_for(self, turn: Turn, persona: Persona, studio: Studio) -> tuple[Media, ...]:
        """Return what is to go out with a post that has its words: what was made for it, or a card; nothing where
        nothing is wanted, or can be attached. The same words give the same file.

        :raises MediaRefused: it cannot be made; the words say why, and how to mend it
        """
        wish = turn.event.picture if isinstance(turn.event, Due) else None
        limit = self._adapter.capabilities.limits.media
        if wish is None or turn.draft is None or self._shelf is None or limit is None:
            return ()
        if turn.draft.media or wish.file is not None:
            return turn.draft.media
        card = wish.card
        if card is None and studio.instead is WithoutModel.CARD:
            card = Card(show="quote")
        if card is None:
            return ()
        words = "\n".join(turn.draft.parts)
        content, described = await asyncio.to_thread(drawn, card, words, persona, shape=wish.shape)
        path = await self._shelf.put(content, ".png")
        return (Media(path=str(path), media_type="image/png", alt=_alt(wish, described, limit.alt_length)),)

    async def _described(self, turn: Turn, file: str, persona: Persona, voice: Voice, most: int) -> Made:
        """Return a picture of the owner's with a description that an engine wrote."""
        try:
            content = await asyncio.to_thread(Path(file).read_bytes)
            facts = await asyncio.to_thread(facts_of, Path(file))
        except OSError as error:
            raise MediaRefused(f"{Path(file).name} cannot be read: {error.strerror}") from None
        due = turn.event
        about = (due.about or due.say) if isinstance(due, Due) else None
        about = about or Path(file).stem
        alt, cost, notes = await self._words_for(turn, content, persona, voice, most=most, about=about)
        media = Media(path=file, media_type=facts.media_type or "image/png", alt=alt)
        return Made(media=(media,), cost=cost, notes=notes)

    async def _words_for(
        self, turn: Turn, content: bytes, persona: Persona, voice: Voice, *, most: int, about: str | None
    ) -> tuple[str, int, tuple[str, ...]]:
        cause = cause_of(turn, platform=self._adapter.realm)
        identity, plain = self._identity(turn), about or ""
        return await described(content, persona, voice, most=most, about=about, plain=plain, turn=identity, cause=cause)

    def _identity(self, turn: Turn) -> str:
        return f"{turn.account} {turn.event_id}"


async def described(
    content: bytes,
    persona: Persona,
    voice: Voice,
    *,
    most: int,
    about: str | None,
    plain: str,
    turn: str,
    cause: Cause,
) -> tuple[str, int, tuple[str, ...]]:
    """Return a description of a picture in at most so many characters, what it cost, and notes. Where nobody can look
    at it, it is `plain`: a post is not lost for want of one."""
    words = cut(" ".join(plain.split()), (TextLimit(length=most),))
    try:
        seen = await asyncio.to_thread(made_small, content)
    except MediaRefused as refusal:
        return words, 0, (f"the picture was not looked at: it {refusal}",)
    sight = Sight(persona=persona, picture=seen, most=most, turn=turn, cause=cause, about=about)
    generated, notes = await voice.describe(sight)
    if generated is None:
        return words, 0, (f"described in plain words: {'; '.join(notes) or 'no engine is configured'}",)
    return generated.text, generated.cost, (f"described by {generated.engine}",)


def opened(painted: Painted, source: Source) -> bytes:
    """Return what a painter sent, opened as the file of a stranger and written anew: a PNG that says where it comes
    from, and nothing else. Takes up to a second: call it in a thread.

    :raises MediaRefused: it is no picture, broken, or more than is opened here
    """
    picture, _, colours = open_picture(painted.content)
    return written_png(picture, source, colours=colours, optimize=False)


def made_small(content: bytes) -> bytes:
    """Return a picture as an engine looks at it: a small JPEG with nothing beside it. Takes up to a second: call
    it in a thread.

    :raises MediaRefused: it is no picture, broken, or more than is opened here
    """
    if len(content) > LARGEST_SEEN:
        raise MediaRefused("is too large to be looked at")
    picture, _, _ = open_picture(content)
    picture.thumbnail((SEEN_SIDE, SEEN_SIDE))
    out = io.BytesIO()
    picture.convert("RGB").save(out, "JPEG", quality=85)
    return out.getvalue()


def styled(about: str, persona: Persona) -> str:
    """Return what a model is asked to paint, in the persona's style."""
    style = persona.look.style
    return f"{about}\nStyle: {style}" if style else about


def _alt(wish: Wish, described: str, most: int) -> str:
    """Return the description that goes out: the owner's own, else ours, as long as the platform takes it."""
    return wish.alt or cut(" ".join(described.split()), (TextLimit(length=most),))
