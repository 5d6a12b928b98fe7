"""Judges what passes between an adapter and X by the vendor's published contract, as it is on the wire."""

import functools
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from openapi_schema_validator import OAS30Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT4

VERSIONS = {"tweet": "2.159", "post": "2.167"}
"""Dialect → the version of the contract that has its names."""
BEYOND = {"/2/oauth2/token", "/2/oauth2/authorize"}
"""Addresses of signing in, which the contract does not describe as operations."""


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One thing that may be asked."""

    method: str
    path: str
    pattern: re.Pattern[str]
    described: dict[str, Any]


class Contract:
    """One version of the contract."""

    def __init__(self, file: Path) -> None:
        self._document = json.loads(file.read_text(encoding="utf-8"))
        self._uri = file.as_uri()
        resource: Resource[Any] = Resource.from_contents(self._document, default_specification=DRAFT4)
        self._registry: Registry[Any] = Registry().with_resource(self._uri, resource)
        self._operations = [
            Operation(method=method.upper(), path=path, pattern=_pattern(path), described=described)
            for path, methods in self._document["paths"].items()
            for method, described in methods.items()
            if method in ("get", "put", "post", "delete")
        ]
        # An address with fewer variables is meant before one with more.
        self._operations.sort(key=lambda operation: operation.path.count("{"))

    def wrong_with_request(self, method: str, path: str, query: Mapping[str, str], body: object) -> list[str]:
        """Return what the contract does not allow of a request; `body` is None where there is none."""
        if path in BEYOND:
            return []
        operation = self._operation(method, path)
        if operation is None:
            return [f"{method} {path} is not in the contract"]
        parameters = {one["name"]: one for one in map(self._resolved, operation.described.get("parameters", []))}
        asked = {name: one for name, one in parameters.items() if one["in"] == "query"}
        found = [f"{name} is no parameter" for name in query.keys() - asked.keys()]
        found += [f"{name} is missing" for name, one in asked.items() if one.get("required") and name not in query]
        for name in query.keys() & asked.keys():
            found += self._judged(_typed(query[name], self._resolved(asked[name]["schema"])), asked[name]["schema"])
        match = operation.pattern.fullmatch(path)
        for name, value in (match.groupdict() if match else {}).items():
            if name in parameters:
                found += self._judged(value, parameters[name]["schema"])
        found += self._wrong_with_body(operation, body)
        return [f"{method} {path}: {one}" for one in found]

    def wrong_with_answer(self, method: str, path: str, status: int, body: object) -> list[str]:
        """Return what the contract does not allow of an answer."""
        operation = self._operation(method, path)
        if operation is None or path in BEYOND:
            return []
        responses = operation.described["responses"]
        known = responses.get(str(status)) or (responses.get("default") if status >= 400 else None)
        if known is None:
            return [f"{method} {path} never answers {status}"]
        content = known["content"]
        kind = "application/problem+json" if status >= 400 and "application/problem+json" in content else None
        schema = content[kind or "application/json"]["schema"]
        if status >= 400 and schema.get("$ref", "").endswith("/Problem"):
            # The newer contract lists the problems of 200s alone; the words of the older hold for all.
            schema = {"type": "object", "required": ["type", "title"]}
        return [f"{method} {path} answered {status}: {one}" for one in self._judged(body, schema)]

    def wrong_with_activity(self, kind: str, payload: object) -> list[str]:
        """Return what the contract does not allow of an activity's payload; of kinds that it does not know, nothing."""
        described = self._document["components"]["schemas"]["ActivityStreamingResponsePayload"]
        reference = described.get("discriminator", {}).get("mapping", {}).get(kind)
        return [] if reference is None else [f"{kind}: {one}" for one in self._judged(payload, {"$ref": reference})]

    def _wrong_with_body(self, operation: Operation, body: object) -> list[str]:
        described = operation.described.get("requestBody")
        if described is None:
            return [] if body is None else ["it takes no body"]
        if body is None:
            return ["the body is missing"] if described.get("required") else []
        return self._judged(body, described["content"]["application/json"]["schema"])

    def _operation(self, method: str, path: str) -> Operation | None:
        return next((one for one in self._operations if one.method == method and one.pattern.fullmatch(path)), None)

    def _judged(self, value: object, schema: dict[str, Any]) -> list[str]:
        based = self._absolute(schema)
        validator = OAS30Validator(based, registry=self._registry)
        return [f"{'/'.join(map(str, error.path))} {error.message[:300]}" for error in validator.iter_errors(value)]

    def _absolute(self, schema: Any) -> Any:
        if isinstance(schema, dict):
            return {
                key: f"{self._uri}{value}" if key == "$ref" and value.startswith("#") else self._absolute(value)
                for key, value in schema.items()
            }
        return [self._absolute(one) for one in schema] if isinstance(schema, list) else schema

    def _resolved(self, described: dict[str, Any]) -> dict[str, Any]:
        if "$ref" not in described:
            return described
        found = self._document
        for step in described["$ref"].removeprefix("#/").split("/"):
            found = found[step]
        return dict(found)


@functools.cache
def contract_of(specs: Path, dialect: str) -> Contract:
    """Return the version of the contract that a dialect belongs to, read once."""
    return Contract(specs / "x" / f"openapi-{VERSIONS[dialect]}.json")


def _pattern(path: str) -> re.Pattern[str]:
    pieces = re.split(r"(\{[^}]*\})", path)
    return re.compile("".join(f"(?P<{one[1:-1]}>[^/]+)" if one.startswith("{") else re.escape(one) for one in pieces))


def _typed(value: str, schema: dict[str, Any]) -> object:
    """Return a parameter as what its schema speaks of."""
    match schema.get("type"):
        case "integer":
            return int(value) if value.lstrip("-").isdigit() else value
        case "boolean":
            return {"true": True, "false": False}.get(value, value)
        case "array":
            return value.split(",")
        case _:
            return value
