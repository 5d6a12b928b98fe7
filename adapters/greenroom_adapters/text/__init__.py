"""Counting, shortening and splitting text by each platform's own rule, cleaning it for the eye; reading profiles."""

from greenroom_adapters.text.addresses import web_address
from greenroom_adapters.text.counting import count, excess, fits
from greenroom_adapters.text.links import Link, find_links
from greenroom_adapters.text.names import NAME, SIGNS, as_one_word, defused, undefused
from greenroom_adapters.text.plain import plain
from greenroom_adapters.text.profiles import declines_bots
from greenroom_adapters.text.splitting import cut, split
from greenroom_adapters.text.wording import Askers, worded

__all__ = [
    "NAME",
    "SIGNS",
    "Askers",
    "Link",
    "as_one_word",
    "count",
    "cut",
    "declines_bots",
    "defused",
    "excess",
    "find_links",
    "fits",
    "plain",
    "split",
    "undefused",
    "web_address",
    "worded",
]
