"""No post that says what a recent one has said already."""

from collections import deque
from collections.abc import Callable, Iterable
from typing import Any

from typing_extensions import override

from greenroom.clock import Clock
from greenroom.personas.sameness import gist
from greenroom.policy.guard import Guard, Terms
from greenroom.policy.verdict import ALLOW, OnWords, Repair
from greenroom.settings import AnswerRule
from greenroom.storage import CLOCK, Draft, Due, Ledger, State, Turn

__all__ = ["REPEATED", "SAID_BEFORE", "Repeats"]

SAID_BEFORE = "it says what was posted a short while ago"
"""Part of the reason why words are written again, and why a post is left out."""
REPEATED = "repeated"
"""What an entry of the journal is called that a post was left out for that, the first of an account's on a day."""
FACT = "repeated:"
"""Beginning of the facts that say on which day that was noted last for an account."""

RECENT = 20
"""Posts of an account that a new one is compared with."""
ALIKE = 0.85
"""Share of common trigrams from which two texts are the same thing said twice: above what posts of one form have in
common ("Wind west, 5." and "Wind north, 3."), below what is left after a word or two was changed. The date of a post is
not looked at: under another one it says the same."""


class Repeats(Guard):
    """Compares what engines write for posts with the account's own last posts. Replies are not compared: people ask
    the same things. The owner's own words are not either: a bell may ring every hour; nor is what is said of an item of
    a feed without an engine: each item comes once in any case. Of what is left out for that the first one of a day is
    noted, for its owner to hear of."""

    def __init__(self, ledger: Ledger, clock: Clock) -> None:
        self._ledger = ledger
        self._clock = clock
        self._noted: dict[str, str] = {}
        """Account → the day on which it was noted last that one of its posts was left out."""
        self._recent: dict[str, deque[tuple[int, str, frozenset[str]]]] = {}
        """Account → (seq, text, its trigrams), oldest first."""

    async def load(self) -> None:
        """Read for which accounts it was noted today."""
        facts = await self._ledger.facts(FACT)
        self._noted = {name.removeprefix(FACT): day for name, day in facts.items()}

    def recall_posts(self, account: str, turns: Iterable[Turn]) -> None:
        """Take the account's sent posts over, oldest first."""
        for turn in turns:
            if turn.draft is not None and not _is_fixed(turn):
                self._add(turn, " ".join(turn.draft.parts))
        self._recent.setdefault(account, deque(maxlen=RECENT))

    @override
    def asked(self, question: str, rule: AnswerRule | None) -> Callable[..., Any] | None:
        return None if rule is not None else super().asked(question, rule)

    @override
    def may_say(self, turn: Turn, draft: Draft) -> OnWords:
        if turn.kind != CLOCK or _is_fixed(turn):
            return ALLOW
        text = " ".join(draft.parts)
        mine = _trigrams(text)
        for seq, said, theirs in self._recent.get(turn.account, ()):
            if seq != turn.seq and len(mine & theirs) >= ALIKE * len(mine | theirs):
                return Repair(f"{SAID_BEFORE}: {said[:100]!r}; say something else")
        self._add(turn, text)
        return ALLOW

    @override
    def rested(self, turn: Turn) -> None:
        """What was under way at the start is heard of here for the first time; what was not posted in the end is
        forgotten, unless it only was rehearsed."""
        if turn.kind != CLOCK or turn.draft is None or _is_fixed(turn):
            return
        if turn.state is State.IGNORED and SAID_BEFORE in turn.reason:
            self._note(turn)
        if turn.state is State.SENT:
            self._add(turn, " ".join(turn.draft.parts))
        elif turn.state.is_over and turn.account in self._live:
            self._forget(turn)

    @override
    def use(self, terms: Terms) -> None:
        self._zone = terms.file.timezone
        self._live = {name for name, account in terms.file.accounts.items() if account.live}

    def _note(self, turn: Turn) -> None:
        day = f"{self._clock.now().astimezone(self._zone):%Y-%m-%d}"
        if self._noted.get(turn.account) != day:
            self._noted[turn.account] = day
            self._ledger.remember(f"{FACT}{turn.account}", day)
            self._ledger.note(turn.seq, REPEATED, "a post is left out: twice it said what one before it had said")

    def _add(self, turn: Turn, text: str) -> None:
        self._forget(turn)
        self._recent.setdefault(turn.account, deque(maxlen=RECENT)).append((turn.seq, text, _trigrams(text)))

    def _forget(self, turn: Turn) -> None:
        recent = self._recent.get(turn.account, ())
        for known in recent:
            if known[0] == turn.seq:
                self._recent[turn.account].remove(known)
                break


def _is_fixed(turn: Turn) -> bool:
    """Say whether its words stand there before any engine is asked."""
    return isinstance(turn.event, Due) and turn.event.say is not None


def _trigrams(text: str) -> frozenset[str]:
    plain = f"  {gist(text)} "
    return frozenset(plain[at : at + 3] for at in range(len(plain) - 2))
