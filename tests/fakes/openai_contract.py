"""Judges what passes between a caller and the model server of the tests by OpenAI's published contract."""

import base64
import functools
import json
import struct
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from openapi_schema_validator import OAS31Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from greenroom.testing.models import Endpoint, Exchange

SOURCE = "urn:openai"
SCHEMAS = {
    Endpoint.CHAT: ("CreateChatCompletionRequest", "CreateChatCompletionResponse"),
    Endpoint.IMAGES: ("CreateImageRequest", "ImagesResponse"),
    Endpoint.EDITS: ("CreateImageEditRequest", "ImagesResponse"),
    Endpoint.EMBEDDINGS: ("CreateEmbeddingRequest", "CreateEmbeddingResponse"),
    Endpoint.MODERATIONS: ("CreateModerationRequest", "CreateModerationResponse"),
}
NUMBERS = {"n", "output_compression", "partial_images"}
"""Fields of a form that mean numbers."""


class Contract:
    """The contract, parsed once."""

    def __init__(self, path: Path) -> None:
        document = _with_nulls(json.loads(path.read_bytes()))
        resource: Resource[Any] = Resource.from_contents(document, default_specification=DRAFT202012)
        self._registry: Registry[Any] = Registry().with_resource(SOURCE, resource)
        self._validators: dict[str, OAS31Validator] = {}

    def judge(self, schema: str, body: object) -> None:
        """Raise when `body` is not what the named schema allows."""
        validator = self._validators.get(schema)
        if validator is None:
            reference = {"$ref": f"{SOURCE}#/components/schemas/{schema}"}
            validator = self._validators[schema] = OAS31Validator(reference, registry=self._registry)
        validator.validate(body)

    def judge_all(self, exchanges: Iterable[Exchange]) -> None:
        """Raise when a request that was taken, or anything that was answered, is not within the contract."""
        for exchange in exchanges:
            asked, answered = SCHEMAS[exchange.endpoint]
            if not exchange.turned_away:
                self.judge(asked, _as_json(exchange))
            if exchange.answer is not None:
                self.judge(answered if exchange.status == 200 else "ErrorResponse", _as_floats(exchange))
            for chunk in exchange.chunks:
                # The contract says in words that `usage` is null in all chunks but the last, and forbids it by type.
                told = {name: value for name, value in chunk.items() if name != "usage" or value is not None}
                self.judge("CreateChatCompletionStreamResponse", told)


@functools.cache
def contract_in(specs: Path) -> Contract:
    """Return the contract of this folder, read once."""
    return Contract(specs / "openai" / "openapi.json")


def _with_nulls(schema: Any) -> Any:
    """Return a schema whose `nullable`, a word of an older OpenAPI that the contract still uses, has an effect."""
    if isinstance(schema, list):
        return [_with_nulls(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    known = {name: _with_nulls(one) for name, one in schema.items()}
    if known.get("nullable") is True:
        if isinstance(known.get("type"), str):
            known["type"] = [known["type"], "null"]
        if "enum" in known:
            known["enum"] = [*known["enum"], None]
    return known


def _as_json(exchange: Exchange) -> dict[str, Any]:
    """Return a request as its schema speaks of it: files of a form as text, its numbers as numbers."""
    if exchange.endpoint is not Endpoint.EDITS:
        return exchange.body
    body = exchange.body | {"image": ["file" for _ in exchange.body["image"]]}
    if "mask" in body:
        body["mask"] = "file"
    return body | {name: int(body[name]) for name in NUMBERS & body.keys()}


def _as_floats(exchange: Exchange) -> Any:
    """Return an answer with its vectors as numbers: in base64 the contract offers them and does not describe them."""
    if exchange.status != 200 or exchange.body.get("encoding_format") != "base64":
        return exchange.answer
    data = [item | {"embedding": _floats(item["embedding"])} for item in exchange.answer["data"]]
    return exchange.answer | {"data": data}


def _floats(packed: str) -> list[float]:
    raw = base64.b64decode(packed, validate=True)
    return list(struct.unpack(f"<{len(raw) // 4}f", raw))
