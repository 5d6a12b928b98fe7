"""The Stage's durable file: rows in, values out. Knows no rules."""

from greenroom_adapters.stage.store.file import FileInUse, FileTooNew
from greenroom_adapters.stage.store.posts import END
from greenroom_adapters.stage.store.whole import Store

__all__ = ["END", "FileInUse", "FileTooNew", "Store"]
