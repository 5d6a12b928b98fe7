"""Taking part without words: what a rule has done about what fits it."""

from dataclasses import dataclass

from greenroom.delivery import can_do
from greenroom.settings import AnswerRule, Do
from greenroom.storage import Act, Turn, author_of
from greenroom_adapters.contract import Adapter, TextEvent

__all__ = ["ACT", "Acts"]

ACT = "act"
"""What stands in a draft for an engine: nobody wrote anything."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Acts:
    """What one rule has done beside an answer."""

    kinds: tuple[Do, ...]
    reaction: str = "like"
    are_all: bool
    """Nothing is said."""

    @classmethod
    def of(cls, rule: AnswerRule) -> "Acts | None":
        """Return what the rule has done; None: it only answers."""
        if not rule.acts:
            return None
        return cls(kinds=rule.acts, reaction=rule.reaction or "like", are_all=Do.REPLY not in rule.do)

    def about(self, turn: Turn, adapter: Adapter) -> tuple[Act, ...]:
        """Return what is to be done about the event of a turn, as far as the account can."""
        event, author = turn.event, author_of(turn.event)
        acts: list[Act] = []
        for kind in self.kinds:
            if not can_do(adapter, kind.value):
                continue
            if kind is Do.FOLLOW and author is not None:
                acts.append(Act(kind=kind.value, person=author.id))
            elif kind is not Do.FOLLOW and isinstance(event, TextEvent):
                reaction = self.reaction if kind is Do.REACT else "like"
                acts.append(Act(kind=kind.value, post=event.post, reaction=reaction))
        return tuple(acts)
