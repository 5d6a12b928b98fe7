"""Whatever the adapter asks is in the published contract of Mastodon, and so is whatever the fake answers: both judged
as they came on the wire."""

import functools
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.parser import BytesParser
from email.policy import HTTP
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest
from clerks import Visitor
from mastodon_fake import Answered, FakeMastodon
from mastodon_world import MastodonWorld
from openapi_schema_validator import OAS31Validator

from greenroom_adapters.contract import Media, Poll, Post, PostRef
from greenroom_adapters.mastodon import MastodonAdapter
from greenroom_adapters.testing import FaultyProxy, Intent, Request, take

PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000b4944415478da6360000200000500017a5eab3f"
    "0000000049454e44ae426082"
)
BEYOND = {"/api/v1/streaming"}
"""The contract has the streams as server-sent events alone; the address of the WebSocket is in the documentation."""
ARRAYS = "[]"
"""How the names of lists end in a query (documentation, "API guidelines", parameters)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One thing that may be asked."""

    pattern: re.Pattern[str]
    method: str
    path: str
    described: dict[str, Any]


@functools.cache
def contract(file: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    # A whole quote has all that a shallow one has, so it is both of them at once.
    quote = found["components"]["schemas"]["Status"]["properties"]["quote"]
    quote["anyOf"] = quote.pop("oneOf")
    return found


@functools.cache
def operations(file: Path) -> tuple[Operation, ...]:
    def all_of_them() -> Iterator[Operation]:
        for path, methods in contract(file)["paths"].items():
            pattern = "".join(
                "[^/]+" if piece.startswith("{") else re.escape(piece) for piece in re.split(r"(\{[^}]*\})", path)
            )
            for method, described in methods.items():
                yield Operation(pattern=re.compile(pattern), method=method.upper(), path=path, described=described)

    # "/accounts/lookup" before "/accounts/{id}"
    return tuple(sorted(all_of_them(), key=lambda operation: operation.path.count("{")))


def operation(file: Path, method: str, path: str) -> Operation:
    for one in operations(file):
        if one.method == method and one.pattern.fullmatch(path) is not None:
            return one
    raise AssertionError(f"not in the contract: {method} {path}")


def judged(file: Path, value: object, schema: dict[str, Any]) -> list[str]:
    whole = {**schema, "components": contract(file)["components"]}
    return [f"{list(error.absolute_path)}: {error.message}"[:300] for error in OAS31Validator(whole).iter_errors(value)]


def wrong_with_request(request: Request, file: Path) -> list[str]:
    """Return what the contract does not allow."""
    path, _, query = request.path.partition("?")
    described = operation(file, request.method, path).described
    parameters = {one["name"]: one for one in described.get("parameters", [])}
    found: list[str] = []
    for name, text in parse_qsl(query):
        known = parameters.get(name.removesuffix(ARRAYS))
        if known is None or known["in"] != "query":
            found.append(f"{name} is no parameter")
            continue
        schema = known["schema"]
        is_list = schema.get("type") == "array"
        assert is_list == name.endswith(ARRAYS), name
        value: object = text
        if schema.get("type") in ("integer", "boolean"):
            value = json.loads(text)
        found += judged(file, [value] if is_list else value, schema)
    if "Idempotency-Key" in request.headers:
        # The contract calls a header an object, and documents it as any string.
        found += [] if "Idempotency-Key" in parameters else ["Idempotency-Key is no header here"]
    bodies = described.get("requestBody", {}).get("content", {})
    if request.body:
        kind = request.headers["Content-Type"].partition(";")[0]
        if kind not in bodies:
            return [*found, f"{kind} is no type of its body"]
        schema = bodies[kind]["schema"]
        if path == "/api/v1/statuses":
            schema = {"anyOf": schema["oneOf"]}  # a text with files is two of them at once
        body = _multipart(request) if kind == "multipart/form-data" else json.loads(request.body)
        found += judged(file, body, schema)
        found += [f"{name} is no member" for name in body if name not in _members(file, schema)]
    elif described.get("requestBody", {}).get("required"):
        found.append("the body is missing")
    return found


def wrong_with_answer(answer: Answered, file: Path) -> list[str]:
    responses = operation(file, answer.method, answer.path).described["responses"]
    if str(answer.status) not in responses:
        return [f"{answer.status} is no answer to {answer.method} {answer.path}"]
    content = responses[str(answer.status)].get("content", {}).get("application/json")
    return [] if content is None else judged(file, answer.body, content["schema"])


def _members(file: Path, schema: dict[str, Any]) -> set[str]:
    """Return every name that a body may have."""
    if "$ref" in schema:
        return _members(file, contract(file)["components"]["schemas"][schema["$ref"].rpartition("/")[2]])
    found = set(schema.get("properties", {}))
    for group in ("allOf", "anyOf", "oneOf"):
        for one in schema.get(group, []):
            found |= _members(file, one)
    return found


def _multipart(request: Request) -> dict[str, str]:
    head = f"Content-Type: {request.headers['Content-Type']}\r\n\r\n".encode()
    message = BytesParser(policy=HTTP).parsebytes(head + request.body)
    parts: dict[str, str] = {}
    for part in message.iter_parts():
        name = part.get_param("name", header="content-disposition")
        content = part.get_payload(decode=True)
        assert isinstance(content, bytes)
        parts[str(name)] = content.decode("latin-1")
    return parts


async def everything(world: MastodonWorld, picture: Path) -> None:
    """Let the adapter do all that it can."""
    picture.write_bytes(PIXEL)
    media = Media(path=str(picture), media_type="image/png", alt="a pixel")
    poll = Poll(options=("calm", "rough"), open_for=timedelta(hours=1))
    world.do(lambda state: setattr(state, "processing", timedelta(seconds=0.5)))
    async with world.adapter() as adapter:
        after = await adapter.now()
        asked = world.say("@lightbot where?", spoiler_text="ships", language="de")
        world.say("@lightbot psst", visibility="direct")
        for number in range(20):
            world.say(f"@lightbot said {number}")
        world.do(lambda state: state.follow(world.alice, world.bot))
        await take(adapter, 23, after=after)
        posts = (
            Post(text="there", in_reply_to=PostRef(id=asked.id), language="en-GB"),
            Post(text="look", media=(media,), content_warning="bright"),
            Post(text="psst", direct_to=world.alice.id),
            Post(text="the sea?", poll=poll),
            Post(text="well said", quote=PostRef(id=asked.id)),
        )
        intents = [Intent(adapter, post, key=f"k{number}") for number, post in enumerate(posts)]
        receipts = [await adapter.publish(intent.next_try()) for intent in intents]
        for intent in intents:
            await adapter.find(intent.last_try())
        world.do(lambda state: state.favour(world.alice, state.statuses[receipts[0].ref.id]))
        world.do(lambda state: state.boost(world.alice, state.statuses[receipts[0].ref.id]))
        world.say("@lightbot thanks", in_reply_to_id=receipts[0].ref.id)
        await take(adapter, 26, after=after)
        await adapter.thread(receipts[0].ref)
        await adapter.react(PostRef(id=asked.id))
        await adapter.repost(PostRef(id=asked.id))
        await adapter.follow(world.alice.id)
        await adapter.metrics(receipts[0].ref)
        await adapter.edit(receipts[1].ref, "look again")
        await adapter.delete(receipts[1].ref)
        await adapter.may_message(world.alice.id)
        for handle in (world.alice.id, "@alice", "@nobody"):
            await adapter.person(handle)
        await adapter.check()
        await adapter.declare()
        async for _ in adapter.history(since=datetime.now(UTC) - timedelta(minutes=1)):
            pass


@pytest.mark.asyncio
async def test_every_request_and_every_answer_is_in_the_contract(
    mastodon_world: MastodonWorld, specs: Path, tmp_path: Path
) -> None:
    file = specs / "mastodon" / "schema.json"
    world = mastodon_world
    await everything(world, tmp_path / "a.png")
    visitor = Visitor(world.fake.url, who="lightbot")
    await MastodonAdapter.login(visitor, {"server": world.proxy.url})
    judge(world.proxy, world.fake, file)


def judge(proxy: FaultyProxy, fake: FakeMastodon, file: Path) -> None:
    asked: set[str] = set()
    wrong: dict[str, list[str]] = {}
    for request in proxy.requests():
        path = request.path.partition("?")[0]
        if path in BEYOND or (request.method, path) == ("POST", "/oauth/authorize"):  # the latter is the person's
            continue
        asked.add(f"{request.method} {operation(file, request.method, path).path}")
        if found := wrong_with_request(request, file):
            wrong[f"{request.method} {request.path}"] = found
    for answer in fake.answered:
        if found := wrong_with_answer(answer, file):
            wrong[f"answer to {answer.method} {answer.path}"] = found
    assert wrong == {}
    assert asked >= {
        "GET /api/v2/instance",
        "GET /api/v1/accounts/verify_credentials",
        "PATCH /api/v1/accounts/update_credentials",
        "GET /api/v1/accounts/lookup",
        "GET /api/v1/accounts/relationships",
        "GET /api/v1/accounts/{id}/statuses",
        "POST /api/v1/accounts/{id}/follow",
        "GET /api/v1/notifications",
        "GET /api/v2/notifications/policy",
        "POST /api/v1/statuses",
        "PUT /api/v1/statuses/{id}",
        "DELETE /api/v1/statuses/{id}",
        "GET /api/v1/statuses/{id}/context",
        "GET /api/v1/statuses/{id}/source",
        "POST /api/v1/statuses/{id}/favourite",
        "POST /api/v1/statuses/{id}/reblog",
        "POST /api/v2/media",
        "GET /api/v1/media/{id}",
        "POST /api/v1/apps",
        "POST /oauth/token",
    }
