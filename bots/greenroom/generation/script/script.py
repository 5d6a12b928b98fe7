"""A script as it was read: rules, grammar and posts, ready to be spoken from."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from greenroom.generation.script.patterns import Pattern, PatternIndex
from greenroom.generation.script.weather import Chapters, Drift
from greenroom.generation.script.wording import Wording
from greenroom.settings.spelling import Span
from greenroom_adapters.contract import Surface

__all__ = ["ANYTHING", "ARE_YOU_A_BOT", "IN_DANGER", "MARK_LENGTH", "REFUSED", "Memory", "Rule", "Saying", "Script"]

MARK_LENGTH = 18
"""A literal stretch that is shorter than this recognises nothing: it may stand in any text."""
ANYTHING = "anything"
"""The rule that speaks when no other fits. Every script has it."""
ARE_YOU_A_BOT = "are_you_a_bot"
"""The rule that answers this question; the question itself is recognised in any case."""
IN_DANGER = "in_danger"
"""The rule for people who may harm themselves. It goes before everything else, and a built-in one is always there."""
REFUSED = "refused"
"""The rule that answers what the persona never talks about, after the persona's own line."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Saying:
    """One way to say something, and when it may be said."""

    wording: Wording
    weight: float = 1.0
    moods: Mapping[str, float] = field(default_factory=dict[str, float])
    """Weight on days of these moods, instead of `weight`."""
    mood: frozenset[str] = frozenset()
    """Said in these moods alone; empty: in any."""
    at: tuple[Span, ...] = ()
    """Said at these times of day; empty: at any."""
    days: frozenset[int] = frozenset(range(7))
    """Said on these days of the week, 0 for Monday."""
    surfaces: frozenset[Surface] = frozenset()
    """Said on these surfaces; empty: on any."""
    first: bool | None = None
    """True: only as the first words to a person. False: never as the first."""
    after: int = 0
    """Not before so many lines were said to this person."""
    when: Mapping[str, frozenset[str]] = field(default_factory=dict[str, frozenset[str]])
    """Said while each of these drifts has one of these values."""
    not_knowing: frozenset[str] = frozenset()
    """Said only while none of these memories is known of the person."""
    language: str | None = None
    """Said to people who are answered in this language; None: to everybody."""
    about: frozenset[str] = frozenset()
    """Words of an owner's `about` that this post serves; empty: it serves any."""
    then: Mapping[str, tuple["Saying", ...]] = field(default_factory=dict[str, tuple["Saying", ...]])
    """What to answer when these words are met with a cue ("why?", "go on")."""

    def all(self) -> Iterator["Saying"]:
        """Yield this one and every one that may follow it."""
        yield self
        for sayings in self.then.values():
            for saying in sayings:
                yield from saying.all()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rule:
    """What is answered to what."""

    name: str
    place: int
    """Its place in the file: of two rules that fit equally well the earlier answers."""
    rank: int
    """Of several rules that fit, the one with the highest rank answers."""
    hears: tuple[Pattern, ...]
    notices: frozenset[str]
    """Traits of a text that make the rule fit without any pattern."""
    says: tuple[Saying, ...]
    otherwise: str | None
    """The rule that takes over when everything here was said."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Memory:
    """Something that is kept of what a person said, for as long as the conversation can be read."""

    name: str
    hears: tuple[Pattern, ...]
    unless: frozenset[str]
    """Words that are no answer: "my name is not important" names nobody."""
    capital: bool
    """It is a name: written with capitals however it was typed."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Script:
    """Everything that a persona can say without a model."""

    path: Path
    rules: Mapping[str, Rule]
    symbols: Mapping[str, tuple[Saying, ...]]
    drifts: Mapping[str, Drift]
    chapters: Mapping[str, Chapters]
    told: Mapping[str, tuple[tuple[Saying, ...], ...]]
    """The sayings of each chapter of `chapters`."""
    remember: Mapping[str, Memory]
    cues: Mapping[str, tuple[Pattern, ...]]
    posts: tuple[Saying, ...]
    owners: tuple[Rule, ...] = field(init=False)
    """For each pattern of `index` the rule that it belongs to."""
    index: PatternIndex = field(init=False)
    keepers: tuple[Memory, ...] = field(init=False)
    keeps: PatternIndex = field(init=False)
    cue_names: tuple[str, ...] = field(init=False)
    cue_index: PatternIndex = field(init=False)
    noticing: tuple[Rule, ...] = field(init=False)
    """The rules that a trait of a text may call."""
    leading: tuple[Saying, ...] = field(init=False)
    """Every saying of a rule that something may follow."""

    def __post_init__(self) -> None:
        rules = [(rule, pattern) for rule in self.rules.values() for pattern in rule.hears]
        memories = [(memory, pattern) for memory in self.remember.values() for pattern in memory.hears]
        cues = [(name, pattern) for name, patterns in self.cues.items() for pattern in patterns]
        self._set("owners", tuple(rule for rule, _ in rules))
        self._set("index", _index(rules))
        self._set("keepers", tuple(memory for memory, _ in memories))
        self._set("keeps", _index(memories))
        self._set("cue_names", tuple(name for name, _ in cues))
        self._set("cue_index", _index(cues))
        self._set("noticing", tuple(rule for rule in self.rules.values() if rule.notices))
        spoken = (one for rule in self.rules.values() for saying in rule.says for one in saying.all())
        self._set("leading", tuple(saying for saying in spoken if saying.then))

    def _set(self, name: str, value: object) -> None:
        object.__setattr__(self, name, value)  # the dataclass is frozen for everybody but its own construction


def _index(pairs: Iterable[tuple[object, Pattern]]) -> PatternIndex:
    return PatternIndex([pattern for _, pattern in pairs])
