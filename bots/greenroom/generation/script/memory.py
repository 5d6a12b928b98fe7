"""What was said before: derived anew from the lines of the conversation for every reply, never stored."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from greenroom.generation.engine import Line
from greenroom.generation.script.hearing import LONGEST, Heard, Word, hear
from greenroom.generation.script.script import MARK_LENGTH, Memory, Saying, Script
from greenroom.personas.decency import may_be_echoed
from greenroom.personas.sameness import gist
from greenroom_adapters.contract import Author

__all__ = ["Conversation", "Ears", "echo", "named"]

TEXTS_HEARD = 4096
LINES_READ = 200
"""So many of the latest lines count; what is older is forgotten."""
LONGEST_ECHO = 48
REFLECTED = {
    "am": "are",
    "i": "you",
    "me": "you",
    "mine": "yours",
    "my": "your",
    "myself": "yourself",
    "our": "your",
    "your": "my",
    "yours": "mine",
    "yourself": "myself",
}
NO_ENDING = frozenset(
    [
        "a",
        "an",
        "and",
        "are",
        "as",
        "at",
        "because",
        "but",
        "by",
        "for",
        "from",
        "in",
        "into",
        "is",
        "me",
        "my",
        "of",
        "on",
        "or",
        "so",
        "than",
        "that",
        "the",
        "their",
        "then",
        "this",
        "to",
        "was",
        "with",
        "you",
        "your",
        "please",
        "really",
    ]
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """What one person and the bot said to each other."""

    mine: tuple[str, ...]
    """The bot's lines, oldest first."""
    said_by_them: frozenset[str]
    """Keys of what the person said before. One word alone, such as yes, is no repetition and not among them."""
    turn: int
    """How many lines the bot said since this person began to speak."""
    known: Mapping[str, str]
    """What the person told: name of a memory → words that may be said back."""
    said: str
    """All of the bot's lines in one."""
    gists: frozenset[str] = frozenset()
    """For posts: what each of them said, whenever that was."""

    def has(self, text: str) -> bool:
        """Say whether the bot said this before; of posts, whether one of them differs in nothing but its date."""
        return text in self.mine or (bool(self.gists) and gist(text) in self.gists)

    def was_said(self, saying: Saying) -> bool:
        """Say whether one of the bot's lines came from this saying."""
        return len(saying.wording.mark) >= MARK_LENGTH and saying.wording.mark in self.said

    def last_leading(self, script: Script) -> Saying | None:
        """Return the saying behind the bot's latest line, if something may follow it."""
        if not self.mine:
            return None
        found = [saying for saying in script.leading if saying.wording.mark in self.mine[-1]]
        return max(found, key=lambda saying: len(saying.wording.mark), default=None)


class Ears:
    """Hears texts for one script, each of the latest few thousand only once. Nothing is kept but what was in them."""

    def __init__(self, script: Script, *, names: Iterable[str] = ()) -> None:
        """Hear what is said to somebody of these names."""
        self._script = script
        self._called = tuple(tuple(word.heard for word in hear(name).words) for name in names)
        self._hear = lru_cache(maxsize=TEXTS_HEARD)(self._take_in)

    def hear(self, text: str) -> Heard:
        """Read a text."""
        return self._hear(text[: LONGEST + 1])[0]

    def read(self, lines: Sequence[Line], *, author: Author | None, said: str | None) -> Conversation:
        """Read the lines, oldest first. A line that is already the one to be answered is left out."""
        lines = lines[-LINES_READ:]
        if lines and said is not None and lines[-1].author is not None and lines[-1].text == said:
            lines = lines[:-1]
        mine: list[str] = []
        keys: set[str] = set()
        known: dict[str, str] = {}
        turn = 0
        met = False
        for line in lines:
            if line.author is None:
                mine.append(line.text)
                turn += met
            elif author is None or line.author.id == author.id:
                met = True
                heard, told = self._hear(line.text[: LONGEST + 1])
                known.update(told)
                if len(heard.words) > 1:
                    keys.add(heard.key)
        return Conversation(
            mine=tuple(mine), said_by_them=frozenset(keys), turn=turn, known=known, said="\n".join(mine)
        )

    def _take_in(self, text: str) -> tuple[Heard, tuple[tuple[str, str], ...]]:
        heard = hear(text, called=self._called)
        told: dict[str, str] = {}
        for number, match in self._script.keeps.matches(heard.words):
            memory = self._script.keepers[number]
            words = match.captures[memory.name]
            kept = named(words, memory) if memory.capital else echo(words)
            if kept is not None and not any(word.heard in memory.unless for word in words):
                told.setdefault(memory.name, kept)
        return heard, tuple(told.items())


def named(words: Sequence[Word], memory: Memory) -> str | None:
    """Return words as a name, or None when they are none that should be said back."""
    kept = [word for word in words if word.heard not in memory.unless]
    if not kept or (len(kept) < len(words) and words[0].heard in memory.unless):
        return None
    if not may_be_echoed(word.heard for word in kept) or any(
        len(word.shown) > 20 or not word.shown.replace("-", "").replace("'", "").isalpha() for word in kept
    ):
        return None
    return " ".join(word.shown if not word.shown.islower() else word.shown.title() for word in kept)


def echo(words: Sequence[Word]) -> str | None:
    """Return a few words turned round to the speaker ("my boat" → "your boat"), or None when they stay unsaid."""
    if not may_be_echoed(word.heard for word in words):
        return None
    turned: list[str] = []
    for index, word in enumerate(words):
        if word.heard == "you":
            begins = index + 1 < len(words) and (index == 0 or words[index - 1].heard in {"that", "if", "because"})
            turned.append("I" if begins else "me")
        elif word.heard == "are" and turned and turned[-1] == "I":
            turned.append("am")
        elif word.heard == "was" and index and words[index - 1].heard == "i":
            turned.append("were")
        else:
            turned.append(REFLECTED.get(word.heard, word.shown))
    while turned and (len(" ".join(turned)) > LONGEST_ECHO or turned[-1].casefold() in NO_ENDING):
        turned.pop()
    return " ".join(turned) or None
