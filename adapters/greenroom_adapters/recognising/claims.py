"""Which posts, answers and messages of the account belong to which intent, as far as this process knows."""

from greenroom_adapters.remembering import Recent

__all__ = ["Claims"]

REMEMBERED = 10_000


class Claims:
    """Names of what the account has published, each with its key; the oldest are forgotten first."""

    def __init__(self) -> None:
        self._keys = Recent[str, str](REMEMBERED)

    def claim(self, name: str, key: str) -> None:
        """Note that this key published what has this name: the `id` of its `PostRef`."""
        self._keys[name] = key

    def is_free_for(self, key: str, name: str) -> bool:
        """Say whether no other key published it."""
        return self._keys.get(name, key) == key
