"""What is remembered of what passed by: bounded, and gone with the process. The Bot API has no history to ask."""

from greenroom_adapters.contract import Author, PostRef, ThreadPost
from greenroom_adapters.remembering import Recent
from greenroom_adapters.telegram.references import Message

__all__ = ["Memory"]

PEOPLE, SAID, GROUPS = 10_000, 5_000, 1_000


class Memory:
    """What one account has seen."""

    def __init__(self) -> None:
        self._people = Recent[str, Author](PEOPLE)
        """Handle in small letters, or id → who was the last to write under it."""
        self.moved = Recent[str, str](GROUPS)
        """Group of before → the supergroup that it has become."""
        self._said = Recent[tuple[str, int], tuple[ThreadPost, tuple[str, int] | None]](SAID)
        """Message → what it says, and the message that it answers."""

    def met(self, person: Author) -> None:
        """Remember somebody who wrote."""
        self._people[person.handle.casefold()] = person
        self._people[person.id] = person

    def person(self, name: str) -> Author | None:
        """Return whoever has this id, or was the last to write under this handle; None: nobody that passed by."""
        return self._people.get(name.casefold())

    def said(self, where: Message, post: ThreadPost, *, answers: Message | None) -> None:
        """Remember what somebody said; of an album each message leads there."""
        above = None if answers is None else (answers.chat.id, answers.ids[0])
        for id in where.ids:
            self._said[where.chat.id, id] = post, above

    def reference(self, chat: str, message: int) -> PostRef | None:
        """Return the identity under which a message was heard or sent; None: it was neither, as far as is known."""
        known = self._said.get((chat, message))
        return None if known is None else known[0].ref

    def above(self, where: Message, *, limit: int) -> tuple[ThreadPost, ...]:
        """Return what a message answers, what that answers, and so on: the nearest so many, oldest first. It ends where
        nothing is known."""
        found: list[ThreadPost] = []
        known = self._said.get((where.chat.id, where.ids[0]))
        while known is not None and known[1] is not None and len(found) < limit:
            known = self._said.get(known[1])
            if known is not None:
                found.append(known[0])
        return tuple(reversed(found))
