"""JSON Schema of the files that owners write, for their editors: completion, help, and a red line under mistakes."""

import ast
import inspect
import itertools
import json
import textwrap
from collections.abc import Iterator
from typing import Any, cast, get_args

from pydantic import BaseModel

from greenroom.settings.accounts import Platforms, can_log_in, settings_model
from greenroom.settings.bot import BotFile
from greenroom.settings.model import Model, one_or_many
from greenroom.settings.places import some_places
from greenroom.settings.spelling import Spelling
from greenroom_adapters.contract import ConfigurationError

__all__ = ["bot_schema", "field_docs", "model_schema", "schema_text"]

JsonSchema = dict[str, Any]


def bot_schema(platforms: Platforms) -> JsonSchema:
    """Return the schema of a bot file whose accounts may be on `platforms`.

    Of a platform that needs what is not installed only the name is known: whatever stands in such an account is let be.
    """
    schema = model_schema(BotFile)
    definitions: JsonSchema = schema["$defs"]
    account = definitions["Account"]["anyOf"][1]
    account["properties"]["platform"]["examples"] = list(platforms.names)
    account["additionalProperties"] = True
    account["allOf"] = []
    for platform in platforms.names:
        try:
            adapter = platforms.adapter(platform)
        except ConfigurationError:
            continue
        own = model_schema(settings_model(adapter), docs=field_docs(adapter.Settings))
        definitions |= own.pop("$defs", {})
        account["allOf"].append(
            {
                "if": {"properties": {"platform": {"const": platform}}, "required": ["platform"]},
                "then": {
                    "properties": {"platform": True, "live": True, **own["properties"]},
                    "additionalProperties": False,
                }
                # what `greenroom login` finds out may be left out
                | ({"required": own["required"]} if own.get("required") and not can_log_in(adapter) else {}),
            }
        )
    return schema


def model_schema(model: type[Model], *, docs: dict[str, str] | None = None) -> JsonSchema:
    """Return the schema of one file or section; `docs` describes its fields where the class itself does not."""
    schema = model.model_json_schema(by_alias=True)
    definitions: JsonSchema = schema.pop("$defs", {})
    for part in _sections(model):
        found = schema if part is model else definitions.get(part.__name__)
        if found is not None:
            _describe(found, part, docs if docs is not None and part is model else field_docs(part))
    _tidy(schema)
    _tidy(definitions)
    head: JsonSchema = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
    return head | schema | ({"$defs": definitions} if definitions else {})


def schema_text(schema: JsonSchema) -> str:
    """Return a schema as its file holds it."""
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def field_docs(owner: type[Any]) -> dict[str, str]:
    """Return field → the text below it in the source of a class and its bases; empty where there is no source."""
    found: dict[str, str] = {}
    for base in reversed(owner.__mro__[:-1]):
        if base in (BaseModel, Model):
            continue  # no fields, and a long source to parse
        try:
            [statement] = ast.parse(textwrap.dedent(inspect.getsource(base))).body
        except (OSError, TypeError, SyntaxError, ValueError):
            continue
        body = statement.body if isinstance(statement, ast.ClassDef) else []
        for field, text in itertools.pairwise(body):
            if (
                isinstance(field, ast.AnnAssign)
                and isinstance(field.target, ast.Name)
                and isinstance(text, ast.Expr)
                and isinstance(text.value, ast.Constant)
                and isinstance(text.value.value, str)
            ):
                found[field.target.id] = " ".join(inspect.cleandoc(text.value.value).split())
    return found


def _sections(model: type[Model]) -> Iterator[type[Model]]:
    """Yield `model` and every model below it, each once."""
    seen: set[type[Model]] = set()
    waiting: list[Any] = [model]
    while waiting:
        part = waiting.pop()
        if not isinstance(part, type):
            waiting.extend(get_args(part))
        elif issubclass(part, Model) and part not in seen:
            seen.add(part)
            yield part
            for info in part.model_fields.values():
                waiting.append(info.annotation)


def _describe(schema: JsonSchema, model: type[Model], docs: dict[str, str]) -> None:
    """Make of pydantic's schema of one section what an owner may write there."""
    by_field = {field: key for key, field in model.written_keys().items()}
    properties: JsonSchema = schema.get("properties", {})
    kept: JsonSchema = {}
    for field, info in model.model_fields.items():
        key = by_field.get(field)
        if key is None:
            continue
        value: JsonSchema = properties.get(key, {})
        value.pop("title", None)
        for spelling in _spellings(info.metadata):
            if "default" in value:
                value["default"] = spelling.write(info.default)
        if not _worth_showing(value.get("default")):
            value.pop("default", None)
        if one_or_many in info.metadata or some_places in info.metadata:
            value = _one_or_many(value)
        about = docs.get(field) or docs.get(key)
        kept[key] = {"description": about, **value} if about else value
    schema.pop("title", None)
    schema["properties"] = kept
    schema["description"] = " ".join((inspect.getdoc(model) or "").split())
    if "required" in schema:
        schema["required"] = [key for key in schema["required"] if key in kept]
    if model.short_for is not None:
        section = dict(schema)
        description = section.pop("description")
        short = {name: part for name, part in kept[_key(model, model.short_for)].items() if name != "default"}
        schema.clear()
        schema |= {"description": description, "anyOf": [short, section]}


def _spellings(metadata: list[Any]) -> list[Spelling[Any]]:
    return [mark for mark in metadata if isinstance(mark, Spelling)]


def _key(model: type[Model], name: str) -> str:
    """Return the key that a file writes for the field or key `name`."""
    return next(key for key, field in model.written_keys().items() if name in (key, field))


def _worth_showing(default: object) -> bool:
    return default not in (None, "", []) and not isinstance(default, dict)


def _one_or_many(value: JsonSchema) -> JsonSchema:
    outer: JsonSchema = {name: value.pop(name) for name in ("default", "description") if name in value}
    return {**outer, "anyOf": [value["items"], value]}


def _tidy(schema: JsonSchema) -> None:
    """Drop what only pydantic needs: titles, null for what may be left out, and the marks of variants."""
    schema.pop("title", None)
    schema.pop("discriminator", None)
    if "oneOf" in schema:
        schema["anyOf"] = schema.pop("oneOf")
    variants: list[JsonSchema] = schema.get("anyOf", [])
    if {"type": "null"} in variants:
        variants.remove({"type": "null"})
        if len(variants) == 1:
            schema.pop("anyOf")
            schema |= variants[0]
    for part in schema.values():
        for inner in cast(list[object], part) if isinstance(part, list) else [part]:
            if isinstance(inner, dict):
                _tidy(cast(JsonSchema, inner))
