"""What is fixed about one post: before its first try, and between its phases."""

from datetime import datetime

from greenroom_adapters.contract import Post
from greenroom_adapters.discord.references import command_of, nonce_of, place
from greenroom_adapters.remembering import Checkpoint, Prepared

__all__ = ["Plan", "Progress"]


class Plan(Prepared, frozen=True, kw_only=True):
    """What `prepare` fixes: it is stored with the intent and comes back with every try."""

    nonce: str
    """By it Discord knows a message that is sent again, and we know our own."""
    channel: str = ""
    """Where it goes: an id, or a name as `#log` that the first phase looks up; empty: a direct conversation."""

    command: str = ""
    """Id of the command that it answers; empty: none."""
    is_private: bool = False
    """It may be shown to whoever gave the command alone."""

    @classmethod
    def of(cls, post: Post, *, key: str, home: str) -> "Plan | None":
        """Return the plan for a post; None: it has nowhere to go."""
        given = command_of(post.in_reply_to) if post.in_reply_to is not None else None
        if given is not None:
            channel, command, is_private = given
            return cls(nonce=nonce_of(key), channel=channel, command=command, is_private=is_private)
        answered = place(post.in_reply_to) if post.in_reply_to is not None else None
        if post.direct_to is not None:
            channel = ""
        elif answered is not None:
            channel = answered[0]
        else:
            channel = post.room or home
            if not channel:
                return None
        return cls(nonce=nonce_of(key), channel=channel)

    @property
    def is_settled(self) -> bool:
        """Whether `channel` is an id."""
        return self.channel.isdecimal()


class Progress(Checkpoint, frozen=True, kw_only=True):
    """What the phase before the sending has brought: the checkpoint of an attempt."""

    channel: str = ""
    """Id of the channel; empty: not known yet."""
    as_response: bool = False
    """Of the answer to a command: it was tried as that. Otherwise it is an ordinary message."""
    begun_at: datetime | None = None
    """Of a post in a forum: when its thread was to be begun last; None: it never was."""
