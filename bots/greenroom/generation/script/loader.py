"""Reads a script file: strict about every key, symbol and variable, with the place of each mistake."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import yaml

from greenroom.generation.script.document import Document
from greenroom.generation.script.hearing import TRAITS
from greenroom.generation.script.patterns import Pattern, PatternError, parse_pattern
from greenroom.generation.script.script import ANYTHING, ARE_YOU_A_BOT, MARK_LENGTH, Memory, Rule, Saying, Script
from greenroom.generation.script.weather import Chapters, Drift
from greenroom.generation.script.wording import Wording, WordingError, parse_wording
from greenroom.settings.errors import Mistakes
from greenroom.settings.names import nearest
from greenroom.settings.spelling import DAYS, PERIOD, SPAN
from greenroom_adapters.contract import Surface

__all__ = ["BUILT_IN_SYMBOLS", "BUILT_IN_VARIABLES", "load_script"]

T = TypeVar("T")

BUILT_IN_SYMBOLS = frozenset({"example", "topic"})
"""Filled from the persona: a sentence of its examples, one of its topics."""
BUILT_IN_VARIABLES = frozenset(
    {
        "about",
        "date",
        "day",
        "hour",
        "item",
        "month",
        "mood",
        "persona",
        "time",
        "turn",
        "weekday",
        "who",
        "who_capital",
        "year",
    }
)
LONGEST_TEXT = 4000
"""No text of a script may become longer than this, whatever is drawn."""
ADMITS = ("bot", "robô", "robot", "program", "programa", "software", "machine")
"""An answer to "are you a bot?" holds one of these words."""
SAYING_KEYS = (
    "say",
    "weight",
    "mood",
    "at",
    "days",
    "in",
    "first",
    "after",
    "when",
    "not_knowing",
    "language",
    "about",
    "then",
)


def load_script(path: Path, *, body: bytes | None = None) -> Script:
    """Read the script at `path`. `body` is what stands in it, where that was read already.

    :raises Mistakes: it cannot be used; every mistake that was found, with its place
    """
    return _Loader(path, body).load()


class _Loader:
    """Reads one file. Each method takes a node of the document and returns what it means, or notes a mistake."""

    def __init__(self, path: Path, body: bytes | None) -> None:
        self._path = path
        self._file = Document(path, body)
        self._texts: list[tuple[yaml.Node, Saying, frozenset[str]]] = []
        self._symbols: dict[str, tuple[Saying, ...]] = {}
        self._drifts: dict[str, Drift] = {}
        self._chapters: dict[str, Chapters] = {}
        self._told: dict[str, tuple[tuple[Saying, ...], ...]] = {}
        self._remembered: tuple[str, ...] = ()
        self._cues: dict[str, tuple[Pattern, ...]] = {}
        self._names: dict[str, yaml.Node] = {}

    def load(self) -> Script:
        top = self._file.mapping(
            self._file.root, ("remember", "cues", "rules", "drifts", "chapters", "symbols", "posts"), "a script"
        )
        self._drifts = self._named(top.get("drifts"), self._drift)
        self._names = {}
        remember = self._named(top.get("remember"), self._memory)
        self._cues = self._named(top.get("cues"), lambda _, node: self._patterns(node))
        self._remembered = tuple(remember)
        known = frozenset(remember)
        for name, node in self._file.items(top.get("chapters")):
            self._chapter(name, node)
        for name, node in self._file.items(top.get("symbols")):
            self._claim(name, node)
            self._symbols[name] = self._sayings(node, known)
        rules = self._rules(top.get("rules"), known)
        posts = self._sayings(top.get("posts"), frozenset()) if "posts" in top else ()
        self._check_texts(known)
        self._check_lengths()
        if self._file.mistakes:
            raise Mistakes(self._file.mistakes)
        return Script(
            path=self._path,
            rules=rules,
            symbols=self._symbols,
            drifts=self._drifts,
            chapters=self._chapters,
            told=self._told,
            remember=remember,
            cues=self._cues,
            posts=posts,
        )

    def _named(self, node: yaml.Node | None, read: Callable[[str, yaml.Node], T]) -> dict[str, T]:
        result: dict[str, T] = {}
        for name, value in self._file.items(node):
            self._claim(name, value)
            result[name] = read(name, value)
        return result

    def _claim(self, name: str, node: yaml.Node) -> None:
        if not name.replace("_", "a").isalpha() or name != name.lower() or not name.isascii():
            self._file.wrong(node, f"`{name}`: names are lower-case words with underscores")
        if name in self._names or name in BUILT_IN_SYMBOLS | BUILT_IN_VARIABLES or name in self._drifts.keys() - {name}:
            self._file.wrong(node, f"`{name}` is the name of something else already")
        self._names[name] = node

    # What it means

    def _pattern(self, node: yaml.Node) -> Pattern | None:
        try:
            return parse_pattern(self._file.text(node))
        except PatternError as error:
            self._file.wrong(node, str(error))
            return None

    def _patterns(self, node: yaml.Node | None) -> tuple[Pattern, ...]:
        return tuple(pattern for one in self._file.many(node) if (pattern := self._pattern(one)) is not None)

    def _drift(self, name: str, node: yaml.Node) -> Drift:
        keys = self._file.mapping(node, ("over", "of", "ring"), "a drift")
        values = tuple(self._file.texts(keys.get("of")))
        if len(values) < 2 or "over" not in keys:
            self._file.wrong(
                node, "a drift needs `over` (how long until it may be anywhere) and `of` (two values or more)"
            )
        over = (
            self._file.spelt(keys["over"], PERIOD.read, PERIOD.read("1 day"))
            if "over" in keys
            else PERIOD.read("1 day")
        )
        return Drift(
            name=name,
            values=values or ("",),
            over=over,
            ring=self._file.flag(keys["ring"]) if "ring" in keys else False,
        )

    def _memory(self, name: str, node: yaml.Node) -> Memory:
        keys = self._file.mapping(node, ("hears", "unless", "capital"), "a memory")
        hears = self._patterns(keys.get("hears"))
        for pattern in hears:
            if name not in pattern.names:
                self._file.wrong(keys["hears"], f"`{pattern.source}` does not capture <{name}>")
        if not hears:
            self._file.wrong(node, f"a memory needs `hears`, patterns that capture <{name}>")
        return Memory(
            name=name,
            hears=hears,
            unless=frozenset(self._file.texts(keys.get("unless"))),
            capital=self._file.flag(keys["capital"]) if "capital" in keys else False,
        )

    def _chapter(self, name: str, node: yaml.Node) -> None:
        self._claim(name, node)
        keys = self._file.mapping(node, ("each", "of"), "chapters")
        days = self._file.spelt(keys["each"], PERIOD.read, PERIOD.read("1 day")).days if "each" in keys else 0
        told = tuple(self._sayings(one, frozenset()) for one in self._file.many(keys.get("of")))
        if days < 1 or not told:
            self._file.wrong(node, "chapters need `each` (how many days one lasts) and `of` (what is told in each)")
            return
        self._chapters[name] = Chapters(name=name, days=days, count=len(told))
        self._told[name] = told

    def _rules(self, node: yaml.Node | None, known: frozenset[str]) -> dict[str, Rule]:
        rules: dict[str, Rule] = {}
        takes_over: list[tuple[yaml.Node, str]] = []
        for name, value in self._file.items(node):
            keys = self._file.mapping(value, ("rank", "hears", "notices", "says", "otherwise"), f"the rule `{name}`")
            hears = self._patterns(keys.get("hears"))
            captured = frozenset(one for pattern in hears for one in pattern.names)
            otherwise = self._file.text(keys["otherwise"]) if "otherwise" in keys else None
            if otherwise is not None:
                takes_over.append((keys["otherwise"], otherwise))
            rules[name] = Rule(
                name=name,
                place=len(rules),
                rank=int(self._file.number(keys["rank"], most=100)) if "rank" in keys else 5,
                hears=hears,
                notices=frozenset(self._file.chosen(keys["notices"], (*TRAITS, "repeated"), "a trait of a text"))
                if "notices" in keys
                else frozenset(),
                says=self._sayings(keys.get("says"), known | captured),
                otherwise=otherwise,
            )
            if not rules[name].says and otherwise is None:
                self._file.wrong(value, f"the rule `{name}` says nothing")
            if name == ARE_YOU_A_BOT:
                for one, saying in zip(self._file.many(keys.get("says")), rules[name].says, strict=False):
                    if not any(word in saying.wording.mark.casefold() for word in ADMITS):
                        self._file.wrong(one, "whoever asks is told: write that it is a bot")
        for value, otherwise in takes_over:
            if otherwise not in rules:
                near = nearest(otherwise, rules)
                self._file.wrong(
                    value, f"there is no rule `{otherwise}`." + (f" Did you mean `{near}`?" if near else "")
                )
        if ANYTHING not in rules and node is not None:
            self._file.wrong(node, f"a rule `{ANYTHING}` is needed: what is said when no other fits")
        return rules

    def _sayings(self, node: yaml.Node | None, known: frozenset[str]) -> tuple[Saying, ...]:
        return tuple(saying for one in self._file.many(node) if (saying := self._saying(one, known)) is not None)

    def _saying(self, node: yaml.Node, known: frozenset[str]) -> Saying | None:
        if isinstance(node, yaml.MappingNode):
            keys = self._file.mapping(node, SAYING_KEYS, "something to say")
            if "say" not in keys:
                self._file.wrong(node, "`say` is missing")
                return None
        else:
            keys = {"say": node}
        wording = self._wording(keys["say"])
        if wording is None:
            return None
        weight, moods = self._weight(keys.get("weight"))
        surfaces = (
            self._file.chosen(keys["in"], (surface.value for surface in Surface), "a surface") if "in" in keys else ()
        )
        saying = Saying(
            wording=wording,
            weight=weight,
            moods=moods,
            mood=frozenset(self._file.texts(keys.get("mood"))),
            at=tuple(
                self._file.spelt(one, SPAN.read, SPAN.read("00:00-12:00")) for one in self._file.many(keys.get("at"))
            ),
            days=self._days(keys.get("days")),
            surfaces=frozenset(Surface(name) for name in surfaces),
            first=self._file.flag(keys["first"]) if "first" in keys else None,
            after=int(self._file.number(keys["after"])) if "after" in keys else 0,
            when={
                name: frozenset(self._file.chosen(value, self._drifts[name].values, f"a value of {name}"))
                for name, value in self._file.items(keys.get("when"))
                if self._is_drift(name, value)
            },
            not_knowing=frozenset(self._file.chosen(keys["not_knowing"], self._remembered, "a memory"))
            if "not_knowing" in keys
            else frozenset(),
            language=self._file.text(keys["language"]) if "language" in keys else None,
            about=frozenset(word.casefold() for word in self._file.texts(keys.get("about"))),
            then={
                name: self._sayings(value, known)
                for name, value in self._file.items(keys.get("then"))
                if self._is_cue(name, value)
            },
        )
        if saying.then and len(wording.mark) < MARK_LENGTH:
            self._file.wrong(
                keys["say"], f"what is followed by `then` needs {MARK_LENGTH} letters in a row to be known again"
            )
        self._texts.append((keys["say"], saying, known))
        return saying

    def _wording(self, node: yaml.Node) -> Wording | None:
        text = self._file.text(node)
        if not text:
            return None
        try:
            return parse_wording(text)
        except WordingError as error:
            self._file.wrong(node, str(error))
            return None

    def _weight(self, node: yaml.Node | None) -> tuple[float, dict[str, float]]:
        if node is None:
            return 1.0, {}
        if isinstance(node, yaml.MappingNode):
            return 1.0, {mood: self._file.number(value) for mood, value in self._file.items(node)}
        return self._file.number(node, least=0.01), {}

    def _days(self, node: yaml.Node | None) -> frozenset[int]:
        if node is None:
            return frozenset(range(7))
        return frozenset(
            day for one in self._file.many(node) for day in self._file.spelt(one, DAYS.read, frozenset({0}))
        )

    def _is_drift(self, name: str, node: yaml.Node) -> bool:
        return self._file.is_one_of(name, node, self._drifts, "a drift")

    def _is_cue(self, name: str, node: yaml.Node) -> bool:
        return self._file.is_one_of(name, node, (ANYTHING, *self._cues), "a cue")

    # What must be true of all of it together

    def _check_texts(self, remembered: frozenset[str]) -> None:
        symbols = BUILT_IN_SYMBOLS | self._symbols.keys() | self._chapters.keys() | self._drifts.keys()
        for node, saying, known in self._texts:
            for name in sorted(saying.wording.symbols - symbols):
                near = nearest(name, symbols)
                self._file.wrong(node, f"there is no symbol #{name}#." + (f" Did you mean #{near}#?" if near else ""))
            variables = BUILT_IN_VARIABLES | known
            for name in sorted(saying.wording.variables - variables):
                near = nearest(name, variables)
                self._file.wrong(
                    node, f"nothing is known as {{{{ {name} }}}} here." + (f" Did you mean {near}?" if near else "")
                )

    def _check_lengths(self) -> None:
        """Refuse symbols that lead back to themselves and texts that could grow without end."""
        if self._file.mistakes:
            return
        longest: dict[str, int] = dict.fromkeys(BUILT_IN_SYMBOLS, 200)
        longest |= {name: max(map(len, drift.values)) for name, drift in self._drifts.items()}
        places = {id(saying): node for node, saying, _ in self._texts}
        sources = dict(self._symbols)
        sources |= {name: tuple(one for told in chapters for one in told) for name, chapters in self._told.items()}
        open_names: list[str] = []

        def measure(saying: Saying) -> int:
            return len(saying.wording.source) + sum(
                reach(part.name) for part in saying.wording.parts if not isinstance(part, str) and part.name in sources
            )

        def reach(name: str) -> int:
            if name in open_names:
                self._file.wrong(
                    places[id(sources[name][0])], f"#{name}# leads back to itself: {' → '.join(open_names)}"
                )
                return 0
            if name not in longest:
                open_names.append(name)
                longest[name] = max(map(measure, sources[name]), default=0)
                open_names.pop()
            return longest[name]

        for node, saying, _ in self._texts:
            if not self._file.mistakes and measure(saying) > LONGEST_TEXT:
                self._file.wrong(node, f"this could become longer than {LONGEST_TEXT} characters")
