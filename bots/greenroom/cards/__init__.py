"""Cards: pictures that are drawn here in the persona's colours, out of words or a small table. They need no key."""

from greenroom.cards.drawing import SIZES, draw_chart, draw_quote, shown
from greenroom.cards.look import Look

__all__ = ["SIZES", "Look", "draw_chart", "draw_quote", "shown"]
