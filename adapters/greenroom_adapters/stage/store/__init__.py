"""The Stage's durable file: rows in, values out. Knows no rules."""

from greenroom_adapters.stage.store.file import FileInUse, FileTooNew
from greenroom_adapters.stage.store.notifications import Notifications
from greenroom_adapters.stage.store.people import People
from greenroom_adapters.stage.store.posts import END
from greenroom_adapters.stage.store.rooms import Rooms

__all__ = ["END", "FileInUse", "FileTooNew", "Store"]


class Store(People, Rooms, Notifications):
    """Everything that is stored, in one file."""
