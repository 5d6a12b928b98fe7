"""What is fixed about one post: before its first try, and between its phases."""

from greenroom_adapters.contract import Post
from greenroom_adapters.remembering import Checkpoint, Prepared
from greenroom_adapters.telegram.references import Chat, asker_of, chat_named, message_of

__all__ = ["Plan", "Progress"]


class Plan(Prepared, frozen=True, kw_only=True):
    """What `prepare` fixes: it is stored with the intent and comes back with every try."""

    chat: str
    """A number, or `@name`."""
    topic: int | None = None
    is_aside: bool = False
    """It answers a command of a group, for whoever gave it alone."""
    answers: int | None = None
    """The message in that chat that it answers."""
    asker: str = ""
    """Handle of whom it answers, which may stand in it as a name; empty: nobody's may."""

    @classmethod
    def of(cls, post: Post, *, home: str, asker: str) -> "Plan | None":
        """Return the plan for a post; None: it has nowhere to go. `asker` is the handle of whom it answers."""
        alone = None if post.in_reply_to is None else asker_of(post.in_reply_to)
        if alone is not None:
            return cls(chat=alone, is_aside=True, asker=asker)
        answered = None if post.in_reply_to is None else message_of(post.in_reply_to)
        if post.direct_to is not None:
            # a private answer to something that was said elsewhere stands alone
            is_there = answered is not None and answered.chat.id == post.direct_to
            return cls(chat=post.direct_to, answers=answered.ids[0] if answered is not None and is_there else None)
        if answered is not None:
            return cls(chat=answered.chat.id, topic=answered.chat.topic, answers=answered.ids[0], asker=asker)
        where = chat_named(post.room or home)
        return None if where is None else cls(chat=where.id, topic=where.topic)

    @property
    def where(self) -> Chat:
        """The chat and the topic that it goes to."""
        return Chat(id=self.chat, topic=self.topic)


class Progress(Checkpoint, frozen=True, kw_only=True):
    """What a try has found out: the checkpoint of an attempt."""

    moved_to: str = ""
    """The group has become the supergroup with this id; empty: not as far as is known."""
