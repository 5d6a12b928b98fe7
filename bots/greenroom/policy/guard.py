"""The seam of the policy: one concern, up to three questions, answered from memory."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from greenroom.personas import Persona
from greenroom.policy.verdict import ALLOW, OnWords, Verdict
from greenroom.settings import AnswerRule, Approve, BotFile, PostEntry
from greenroom.storage import CLOCK, HAND, Draft, Due, Past, Turn
from greenroom_adapters.contract import Kind, Room, Surface

__all__ = [
    "ABOUT",
    "FORGET_ME",
    "HANDS_OFF",
    "ORDERS",
    "OWNERS",
    "PAUSE",
    "RESUME",
    "START",
    "STATUS",
    "STOP",
    "UNASKED",
    "WHAT_YOU_KNOW",
    "WORD",
    "Guard",
    "Terms",
    "is_command",
    "is_owners_words",
    "is_stop_or_start",
    "is_unasked",
    "is_word",
]

STOP, START = "stop", "start"
"""Names of the rules under which messages become turns that say so. No rule of a file is called so."""

ABOUT, FORGET_ME, PAUSE, RESUME, STATUS = "/about", "/forget-me", "/pause", "/resume", "/status"
WHAT_YOU_KNOW = "what do you know about me"
"""Names of the rules under which other commands become turns: those that the bot itself obeys, without an engine."""
OWNERS = frozenset({PAUSE, RESUME, STATUS})
"""Those that the owner alone may give."""
ORDERS = frozenset({"/quiet", "/speak", "/leave", "/undo", "/why"})
"""Those that moderators give. What one of them orders becomes a turn under a rule of its own (`WORD`); these are left
for what nobody can obey: who may not give it gave it, or how long it shall hold cannot be read."""
_COMMANDS = frozenset({ABOUT, FORGET_ME, WHAT_YOU_KNOW}) | OWNERS | ORDERS
WORD = "moderator: "
"""Beginning of the names of the rules under which the word of a moderator becomes a turn, with what he orders behind
it. No rule of a file is called so."""
UNASKED = "unasked"
"""Name of the rule under which the bot joins in where nobody spoke to it. No rule of a file is called so."""

AT_ONCE = timedelta(0)
HANDS_OFF = timedelta(hours=12)
"""For turns whose rule has gone from the file meanwhile."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What the owner's files say at the moment."""

    file: BotFile
    persona: Persona
    local: frozenset[str] = frozenset()
    """Accounts on platforms of this machine. Nobody's reputation hangs on them, so the limits that hold without being
    written do not hold there, and nothing has to be approved unless the file says so."""
    realms: Mapping[str, str] = field(default_factory=dict[str, str])
    """Account → where the ids of its people mean them, where that is less than its platform."""
    _rules: Mapping[str, AnswerRule] = field(init=False, repr=False)
    _gathers: Mapping[str, Mapping[Surface, timedelta]] = field(init=False, repr=False, compare=False)
    """Identity of a rule that waits for more messages → how long on each surface."""
    _posts: Mapping[str, PostEntry] = field(init=False, repr=False)
    _rooms: Mapping[tuple[str, str | None], str] = field(init=False, repr=False)
    _rooms_by_name: Mapping[tuple[str, str], str] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_rules", {rule.identity: rule for rule in self.file.answer})
        gathers = {
            rule.identity: {surface: rule.gather_on(surface) for surface in Surface} for rule in self.file.answer
        }
        object.__setattr__(self, "_gathers", {rule: spans for rule, spans in gathers.items() if any(spans.values())})
        object.__setattr__(self, "_posts", {entry.name: entry for entry in self.file.post})
        addresses = {(place.account, place.room): name for name, room in self.file.rooms.items() for place in room.is_}
        object.__setattr__(self, "_rooms", addresses)
        by_name = {(account, (room or "").casefold()): name for (account, room), name in addresses.items()}
        object.__setattr__(self, "_rooms_by_name", by_name)

    def realm(self, account: str) -> str:
        """Return where the ids of an account's people mean them: its platform, or one server of it."""
        return self.realms.get(account) or self.file.accounts[account].platform

    def room_name(self, account: str, room: Room) -> str | None:
        """Return what the file calls a room, which may have several addresses; None: it does not list it. An id goes
        before a name, which may be written in any case."""
        return self._rooms.get((account, room.id)) or self._rooms_by_name.get((account, room.name.casefold()))

    def approve(self, turn: Turn) -> Approve:
        """Return who lets a draft of this turn out."""
        own = self._posts.get(turn.rule) if turn.kind == CLOCK else self._rules.get(turn.rule)
        return self.file.approve if own is None or own.approve is None else own.approve

    def hands_off(self, turn: Turn) -> timedelta:
        """Return how long this turn's thread is left to the person who wrote in it by hand."""
        rule = self._rules.get(turn.rule)
        return HANDS_OFF if rule is None else rule.hands_off

    def gather(self, turn: Turn) -> timedelta:
        """Return how long more messages of this turn's author are waited for."""
        # what somebody wrote behind a command is whole
        if (spans := self._gathers.get(turn.rule)) is None or turn.kind in (CLOCK, Kind.COMMAND):
            return AT_ONCE
        return spans[turn.surface]

    @property
    def longest_hands_off(self) -> timedelta:
        """Return the longest of them over all rules."""
        return max((rule.hands_off for rule in self.file.answer), default=HANDS_OFF)


def _nobody_listens() -> None:
    """Hear nothing."""


class Guard:
    """One concern of the policy.

    `Allow` and `Refuse` are an answer to every question; a refused turn is left alone, with the reason. The others:

    * `Later`, to `may_answer` and `may_send`: the turn waits, and is asked about again; one that is not worth it any
      more by then ends as stale. There are no other words later on, so to `may_say` it is no answer (the types say so).
    * `Repair`, to `may_say` alone: the engine is asked once more; what it still wants repaired then is refused.
    * `Hold`, to `may_say` and `may_send`: a person decides, and what he lets out is not held again.

    Each question is answered in microseconds, from memory and without I/O; what must survive a restart is queued with
    the ledger. A guard overrides the questions that it has something to say about. It is asked in the loop alone.
    """

    def use(self, terms: Terms) -> None:
        """Take over the owner's files: before the first question, and after an edit."""

    changed: Callable[[], None] = staticmethod(_nobody_listens)
    """To be called when `asked` may return something else from now on, though the files are the same."""

    def asked(self, question: str, rule: AnswerRule | None) -> Callable[..., Any] | None:
        """Return what answers a question (the name of one of the methods below) about the answers of a rule of the
        file (None: about any turn), by the files that are in `use` and by what is known now; None: nothing can stand
        against any of them, so it is not asked at all."""
        is_own = getattr(type(self), question) is not getattr(Guard, question)
        return getattr(self, question) if is_own else None

    def recall(self, past: Past) -> None:
        """Hear, before the first question, of a turn of the last day that spoke or may have; in the order of their last
        changes."""

    def may_answer(self, turn: Turn) -> Verdict:
        """May work on this turn begin? Asked before an engine is, so before money is spent."""
        return ALLOW

    def may_say(self, turn: Turn, draft: Draft) -> OnWords:
        """May these words be said?"""
        return ALLOW

    def may_send(self, turn: Turn) -> Verdict:
        """May it go out now? Asked immediately before the first try of the first post; what was said before may have
        changed since."""
        return ALLOW

    def rested(self, turn: Turn) -> None:
        """Hear that nothing happens to the turn by itself any more (see its state). One that is held or unknown is
        heard of again when that has ended, and any may be heard of twice."""


def is_owners_words(turn: Turn) -> bool:
    """Say whether the owner himself wrote every word of it: there is nothing to approve. What stands in a feed is a
    stranger's, and what was drafted ahead an engine's."""
    event = turn.event
    return isinstance(event, Due) and event.say is not None and event.material is None and event.written in (None, HAND)


def is_stop_or_start(turn: Turn) -> bool:
    """Say whether somebody tells the bot to leave him alone, or no longer to. That he was understood is said to him
    whatever limits what the bot says otherwise; but the answer to a start is an answer, and counted as one."""
    return turn.kind != CLOCK and turn.rule in (STOP, START)


def is_command(turn: Turn) -> bool:
    """Say whether somebody gave a command that the bot itself obeys. What it says to that is read by whoever asked, who
    expects it now: nothing that limits, holds or counts answers is asked about it."""
    return turn.rule in _COMMANDS


def is_unasked(turn: Turn) -> bool:
    """Say whether the bot joins in where nobody spoke to it. A post of any name is none."""
    return turn.kind != CLOCK and turn.rule == UNASKED


def is_word(turn: Turn) -> bool:
    """Say whether a moderator orders something: it is obeyed, and he is told so, whatever limits what the bot says
    otherwise."""
    return turn.kind != CLOCK and turn.rule.startswith(WORD)
