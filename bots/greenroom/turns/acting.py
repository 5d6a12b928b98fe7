"""Taking part without words: what a rule has done about what fits it."""

from collections.abc import Collection
from dataclasses import dataclass

from greenroom.delivery import can_do
from greenroom.generation import REPLY
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
    """Nothing is said, and no engine is asked."""
    chooses: bool = False
    """A model says which of them are done."""
    may_say: bool = True
    """An answer is among what it may choose."""

    @classmethod
    def of(cls, rule: AnswerRule) -> "Acts | None":
        """Return what the rule has done; None: it only answers."""
        chooses = Do.CHOOSE in rule.do
        if not rule.acts and not chooses:
            return None
        may_say = Do.REPLY in rule.do
        return cls(
            kinds=rule.acts,
            reaction=rule.reaction or "like",
            are_all=not may_say and not chooses,
            chooses=chooses,
            may_say=may_say,
        )

    def choices(self, adapter: Adapter) -> tuple[str, ...]:
        """Return what a model may choose on this account; nothing: it is not asked."""
        if not self.chooses:
            return ()
        can = tuple(kind.value for kind in self.kinds if can_do(adapter, kind.value))
        return (REPLY, *can) if self.may_say else can

    def about(self, turn: Turn, adapter: Adapter, *, chosen: Collection[str] | None = None) -> tuple[Act, ...]:
        """Return what is to be done about the event of a turn, as far as the account can; only what was `chosen`."""
        if chosen is None and self.chooses:
            return ()
        event, author = turn.event, author_of(turn.event)
        acts: list[Act] = []
        for kind in self.kinds:
            if not can_do(adapter, kind.value) or (chosen is not None and kind.value not in chosen):
                continue
            if kind is Do.FOLLOW and author is not None:
                acts.append(Act(kind=kind.value, person=author.id))
            elif kind is not Do.FOLLOW and isinstance(event, TextEvent):
                reaction = self.reaction if kind is Do.REACT else "like"
                acts.append(Act(kind=kind.value, post=event.post, reaction=reaction))
        return tuple(acts)
