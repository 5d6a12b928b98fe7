"""What is fixed about one post: before its first try, and between its phases."""

from greenroom_adapters.contract import Post, key_digest
from greenroom_adapters.matrix.references import place
from greenroom_adapters.matrix.writing import Attached
from greenroom_adapters.remembering import Checkpoint, Prepared

__all__ = ["Plan", "Progress"]


class Plan(Prepared, frozen=True, kw_only=True):
    """What `prepare` fixes: it is stored with the intent and comes back with every try."""

    transaction: str
    """Transaction id, and what the content is recognised by. Everybody in the room can read the content, so the key
    itself, which tells of accounts and turns, stays at home."""
    device: str
    """The device that the first try is meant to be sent from; the server compares transaction ids within one device."""
    room: str = ""
    """Where it goes: a room id, or an alias or name that the first phase looks up; empty: a direct conversation."""

    @classmethod
    def of(cls, post: Post, *, key: str, device: str, home: str) -> "Plan | None":
        """Return the plan for a post; None: it has nowhere to go."""
        answered = place(post.in_reply_to) if post.in_reply_to is not None else None
        if post.direct_to is not None:
            room = ""
        elif answered is not None:
            room = answered[0]
        else:
            room = post.room or home
            if not room:
                return None
        return cls(transaction=key_digest(key), device=device, room=room)


class Progress(Checkpoint, frozen=True, kw_only=True):
    """What the phases before the sending have brought: the checkpoint of an attempt."""

    room: str = ""
    """Id of the room; empty: not known yet."""
    attached: Attached | None = None
