"""The answers of a chat completion: whole, or in chunks."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from greenroom.testing.models.asked import Chat
from greenroom.testing.models.orders import Calls, CutsOff, Filters, Order, Refuses, Says

__all__ = ["chunks", "completion", "count", "default", "sample"]

BORN = 1_790_000_000
"""When everything was made, in seconds since 1970: the same request has the same answer."""
AROUND_MESSAGE = 4
"""Tokens that a chat format puts around a message."""

_TOKEN = re.compile(r"\s*\w+|\s*[^\w\s]|\s+$")


def count(text: str) -> int:
    """Return how many tokens a text has here: one for each word and mark."""
    return len(_TOKEN.findall(text))


def completion(asked: Chat, order: Order, *, number: int, model: str) -> dict[str, Any]:
    """Return the body of an answer; `number` tells the answers of one server apart."""
    message, finish = _said(asked, order, number)
    body: dict[str, Any] = {
        "id": f"chatcmpl-{number}",
        "object": "chat.completion",
        "created": BORN + number,
        "model": model,
        "choices": [
            {"index": index, "finish_reason": finish, "logprobs": None, "message": message}
            for index in range(asked.n or 1)
        ],
    }
    if (usage := _usage(asked, order, message)) is not None:
        body["usage"] = usage
    return body


def chunks(asked: Chat, whole: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Return a completion as the parts of a stream."""
    head = {"id": whole["id"], "object": "chat.completion.chunk", "created": whole["created"], "model": whole["model"]}
    counts = bool(asked.stream_options and asked.stream_options.include_usage)
    for choice in whole["choices"]:
        for delta, finish in _deltas(choice["message"], choice["finish_reason"]):
            one = {"index": choice["index"], "delta": delta, "finish_reason": finish}
            yield head | {"choices": [one]} | ({"usage": None} if counts else {})
    if counts:
        yield head | {"choices": [], "usage": whole.get("usage")}


def sample(schema: Mapping[str, Any], root: Mapping[str, Any] | None = None) -> Any:
    """Return the plainest value that a schema allows."""
    root = schema if root is None else root
    if (reference := schema.get("$ref")) is not None:
        found: Any = root
        for step in str(reference).removeprefix("#").strip("/").split("/"):
            found = found[step] if step else found
        return sample(found, root)
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return schema["enum"][0]
    if "anyOf" in schema:
        return sample(schema["anyOf"][0], root)
    kinds: str | list[str] | None = schema.get("type")
    match kinds[0] if isinstance(kinds, list) else kinds:
        case "object":
            return {name: sample(inner, root) for name, inner in schema.get("properties", {}).items()}
        case "array":
            return [sample(schema["items"], root) for _ in range(schema.get("minItems", 1))]
        case "integer" | "number":
            return schema.get("minimum", 1)
        case "boolean":
            return True
        case "null":
            return None
        case _:
            return "words"


def _said(asked: Chat, order: Order, number: int) -> tuple[dict[str, Any], str]:
    """Return the message of an answer, and why it ended."""
    message: dict[str, Any] = {"role": "assistant", "content": None, "refusal": None}
    match order:
        case Says():
            pieces = _TOKEN.findall(order.text)
            if asked.most_tokens is not None and len(pieces) > asked.most_tokens:
                return message | {"content": "".join(pieces[: asked.most_tokens])}, "length"
            return message | {"content": _stopped(order.text, asked.stop)}, "stop"
        case Calls():
            called = [
                {"id": f"call_{number}_{index}", "type": "function", "function": {"name": name, "arguments": arguments}}
                for index, (name, arguments) in enumerate(order.calls)
            ]
            return message | {"content": order.text, "tool_calls": called}, "tool_calls"
        case Refuses():
            return message | {"refusal": order.text}, "stop"
        case CutsOff():
            return message | {"content": order.text}, "length"
        case Filters():
            return message | {"content": order.text}, "content_filter"
        case _:
            raise TypeError(f"a chat completion cannot be answered with {order!r}")


def _stopped(text: str, stop: str | list[str] | None) -> str:
    for word in [stop] if isinstance(stop, str) else stop or ():
        text = text.partition(word)[0]
    return text


def _usage(asked: Chat, order: Order, message: Mapping[str, Any]) -> dict[str, int] | None:
    if order.usage is None:
        return None
    if order.usage == "counted":
        read = sum(count(text) for text in asked.texts) + AROUND_MESSAGE * len(asked.messages)
        written = asked.most_tokens if isinstance(order, CutsOff) and asked.most_tokens else _written(message)
    else:
        read, written = order.usage
    return {"prompt_tokens": read, "completion_tokens": written, "total_tokens": read + written}


def _written(message: Mapping[str, Any]) -> int:
    said = [message["content"] or "", message["refusal"] or ""]
    said += [call["function"]["arguments"] for call in message.get("tool_calls", ())]
    return sum(map(count, said))


def _deltas(message: Mapping[str, Any], finish: str) -> Iterator[tuple[dict[str, Any], str | None]]:
    yield {"role": "assistant", "content": "" if message["content"] is not None else None, "refusal": None}, None
    for piece in _TOKEN.findall(message["content"] or ""):
        yield {"content": piece}, None
    for piece in _TOKEN.findall(message["refusal"] or ""):
        yield {"refusal": piece}, None
    for index, call in enumerate(message.get("tool_calls", ())):
        name, arguments = call["function"]["name"], call["function"]["arguments"]
        opening = {"index": index, "id": call["id"], "type": "function", "function": {"name": name, "arguments": ""}}
        yield {"tool_calls": [opening]}, None
        for start in range(0, len(arguments), 8):
            yield {"tool_calls": [{"index": index, "function": {"arguments": arguments[start : start + 8]}}]}, None
    yield {}, finish


def default(asked: Chat, number: int) -> Order:
    """Return what is said when nothing was ordered: never a call of a tool; JSON where JSON is wanted."""
    if asked.schema is not None:
        return Says(json.dumps(sample(asked.schema)))
    return Says(json.dumps({"number": number}) if asked.wants_json else f"This is answer {number}.")
