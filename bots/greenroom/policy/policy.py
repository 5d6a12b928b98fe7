"""The chain of guards, and the three questions that every turn meets."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from greenroom.clock import Clock
from greenroom.policy.approval import Approval
from greenroom.policy.caps import DAY, Caps
from greenroom.policy.consent import Consent
from greenroom.policy.declining import NoBots
from greenroom.policy.guard import Guard, Terms, is_command
from greenroom.policy.hands import HandsOff
from greenroom.policy.harm import Harm
from greenroom.policy.hush import Hush
from greenroom.policy.interaction import OneReply
from greenroom.policy.introductions import Introductions
from greenroom.policy.joining import JoiningIn
from greenroom.policy.quiet import QuietHours
from greenroom.policy.repeats import RECENT, Repeats
from greenroom.policy.silences import Silences
from greenroom.policy.strangers import Strangers
from greenroom.policy.switch import SWITCH, Switch
from greenroom.policy.verdict import ALLOW, Hold, Later, OnWords, Refuse, Repair, Verdict
from greenroom.settings import AnswerRule
from greenroom.storage import CLOCK, Draft, Ledger, Turn

__all__ = ["Policy"]

MICROSECOND_PER_SECOND = 1_000_000
NEWEST = 2**62
"""Above every seq."""


@dataclass(frozen=True, slots=True)
class _Chain:
    """Whom to ask about the answers of one rule, or about any turn."""

    may_answer: tuple[Callable[[Turn], Verdict], ...]
    may_say: tuple[Callable[[Turn, Draft], Verdict], ...]
    may_send: tuple[Callable[[Turn], Verdict], ...]
    rested: tuple[Callable[[Turn], None], ...]


class Policy:
    """Asks the guards of one bot, the cheapest first.

    `load` once, then the questions. What a guard refuses or puts off ends the question; of the rest a repair goes
    before a hold, since other words may need nobody's approval. Commands that the bot itself obeys are asked about
    nowhere. A turn about which a question was allowed is told to
    `rested` when nothing happens to it by itself any more.
    """

    def __init__(self, ledger: Ledger, clock: Clock, terms: Terms, *, own: Sequence[Guard] = ()) -> None:
        """Take the owner's files, and guards of one's own (`own`), which are asked before the caps."""
        self._ledger = ledger
        self._clock = clock
        self.switch = Switch(clock)
        self.consent = Consent(ledger)
        self.hands = HandsOff(ledger, clock)
        self.hush = Hush(ledger, clock)
        self.joining = JoiningIn(ledger, clock)
        self.strangers = Strangers(ledger, clock)
        self.introductions = Introductions(ledger)
        self.harm = Harm()
        self.repeats = Repeats(ledger, clock)
        self.approval = Approval(ledger)
        self._guards: tuple[Guard, ...] = (
            self.switch,
            self.consent,
            NoBots(),
            self.hush,
            self.hands,
            Silences(),
            OneReply(),
            QuietHours(clock),
            self.repeats,
            self.harm,
            self.approval,
            self.introductions,
            *own,
            # notes who speaks last, so whoever it lets through goes out
            self.joining,
            # takes a place for whoever comes as far as this
            Caps(clock),
        )
        for guard in self._guards:
            guard.changed = self._choose_anew
        self.use(terms)

    def use(self, terms: Terms) -> None:
        """Take over the owner's files, at the start or after an edit; counts and memories stay."""
        self.terms = terms
        for guard in self._guards:
            guard.use(terms)
        self._rules = {rule.identity: rule for rule in terms.file.answer}
        self._choose_anew()

    def _choose_anew(self) -> None:
        """Let each rule's turns meet those guards that may have a say in them by now."""
        self._chains = _Chains(self._guards, self._rules)

    async def load(self) -> None:
        """Take up what is known from before a restart.

        :raises StorageError: the ledger cannot be read
        """
        self.switch.turn((await self._ledger.paused()).get(SWITCH))
        await self.consent.load()
        await self.hands.load(self.terms)
        await self.hush.load()
        await self.joining.load()
        await self.introductions.load()
        await self.strangers.load()
        await self.repeats.load()
        await self.approval.load(self.terms)
        for account in self.terms.file.accounts:
            self.repeats.recall_posts(account, await self._ledger.own_posts(account, before=NEWEST, limit=RECENT))
        yesterday = self._clock.micros() - int(DAY.total_seconds()) * MICROSECOND_PER_SECOND
        for past in sorted(await self._ledger.past(since=yesterday), key=lambda past: past.changed):
            for guard in self._guards:
                guard.recall(past)
        self._choose_anew()

    def is_answer(self, turn: Turn) -> bool:
        """Say whether a rule of the file brought the turn: then it is nothing that the bot itself obeys, says by the
        clock or joins in with."""
        return turn.rule in self._rules and turn.kind != CLOCK

    def may_answer(self, turn: Turn) -> Verdict:
        """May work on this turn begin? Never `Repair`; `Later` is never now."""
        chain = self._chains[turn.rule] if turn.kind != CLOCK else self._chains.of_any
        if chain is self._chains.of_any and is_command(turn):
            return ALLOW
        for ask in chain.may_answer:
            if (verdict := ask(turn)) is not ALLOW:
                return self._truly_later(verdict)
        return ALLOW

    def may_say(self, turn: Turn, draft: Draft) -> OnWords:
        """May these words be said?

        :raises TypeError: a guard says `Later`, which is no answer to that
        """
        weighed: OnWords = ALLOW
        chain = self._chains[turn.rule] if turn.kind != CLOCK else self._chains.of_any
        for ask in chain.may_say:
            if (verdict := ask(turn, draft)) is ALLOW:
                continue
            match verdict:
                case Refuse():
                    return verdict
                case Later():
                    raise TypeError(f"a guard puts words off ({verdict.reason}): only `may_answer` and `may_send` can")
                case Repair():
                    weighed = verdict
                case Hold() if not isinstance(weighed, Repair):
                    weighed = verdict if not isinstance(weighed, Hold) else Hold(f"{weighed.reason}; {verdict.reason}")
                case _:
                    pass
        return weighed

    def may_send(self, turn: Turn) -> Verdict:
        """May it go out now? Never `Repair`: other words are not looked for any more. `Later` is never now."""
        chain = self._chains[turn.rule] if turn.kind != CLOCK else self._chains.of_any
        if chain is self._chains.of_any and is_command(turn):
            return ALLOW
        for ask in chain.may_send:
            if (verdict := ask(turn)) is not ALLOW:
                return self._truly_later(verdict)
        return ALLOW

    def _truly_later(self, verdict: Verdict) -> Verdict:
        """A guard that puts a turn off to a moment that has passed must not let its bot ask again without a pause."""
        if isinstance(verdict, Later):
            soon = self._clock.micros() + MICROSECOND_PER_SECOND
            return verdict if verdict.until >= soon else Later(soon, verdict.reason)
        return verdict

    def holds_anyway(self, turn: Turn) -> bool:
        """Say whether whatever words are found for the turn wait for a person."""
        return self.approval.is_held_anyway(turn)

    def rested(self, turn: Turn) -> None:
        """Hear that nothing happens to the turn by itself any more."""
        chain = self._chains[turn.rule] if turn.kind != CLOCK else self._chains.of_any
        for tell in chain.rested:
            tell(turn)


class _Chains(dict[str, _Chain]):
    """Identity of a rule → whom to ask about its answers, found out with the first of them. Of what no rule of the file
    brought: whom to ask about any turn."""

    def __init__(self, guards: Sequence[Guard], rules: Mapping[str, AnswerRule]) -> None:
        super().__init__()
        self._guards = guards
        self._rules = rules
        self.of_any = _chain(guards, None)

    def __missing__(self, identity: str) -> _Chain:
        if (rule := self._rules.get(identity)) is None:
            return self.of_any
        chain = self[identity] = _chain(self._guards, rule)
        return chain


def _chain(guards: Sequence[Guard], rule: AnswerRule | None) -> _Chain:
    """Return those of the guards that have something to say, for each question."""
    asked = (
        tuple(ask for guard in guards if (ask := guard.asked(question, rule)) is not None)
        for question in ("may_answer", "may_say", "may_send", "rested")
    )
    return _Chain(*asked)
