"""The `fields` of a request to the Graph API, read as Graph does: names, how a list is asked for, what is within."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Asked", "GraphError", "picked", "read_fields"]

TOKEN = re.compile(r"(?P<name>[a-z_]+)(?P<modifiers>(?:\.[a-z_]+\([^()]*\))*)")
MODIFIER = re.compile(r"\.([a-z_]+)\(([^()]*)\)")
NODES: dict[str, frozenset[str]] = {
    "page": frozenset({"id", "name", "username", "category"}),
    "person": frozenset({"id", "name"}),
    "instagram": frozenset({"id", "user_id", "username", "name", "account_type", "media_count"}),
    "post": frozenset(
        {"id", "message", "from", "created_time", "permalink_url", "attachments", "comments", "likes", "shares"}
    ),
    "attachment": frozenset({"media_type", "target", "subattachments", "title", "url"}),
    "comment": frozenset(
        {"id", "message", "from", "created_time", "parent", "message_tags", "attachment", "likes", "comments"}
    ),
    "media": frozenset(
        {
            *("id", "caption", "timestamp", "permalink", "media_type", "media_url", "username", "comments"),
            *("like_count", "comments_count", "owner"),
        }
    ),
    "media comment": frozenset(
        {"id", "text", "timestamp", "username", "from", "replies", "parent_id", "media", "like_count", "hidden"}
    ),
    "container": frozenset({"id", "status", "status_code"}),
    "conversation": frozenset({"id", "updated_time", "participants", "messages"}),
    "message": frozenset({"id", "created_time", "from", "to", "message", "attachments"}),
    "limit": frozenset({"quota_usage", "config"}),
    "mention": frozenset({"mentioned_comment", "mentioned_media"}),
    "account": frozenset({"id", "name", "access_token"}),
    "threader": frozenset({"id", "username", "name"}),
    "threads post": frozenset(
        {
            *("id", "text", "timestamp", "username", "permalink", "media_type", "media_url", "has_replies"),
            *("is_reply_owned_by_me", "root_post", "replied_to"),
        }
    ),
    "threads container": frozenset({"id", "status", "error_message"}),
    "threads limit": frozenset({"quota_usage", "config", "reply_quota_usage", "reply_config"}),
    "any": frozenset({"id", "name", "username", "data", "media_product_type"}),
}
"""Kind of thing → the fields that it has."""


class GraphError(Exception):
    """A refusal, in Graph's own codes."""

    def __init__(
        self, code: int, message: str, *, subcode: int = 0, status: int = 400, transient: bool = False
    ) -> None:
        super().__init__(message)
        self.status = status
        self.headers: Mapping[str, str] = {}
        """What else is told with it."""
        self.body: dict[str, Any] = {"message": message, "type": "OAuthException", "code": code, "fbtrace_id": "A1b2C3"}
        if subcode:
            self.body["error_subcode"] = subcode
        if transient:
            self.body["is_transient"] = True


@dataclass(frozen=True)
class Asked:
    """One field that is asked for."""

    modifiers: dict[str, str] = field(default_factory=dict)
    within: "dict[str, Asked] | None" = None


def read_fields(text: str) -> dict[str, Asked]:
    """Return what is asked for.

    :raises GraphError: Graph would not understand it
    """
    fields, position = _read(text, 0)
    if position != len(text):
        raise GraphError(2500, f'Syntax error "Unexpected character at position {position}"')
    return fields


def _read(text: str, position: int) -> tuple[dict[str, Asked], int]:
    fields: dict[str, Asked] = {}
    while True:
        token = TOKEN.match(text, position)
        if token is None:
            raise GraphError(2500, f'Syntax error "Expected name at position {position}"')
        position, within = token.end(), None
        if text[position : position + 1] == "{":
            within, position = _read(text, position + 1)
            if text[position : position + 1] != "}":
                raise GraphError(2500, f'Syntax error "Expected }} at position {position}"')
            position += 1
        fields[token["name"]] = Asked(dict(MODIFIER.findall(token["modifiers"])), within)
        if text[position : position + 1] != ",":
            return fields, position
        position += 1


def picked(kind: str, values: dict[str, Any], asked: dict[str, Asked]) -> dict[str, Any]:
    """Return those of the values that are asked for; a function makes the value of a list out of how it is asked for.

    :raises GraphError: there is no such field
    """
    told: dict[str, Any] = {}
    for name, how in asked.items():
        if name not in NODES[kind]:
            raise GraphError(100, f"(#100) Tried accessing nonexisting field ({name}) on node type ({kind.title()})")
        value = values.get(name)
        if callable(value):
            value = value(how)
        elif how.within is not None and isinstance(value, dict):
            value = {inner: value[inner] for inner in how.within if inner in value}
        if value is not None:
            told[name] = value
    return {**({"id": values["id"]} if "id" in values else {}), **told}
