"""Reads a script file: strict about every key, symbol and variable, with the place of each mistake."""

import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar, cast

import yaml

from greenroom.generation.script.hearing import TRAITS
from greenroom.generation.script.patterns import Pattern, PatternError, parse_pattern
from greenroom.generation.script.script import ANYTHING, ARE_YOU_A_BOT, MARK_LENGTH, Memory, Rule, Saying, Script
from greenroom.generation.script.weather import Chapters, Drift
from greenroom.generation.script.wording import Wording, WordingError, parse_wording
from greenroom.settings.errors import Mistake, Mistakes
from greenroom.settings.names import nearest
from greenroom.settings.spelling import DAYS, PERIOD, SPAN, SpellingError
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
LOST_SYMBOL = re.compile(r"\s+#[a-z_]+(?:\.capital)?#")
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
        self._body = body
        self._lines: list[str] = []
        self._mistakes: list[Mistake] = []
        self._texts: list[tuple[yaml.Node, Saying, frozenset[str]]] = []
        self._symbols: dict[str, tuple[Saying, ...]] = {}
        self._drifts: dict[str, Drift] = {}
        self._chapters: dict[str, Chapters] = {}
        self._told: dict[str, tuple[tuple[Saying, ...], ...]] = {}
        self._remembered: tuple[str, ...] = ()
        self._cues: dict[str, tuple[Pattern, ...]] = {}
        self._names: dict[str, yaml.Node] = {}

    def load(self) -> Script:
        top = self._mapping(
            self._document(), ("remember", "cues", "rules", "drifts", "chapters", "symbols", "posts"), "a script"
        )
        self._drifts = self._named(top.get("drifts"), self._drift)
        self._names = {}
        remember = self._named(top.get("remember"), self._memory)
        self._cues = self._named(top.get("cues"), lambda _, node: self._patterns(node))
        self._remembered = tuple(remember)
        known = frozenset(remember)
        for name, node in self._items(top.get("chapters")):
            self._chapter(name, node)
        for name, node in self._items(top.get("symbols")):
            self._claim(name, node)
            self._symbols[name] = self._sayings(node, known)
        rules = self._rules(top.get("rules"), known)
        posts = self._sayings(top.get("posts"), frozenset()) if "posts" in top else ()
        self._check_texts(known)
        self._check_lengths()
        if self._mistakes:
            raise Mistakes(self._mistakes)
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

    # What stands in the file

    def _document(self) -> yaml.Node:
        try:
            text = (self._path.read_bytes() if self._body is None else self._body).decode("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            reason = "is not there" if isinstance(error, FileNotFoundError) else f"cannot be read: {error}"
            raise Mistakes([Mistake(path=self._path, line=None, column=None, reason=f"the script {reason}")]) from error
        self._lines = text.splitlines()
        try:
            node = yaml.compose(text, Loader=_COMPOSER)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark
            raise Mistakes(
                [
                    Mistake(
                        path=self._path,
                        line=mark.line + 1 if mark else None,
                        column=mark.column + 1 if mark else None,
                        reason=f"this is no YAML: {error.problem}; put the sentence in quotes",
                    )
                ]
            ) from error
        except yaml.YAMLError as error:
            raise Mistakes(
                [Mistake(path=self._path, line=None, column=None, reason=f"this is no YAML: {error}")]
            ) from error
        if node is None:
            raise Mistakes([Mistake(path=self._path, line=None, column=None, reason="the script is empty")])
        return node

    def _wrong(self, node: yaml.Node, reason: str) -> None:
        line, column = node.start_mark.line + 1, node.start_mark.column + 1
        self._mistakes.append(Mistake(path=self._path, line=line, column=column, reason=reason))

    def _items(self, node: yaml.Node | None) -> list[tuple[str, yaml.Node]]:
        if node is None:
            return []
        if not isinstance(node, yaml.MappingNode):
            self._wrong(node, "names with values belong here")
            return []
        items: dict[str, yaml.Node] = {}
        for key, value in cast("list[tuple[yaml.Node, yaml.Node]]", node.value):
            name = str(key.value) if isinstance(key, yaml.ScalarNode) else ""
            if not name:
                self._wrong(key, "a name must be a word")
            elif name in items:
                self._wrong(key, f"`{name}` stands here twice")
            else:
                items[name] = value
        return list(items.items())

    def _mapping(self, node: yaml.Node, keys: Iterable[str], section: str) -> dict[str, yaml.Node]:
        known = tuple(keys)
        found: dict[str, yaml.Node] = {}
        for name, value in self._items(node):
            if name in known:
                found[name] = value
            else:
                key = next(k for k, _ in node.value if k.value == name)
                near = nearest(name, known)
                hint = f"Did you mean `{near}`?" if near else f"Its keys: {', '.join(known)}"
                self._wrong(key, f"`{name}` is not a key of {section}. {hint}")
        return found

    def _list(self, node: yaml.Node | None) -> list[yaml.Node]:
        """One or many."""
        if node is None:
            return []
        return list(node.value) if isinstance(node, yaml.SequenceNode) else [node]

    def _text(self, node: yaml.Node) -> str:
        if isinstance(node, yaml.ScalarNode) and str(node.value).strip():
            line = self._lines[node.start_mark.line][node.start_mark.column :]
            behind = line.removeprefix(str(node.value))
            if not node.style and LOST_SYMBOL.match(behind):
                self._wrong(node, "in YAML a # after a space begins a comment: put the sentence in quotes")
            return str(node.value)
        self._wrong(node, "a text belongs here")
        return ""

    def _texts_of(self, node: yaml.Node | None) -> list[str]:
        return [self._text(one) for one in self._list(node)]

    def _spelt(self, node: yaml.Node, read: Callable[[object], T], default: T) -> T:
        try:
            return read(self._text(node))
        except SpellingError as error:
            self._wrong(node, str(error))
            return default

    def _number(self, node: yaml.Node, *, least: float = 0, most: float = 1000) -> float:
        try:
            value = float(self._text(node))
        except ValueError:
            value = -1.0
        if not least <= value <= most:
            self._wrong(node, f"this must be a number from {least:g} to {most:g}")
            return least
        return value

    def _flag(self, node: yaml.Node) -> bool:
        text = self._text(node)
        if text not in ("true", "false"):
            self._wrong(node, "this must be true or false")
        return text == "true"

    def _one_of(self, node: yaml.Node, names: Iterable[str], what: str) -> list[str]:
        known = tuple(names)
        chosen: list[str] = []
        for one in self._list(node):
            name = self._text(one)
            if name in known:
                chosen.append(name)
            else:
                near = nearest(name, known)
                hint = f"Did you mean `{near}`?" if near else f"Known: {', '.join(known) or 'none'}"
                self._wrong(one, f"`{name}` is not {what}. {hint}")
        return chosen

    def _named(self, node: yaml.Node | None, read: Callable[[str, yaml.Node], T]) -> dict[str, T]:
        result: dict[str, T] = {}
        for name, value in self._items(node):
            self._claim(name, value)
            result[name] = read(name, value)
        return result

    def _claim(self, name: str, node: yaml.Node) -> None:
        if not name.replace("_", "a").isalpha() or name != name.lower() or not name.isascii():
            self._wrong(node, f"`{name}`: names are lower-case words with underscores")
        if name in self._names or name in BUILT_IN_SYMBOLS | BUILT_IN_VARIABLES or name in self._drifts.keys() - {name}:
            self._wrong(node, f"`{name}` is the name of something else already")
        self._names[name] = node

    # What it means

    def _pattern(self, node: yaml.Node) -> Pattern | None:
        try:
            return parse_pattern(self._text(node))
        except PatternError as error:
            self._wrong(node, str(error))
            return None

    def _patterns(self, node: yaml.Node | None) -> tuple[Pattern, ...]:
        return tuple(pattern for one in self._list(node) if (pattern := self._pattern(one)) is not None)

    def _drift(self, name: str, node: yaml.Node) -> Drift:
        keys = self._mapping(node, ("over", "of", "ring"), "a drift")
        values = tuple(self._texts_of(keys.get("of")))
        if len(values) < 2 or "over" not in keys:
            self._wrong(node, "a drift needs `over` (how long until it may be anywhere) and `of` (two values or more)")
        over = self._spelt(keys["over"], PERIOD.read, PERIOD.read("1 day")) if "over" in keys else PERIOD.read("1 day")
        return Drift(
            name=name,
            values=values or ("",),
            over=over,
            ring=self._flag(keys["ring"]) if "ring" in keys else False,
        )

    def _memory(self, name: str, node: yaml.Node) -> Memory:
        keys = self._mapping(node, ("hears", "unless", "capital"), "a memory")
        hears = self._patterns(keys.get("hears"))
        for pattern in hears:
            if name not in pattern.names:
                self._wrong(keys["hears"], f"`{pattern.source}` does not capture <{name}>")
        if not hears:
            self._wrong(node, f"a memory needs `hears`, patterns that capture <{name}>")
        return Memory(
            name=name,
            hears=hears,
            unless=frozenset(self._texts_of(keys.get("unless"))),
            capital=self._flag(keys["capital"]) if "capital" in keys else False,
        )

    def _chapter(self, name: str, node: yaml.Node) -> None:
        self._claim(name, node)
        keys = self._mapping(node, ("each", "of"), "chapters")
        days = self._spelt(keys["each"], PERIOD.read, PERIOD.read("1 day")).days if "each" in keys else 0
        told = tuple(self._sayings(one, frozenset()) for one in self._list(keys.get("of")))
        if days < 1 or not told:
            self._wrong(node, "chapters need `each` (how many days one lasts) and `of` (what is told in each)")
            return
        self._chapters[name] = Chapters(name=name, days=days, count=len(told))
        self._told[name] = told

    def _rules(self, node: yaml.Node | None, known: frozenset[str]) -> dict[str, Rule]:
        rules: dict[str, Rule] = {}
        takes_over: list[tuple[yaml.Node, str]] = []
        for name, value in self._items(node):
            keys = self._mapping(value, ("rank", "hears", "notices", "says", "otherwise"), f"the rule `{name}`")
            hears = self._patterns(keys.get("hears"))
            captured = frozenset(one for pattern in hears for one in pattern.names)
            otherwise = self._text(keys["otherwise"]) if "otherwise" in keys else None
            if otherwise is not None:
                takes_over.append((keys["otherwise"], otherwise))
            rules[name] = Rule(
                name=name,
                place=len(rules),
                rank=int(self._number(keys["rank"], most=100)) if "rank" in keys else 5,
                hears=hears,
                notices=frozenset(self._one_of(keys["notices"], (*TRAITS, "repeated"), "a trait of a text"))
                if "notices" in keys
                else frozenset(),
                says=self._sayings(keys.get("says"), known | captured),
                otherwise=otherwise,
            )
            if not rules[name].says and otherwise is None:
                self._wrong(value, f"the rule `{name}` says nothing")
            if name == ARE_YOU_A_BOT:
                for one, saying in zip(self._list(keys.get("says")), rules[name].says, strict=False):
                    if not any(word in saying.wording.mark.casefold() for word in ADMITS):
                        self._wrong(one, "whoever asks is told: write that it is a bot")
        for value, otherwise in takes_over:
            if otherwise not in rules:
                near = nearest(otherwise, rules)
                self._wrong(value, f"there is no rule `{otherwise}`." + (f" Did you mean `{near}`?" if near else ""))
        if ANYTHING not in rules and node is not None:
            self._wrong(node, f"a rule `{ANYTHING}` is needed: what is said when no other fits")
        return rules

    def _sayings(self, node: yaml.Node | None, known: frozenset[str]) -> tuple[Saying, ...]:
        return tuple(saying for one in self._list(node) if (saying := self._saying(one, known)) is not None)

    def _saying(self, node: yaml.Node, known: frozenset[str]) -> Saying | None:
        if isinstance(node, yaml.MappingNode):
            keys = self._mapping(node, SAYING_KEYS, "something to say")
            if "say" not in keys:
                self._wrong(node, "`say` is missing")
                return None
        else:
            keys = {"say": node}
        wording = self._wording(keys["say"])
        if wording is None:
            return None
        weight, moods = self._weight(keys.get("weight"))
        surfaces = self._one_of(keys["in"], (surface.value for surface in Surface), "a surface") if "in" in keys else ()
        saying = Saying(
            wording=wording,
            weight=weight,
            moods=moods,
            mood=frozenset(self._texts_of(keys.get("mood"))),
            at=tuple(self._spelt(one, SPAN.read, SPAN.read("00:00-12:00")) for one in self._list(keys.get("at"))),
            days=self._days(keys.get("days")),
            surfaces=frozenset(Surface(name) for name in surfaces),
            first=self._flag(keys["first"]) if "first" in keys else None,
            after=int(self._number(keys["after"])) if "after" in keys else 0,
            when={
                name: frozenset(self._one_of(value, self._drifts[name].values, f"a value of {name}"))
                for name, value in self._items(keys.get("when"))
                if self._is_drift(name, value)
            },
            not_knowing=frozenset(self._one_of(keys["not_knowing"], self._remembered, "a memory"))
            if "not_knowing" in keys
            else frozenset(),
            language=self._text(keys["language"]) if "language" in keys else None,
            about=frozenset(word.casefold() for word in self._texts_of(keys.get("about"))),
            then={
                name: self._sayings(value, known)
                for name, value in self._items(keys.get("then"))
                if self._is_cue(name, value)
            },
        )
        if saying.then and len(wording.mark) < MARK_LENGTH:
            self._wrong(
                keys["say"], f"what is followed by `then` needs {MARK_LENGTH} letters in a row to be known again"
            )
        self._texts.append((keys["say"], saying, known))
        return saying

    def _wording(self, node: yaml.Node) -> Wording | None:
        text = self._text(node)
        if not text:
            return None
        try:
            return parse_wording(text)
        except WordingError as error:
            self._wrong(node, str(error))
            return None

    def _weight(self, node: yaml.Node | None) -> tuple[float, dict[str, float]]:
        if node is None:
            return 1.0, {}
        if isinstance(node, yaml.MappingNode):
            return 1.0, {mood: self._number(value) for mood, value in self._items(node)}
        return self._number(node, least=0.01), {}

    def _days(self, node: yaml.Node | None) -> frozenset[int]:
        if node is None:
            return frozenset(range(7))
        return frozenset(day for one in self._list(node) for day in self._spelt(one, DAYS.read, frozenset({0})))

    def _is_drift(self, name: str, node: yaml.Node) -> bool:
        return bool(self._one_of_names(name, node, self._drifts, "a drift"))

    def _is_cue(self, name: str, node: yaml.Node) -> bool:
        return bool(self._one_of_names(name, node, {ANYTHING: (), **self._cues}, "a cue"))

    def _one_of_names(self, name: str, node: yaml.Node, names: Mapping[str, object], what: str) -> bool:
        if name in names:
            return True
        near = nearest(name, names)
        hint = f"Did you mean `{near}`?" if near else f"Known: {', '.join(names) or 'none'}"
        self._wrong(node, f"`{name}` is not {what}. {hint}")
        return False

    # What must be true of all of it together

    def _check_texts(self, remembered: frozenset[str]) -> None:
        symbols = BUILT_IN_SYMBOLS | self._symbols.keys() | self._chapters.keys() | self._drifts.keys()
        for node, saying, known in self._texts:
            for name in sorted(saying.wording.symbols - symbols):
                near = nearest(name, symbols)
                self._wrong(node, f"there is no symbol #{name}#." + (f" Did you mean #{near}#?" if near else ""))
            variables = BUILT_IN_VARIABLES | known
            for name in sorted(saying.wording.variables - variables):
                near = nearest(name, variables)
                self._wrong(
                    node, f"nothing is known as {{{{ {name} }}}} here." + (f" Did you mean {near}?" if near else "")
                )

    def _check_lengths(self) -> None:
        """Refuse symbols that lead back to themselves and texts that could grow without end."""
        if self._mistakes:
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
                self._wrong(places[id(sources[name][0])], f"#{name}# leads back to itself: {' → '.join(open_names)}")
                return 0
            if name not in longest:
                open_names.append(name)
                longest[name] = max(map(measure, sources[name]), default=0)
                open_names.pop()
            return longest[name]

        for node, saying, _ in self._texts:
            if not self._mistakes and measure(saying) > LONGEST_TEXT:
                self._wrong(node, f"this could become longer than {LONGEST_TEXT} characters")


def _composer() -> Any:
    return getattr(yaml, "CSafeLoader", yaml.SafeLoader)


_COMPOSER = _composer()
