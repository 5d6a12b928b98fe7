"""What the router says about an event: answered by which rule, or left alone and why."""

import enum
from dataclasses import dataclass
from datetime import timedelta

import msgspec
from typing_extensions import override

from greenroom_adapters.contract import Surface, Trust

__all__ = ["Explanation", "Hit", "Miss", "Rule", "Verdict"]


class Miss(enum.Enum):
    """Why an event is left alone. Costs nothing to return: there is one of each."""

    NO_OCCASION = "it is nothing that can be answered"
    KIND = "no rule answers this kind of event here"
    WORDS = "it has none of the words that the rules wait for"
    UNADDRESSED = "it was said in a room without addressing the bot"
    IGNORED_ROOM = "it was said in a room that the bot ignores"
    LISTENED_ROOM = "it was said in a room where the bot only listens"
    STRANGERS = "it was said where nobody has decided yet that the bot may be"
    BOT = "it was written by a bot"
    BLOCKED = "it was written by somebody who is blocked"
    TALKATIVE = "nobody spoke to the bot, and by the persona's `talkative` it does not join in this time"
    CHANCE = "the rule left it to chance, and chance said no"
    QUIET_HOURS = "it came in quiet hours"

    @property
    def reason(self) -> str:
        """In an owner's words; a whole sentence without its full stop."""
        return self.value


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A rule of `answer` with every default filled in for the surface that it answers on."""

    name: str
    """As the log calls it: `answer 1` is the first rule of the file."""
    identity: str
    """What its turns are noted under; another place in the file does not change it."""
    within: timedelta
    """What is older than this is left alone."""
    say: str | None
    """Fixed words; None: the engines speak."""
    gather: int = 0
    """Microseconds in which more messages of the same person are waited for; 0: none are."""


class Hit(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The event is for the bot.

    A struct and not a dataclass, because one is made for every event that is answered: 0.2 us instead of 1.3.
    """

    rule: Rule
    """The most particular one that fits."""
    surface: Surface
    """Where the answer will appear."""
    lane: str
    """Answers of one lane keep their order: the account, and the conversation in it."""
    trust: Trust
    """How far to trust the author: the platform's word, raised or lowered by the bot's `people`."""
    wait: timedelta
    """How long others may answer first; zero: nobody needs to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What one rule says about one event."""

    name: str
    """The rule's."""
    fits: bool
    why: str
    """In an owner's words: why it fits, or the first thing that does not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """A decision with its reasons; prints as lines for a person."""

    decision: Hit | Miss
    why: str
    """Why it is answered by this rule, or left alone."""
    verdicts: tuple[Verdict, ...]
    """One for each rule, in the order of the file."""

    @override
    def __str__(self) -> str:
        lines = [f"{one.name}: {'fits' if one.fits else 'does not fit'}: {one.why}" for one in self.verdicts]
        return "\n".join((self.why, *lines))
