"""Pages on the Graph API of the tests: their posts, what is said below them, their messages, and how a token is had."""

import json
import re
import time
from collections.abc import Awaitable, Callable
from typing import Any

from graph_fields import Asked, GraphError, picked
from graph_server import Call, Route, paged
from graph_state import PAGE_SCOPES, written

__all__ = ["PAGES", "conversations", "said"]

LONGEST_POST, LONGEST_COMMENT, LONGEST_MESSAGE = 63_206, 8000, 2000
MESSAGING = frozenset({"pages_messaging", "instagram_business_manage_messages"})
DAY = 86_400.0
TOLD = 20
"""Messages of a conversation of which Instagram tells what they say."""


def units(text: str) -> int:
    """Return the length of a text in UTF-16 units."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def person(call: Call, account: str) -> dict[str, Any]:
    """Return an account as it is shown beside what it wrote."""
    row = call.state.who(account)
    return {"id": row["id"], "name": row["name"]}


def shown_post(call: Call, row: Any, asked: dict[str, Asked]) -> dict[str, Any]:
    """Return a post as it is asked for."""

    def attachments(how: Asked) -> dict[str, Any] | None:
        files = json.loads(row["files"])
        pictures = [{"media_type": "photo", "target": {"id": name}} for name in files]
        if not pictures:
            return {"data": [{"media_type": "link", "url": row["link"]}]} if row["link"] else None
        album = {"media_type": "album", "target": {"id": row["id"]}, "subattachments": {"data": pictures}}
        top = [album] if len(pictures) > 1 else pictures
        return {"data": [picked("attachment", one, how.within or {}) for one in top]}

    def comments(how: Asked) -> dict[str, Any]:
        if "summary" in how.modifiers:
            rows = call.state.all("SELECT * FROM comments WHERE post = ? AND NOT deleted", row["id"])
            return {"data": [], "summary": {"total_count": len(rows)}}
        return comments_of(call, row["id"], how.modifiers, how.within or {})

    values = {
        "id": row["id"],
        "message": row["text"] or None,
        "from": person(call, row["author"]),
        "created_time": written(row["created"]),
        "permalink_url": f"https://www.facebook.com/{row['id']}",
        "attachments": attachments,
        "comments": comments,
        "likes": lambda how: counted_likes(call, row["id"], how),
        "shares": None,
    }
    return picked("post", values, asked)


def counted_likes(call: Call, name: str, how: Asked) -> dict[str, Any]:
    """Return how many like something."""
    rows = call.state.all("SELECT * FROM likes WHERE object = ?", name)
    return {"data": [], **({"summary": {"total_count": len(rows)}} if "summary" in how.modifiers else {})}


def comments_of(call: Call, post: str, modifiers: dict[str, str], within: dict[str, Asked]) -> dict[str, Any]:
    """Return a page of the comments below a post, or below a comment."""
    if modifiers.get("order", "chronological") not in ("chronological", "reverse_chronological"):
        raise GraphError(100, "(#100) order must be chronological or reverse_chronological")
    is_stream = modifiers.get("filter") == "stream"
    rows = call.state.all(
        "SELECT * FROM comments WHERE (post = ? OR parent = ?) AND NOT deleted AND created >= ? ORDER BY n",
        *(post, post, float(modifiers.get("since", "0"))),
    )
    rows = [row for row in rows if is_stream or row["parent"] is None or row["parent"] == post]
    if modifiers.get("order") == "reverse_chronological":
        rows.reverse()
    begin, limit = int(modifiers.get("after", "0")), int(modifiers.get("limit", "25"))
    return paged(rows[begin:], lambda row: shown_comment(call, row, within), limit, begin=begin)


def shown_comment(call: Call, row: Any, asked: dict[str, Asked]) -> dict[str, Any]:
    """Return a comment as it is asked for."""

    def parent(how: Asked) -> dict[str, Any] | None:
        above = call.state.one("SELECT * FROM comments WHERE id = ?", row["parent"]) if row["parent"] else None
        return None if above is None else shown_comment(call, above, how.within or {})

    tags = [
        {"id": one["id"], "name": one["name"], "type": "page"}
        for one in call.state.all("SELECT * FROM accounts WHERE kind = 'page'")
        if f"@{one['handle']}" in row["text"]
    ]
    below = call.state.all("SELECT * FROM comments WHERE parent = ? AND NOT deleted", row["id"])
    values = {
        "id": row["id"],
        "message": row["text"],
        "from": person(call, row["author"]),
        "created_time": written(row["created"]),
        "parent": parent,
        "message_tags": tags or None,
        "attachment": attachment_of(row),
        "likes": lambda how: counted_likes(call, row["id"], how),
        "comments": lambda how: {"data": [], "summary": {"total_count": len(below)}},
    }
    return picked("comment", values, asked)


def attachment_of(row: Any) -> dict[str, Any] | None:
    """Return what is shown below the words of a comment: its picture, or what the first link in it leads to."""
    image = {"image": {"src": "https://scontent.example/shown.jpg", "height": 8, "width": 8}}
    if row["file"]:
        return {"type": "photo", "target": {"id": row["file"]}, "media": image}
    link = re.search(r"https?://\S+", row["text"])
    return None if link is None else {"type": "share", "url": link[0], "title": "Somewhere", "media": image}


# The page -------------------------------------------------------------------------------------------------------------


async def me(call: Call) -> Any:
    row = call.state.who(call.account)
    values = {"id": row["id"], "name": row["name"], "username": row["handle"], "category": "Lighthouse"}
    return picked("page" if row["kind"] == "page" else "person", values, call.fields)


async def node(call: Call) -> Any:
    found = call.state.thing(call.match["name"])
    if found is None:
        raise missing(call.match["name"])
    kind, row = found
    return (shown_post if kind == "post" else shown_comment)(call, row, call.fields)


def missing(name: str) -> GraphError:
    """Return what Graph says of something that is not there."""
    words = f"Unsupported request. Object with ID '{name}' does not exist, cannot be loaded due to missing permissions"
    return GraphError(100, words, subcode=33)


async def published_posts(call: Call) -> Any:
    rows = call.state.all(
        "SELECT * FROM posts WHERE author = ? AND NOT deleted AND created >= ? ORDER BY n DESC",
        *(of_us(call), float(call.parameters.get("since", "0"))),
    )
    return call.page(rows, lambda row: shown_post(call, row, call.fields))


async def tagged(call: Call) -> Any:
    us = of_us(call)
    rows = call.state.all("SELECT * FROM posts WHERE NOT deleted ORDER BY n DESC")
    named = [row for row in rows if us in json.loads(row["names"])]
    told = call.page(named, lambda row: shown_post(call, row, call.fields))
    told["data"] = [*call.server.strange, *told["data"]]
    return told


async def comments(call: Call) -> Any:
    if call.state.thing(call.match["name"]) is None:
        raise missing(call.match["name"])
    return comments_of(call, call.match["name"], {"limit": "25", **call.parameters}, call.fields)


def of_us(call: Call) -> str:
    """Return the page of the path, which must be the one of the token."""
    if call.match["name"] != call.account:
        raise GraphError(10, "(#10) This endpoint requires the page's own access token", status=403)
    return call.account


async def feed(call: Call) -> Any:
    us, text = of_us(call), call.parameters.get("message", "")
    attached = [str(one["media_fbid"]) for one in json.loads(call.parameters.get("attached_media", "[]"))]
    if not text and not attached and not call.parameters.get("link"):
        raise GraphError(100, "(#100) Missing message or attachment")
    if units(text) > LONGEST_POST:
        raise GraphError(100, "(#100) Message is too long")
    files = [call.state.one("SELECT * FROM files WHERE id = ? AND owner = ?", name, us) for name in attached]
    if None in files:
        raise GraphError(100, "(#100) Unpublished photo does not exist")
    last = call.state.one("SELECT text FROM posts WHERE author = ? AND NOT deleted ORDER BY n DESC LIMIT 1", us)
    if call.server.refuses_duplicates and last is not None and last["text"] == text and not attached:
        raise GraphError(506, "(#506) Duplicate status message")
    alts = [row["alt"] for row in files if row is not None]
    return {"id": call.state.post(us, text, link=call.parameters.get("link"), files=attached, alts=alts)}


async def photos(call: Call) -> Any:
    us = of_us(call)
    if call.file is None or not call.file.startswith((b"\x89PNG", b"\xff\xd8", b"GIF8", b"RIFF")):
        raise GraphError(324, "(#324) Missing or invalid image file")
    if call.parameters.get("published") != "false":
        raise GraphError(100, "the bot of the tests publishes no picture by itself")
    name = str(call.state.number())
    alt = call.parameters.get("alt_text_custom", "")
    call.state.all("INSERT INTO files VALUES (?, ?, ?, ?)", name, us, alt, time.time())
    return {"id": name}


async def comment(call: Call) -> Any:
    name, text = call.match["name"], call.parameters.get("message", "")
    found = call.state.thing(name)
    if found is None:
        raise missing(name)
    if units(text) > LONGEST_COMMENT:
        raise GraphError(100, "(#100) Comment is too long")
    kind, row = found
    post, parent = (name, None) if kind == "post" else (row["post"], name)
    file = call.parameters.get("attachment_id")
    return {"id": call.state.comment(call.account, post, text, parent=parent, file=file)}


async def like(call: Call) -> Any:
    if call.state.thing(call.match["name"]) is None:
        raise missing(call.match["name"])
    call.state.all("INSERT OR IGNORE INTO likes VALUES (?, ?)", call.match["name"], call.account)
    return {"success": True}


async def delete(call: Call) -> Any:
    found = call.state.thing(call.match["name"])
    if found is None:
        raise missing(call.match["name"])
    if found[1]["author"] != call.account:
        raise GraphError(200, "(#200) Permissions error", status=403)
    call.state.remove(call.match["name"])
    return {"success": True}


async def subscribe(call: Call) -> Any:
    fields = call.parameters.get("subscribed_fields", "").split(",")
    if "messages" in fields and not call.scopes & MESSAGING:
        words = "(#200) To subscribe to the messages field, one of these permissions is needed: pages_messaging"
        raise GraphError(200, words, status=403)
    call.server.subscribed = fields
    return {"success": "true"}


# Messages -------------------------------------------------------------------------------------------------------------


def said(call: Call, row: Any, asked: dict[str, Asked], *, place: int = 0) -> dict[str, Any]:
    """Return a message as it is asked for, the newest of its conversation in place 0. Instagram tells no more of old
    ones than that they were."""
    if place >= TOLD and call.state.who(call.account)["kind"] == "instagram":
        return {"id": row["id"]}
    other = row["person"] if row["author"] == row["account"] else row["account"]
    values = {
        "id": row["id"],
        "created_time": written(row["created"]),
        "from": person(call, row["author"]),
        "to": {"data": [person(call, other)]},
        "message": row["text"],
    }
    return picked("message", values, asked)


async def conversations(call: Call) -> Any:
    rows = call.state.all(
        "SELECT person, max(created) AS latest FROM messages WHERE account = ? AND (? = '' OR person = ?) "
        "GROUP BY person ORDER BY latest DESC",
        *(call.account, call.parameters.get("user_id", ""), call.parameters.get("user_id", "")),
    )

    def shown(row: Any) -> dict[str, Any]:
        def messages(how: Asked) -> dict[str, Any]:
            return said_to(call, row["person"], int(how.modifiers.get("limit", "25")), how.within or {})

        values = {"id": f"t_{row['person']}", "updated_time": written(row["latest"]), "messages": messages}
        return picked("conversation", values, call.fields)

    return call.page(rows, shown)


def said_to(call: Call, other: str, limit: int, asked: dict[str, Asked], begin: int = 0) -> dict[str, Any]:
    rows = call.state.all(
        "SELECT * FROM messages WHERE account = ? AND person = ? ORDER BY n DESC", call.account, other
    )
    places = {row["id"]: place for place, row in enumerate(rows)}
    return paged(rows[begin:], lambda row: said(call, row, asked, place=places[row["id"]]), limit, begin=begin)


async def messages_of(call: Call) -> Any:
    begin, limit = int(call.parameters.get("after", "0")), int(call.parameters.get("limit", "25"))
    return said_to(call, call.match["person"], limit, call.fields, begin)


def sending(longest: int, count: Callable[[str], int]) -> Callable[[Call], Awaitable[Any]]:
    """Return how messages of at most so much are sent."""

    async def send(call: Call) -> Any:
        recipient = json.loads(call.parameters["recipient"])["id"]
        text = json.loads(call.parameters["message"])["text"]
        if not text or count(text) > longest:
            raise GraphError(100, f"(#100) Length of param message[text] must be less than or equal to {longest}")
        latest = call.state.one(
            "SELECT max(created) AS at FROM messages WHERE account = ? AND author = ?", call.account, recipient
        )
        if latest is None or latest["at"] is None or latest["at"] < time.time() - DAY:
            words = "(#10) This message is sent outside of allowed window."
            raise GraphError(10, words, subcode=2018278)
        name = call.state.message(call.account, recipient, call.account, text)
        return {"recipient_id": recipient, "message_id": name}

    return send


# How a token is had ---------------------------------------------------------------------------------------------------


async def exchange(call: Call) -> Any:
    asked = call.parameters
    row = call.state.one("SELECT * FROM tokens WHERE token = ?", asked.get("fb_exchange_token", ""))
    is_app = (asked.get("client_id"), asked.get("client_secret")) == (call.server.app_id, call.server.app_secret)
    if asked.get("grant_type") != "fb_exchange_token" or row is None or not is_app:
        raise GraphError(101, "Error validating application. Cannot get application info due to a system error.")
    lasting = call.state.token_for(row["account"], scopes=json.loads(row["scopes"]))
    return {"access_token": lasting, "token_type": "bearer", "expires_in": 5_183_944}


async def accounts(call: Call) -> Any:
    scopes = [one for one in PAGE_SCOPES if one in call.scopes]
    pages = call.state.all("SELECT * FROM accounts WHERE kind = 'page' ORDER BY id")
    told = [
        {"id": row["id"], "name": row["name"], "access_token": call.state.token_for(row["id"], scopes=scopes)}
        for row in pages
    ]
    return {"data": told}


async def debug_token(call: Call) -> Any:
    row = call.state.one("SELECT * FROM tokens WHERE token = ?", call.parameters["input_token"])
    if row is None:
        return {"data": {"is_valid": False, "scopes": []}}
    facts = {"is_valid": True, "type": "PAGE", "expires_at": row["ends_at"], "scopes": json.loads(row["scopes"])}
    return {"data": facts}


def route(
    method: str, path: str, handler: Callable[[Call], Awaitable[Any]], scope: str | None, *parameters: str
) -> Route:
    """Return one thing that can be asked."""
    return Route(method, re.compile(path), frozenset(parameters), scope, handler)


NAME = r"/(?P<name>[0-9_]+)"
ORDERED = ("filter", "order", "since")
PAGES = [
    route("GET", "/me", me, None),
    route("GET", "/me/accounts", accounts, "pages_show_list"),
    route("GET", "/oauth/access_token", exchange, "app"),
    route("GET", "/debug_token", debug_token, "app"),
    route("GET", f"{NAME}/published_posts", published_posts, "pages_read_engagement", "since"),
    route("GET", f"{NAME}/tagged", tagged, "pages_read_user_content"),
    route("GET", f"{NAME}/conversations", conversations, "pages_messaging", "user_id"),
    route("GET", r"/t_(?P<person>[0-9]+)/messages", messages_of, "pages_messaging"),
    route("GET", f"{NAME}/comments", comments, "pages_read_user_content", *ORDERED),
    route("GET", NAME, node, None),
    route("POST", f"{NAME}/feed", feed, "pages_manage_posts", "message", "link", "attached_media"),
    route("POST", f"{NAME}/photos", photos, "pages_manage_posts", "alt_text_custom", "published", "source"),
    route("POST", f"{NAME}/comments", comment, "pages_manage_engagement", "message", "attachment_id"),
    route("POST", f"{NAME}/likes", like, "pages_manage_engagement"),
    route(
        *("POST", f"{NAME}/messages", sending(LONGEST_MESSAGE, units), "pages_messaging"),
        *("recipient", "messaging_type", "message"),
    ),
    route("POST", f"{NAME}/subscribed_apps", subscribe, "pages_manage_metadata", "subscribed_fields"),
    route("DELETE", NAME, delete, "pages_manage_engagement"),
]
