"""Texts of a script: literal words, `#symbols#` and `{{ variables }}`, read once and put together many times.

Only what stands in the script file is ever read as a template. What people wrote enters as the value of a variable,
last of all, and is never read again: `#sea#` or `{{ 7 * 7 }}` in a stranger's text stays what it is.
"""

import functools
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

__all__ = ["Wording", "WordingError", "parse_wording"]

TOKEN = re.compile(r"#(?P<symbol>[a-z][a-z_]*)(?P<capital>\.capital)?#|\{\{\s*(?P<variable>[a-z][a-z_]*)\s*\}\}")
LOGIC = re.compile(r"\{[{%#]")
FILTERS = ("capitalize", "default", "lower", "title", "trim", "upper")
TESTS = ("defined", "divisibleby", "even", "odd", "undefined")
TAIL = re.compile(r"\s+")


class WordingError(ValueError):
    """A text that cannot be read; the message says what is wrong with it."""


class Rich(Protocol):
    """A compiled template."""

    def render(self, *args: Any, **kwargs: Any) -> str:
        """Return the text for these variables."""
        ...


@dataclass(frozen=True, slots=True)
class Symbol:
    """A place for one expansion of a symbol of the grammar."""

    name: str
    capital: bool


@dataclass(frozen=True, slots=True)
class Variable:
    """A place for something that is known only when the text is said."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """One text of a script."""

    source: str
    parts: tuple[str | Symbol | Variable, ...]
    """In order; for a rich text only its symbols."""
    rich: Rich | None
    """Set when the text uses conditions or filters."""
    symbols: frozenset[str]
    variables: frozenset[str]
    """Which variables must be known before it can be said."""
    shortest: int
    """No expansion is shorter than this many characters."""
    mark: str
    """Its longest literal stretch: by this the text is recognised among what was said. Empty: it has none."""

    def say(self, symbol: Callable[[str], str], variables: Mapping[str, str | int]) -> str:
        """Put the text together. `symbol` is asked once for each place of a symbol, left to right."""
        if self.rich is not None:
            expanded = {
                f"symbol_{index}": _cased(symbol(part.name), part.capital)
                for index, part in enumerate(part for part in self.parts if isinstance(part, Symbol))
            }
            return TAIL.sub(" ", self.rich.render(**variables, **expanded)).strip()
        pieces: list[str] = []
        for part in self.parts:
            if isinstance(part, str):
                pieces.append(part)
            elif isinstance(part, Symbol):
                pieces.append(_cased(symbol(part.name), part.capital))
            else:
                pieces.append(str(variables[part.name]))
        text = "".join(pieces)
        # Whatever somebody wrote in small letters, a line begins with a capital.
        return _cased(text, True) if isinstance(self.parts[0], Variable) else text


def parse_wording(source: str) -> Wording:
    """Read a text.

    :raises WordingError: it cannot be read, or would do more than choose between words
    """
    text = TAIL.sub(" ", source).strip()
    if not text:
        raise WordingError("there are no words here")
    parts: list[str | Symbol | Variable] = []
    position = 0
    for found in TOKEN.finditer(text):
        if found.start() > position:
            parts.append(text[position : found.start()])
        if found["symbol"] is not None:
            parts.append(Symbol(found["symbol"], found["capital"] is not None))
        else:
            parts.append(Variable(found["variable"]))
        position = found.end()
    if position < len(text):
        parts.append(text[position:])
    symbols = frozenset(part.name for part in parts if isinstance(part, Symbol))
    if any(isinstance(part, str) and LOGIC.search(part) for part in parts):
        rich, variables, literals = _rich(text)
        kept: tuple[str | Symbol | Variable, ...] = tuple(part for part in parts if isinstance(part, Symbol))
        shortest = 1
    else:
        rich, kept = None, tuple(parts)
        variables = frozenset(part.name for part in parts if isinstance(part, Variable))
        literals = [part for part in parts if isinstance(part, str)]
        shortest = sum(len(part) if isinstance(part, str) else 1 for part in parts)
    mark = max((literal.strip() for literal in literals), key=len, default="")
    return Wording(
        source=source, parts=kept, rich=rich, symbols=symbols, variables=variables, shortest=shortest, mark=mark
    )


def _cased(text: str, capital: bool) -> str:
    return text[:1].upper() + text[1:] if capital else text


def _rich(text: str) -> tuple[Rich, frozenset[str], list[str]]:
    from jinja2 import TemplateError, nodes  # a script without conditions is spared the time of this import
    from jinja2.meta import find_undeclared_variables

    environment = _environment()
    numbers = iter(range(text.count("#")))

    def numbered(found: re.Match[str]) -> str:
        return found.group() if found["symbol"] is None else f"{{{{ symbol_{next(numbers)} }}}}"

    source = TOKEN.sub(numbered, text)
    # Choosing between words is all that a text may do: no loop, no call, no attribute, no arithmetic that grows.
    allowed = (
        nodes.Template, nodes.Output, nodes.TemplateData, nodes.Name, nodes.Const, nodes.If, nodes.CondExpr,
        nodes.Compare, nodes.Operand, nodes.And, nodes.Or, nodes.Not, nodes.Filter, nodes.Test, nodes.Add, nodes.Sub,
        nodes.Tuple, nodes.List,
    )  # fmt: skip
    try:
        tree = environment.parse(source)
        for node in tree.find_all(nodes.Node):
            if not isinstance(node, allowed):
                raise WordingError(f"a text may choose between words; it may not use {type(node).__name__.lower()}")
        variables = frozenset(name for name in find_undeclared_variables(tree) if not name.startswith("symbol_"))
        literals = [node.data for node in tree.find_all(nodes.TemplateData)]
        return environment.from_string(source), variables, literals
    except TemplateError as error:
        raise WordingError(f"{error.message}") from error


@functools.cache
def _environment() -> Any:
    from jinja2 import StrictUndefined
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    environment = ImmutableSandboxedEnvironment(undefined=StrictUndefined, autoescape=False)
    environment.globals.clear()
    environment.filters = {name: environment.filters[name] for name in FILTERS}
    environment.tests = {name: environment.tests[name] for name in TESTS}
    return environment
