"""Words that do harm, by the judgement of a model that was asked about them before they were stored."""

from collections.abc import Callable
from typing import Any

from typing_extensions import override

from greenroom.policy.guard import Guard, Terms
from greenroom.policy.verdict import ALLOW, Hold, OnWords, Refuse, Repair, Verdict
from greenroom.settings import AnswerRule, Unjudged
from greenroom.storage import Draft, Judgement, Turn

__all__ = ["Harm"]


class Harm(Guard):
    """Holds what the owner's `engines: moderation` finds doubtful, and has what it finds harmful written again, once.

    Only what a model wrote is judged, and what a person has let out is not asked about again. Where nobody could judge
    it, a person decides, unless the file says otherwise: also where it was written before the file asked for judgement.
    """

    @override
    def use(self, terms: Terms) -> None:
        self.by = terms.file.engines.moderation

    @override
    def asked(self, question: str, rule: AnswerRule | None) -> Callable[..., Any] | None:
        return None if self.by is None else super().asked(question, rule)

    @override
    def may_say(self, turn: Turn, draft: Draft) -> OnWords:
        if self.by is None or draft.model is None or not draft.parts or draft.approved:
            return ALLOW
        return self.weigh(draft.judgement)

    def weigh(self, judged: Judgement | None) -> OnWords:
        """Say what becomes of words by what was said of them; None: nobody was asked."""
        if self.by is None:
            return ALLOW
        if judged is None or judged.missing:
            why = "it was written before" if judged is None else judged.missing
            return ALLOW if self.by.unjudged is Unjudged.SAY else Hold(f"{self.by.model} has not judged it: {why}")
        name, score = self._worst(judged)
        if score >= self.by.refuse:
            return Repair(f"{judged.by} takes it for {name} ({score:.2f})")
        if score >= self.by.hold:
            return Hold(f"{judged.by} takes it for {name} ({score:.2f})")
        flagged = [name for name in judged.flagged if name not in self.by.ignore]
        return Hold(f"{judged.by} flags it: {', '.join(flagged)}") if flagged else ALLOW

    @override
    def may_send(self, turn: Turn) -> Verdict:
        verdict = ALLOW if turn.draft is None else self.may_say(turn, turn.draft)
        # the file may be stricter by now
        return Refuse(verdict.reason) if isinstance(verdict, Repair) else verdict

    def _worst(self, judged: Judgement) -> tuple[str, float]:
        ignored = () if self.by is None else self.by.ignore
        counted = [(score, name) for name, score in judged.scores.items() if name not in ignored]
        score, name = max(counted, default=(0.0, ""))
        return name, score
