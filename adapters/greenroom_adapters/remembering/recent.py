"""What passed by lately: bounded, and gone with the process."""

from collections import OrderedDict
from typing import TypeVar

from typing_extensions import override

__all__ = ["Recent"]

K = TypeVar("K")
V = TypeVar("V")


class Recent(OrderedDict[K, V]):
    """The last so many keys that were set, the oldest first. Whatever is set anew is the newest; of one too many the
    oldest goes."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self._most = most

    @override
    def __setitem__(self, key: K, value: V) -> None:
        super().__setitem__(key, value)
        self.move_to_end(key)
        if len(self) > self._most:
            self.popitem(last=False)
