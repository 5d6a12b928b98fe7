"""All parts of the Stage's file as one store."""

from greenroom_adapters.stage.store.notifications import Notifications
from greenroom_adapters.stage.store.people import People
from greenroom_adapters.stage.store.rooms import Rooms

__all__ = ["Store"]


class Store(People, Rooms, Notifications):
    """Everything that is stored, in one file."""
