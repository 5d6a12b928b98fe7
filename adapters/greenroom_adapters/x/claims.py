"""Which posts of the account belong to which intent, as far as this process knows."""

from greenroom_adapters.remembering import Recent
from greenroom_adapters.x.ids import message_ref

__all__ = ["Claims"]

REMEMBERED = 10_000


class Claims:
    """Posts of the account with the key under which each went out; the oldest are forgotten first."""

    def __init__(self) -> None:
        self._keys = Recent[str, str](REMEMBERED)
        self.newest = 0
        """The largest id of a post of the account that is known."""

    def claim(self, post_id: str, key: str) -> None:
        """Note that this key published the post."""
        self._keys[post_id] = key
        self.see(post_id)

    def claim_message(self, event_id: str, key: str) -> None:
        """Note that this key sent the direct message."""
        self._keys[message_ref(event_id).id] = key

    def is_ours(self, post_id: str) -> bool:
        """Say whether the account is known to have published the post."""
        return post_id in self._keys

    def see(self, post_id: str) -> None:
        """Note that there is such a post."""
        self.newest = max(self.newest, int(post_id))

    def is_free_for(self, key: str, name: str) -> bool:
        """Say whether no other key published what has this name: the `id` of its `PostRef`."""
        return self._keys.get(name, key) == key
