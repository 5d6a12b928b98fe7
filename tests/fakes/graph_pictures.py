"""Instagram on the Graph API of the tests: media in two phases, comments, mentions, messages, and renewed tokens."""

import json
import re
import time
from typing import Any

from aiohttp import ClientError, ClientSession, ClientTimeout
from graph_fields import Asked, GraphError, picked
from graph_pages import conversations, messages_of, missing, route, sending, subscribe
from graph_server import Call, Route, paged
from graph_state import written

__all__ = ["PICTURES"]

LONGEST_CAPTION, LONGEST_COMMENT, LONGEST_MESSAGE = 2200, 2200, 1000
LARGEST_PICTURE = 8 * 1000 * 1000
DAY = 86_400.0
HASHTAGS = 30
LASTS = 5_184_000


def units(text: str) -> int:
    """Return the length of a text in UTF-16 units."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def octets(text: str) -> int:
    """Return the length of a text in UTF-8."""
    return len(text.encode())


def of_us(call: Call) -> str:
    """Return the account of the path, which must be the one of the token."""
    if call.match["name"] != call.account:
        raise missing(call.match["name"])
    return call.account


# What is shown --------------------------------------------------------------------------------------------------------


async def me(call: Call) -> Any:
    row = call.state.who(call.account)
    values = {
        "id": f"9{row['id']}",
        "user_id": row["id"],
        "username": row["handle"],
        "name": row["name"],
        "account_type": row["type"],
    }
    return picked("instagram", values, call.fields)


def shown_media(call: Call, row: Any, asked: dict[str, Asked]) -> dict[str, Any]:
    """Return a post as it is asked for."""

    def comments(how: Asked) -> dict[str, Any] | None:
        if row["author"] != call.account:
            return None
        rows = call.state.all(
            "SELECT * FROM comments WHERE post = ? AND parent IS NULL AND NOT deleted ORDER BY n DESC", row["id"]
        )
        limit = int(how.modifiers.get("limit", "25"))
        return paged(rows, lambda one: shown_comment(call, one, how.within or {}), limit)

    below = call.state.all("SELECT * FROM comments WHERE post = ? AND NOT deleted", row["id"])
    values = {
        "id": row["id"],
        "caption": row["text"] or None,
        "timestamp": written(row["created"]),
        "permalink": f"https://www.instagram.com/p/{row['n']}/",
        "media_type": row["kind"],
        "media_url": "https://scontent.example/picture.jpg",
        "username": call.state.who(row["author"])["handle"],
        "comments": comments,
        "like_count": len(call.state.all("SELECT * FROM likes WHERE object = ?", row["id"])),
        "comments_count": len(below),
    }
    return picked("media", values, asked)


def shown_comment(call: Call, row: Any, asked: dict[str, Asked]) -> dict[str, Any]:
    """Return a comment as it is asked for."""
    author = call.state.who(row["author"])

    def replies(how: Asked) -> dict[str, Any] | None:
        rows = call.state.all("SELECT * FROM comments WHERE parent = ? AND NOT deleted ORDER BY n DESC", row["id"])
        limit = int(how.modifiers.get("limit", "25"))
        return paged(rows, lambda one: shown_comment(call, one, how.within or {}), limit) if rows else None

    values = {
        "id": row["id"],
        "text": row["text"],
        "timestamp": written(row["created"]),
        "username": author["handle"],
        "from": {"id": author["id"], "username": author["handle"]},
        "replies": replies,
        "media": {"id": row["post"]},
    }
    return picked("media comment", values, asked)


async def node(call: Call) -> Any:
    name = call.match["name"]
    if name == call.account:
        return await mentioned(call)
    container = call.state.one("SELECT * FROM containers WHERE id = ?", name)
    if container is not None:
        status = status_of(call, container)
        values = {"id": name, "status_code": status, "status": container["why"] or f"{status.title()}: Container"}
        return picked("container", values, call.fields)
    found = call.state.thing(name)
    if found is None:
        raise missing(name)
    kind, row = found
    return (shown_media if kind == "post" else shown_comment)(call, row, call.fields)


async def mentioned(call: Call) -> Any:
    def comment(how: Asked) -> dict[str, Any]:
        found = call.state.thing(how.modifiers["comment_id"])
        if found is None or f"@{call.state.who(call.account)['handle']}" not in found[1]["text"]:
            raise missing(how.modifiers["comment_id"])
        return shown_comment(call, found[1], how.within or {})

    def media(how: Asked) -> dict[str, Any]:
        found = call.state.thing(how.modifiers["media_id"])
        if found is None or call.account not in json.loads(found[1]["names"]):
            raise missing(how.modifiers["media_id"])
        return shown_media(call, found[1], how.within or {})

    return picked("mention", {"mentioned_comment": comment, "mentioned_media": media}, call.fields)


async def media_list(call: Call) -> Any:
    rows = call.state.all("SELECT * FROM posts WHERE author = ? AND NOT deleted ORDER BY n DESC", of_us(call))
    return call.page(rows, lambda row: shown_media(call, row, call.fields))


async def tags(call: Call) -> Any:
    us = of_us(call)
    rows = call.state.all("SELECT * FROM posts WHERE NOT deleted ORDER BY n DESC")
    named = [row for row in rows if us in json.loads(row["names"])]
    told = call.page(named, lambda row: shown_media(call, row, call.fields))
    told["data"] = [*call.server.strange, *told["data"]]
    return told


async def comments(call: Call) -> Any:
    found = call.state.thing(call.match["name"])
    if found is None or found[1]["author"] != call.account:
        raise missing(call.match["name"])
    rows = call.state.all(
        "SELECT * FROM comments WHERE post = ? AND parent IS NULL AND NOT deleted ORDER BY n DESC", call.match["name"]
    )
    return call.page(rows, lambda row: shown_comment(call, row, call.fields))


# Two phases -----------------------------------------------------------------------------------------------------------


def status_of(call: Call, container: Any) -> str:
    """Return how far a container is."""
    if container["status"] != "IN_PROGRESS":
        return str(container["status"])
    if container["created"] < time.time() - DAY:
        return "EXPIRED"
    return "FINISHED" if container["ready_at"] <= time.time() else "IN_PROGRESS"


async def fetched(address: str) -> tuple[bytes, str] | None:
    """Return what lies at an address, as Meta's servers fetch it; None: nothing comes."""
    try:
        async with ClientSession(timeout=ClientTimeout(total=5)) as client, client.get(address) as answer:
            return (await answer.read(), answer.content_type) if answer.status == 200 else None
    except (ClientError, TimeoutError):
        return None


async def create(call: Call) -> Any:
    us, asked = of_us(call), call.parameters
    kind = asked.get("media_type", "IMAGE")
    if kind not in ("IMAGE", "VIDEO", "REELS", "CAROUSEL"):
        raise GraphError(100, "(#100) Param media_type must be one of the known ones")
    is_child = asked.get("is_carousel_item") == "true"
    if is_child and "caption" in asked:
        raise GraphError(100, "(#100) Items of a carousel have no caption")
    if units(asked.get("caption", "")) > LONGEST_CAPTION:
        raise GraphError(36004, "The caption was too long", subcode=2207010)
    if len(re.findall(r"#\w", asked.get("caption", ""))) > HASHTAGS:
        raise GraphError(100, "(#100) Too many hashtags")
    children: list[str] = []
    why, alt = "", asked.get("alt_text", "")
    if kind == "CAROUSEL":
        children = asked.get("children", "").split(",")
        if not 2 <= len(children) <= 10:
            raise GraphError(100, "(#100) A carousel has 2 to 10 items")
        rows = [call.state.one("SELECT * FROM containers WHERE id = ? AND is_child", name) for name in children]
        if any(row is None or status_of(call, row) != "FINISHED" for row in rows):
            raise GraphError(9007, "Media is not ready", subcode=2207027)
        alt = json.dumps([row["alt"] for row in rows if row is not None])
    else:
        if kind != "IMAGE" and alt:
            raise GraphError(100, "(#100) alt_text is for images")
        got = await fetched(asked.get("image_url" if kind == "IMAGE" else "video_url", ""))
        if got is None and kind == "IMAGE":
            raise GraphError(9004, "The media could not be fetched from this URI", subcode=2207052)
        why = wrong_with(got, kind)
        alt = json.dumps([alt])
    name = str(call.state.number())
    status = "ERROR" if why else "IN_PROGRESS"
    call.state.all(
        "INSERT INTO containers VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL)",
        *(name, us, kind, asked.get("caption", ""), json.dumps(children), alt, is_child, status, why),
        *(time.time() + call.server.processing, time.time()),
    )
    return {"id": name}


def wrong_with(got: tuple[bytes, str] | None, kind: str) -> str:
    """Say why Instagram does not take a file; empty: it does."""
    if got is None:
        return "Error: Media upload has failed with error code 2207052"
    content, media_type = got
    if kind == "IMAGE":
        if len(content) > LARGEST_PICTURE:
            return "Error: Media upload has failed with error code 2207004"
        return "" if content.startswith(b"\xff\xd8") and media_type == "image/jpeg" else "Error: 2207005"
    is_video = content[4:8] == b"ftyp" and media_type == "video/mp4"
    return "" if is_video else "Error: Media upload has failed with error code 2207026"


async def publish(call: Call) -> Any:
    us = of_us(call)
    with call.state.lock:
        container = call.state.one(
            "SELECT * FROM containers WHERE id = ? AND owner = ?", call.parameters.get("creation_id"), us
        )
        if container is None:
            raise missing(call.parameters.get("creation_id", ""))
        match status_of(call, container):
            case "IN_PROGRESS":
                raise GraphError(9007, "Media ID is not available", subcode=2207027)
            case "EXPIRED":
                raise GraphError(24, "The media with this id has expired", subcode=2207020)
            case "FINISHED" if not container["is_child"]:
                pass
            case status:
                raise GraphError(100, f"(#100) A container that is {status} is not published")
        day = "SELECT * FROM posts WHERE author = ? AND created > ?"
        if len(call.state.all(day, us, time.time() - DAY)) >= call.server.posts_a_day:
            raise GraphError(9, "Application request limit reached", subcode=2207042, status=403)
        kind = {"CAROUSEL": "CAROUSEL_ALBUM", "REELS": "VIDEO"}.get(container["kind"], container["kind"])
        name = call.state.post(us, container["caption"], alts=json.loads(container["alt"]), kind=kind)
        call.state.all("UPDATE containers SET status = 'PUBLISHED', media = ? WHERE id = ?", name, container["id"])
    return {"id": name}


async def limit(call: Call) -> Any:
    day = "SELECT * FROM posts WHERE author = ? AND created > ?"
    used = len(call.state.all(day, of_us(call), time.time() - DAY))
    config = {"quota_total": call.server.posts_a_day, "quota_duration": 86400}
    return {"data": [picked("limit", {"quota_usage": used, "config": config}, call.fields)]}


# What is said below ---------------------------------------------------------------------------------------------------


def spoken(call: Call) -> str:
    """Return what is to be said."""
    text = call.parameters.get("message", "")
    if not text or units(text) > LONGEST_COMMENT:
        raise GraphError(100, "(#100) Comment is empty or too long")
    return text


async def comment(call: Call) -> Any:
    found = call.state.thing(call.match["name"])
    if found is None or found[0] != "post" or found[1]["author"] != call.account:
        raise missing(call.match["name"])
    return {"id": call.state.comment(call.account, call.match["name"], spoken(call))}


async def reply(call: Call) -> Any:
    found = call.state.thing(call.match["name"])
    if found is None or found[0] != "comment":
        raise missing(call.match["name"])
    name = call.state.comment(call.account, found[1]["post"], spoken(call), parent=call.match["name"])
    return {"id": name}


async def answer_mention(call: Call) -> Any:
    of_us(call)
    media, parent = call.parameters.get("media_id", ""), call.parameters.get("comment_id")
    found = call.state.thing(parent or media)
    if found is None:
        raise missing(parent or media)
    handle = call.state.who(call.account)["handle"]
    if call.account not in json.loads(found[1]["names"] if found[0] == "post" else "[]") and (
        f"@{handle}" not in found[1]["text"]
    ):
        raise GraphError(100, "(#100) You have not been mentioned here")
    return {"id": call.state.comment(call.account, media, spoken(call), parent=parent)}


async def delete(call: Call) -> Any:
    found = call.state.thing(call.match["name"])
    if found is None:
        raise missing(call.match["name"])
    if found[1]["author"] != call.account:
        raise GraphError(10, "(#10) Application does not have permission for this action")
    call.state.remove(call.match["name"])
    return {"success": True}


async def chats(call: Call) -> Any:
    if call.parameters.get("platform") != "instagram":
        raise GraphError(100, "(#100) platform must be instagram")
    return await conversations(call)


async def refresh(call: Call) -> Any:
    row = call.state.one("SELECT * FROM tokens WHERE token = ?", call.parameters.get("access_token", ""))
    if call.parameters.get("grant_type") != "ig_refresh_token" or row is None:
        raise GraphError(190, "Error validating access token: Cannot parse access token")
    if row["ends_at"] < 0:
        raise GraphError(100, "The access token is not a day old yet")
    token = call.state.token_for(row["account"], scopes=json.loads(row["scopes"]), ends_at=int(time.time()) + LASTS)
    return {"access_token": token, "token_type": "bearer", "expires_in": LASTS}


BASIC, PUBLISH, TALK, WRITE = (
    f"instagram_business_{one}" for one in ("basic", "content_publish", "manage_comments", "manage_messages")
)
NAME = r"/(?P<name>[0-9]+)"
FILES = ("image_url", "video_url", "media_type", "caption", "alt_text", "children", "is_carousel_item")
PICTURES: list[Route] = [
    route("GET", "/me", me, BASIC),
    route("GET", "/refresh_access_token", refresh, "app"),
    route("GET", "/me/conversations", chats, WRITE, "user_id", "platform"),
    route("GET", r"/t_(?P<person>[0-9]+)/messages", messages_of, WRITE),
    route("GET", f"{NAME}/media", media_list, BASIC),
    route("GET", f"{NAME}/tags", tags, TALK),
    route("GET", f"{NAME}/content_publishing_limit", limit, PUBLISH),
    route("GET", f"{NAME}/comments", comments, TALK),
    route("GET", NAME, node, BASIC),
    route("POST", f"{NAME}/media", create, PUBLISH, *FILES),
    route("POST", f"{NAME}/media_publish", publish, PUBLISH, "creation_id"),
    route("POST", f"{NAME}/comments", comment, TALK, "message"),
    route("POST", f"{NAME}/replies", reply, TALK, "message"),
    route("POST", f"{NAME}/mentions", answer_mention, TALK, "media_id", "comment_id", "message"),
    route("POST", f"{NAME}/messages", sending(LONGEST_MESSAGE, octets), WRITE, "recipient", "message"),
    route("POST", f"{NAME}/subscribed_apps", subscribe, BASIC, "subscribed_fields"),
    route("DELETE", NAME, delete, TALK),
]
