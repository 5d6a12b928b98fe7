"""Counting, shortening and splitting text by each platform's own rule, and cleaning it for the eye."""

from greenroom_adapters.text.counting import count, excess, fits
from greenroom_adapters.text.links import Link, find_links
from greenroom_adapters.text.plain import plain
from greenroom_adapters.text.splitting import cut, split

__all__ = ["Link", "count", "cut", "excess", "find_links", "fits", "plain", "split"]
