"""The bounds of a persona and of a platform, counted on a text that is written already."""

import enum
import re
from dataclasses import dataclass

from greenroom.generation.honesty import denies_being_bot, may_ask
from greenroom.generation.readability import reading_age
from greenroom.personas.sound import Bounds
from greenroom_adapters.contract import CountingRule, TextLimit
from greenroom_adapters.text import count, excess, find_links, fits

__all__ = ["Bound", "Fault", "Rules", "count_emoji", "count_hashtags", "count_links"]

FIRST_EMOJI = "\u203c"
"""No emoji but © and ®, which are typography here, stands before this code point."""
TYPOGRAPHY = frozenset("©®™")

_HASHTAG = re.compile(r"(?<![\w&/#\uff03])[#\uff03](?=\w*[^\W\d_])\w+")
_MAY_BE_LINK = re.compile(r"\.\w")


class Bound(enum.StrEnum):
    """What can be broken."""

    TOO_LONG = "too long"
    TOO_SHORT = "too short"
    EMOJI = "emoji"
    HASHTAGS = "hashtags"
    LINKS = "links"
    BANNED = "banned words"
    READING_AGE = "reading age"
    NEVER = "what it never talks about"
    LANGUAGE = "language"
    EXAMPLE = "an example word for word"
    HONESTY = "honesty"
    SUPPORT = "support"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One bound that a text breaks."""

    bound: Bound
    reason: str
    """In words, for the engine that writes it again and for the person who looks at it."""


def count_emoji(text: str) -> int:
    """Return how many emoji a reader sees; one joined of several counts as one."""
    if text.isascii() or max(text) < FIRST_EMOJI:
        return 0
    # Imported at the first text that needs it: its table is large.
    import emoji

    return sum(found["emoji"] not in TYPOGRAPHY for found in emoji.emoji_list(text))


def count_hashtags(text: str) -> int:
    """Return how many hashtags stand in `text`; a number alone (#1) is none."""
    return sum(1 for _ in _HASHTAG.finditer(text)) if "#" in text or "\uff03" in text else 0


def count_links(text: str) -> int:
    """Return how many links platforms will see in `text`, bare domains included."""
    return len(find_links(text)) if _MAY_BE_LINK.search(text) else 0


class Rules:
    """The bounds of one surface, compiled: checking a short plain text costs about a microsecond."""

    __slots__ = ("_age", "_banned", "_counted", "_least", "_limit", "_most", "_needs", "_stems", "bounds")

    def __init__(self, bounds: Bounds) -> None:
        self.bounds = bounds
        """As the owner wrote them."""
        self._least = max(1, bounds.length.least)
        self._most = bounds.length.most
        self._limit = TextLimit(length=self._most, rule=CountingRule.GRAPHEMES)
        self._counted = (
            (Bound.EMOJI, bounds.emoji, count_emoji),
            (Bound.HASHTAGS, bounds.hashtags, count_hashtags),
            (Bound.LINKS, bounds.links, count_links),
        )
        self._age = bounds.reading_age
        self._needs = self._age is not None or any(bound.least for _, bound, _ in self._counted)
        self._banned = _any_of(bounds.banned)
        # The longest word of each phrase, for a quick look at ASCII texts, in which lower case is all there is to it.
        self._stems = tuple(max(phrase.lower().split(), key=len) for phrase in bounds.banned if phrase.isascii())

    def limits(self, limits: tuple[TextLimit, ...]) -> tuple[TextLimit, ...]:
        """Return the platform's limits and the persona's own: what one post has to fit into."""
        return (*limits, self._limit)

    def broken(self, text: str, *, limits: tuple[TextLimit, ...], asked: str | None) -> tuple[Fault, ...]:
        """Return every bound that `text` breaks, length first; nothing when it may be said.

        `asked` is what it answers: an answer may not deny being a bot.
        """
        if self._is_plain(text, limits) and (asked is None or not may_ask(asked)):
            return ()
        return tuple(self._faults(text, limits, asked))

    def _is_plain(self, text: str, limits: tuple[TextLimit, ...]) -> bool:
        """Tell that a text is within every length and holds nothing that is counted or banned: for ASCII without
        links every counting rule gives the number of characters."""
        length = len(text)
        if self._needs or not self._least <= length <= self._most or not text.isascii() or text[0] <= " ":
            return False
        for limit in limits:
            if length > limit.length:
                return False
        if "#" in text or _MAY_BE_LINK.search(text) is not None:
            return False
        if self._stems:
            lowered = text.lower()
            for stem in self._stems:
                if stem in lowered:
                    return False
        return True

    def _faults(self, text: str, limits: tuple[TextLimit, ...], asked: str | None) -> list[Fault]:
        faults: list[Fault] = []
        both = self.limits(limits)
        if not fits(text, both):
            reason = f"too long by {excess(text, both)}: say it in {self._room(limits)}"
            faults.append(Fault(bound=Bound.TOO_LONG, reason=reason))
        elif not text.strip():
            faults.append(Fault(bound=Bound.TOO_SHORT, reason="there are no words in it"))
        elif (length := count(text, CountingRule.GRAPHEMES)) < self._least:
            reason = f"{length} characters are too short: write at least {self._least}"
            faults.append(Fault(bound=Bound.TOO_SHORT, reason=reason))
        for name, bound, counted in self._counted:
            found = counted(text)
            if found not in bound:
                wanted = f"at most {bound.most}" if found > bound.most else f"at least {bound.least}"
                faults.append(Fault(bound=name, reason=f"{found} {name} where {wanted} may be"))
        if self._banned and (words := {match[0].casefold() for match in self._banned.finditer(text)}):
            used = ", ".join(sorted(words))
            faults.append(Fault(bound=Bound.BANNED, reason=f"it uses what is never said: {used}"))
        if self._age is not None and (age := reading_age(text)) > self._age:
            reason = f"a reader has to be {age} to understand it, and may be {self._age}: shorter words and sentences"
            faults.append(Fault(bound=Bound.READING_AGE, reason=reason))
        if asked is not None and denies_being_bot(text, asked=asked):
            reason = "it denies being a bot: you are one, and say so when you are asked"
            faults.append(Fault(bound=Bound.HONESTY, reason=reason))
        return faults

    def _room(self, limits: tuple[TextLimit, ...]) -> str:
        tightest = min(self.limits(limits), key=lambda limit: limit.length)
        return f"at most {tightest.length} {tightest.rule if tightest is not self._limit else 'characters'}"


def _any_of(phrases: tuple[str, ...]) -> re.Pattern[str] | None:
    """Return a pattern that finds any of `phrases` as whole words, in any case and spacing; None for none."""
    if not phrases:
        return None
    spelled = (r"\s+".join(re.escape(word) for word in phrase.split()) for phrase in phrases)
    return re.compile(rf"(?<!\w)(?:{'|'.join(spelled)})(?!\w)", re.IGNORECASE)
