"""The composition root: builds a whole bot from its files, and runs it."""

from greenroom.app.bot import Bot, Options, router_of
from greenroom.app.commands import EVERY_ACCOUNT, Commands, put_all_down, put_down
from greenroom.app.local import LocalPlatform, is_local, start_local

__all__ = [
    "EVERY_ACCOUNT",
    "Bot",
    "Commands",
    "LocalPlatform",
    "Options",
    "is_local",
    "put_all_down",
    "put_down",
    "router_of",
    "start_local",
]
