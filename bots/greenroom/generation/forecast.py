"""What texts will cost, judged beforehand by the prompts that this persona gets."""

from datetime import UTC, datetime

from greenroom.generation.engine import Brief, Line
from greenroom.generation.prices import Price
from greenroom.generation.prompt import compose
from greenroom.personas.persona import Persona
from greenroom_adapters.contract import Author, Surface, TextLimit

__all__ = ["typical_cost"]

CHARACTERS_PER_TOKEN = 4
WRITTEN = 300
"""Tokens that a short text costs, with what a model may think before it."""
WORDS = "What would you say to somebody who has asked you this before, and was not content with what you said?"
HISTORY = 4
"""Lines that were said before."""


def typical_cost(persona: Persona, surface: Surface, price: Price) -> int:
    """Return what one text of a model costs about, in millionths of a US dollar."""
    somebody = Author(id="1", handle="somebody")
    is_post = surface is Surface.POST
    brief = Brief(
        persona=persona,
        surface=surface,
        limits=(TextLimit(length=500),),
        seed="forecast",
        turn="forecast",
        said=None if is_post else WORDS,
        about=WORDS if is_post else None,
        author=None if is_post else somebody,
    )
    history = [Line(author=None if number % 2 else somebody, text=WORDS) for number in range(HISTORY)]
    prompt = compose(brief, history, day=datetime(2026, 1, 1, tzinfo=UTC).date())
    read = (len(prompt.system) + len(prompt.user)) // CHARACTERS_PER_TOKEN
    return price.of(prompt_tokens=read, completion_tokens=WRITTEN)
