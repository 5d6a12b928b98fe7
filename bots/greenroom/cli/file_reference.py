"""The reference of the two files that owners write, made from their schemas: `python -m greenroom.cli.file_reference`
writes docs/bot-file.md and docs/persona-file.md."""

import json
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from greenroom.personas import Persona
from greenroom.settings import Platforms
from greenroom.settings.schema import bot_schema, model_schema

__all__ = ["file_references"]

BOT_FILE = """# The bot file

Every key of it, made from the models that read it by `python -m greenroom.cli.file_reference`; a test compares the two.
Keys in **bold** must be there. A value that may be a list may stand alone, and where a section may be one word, that is
its first key. Editors show the same while you type ([config/schema/](../config/schema)).
"""
PERSONA_FILE = """# The persona file

Every key of it, made from the models that read it by `python -m greenroom.cli.file_reference`; a test compares the two.
What the keys do is told in [personas.md](personas.md). Keys in **bold** must be there; a value that may be a list may
stand alone, and where a section may be one word, that is its first key.
"""
_Node = Mapping[str, Any]


def file_references() -> dict[str, str]:
    """Return the name of each page in docs/ with its text."""
    bot = bot_schema(Platforms.installed())
    return {
        "bot-file.md": _page(BOT_FILE, "The file", bot),
        "persona-file.md": _page(PERSONA_FILE, "The file", model_schema(Persona)),
    }


def _page(introduction: str, title: str, schema: _Node) -> str:
    definitions: _Node = schema["$defs"]
    lines = [introduction, *_section(title, schema, definitions)]
    for name in _in_order(schema, definitions):
        node = definitions[name]
        if (section := _as_section(node)) is None:
            continue
        lines += _section(_words(name), section, definitions, about=node.get("description", ""))
        for choice in section.get("allOf", ()):
            word = choice["if"]["properties"]["platform"]["const"]
            lines += _section(f"{_words(name)} on {word}", choice["then"], definitions)
    return "\n".join(lines)


def _section(title: str, node: _Node, definitions: _Node, *, about: str = "") -> Iterator[str]:
    required = node.get("required", ())
    yield f"## {title}\n"
    if about:
        yield f"{about}\n"
    yield "| key | what it takes | about |\n|---|---|---|"
    for key, value in node["properties"].items():
        if value is True:  # told with the section that all platforms share
            continue
        name = f"**`{key}`**" if key in required else f"`{key}`"
        usual = "" if value.get("default") is None else f" Usual: `{_value(value['default'])}`."
        yield f"| {name} | {_cell(_takes(value, definitions))} | {_cell(value.get('description', '') + usual)} |"
    yield ""


def _in_order(schema: _Node, definitions: _Node) -> Iterator[str]:
    """Yield the names of the definitions, each where the file first comes to it."""
    seen: dict[str, None] = {}

    def look(node: object) -> None:
        for name in _named(node):
            if name not in seen:
                seen[name] = None
                look(definitions[name])

    look({key: value for key, value in schema.items() if key != "$defs"})
    yield from seen


def _named(node: object) -> list[str]:
    """Return the names of the definitions that stand in a node, in the order of its text."""
    return re.findall(r'"\$ref": "#/\$defs/(\w+)"', json.dumps(node))


def _as_section(node: _Node) -> _Node | None:
    """Return the form of a definition that has keys; None: it is a word or a number."""
    return next((form for form in (node, *node.get("anyOf", ())) if "properties" in form), None)


def _takes(node: _Node, definitions: _Node) -> str:
    """Say in words what may stand there."""
    if "$ref" in node:
        name = node["$ref"].rpartition("/")[2]
        target = definitions[name]
        if _as_section(target) is not None:
            return f"[{_words(name).lower()}](#{_words(name).lower().replace(' ', '-')})"
        return _takes(target, definitions)
    if "anyOf" in node:
        return _one_of(node, definitions)
    if "const" in node or "enum" in node:
        return _listed([f"`{_value(value)}`" for value in node.get("enum", [node.get("const")])])
    match node.get("type"):
        case "array":
            return f"a list: {_takes(node['items'], definitions)}"
        case "object":
            return f"by name: {_takes(node['additionalProperties'], definitions)}"
        case "boolean":
            return "`true` or `false`"
        case "integer" | "number" as kind:
            what = "a whole number" if kind == "integer" else "a number"
            least, most = node.get("minimum"), node.get("maximum")
            return what + (f" from {least}" if least is not None else "") + (f" to {most}" if most is not None else "")
        case _:
            return _like(node) or "text"


def _one_of(node: _Node, definitions: _Node) -> str:
    forms = list(node["anyOf"])
    single = [form for form in forms if form.get("type") != "array"]
    shown = _like(node) or _listed(list(dict.fromkeys(_takes(form, definitions) for form in single)))
    return f"{shown}; one or a list" if len(single) < len(forms) and single else shown


def _like(node: _Node) -> str:
    return f"like {_listed([f'`{_value(value)}`' for value in node['examples']])}" if node.get("examples") else ""


def _listed(words: list[str]) -> str:
    return " or ".join(filter(None, (", ".join(words[:-1]), words[-1])))


def _value(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _words(name: str) -> str:
    """`AnswerRule` → `Answer rule`."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name.removesuffix("Entry").removesuffix("Ref")).capitalize()


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


if __name__ == "__main__":
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "docs")
    for _name, _text in file_references().items():
        (folder / _name).write_text(_text, encoding="utf-8")
