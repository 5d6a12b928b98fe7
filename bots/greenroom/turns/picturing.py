"""The picture that is made for a post: a card of its words, or of a small table, in the persona's colours."""

import asyncio
from pathlib import Path

from greenroom.cards import draw_chart, draw_quote, shown
from greenroom.delivery import Shelf
from greenroom.personas import Persona
from greenroom.settings.table import TableError, read_table
from greenroom.storage import Card, Due, Turn, Wish
from greenroom_adapters.contract import Adapter, Media, MediaRefused, TextLimit
from greenroom_adapters.text import cut

__all__ = ["Picturing", "drawn"]


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

    def __init__(self, adapter: Adapter, shelf: Shelf | None) -> None:
        self._adapter = adapter
        self._shelf = shelf

    async def made_for(self, turn: Turn, persona: Persona) -> tuple[Media, ...]:
        """Return what is to go out with a post that has its words; nothing where nothing is wanted, or can be attached.
        The same words give the same file.

        :raises MediaRefused: it cannot be made; the words say why, and how to mend it
        """
        wish = turn.event.picture if isinstance(turn.event, Due) else None
        limit = self._adapter.capabilities.limits.media
        if wish is None or wish.card is None or turn.draft is None or self._shelf is None or limit is None:
            return ()
        words = "\n".join(turn.draft.parts)
        content, described = await asyncio.to_thread(drawn, wish.card, words, persona, shape=wish.shape)
        path = await self._shelf.put(content, ".png")
        return (Media(path=str(path), media_type="image/png", alt=_alt(wish, described, limit.alt_length)),)


def _alt(wish: Wish, described: str, most: int) -> str:
    """Return the description that goes out: the owner's own, else ours, as long as the platform takes it."""
    return wish.alt or cut(" ".join(described.split()), (TextLimit(length=most),))
