"""Whatever the adapter asks of a homeserver is in the published contract of Matrix, judged as it came on the wire."""

import functools
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote

import pytest
import yaml
from matrix_world import MatrixWorld
from openapi_schema_validator import OAS31Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from greenroom_adapters.contract import Media, Post, TextEvent
from greenroom_adapters.testing import Intent, Request, take

pytestmark = [pytest.mark.server, pytest.mark.timeout(120)]

PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000b4944415478da6360000200000500017a5eab3f"
    "0000000049454e44ae426082"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One thing that may be asked."""

    file: Path
    pattern: re.Pattern[str]
    method: str
    described: dict[str, Any]

    def fits(self, request: Request) -> bool:
        return request.method == self.method and self.pattern.fullmatch(request.path.partition("?")[0]) is not None


@functools.cache
def loaded(file: Path) -> Any:
    return yaml.load(file.read_text(encoding="utf-8"), yaml.CSafeLoader)


def operations(specs: Path) -> Iterator[Operation]:
    for file in sorted((specs / "matrix" / "api" / "client-server").glob("*.yaml")):
        described = loaded(file)
        base = described["servers"][0]["variables"]["basePath"]["default"]
        for path, methods in described["paths"].items():
            pattern = "".join(
                "[^/]+" if piece.startswith("{") else re.escape(piece)
                for piece in re.split(r"(\{[^}]*\})", base + path)
            )
            for method, operation in methods.items():
                if method in ("get", "put", "post", "delete"):
                    yield Operation(file=file, pattern=re.compile(pattern), method=method.upper(), described=operation)


def retrieve(uri: str) -> Resource[Any]:
    path = Path(unquote(uri.removeprefix("file://")))
    return Resource.from_contents(loaded(path), default_specification=DRAFT202012)


def wrong_with(request: Request, operation: Operation) -> list[str]:
    """Return what the contract does not allow."""
    registry: Registry[Any] = Registry(retrieve=retrieve)  # type: ignore[call-arg] # attrs' alias of the field

    def judged(value: object, schema: dict[str, Any]) -> list[str]:
        based = {"$id": operation.file.as_uri(), **schema}
        return [error.message for error in OAS31Validator(based, registry=registry).iter_errors(value)]

    query = {name: values[0] for name, values in parse_qs(request.path.partition("?")[2]).items()}
    resolver = registry.resolver(operation.file.as_uri())
    described = [
        resolver.lookup(one["$ref"]).contents if "$ref" in one else one
        for one in operation.described.get("parameters", [])
    ]
    parameters = {one["name"]: one for one in described if one["in"] == "query"}
    found = [f"{name} is no parameter" for name in query.keys() - parameters.keys()]
    found += [f"{name} is missing" for name, one in parameters.items() if one.get("required") and name not in query]
    for name in query.keys() & parameters.keys():
        schema = parameters[name]["schema"]
        value: object = int(query[name]) if schema.get("type") == "integer" else query[name]
        found += judged(value, schema)
    body = operation.described.get("requestBody", {}).get("content", {}).get("application/json")
    if body is not None:
        found += judged(json.loads(request.body), body["schema"])
    return found


@pytest.mark.asyncio
async def test_every_request_is_in_the_contract(matrix_world: MatrixWorld, specs: Path, tmp_path: Path) -> None:
    world = matrix_world
    (tmp_path / "a.png").write_bytes(PIXEL)
    media = Media(path=str(tmp_path / "a.png"), media_type="image/png", alt="a pixel")
    async with world.adapter(threads=True) as adapter:
        after = await adapter.now()
        for number in range(60):
            world.alice.say(world.home, f"said {number}", mention=world.bot)
        asked = (await take(adapter, 60, after=after))[0]
        room = world.alice.make_room(preset="trusted_private_chat", is_direct=True, invite=[world.bot.id])
        world.alice.say(room, "psst")
        await take(adapter, 61, after=after)
        answer = Post(text="aye", in_reply_to=world.ref(asked.id), room=world.home)
        posts = (answer, Post(text="look", media=(media,)), Post(text="psst", direct_to=world.alice.id))
        intents = [Intent(adapter, post, key=f"k{number}") for number, post in enumerate(posts)]
        receipts = [await adapter.publish(intent.next_try()) for intent in intents]
        await adapter.find(intents[0].last_try())
        await adapter.thread(receipts[0].ref)
        await adapter.react(world.ref(asked.id))
        assert isinstance(asked, TextEvent)
        assert await adapter.show_typing(asked) == timedelta(seconds=10)
        await adapter.metrics(receipts[0].ref)
        await adapter.edit(receipts[0].ref, "aye, aye")
        await adapter.delete(receipts[0].ref)
        await adapter.may_message(world.alice.id)
        await adapter.check()
        async for _ in adapter.history(since=datetime.now(UTC) - timedelta(minutes=1)):
            pass
    known = list(operations(specs))
    asked_for: set[str] = set()
    wrong: dict[str, list[str]] = {}
    for request in world.proxy.requests():
        fitting = [operation for operation in known if operation.fits(request)]
        assert fitting, f"not in the contract: {request.method} {request.path}"
        asked_for.add(fitting[0].described["operationId"])
        found = wrong_with(request, fitting[0])
        if found:
            wrong[f"{request.method} {request.path}"] = found
    assert wrong == {}
    assert asked_for >= {
        "getTokenOwner",
        "getConfigAuthed",
        "sync",
        "getRoomEvents",
        "getOneRoomEvent",
        "getRelatingEventsWithRelType",
        "sendMessage",
        "redactEvent",
        "uploadContent",
        "joinRoomById",
        "setAccountData",
        "getRoomIdByAlias",
        "setTyping",
    }
