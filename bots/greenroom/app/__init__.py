"""The composition root: builds a whole bot from its files, and runs it."""

from greenroom.app.bot import Bot, Options
from greenroom.app.commands import Commands
from greenroom.app.local import LocalPlatform, is_local, start_local

__all__ = ["Bot", "Commands", "LocalPlatform", "Options", "is_local", "start_local"]
