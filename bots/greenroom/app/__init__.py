"""The composition root: builds a whole bot from its files, and runs it."""

from greenroom.app.bot import Bot, router_of
from greenroom.app.coming import put_all_down, put_down
from greenroom.app.commands import Commands
from greenroom.app.local import LocalPlatform, is_local, start_local
from greenroom.app.options import Options
from greenroom.app.packing import Packed, pack, unpack
from greenroom.app.saying_hello import hello_from_here
from greenroom.app.sharing import accounts_that_keep
from greenroom.app.sources import sources_kept
from greenroom.app.standing import Standing, standing_of
from greenroom.app.supervising import keep_running
from greenroom.app.vitals import vitals_of

__all__ = [
    "Bot",
    "Commands",
    "LocalPlatform",
    "Options",
    "Packed",
    "Standing",
    "accounts_that_keep",
    "hello_from_here",
    "is_local",
    "keep_running",
    "pack",
    "put_all_down",
    "put_down",
    "router_of",
    "sources_kept",
    "standing_of",
    "start_local",
    "unpack",
    "vitals_of",
]
