"""What needs no answer by the persona's `silent_when`: told before an engine is asked for one."""

from typing_extensions import override

from greenroom.personas import Silence
from greenroom.policy.guard import Guard, Terms, is_stop_or_start, is_word
from greenroom.policy.verdict import ALLOW, Refuse, Verdict
from greenroom.storage import Turn
from greenroom_adapters.contract import CommandGiven, MessageReceived, TextEvent

__all__ = ["Silences"]


class Silences(Guard):
    """Looks at the words that would be answered, and to whom they are said. What was let out by hand was answered by
    a person, so it is not asked about again."""

    @override
    def use(self, terms: Terms) -> None:
        self._persona = terms.persona

    @override
    def may_answer(self, turn: Turn) -> Verdict:
        event, wanted = turn.event, self._persona.silent_when
        if not wanted or not isinstance(event, TextEvent) or isinstance(event, CommandGiven):
            return ALLOW
        if is_stop_or_start(turn) or is_word(turn):
            return ALLOW
        silence = Silence.OTHERS_TALK if Silence.OTHERS_TALK in wanted and _is_to_others(event) else None
        if silence is None and not event.media:
            silence = self._persona.silence(event.text)
        return ALLOW if silence is None else Refuse(f"silent_when: {silence}")


def _is_to_others(event: TextEvent) -> bool:
    """Say whether a message that does not address the bot addresses somebody else."""
    if not isinstance(event, MessageReceived):
        return False
    return event.in_reply_to is not None or event.text.lstrip().startswith(("@", "<@"))
