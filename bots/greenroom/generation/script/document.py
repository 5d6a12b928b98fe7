"""A script file as YAML, read node by node; what is wrong is noted with its place."""

import re
from collections.abc import Callable, Collection, Iterable
from pathlib import Path
from typing import Any, TypeVar, cast

import yaml

from greenroom.settings.errors import Mistake, Mistakes
from greenroom.settings.names import nearest
from greenroom.settings.spelling import SpellingError

__all__ = ["Document"]

T = TypeVar("T")

LOST_SYMBOL = re.compile(r"\s+#[a-z_]+(?:\.capital)?#")


class Document:
    """One file. Who asks for what does not stand there gets something that does no harm, and the mistake is noted."""

    def __init__(self, path: Path, body: bytes | None = None) -> None:
        """Read the file, or `body`, which stood in it.

        :raises Mistakes: it is not there, or no YAML
        """
        self._path = path
        self._lines: list[str] = []
        self.mistakes: list[Mistake] = []
        """Those that were met so far."""
        self.root = self._composed(body)

    def wrong(self, node: yaml.Node, reason: str) -> None:
        """Note a mistake at the place of a node."""
        line, column = node.start_mark.line + 1, node.start_mark.column + 1
        self.mistakes.append(Mistake(path=self._path, line=line, column=column, reason=reason))

    def items(self, node: yaml.Node | None) -> list[tuple[str, yaml.Node]]:
        """Return the names of a mapping with what stands there."""
        if node is None:
            return []
        if not isinstance(node, yaml.MappingNode):
            self.wrong(node, "names with values belong here")
            return []
        items: dict[str, yaml.Node] = {}
        for key, value in cast("list[tuple[yaml.Node, yaml.Node]]", node.value):
            name = str(key.value) if isinstance(key, yaml.ScalarNode) else ""
            if not name:
                self.wrong(key, "a name must be a word")
            elif name in items:
                self.wrong(key, f"`{name}` stands here twice")
            else:
                items[name] = value
        return list(items.items())

    def mapping(self, node: yaml.Node, keys: Iterable[str], section: str) -> dict[str, yaml.Node]:
        """Return what stands in a mapping that has no other `keys` than these."""
        known = tuple(keys)
        found: dict[str, yaml.Node] = {}
        for name, value in self.items(node):
            if name in known:
                found[name] = value
            else:
                key = next(k for k, _ in node.value if k.value == name)
                near = nearest(name, known)
                hint = f"Did you mean `{near}`?" if near else f"Its keys: {', '.join(known)}"
                self.wrong(key, f"`{name}` is not a key of {section}. {hint}")
        return found

    def many(self, node: yaml.Node | None) -> list[yaml.Node]:
        """Return the nodes of a list; what is none is short for a list of one."""
        if node is None:
            return []
        return list(node.value) if isinstance(node, yaml.SequenceNode) else [node]

    def text(self, node: yaml.Node) -> str:
        """Return a text that is not empty."""
        if isinstance(node, yaml.ScalarNode) and str(node.value).strip():
            line = self._lines[node.start_mark.line][node.start_mark.column :]
            behind = line.removeprefix(str(node.value))
            if not node.style and LOST_SYMBOL.match(behind):
                self.wrong(node, "in YAML a # after a space begins a comment: put the sentence in quotes")
            return str(node.value)
        self.wrong(node, "a text belongs here")
        return ""

    def texts(self, node: yaml.Node | None) -> list[str]:
        """Return one text, or each of a list."""
        return [self.text(one) for one in self.many(node)]

    def spelt(self, node: yaml.Node, read: Callable[[object], T], default: T) -> T:
        """Return what a text means to `read`; `default` where it means nothing."""
        try:
            return read(self.text(node))
        except SpellingError as error:
            self.wrong(node, str(error))
            return default

    def number(self, node: yaml.Node, *, least: float = 0, most: float = 1000) -> float:
        """Return a number within these bounds."""
        try:
            value = float(self.text(node))
        except ValueError:
            value = -1.0
        if not least <= value <= most:
            self.wrong(node, f"this must be a number from {least:g} to {most:g}")
            return least
        return value

    def flag(self, node: yaml.Node) -> bool:
        """Return what true or false says."""
        text = self.text(node)
        if text not in ("true", "false"):
            self.wrong(node, "this must be true or false")
        return text == "true"

    def chosen(self, node: yaml.Node, names: Iterable[str], what: str) -> list[str]:
        """Return those of the texts that are among `names`."""
        known = tuple(names)
        return [name for one in self.many(node) if self.is_one_of(name := self.text(one), one, known, what)]

    def is_one_of(self, name: str, node: yaml.Node, names: Collection[str], what: str) -> bool:
        """Say whether `name`, which stands at a node, is among `names`."""
        if name in names:
            return True
        near = nearest(name, names)
        hint = f"Did you mean `{near}`?" if near else f"Known: {', '.join(names) or 'none'}"
        self.wrong(node, f"`{name}` is not {what}. {hint}")
        return False

    def _composed(self, body: bytes | None) -> yaml.Node:
        try:
            text = (self._path.read_bytes() if body is None else body).decode("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            reason = "is not there" if isinstance(error, FileNotFoundError) else f"cannot be read: {error}"
            raise self._useless(f"the script {reason}") from error
        self._lines = text.splitlines()
        try:
            node = yaml.compose(text, Loader=_COMPOSER)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark
            raise self._useless(f"this is no YAML: {error.problem}; put the sentence in quotes", mark) from error
        except yaml.YAMLError as error:
            raise self._useless(f"this is no YAML: {error}") from error
        if node is None:
            raise self._useless("the script is empty")
        return node

    def _useless(self, reason: str, mark: yaml.Mark | None = None) -> Mistakes:
        line, column = (None, None) if mark is None else (mark.line + 1, mark.column + 1)
        return Mistakes([Mistake(path=self._path, line=line, column=column, reason=reason)])


def _composer() -> Any:
    return getattr(yaml, "CSafeLoader", yaml.SafeLoader)


_COMPOSER = _composer()
