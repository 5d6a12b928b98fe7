"""The vendor's contract, as the judge of what is asked and of what is answered."""

import json
import re
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from openapi_schema_validator import OAS31Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

__all__ = ["Contract"]

URI = "urn:discord"


class Contract:
    """One OpenAPI file."""

    def __init__(self, file: Path) -> None:
        self._told = json.loads(file.read_text(encoding="utf-8"))
        self._registry: Registry[Any] = Registry().with_resource(
            URI, Resource.from_contents(self._told, default_specification=DRAFT202012)
        )
        self.seen: set[str] = set()
        """Operations that were asked for."""

    @cached_property
    def _operations(self) -> list[tuple[str, re.Pattern[str], dict[str, Any]]]:
        found: list[tuple[int, str, re.Pattern[str], dict[str, Any]]] = []
        for path, methods in self._told["paths"].items():
            pattern = "".join(
                "[^/]+" if piece.startswith("{") else re.escape(piece) for piece in re.split(r"(\{[^}]*\})", path)
            )
            for method, operation in methods.items():
                if method in ("get", "put", "post", "patch", "delete"):
                    found.append((path.count("{"), method.upper(), re.compile(pattern), operation))
        # the most particular first: /users/@me before /users/{user_id}
        found.sort(key=lambda one: one[0])
        return [one[1:] for one in found]

    def wrong_with_request(self, method: str, path: str, query: str, body: Any) -> list[str]:
        """Return what the contract does not allow. `body` is the JSON that was sent, or None."""
        operation = self._operation(method, path)
        if operation is None:
            return [f"{method} {path} is not in the contract"]
        self.seen.add(operation["operationId"])
        asked = {name: values[0] for name, values in parse_qs(query).items()}
        known = {one["name"]: one for one in operation.get("parameters", []) if one["in"] == "query"}
        found = [f"{name} is no parameter" for name in asked.keys() - known.keys()]
        found += [f"{name} is missing" for name, one in known.items() if one.get("required") and name not in asked]
        for name in asked.keys() & known.keys():
            schema = known[name]["schema"]
            read: dict[str, Any] = {"integer": int, "boolean": {"true": True, "false": False}.get}
            value: Any = read.get(schema.get("type", ""), str)(asked[name])
            found += self._judged(value, schema)
        described = operation.get("requestBody", {}).get("content", {}).get("application/json")
        if described is not None:
            found += self._judged(body, described["schema"])
            found += self._unknown_keys(body, described["schema"])
        elif body is not None:
            found.append("no body is expected")
        return found

    def wrong_with_answer(self, method: str, path: str, status: int, body: Any) -> list[str]:
        """Return in which way an answer of this fake is none of Discord's."""
        operation = self._operation(method, path)
        if operation is None or not 200 <= status < 300:
            return []
        described = operation["responses"].get(str(status))
        if described is None:
            return [f"it never answers {status}"]
        schema = described.get("content", {}).get("application/json", {}).get("schema")
        return [] if schema is None else self._judged(body, schema)

    def wrong_with(self, value: Any, schema: str) -> list[str]:
        """Return in which way a value is not what a named schema wants."""
        return self._judged(value, {"$ref": f"#/components/schemas/{schema}"})

    def _operation(self, method: str, path: str) -> dict[str, Any] | None:
        return next(
            (told for known, pattern, told in self._operations if known == method and pattern.fullmatch(path)), None
        )

    def _judged(self, value: Any, schema: dict[str, Any]) -> list[str]:
        based = json.loads(json.dumps(schema).replace('"#/components', f'"{URI}#/components'))
        return [
            f"{'/'.join(map(str, error.absolute_path))}: {error.message:.200}"
            for error in OAS31Validator(based, registry=self._registry).iter_errors(value)
        ]

    def _unknown_keys(self, body: Any, schema: dict[str, Any]) -> list[str]:
        """The schemas let keys pass that they do not name; a misspelt one would be one of these."""
        if "$ref" in schema:
            schema = self._told["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        properties = schema.get("properties")
        if not isinstance(body, dict) or properties is None:
            return []
        found = [f"{key} is no key" for key in body.keys() - properties.keys()]
        for key in body.keys() & properties.keys():
            options = properties[key].get("oneOf", [properties[key]])
            referred = [option for option in options if "$ref" in option]
            if isinstance(body[key], dict) and len(referred) == 1:
                found += self._unknown_keys(body[key], referred[0])
        return found
