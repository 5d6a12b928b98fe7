"""What became of messages after they were written, as an account's past tells it: answered, deleted, edited."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from greenroom_adapters.contract import Event, OwnPostSeen, PostDeleted, PostEdited, TextEvent

__all__ = ["Afterwards", "Answered"]

MOST = 100_000
"""Of each kind so many are remembered; the oldest are forgotten first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """Something that the account itself has written."""

    at: datetime
    conversation: str
    post: str | None
    """Id of the post that it answers."""
    by_hand: bool
    """The owner wrote it, so that it is for the whole conversation; what a bot writes is for that post alone."""


class Afterwards:
    """Remembers what is told, in whatever order, and then says what of a number of events is still to be answered."""

    def __init__(self) -> None:
        self._deleted: dict[str, None] = {}
        self._edited: dict[str, tuple[datetime, str]] = {}
        self._answered: deque[Answered] = deque(maxlen=MOST)
        self._conversations: dict[str, str] = {}
        """Post of an event that was asked about → where it was written."""

    def deleted(self, event: PostDeleted) -> None:
        """Hear that a post is gone."""
        self._deleted[event.post.id] = None
        if len(self._deleted) > MOST:
            del self._deleted[next(iter(self._deleted))]

    def edited(self, event: PostEdited) -> None:
        """Hear how a post reads since."""
        known = self._edited.pop(event.post.id, None)
        latest = (event.occurred_at, event.text)
        self._edited[event.post.id] = latest if known is None or known[0] <= event.occurred_at else known
        if len(self._edited) > MOST:
            del self._edited[next(iter(self._edited))]

    def answered(self, event: OwnPostSeen, *, by_hand: bool) -> None:
        """Hear what the account has written."""
        post = None if event.in_reply_to is None else event.in_reply_to.id
        answer = Answered(at=event.occurred_at, conversation=event.conversation, post=post, by_hand=by_hand)
        self._answered.append(answer)

    def hands(self, events: Iterable[Event]) -> dict[str, datetime]:
        """Return when the owner wrote last in each conversation: that of what he answers, where that is one of
        `events`, or was before, else the one in which he wrote."""
        conversations = self._conversations
        conversations |= {event.post.id: event.conversation for event in events if isinstance(event, TextEvent)}
        hands: dict[str, datetime] = {}
        for answer in self._answered:
            if answer.by_hand:
                conversation = conversations.get(answer.post or "", answer.conversation)
                hands[conversation] = max(answer.at, hands.get(conversation, answer.at))
        return hands

    def still_open(self, events: Iterable[Event]) -> list[Event]:
        """Return what of the events is there, and was answered by nobody; each as it reads now."""
        events = list(events)
        hands = self.hands(events)
        posts = {answer.post for answer in self._answered}
        found: list[Event] = []
        for event in events:
            if not isinstance(event, TextEvent):
                found.append(event)
                continue
            wrote = hands.get(event.conversation)
            if event.post.id in self._deleted or event.post.id in posts or (wrote and event.occurred_at <= wrote):
                continue
            edit = self._edited.get(event.post.id)
            found.append(event if edit is None else replace(event, text=edit[1]))
        return found
