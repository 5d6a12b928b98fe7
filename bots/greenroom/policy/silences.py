"""What needs no answer by the persona's `silent_when`: told before an engine is asked for one."""

from collections.abc import Callable
from typing import Any

from typing_extensions import override

from greenroom.personas import Silence
from greenroom.policy.guard import Guard, Terms, is_stop_or_start, is_word
from greenroom.policy.verdict import ALLOW, Refuse, Verdict
from greenroom.settings import AnswerRule, Do
from greenroom.storage import Turn
from greenroom_adapters.contract import CommandGiven, MessageReceived, TextEvent

__all__ = ["Silences"]


class Silences(Guard):
    """Looks at the words that would be answered, and to whom they are said. What was let out by hand was answered by
    a person, so it is not asked about again. A rule that names the words ("thanks") wants them answered, and one that
    says nothing at all breaks no silence."""

    @override
    def use(self, terms: Terms) -> None:
        self._persona = terms.persona
        self._wordless = frozenset(rule.identity for rule in terms.file.answer if Do.REPLY not in rule.do)
        self._asked_for = frozenset(rule.identity for rule in terms.file.answer if rule.words)

    @override
    def asked(self, question: str, rule: AnswerRule | None) -> Callable[..., Any] | None:
        if question == "may_answer" and rule is not None:
            return self._may_be_answered if self._persona.silent_when and Do.REPLY in rule.do else None
        return super().asked(question, rule)

    @override
    def may_answer(self, turn: Turn) -> Verdict:
        return ALLOW if is_stop_or_start(turn) or is_word(turn) else self._may_be_answered(turn)

    def _may_be_answered(self, turn: Turn) -> Verdict:
        event, wanted = turn.event, self._persona.silent_when
        if not wanted or not isinstance(event, TextEvent) or isinstance(event, CommandGiven):
            return ALLOW
        if turn.rule in self._wordless:
            return ALLOW
        silence = Silence.OTHERS_TALK if Silence.OTHERS_TALK in wanted and _is_to_others(event) else None
        if silence is None and not event.media and turn.rule not in self._asked_for:
            silence = self._persona.silence(event.text)
        return ALLOW if silence is None else Refuse(f"silent_when: {silence}")


def _is_to_others(event: TextEvent) -> bool:
    """Say whether a message that does not address the bot addresses somebody else."""
    if not isinstance(event, MessageReceived):
        return False
    return event.in_reply_to is not None or event.text.lstrip().startswith(("@", "<@"))
