"""Whom the bot has told that it is one: everybody, with its first answer, where its persona says so."""

from collections.abc import Callable
from typing import Any

from typing_extensions import override

from greenroom.personas import Say
from greenroom.policy.guard import Guard, Terms, is_command, is_stop_or_start, is_word
from greenroom.settings import AnswerRule
from greenroom.storage import Ledger, State, Turn, author_of
from greenroom_adapters.contract import TextEvent

__all__ = ["Introductions"]

_FACT = "introduced:"
"""Beginning of the facts that keep to whom; behind it stands a pseudonym, so that they say nothing of whom is
forgotten."""


class Introductions(Guard):
    """Remembers who has read the persona's disclosure line. It stands against nothing.

    Kept beside the turns and a moment later: after a crash in between somebody may read the line twice.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._met: set[str] = set()

    async def load(self) -> None:
        """Read to whom it has said so."""
        self._met = {name.removeprefix(_FACT) for name in await self._ledger.facts(_FACT)}

    @override
    def use(self, terms: Terms) -> None:
        self._terms = terms
        self.are_made = Say.FIRST_REPLY in terms.persona.disclosure.say
        """The persona has its first reply to somebody say that it is a bot."""

    @override
    def asked(self, question: str, rule: AnswerRule | None) -> Callable[..., Any] | None:
        return super().asked(question, rule) if self.are_made else None

    def line_for(self, turn: Turn) -> str | None:
        """Return what stands below the answer to a turn: its author has never had one; None: nothing does."""
        persona = self._terms.persona
        if not self.are_made or (who := self._who(turn)) is None or who in self._met:
            return None
        return persona.disclosure_line

    @override
    def rested(self, turn: Turn) -> None:
        if turn.state is not State.SENT or turn.draft is None or not turn.draft.parts or self.line_for(turn) is None:
            return
        # an answer of fixed words has no line below it
        if self._terms.persona.disclosure_line in turn.draft.parts[-1] and (who := self._who(turn)) is not None:
            self._met.add(who)
            self._ledger.remember(f"{_FACT}{who}", "")

    def _who(self, turn: Turn) -> str | None:
        """Return a name of whoever is answered that tells nobody who he is."""
        if not isinstance(turn.event, TextEvent) or is_command(turn) or is_stop_or_start(turn) or is_word(turn):
            return None
        author = author_of(turn.event)
        return None if author is None else self._ledger.pseudonym(self._terms.realm(turn.account), author.id)
