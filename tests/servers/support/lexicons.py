"""Judges values by the lexicons of the AT Protocol: what a data server takes, and what services answer.

A lexicon is no JSON Schema: `maxLength` of a string counts bytes of UTF-8, `maxGraphemes` what a reader takes for
characters, a union is told apart by `$type`, and objects are open. Here a property that no lexicon names is an error in
what is sent, and none in what is answered.
"""

import functools
import json
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from greenroom_adapters.contract import CountingRule
from greenroom_adapters.text import count

DID = r"did:[a-z]+:[a-zA-Z0-9._:%-]*[a-zA-Z0-9._-]"
HANDLE = r"([a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?\.)+[a-zA-Z]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?"
NSID = r"[a-zA-Z]([a-zA-Z0-9-]*[a-zA-Z0-9])?(\.[a-zA-Z0-9]([a-zA-Z0-9-]*[a-zA-Z0-9])?)+"
FORMATS: Mapping[str, str] = {
    "at-identifier": rf"{DID}|{HANDLE}",
    "at-uri": rf"at://({DID}|{HANDLE})(/{NSID}(/[a-zA-Z0-9._~:-]{{1,512}})?)?",
    "cid": r"[a-zA-Z0-9+=]{8,256}",
    "did": DID,
    "handle": HANDLE,
    "language": r"[a-zA-Z]{2,3}(-[a-zA-Z0-9]{1,8})*",
    "nsid": NSID,
    "record-key": r"[a-zA-Z0-9._~:-]{1,512}",
    "tid": r"[234567abcdefghij][234567abcdefghijklmnopqrstuvwxyz]{12}",
    "uri": r"[a-z][a-z0-9+.-]*:\S+",
}
TYPES: Mapping[str, type] = {"boolean": bool, "integer": int, "string": str, "array": list, "object": dict}


class Lexicons:
    """The lexicons below one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def wrong_with_call(self, method: str, name: str, query: str, body: bytes, media_type: str = "") -> list[str]:
        """Return what a lexicon does not allow about one request: its method, its parameters, its body."""
        try:
            described = self._document(name)["defs"]["main"]
        except FileNotFoundError:
            return [f"there is no call {name}"]
        wrong: list[str] = []
        if method != {"query": "GET", "procedure": "POST"}.get(described["type"]):
            wrong.append(f"{name} is no {method}")
        parameters = described.get("parameters", {"type": "params", "properties": {}})
        given = _parameters(query, parameters["properties"])
        wrong += self._params(given, parameters, name)
        taken = described.get("input")
        if taken is None:
            return wrong + ([f"{name} has no body"] if body else [])
        if taken["encoding"] != "application/json":
            return wrong
        sent = json.loads(body)
        wrong += [error for error in self._judge(sent, taken["schema"], name, name, strict=True)]
        record = sent.get("record")
        if isinstance(record, dict):
            wrong += self.wrong_with_record(record, sent.get("rkey"))
        return wrong

    def wrong_with_record(self, record: Mapping[str, Any], rkey: str | None = None) -> list[str]:
        """Return what its lexicon does not allow about a record that is written."""
        kind = str(record.get("$type"))
        described = self._document(kind)["defs"]["main"]
        wrong = list(self._judge(record, described["record"], kind, kind, strict=True))
        if rkey is not None and described["key"] == "tid" and not re.fullmatch(FORMATS["tid"], rkey):
            wrong.append(f"{rkey} is no key of a {kind}")
        return wrong

    def wrong_with_answer(self, name: str, answer: object) -> list[str]:
        """Return what a lexicon does not allow about an answer."""
        schema = self._document(name)["defs"]["main"]["output"]["schema"]
        return list(self._judge(answer, schema, name, name, strict=False))

    def error_names(self, name: str) -> set[str]:
        """Return the names of the errors that a call may answer with."""
        return {error["name"] for error in self._document(name)["defs"]["main"].get("errors", [])}

    @functools.cache  # noqa: B019 - as many as there are files, for one session
    def _document(self, name: str) -> Any:
        path = self._folder.joinpath(*name.split(".")).with_suffix(".json")
        return json.loads(path.read_text(encoding="utf-8"))

    def _resolve(self, ref: str, base: str) -> tuple[Any, str]:
        name, _, part = ref.partition("#")
        name = name or base
        return self._document(name)["defs"][part or "main"], name

    def _params(self, given: Mapping[str, Any], described: Mapping[str, Any], name: str) -> Iterator[str]:
        properties = described["properties"]
        yield from (f"{name}: {one} is no parameter" for one in given.keys() - properties.keys())
        yield from (f"{name}: {one} is missing" for one in described.get("required", []) if one not in given)
        for one in given.keys() & properties.keys():
            yield from self._judge(given[one], properties[one], name, f"{name}?{one}", strict=True)

    def _judge(self, value: Any, schema: Mapping[str, Any], base: str, at: str, *, strict: bool) -> Iterator[str]:
        kind = schema["type"]
        wanted = TYPES.get(kind)
        if wanted is not None and (not isinstance(value, wanted) or (kind == "integer" and isinstance(value, bool))):
            yield f"{at} is no {kind}"
            return
        match kind:
            case "ref":
                target, base = self._resolve(schema["ref"], base)
                yield from self._judge(value, target, base, at, strict=strict)
            case "union":
                yield from self._union(value, schema, base, at, strict=strict)
            case "object":
                yield from self._object(value, schema, base, at, strict=strict)
            case "array":
                if len(value) > schema.get("maxLength", len(value)) or len(value) < schema.get("minLength", 0):
                    yield f"{at} has {len(value)} items"
                for number, item in enumerate(value):
                    yield from self._judge(item, schema["items"], base, f"{at}[{number}]", strict=strict)
            case "string":
                yield from _string(value, schema, at)
            case "integer":
                if not schema.get("minimum", value) <= value <= schema.get("maximum", value):
                    yield f"{at} is {value}"
            case "blob":
                yield from _blob(value, schema, at)
            case "boolean" | "unknown":
                if "const" in schema and value != schema["const"]:
                    yield f"{at} is {value}"
            case "token":
                pass
            case _:
                raise AssertionError(f"{at}: no check for the type {kind}")

    def _object(self, value: Any, schema: Mapping[str, Any], base: str, at: str, *, strict: bool) -> Iterator[str]:
        properties, nullable = schema.get("properties", {}), schema.get("nullable", [])
        yield from (f"{at}.{name} is missing" for name in schema.get("required", []) if name not in value)
        if strict:
            yield from (f"{at}.{name} is unheard of" for name in value.keys() - properties.keys() - {"$type"})
        for name in value.keys() & properties.keys():
            if value[name] is None and name in nullable:
                continue
            yield from self._judge(value[name], properties[name], base, f"{at}.{name}", strict=strict)

    def _union(self, value: Any, schema: Mapping[str, Any], base: str, at: str, *, strict: bool) -> Iterator[str]:
        kind = value.get("$type") if isinstance(value, dict) else None
        if kind is None:
            yield f"{at} has no $type"
            return
        known = {ref if not ref.startswith("#") else base + ref for ref in schema["refs"]}
        if kind.removesuffix("#main") not in known:
            if strict or schema.get("closed"):
                yield f"{at} is a {kind}"
            return
        target, base = self._resolve(kind, base)
        yield from self._judge(value, target, base, at, strict=strict)


def _parameters(query: str, properties: Mapping[str, Any]) -> dict[str, Any]:
    given: dict[str, Any] = {}
    for name, text in parse_qsl(query, keep_blank_values=True):
        kind = properties.get(name, {}).get("type")
        if kind == "array":
            given.setdefault(name, []).append(text)
        elif kind == "integer":
            given[name] = int(text)
        elif kind == "boolean":
            given[name] = {"true": True, "false": False}.get(text, text)
        else:
            given[name] = text
    return given


def _string(value: str, schema: Mapping[str, Any], at: str) -> Iterator[str]:
    if len(value.encode()) > schema.get("maxLength", len(value.encode())):
        yield f"{at} is longer than {schema['maxLength']} bytes"
    if "maxGraphemes" in schema and count(value, CountingRule.GRAPHEMES) > schema["maxGraphemes"]:
        yield f"{at} is longer than {schema['maxGraphemes']} graphemes"
    if "enum" in schema and value not in schema["enum"]:
        yield f"{at} is {value!r}"
    written = schema.get("format")
    if written == "datetime":
        try:
            is_aware = datetime.fromisoformat(value).tzinfo is not None
        except ValueError:
            is_aware = False
        if not is_aware:
            yield f"{at} is no datetime: {value!r}"
    elif written is not None and not re.fullmatch(FORMATS[written], value):
        yield f"{at} is no {written}: {value!r}"


def _blob(value: Any, schema: Mapping[str, Any], at: str) -> Iterator[str]:
    if not isinstance(value, dict) or value.get("$type") != "blob" or "$link" not in value.get("ref", {}):
        yield f"{at} is no blob"
        return
    if value["size"] > schema.get("maxSize", value["size"]):
        yield f"{at} has {value['size']} bytes"
    accepted = schema.get("accept", ["*/*"])
    if not any(re.fullmatch(kind.replace("*", ".*"), value["mimeType"]) for kind in accepted):
        yield f"{at} is a {value['mimeType']}"
