"""No post that says what a recent one has said already."""

from collections import deque
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import Any

from typing_extensions import override

from greenroom.clock import Clock
from greenroom.personas.sameness import gist
from greenroom.policy.guard import Guard, Terms
from greenroom.policy.verdict import ALLOW, OnWords, Repair
from greenroom.settings import AnswerRule
from greenroom.storage import CLOCK, Draft, Due, Ledger, State, Turn
from greenroom_adapters.contract import Trust

__all__ = ["REPEATED", "SAID_BEFORE", "RecentPost", "Repeats"]

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


@dataclass(frozen=True, slots=True, kw_only=True)
class RecentPost:
    """A post of an account: it was sent, or its words are found and it is on its way."""

    seq: int
    text: str
    trust: Trust
    """How far the least trusted is trusted whose words it was written from."""
    trigrams: frozenset[str]


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
        self._recent: dict[str, deque[RecentPost]] = {}
        """Account → its posts, oldest first."""

    async def load(self) -> None:
        """Read for which accounts it was noted today."""
        facts = await self._ledger.facts(FACT)
        self._noted = {name.removeprefix(FACT): day for name, day in facts.items()}

    def recall_posts(self, account: str, turns: Iterable[Turn]) -> None:
        """Take the account's sent posts over, oldest first."""
        for turn in turns:
            if turn.draft is not None and not _is_fixed(turn):
                self._add(turn, turn.draft)
        self._recent.setdefault(account, deque(maxlen=RECENT))

    def recent_posts(self, account: str, *, but: Collection[int]) -> list[RecentPost]:
        """Return what the account has posted lately or is about to, oldest first, without those turns."""
        return [post for post in self._recent.get(account, ()) if post.seq not in but]

    @override
    def asked(self, question: str, rule: AnswerRule | None) -> Callable[..., Any] | None:
        return None if rule is not None else super().asked(question, rule)

    @override
    def may_say(self, turn: Turn, draft: Draft) -> OnWords:
        if turn.kind != CLOCK or _is_fixed(turn):
            return ALLOW
        mine = _trigrams(_text_of(draft))
        for other in self.recent_posts(turn.account, but=(turn.seq,)):
            if len(mine & other.trigrams) >= ALIKE * len(mine | other.trigrams):
                # without its words, which a feed may have shaped: whoever writes again may have the owner's tools
                return Repair(f"{SAID_BEFORE} (turn {other.seq}); say something else")
        self._add(turn, draft)
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
            self._add(turn, turn.draft)
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

    def _add(self, turn: Turn, draft: Draft) -> None:
        self._forget(turn)
        text = _text_of(draft)
        post = RecentPost(seq=turn.seq, text=text, trust=draft.trust, trigrams=_trigrams(text))
        self._recent.setdefault(turn.account, deque(maxlen=RECENT)).append(post)

    def _forget(self, turn: Turn) -> None:
        recent = self._recent.get(turn.account, ())
        for known in recent:
            if known.seq == turn.seq:
                self._recent[turn.account].remove(known)
                break


def _is_fixed(turn: Turn) -> bool:
    """Say whether its words stand there before any engine is asked."""
    return isinstance(turn.event, Due) and turn.event.say is not None


def _text_of(draft: Draft) -> str:
    return " ".join(draft.parts)


def _trigrams(text: str) -> frozenset[str]:
    plain = f"  {gist(text)} "
    return frozenset(plain[at : at + 3] for at in range(len(plain) - 2))
