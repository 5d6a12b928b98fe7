"""Threads on the Graph API of the tests: posts and answers in two phases, their lists, reposts, and renewed tokens."""

import json
import re
import time
from typing import Any

import emoji
from graph_fields import GraphError, picked
from graph_pages import missing, route
from graph_pictures import DAY, LASTS, fetched, status_of
from graph_server import Call, Route
from graph_state import GraphState, written

__all__ = ["THREADS", "VERSION", "answer"]

VERSION = "v1.0"
LONGEST = 500
REPOST = "REPOST_FACADE"
"""As what a repost stands in the list of whoever reposted."""
LARGEST_PICTURE = 8 * 1000 * 1000


def counted(text: str) -> int:
    """Return the length of a text: letters are characters, and each emoji is as many as it has bytes."""
    return len(text) + sum(len(one["emoji"].encode()) - len(one["emoji"]) for one in emoji.emoji_list(text))


def answer(state: GraphState, author: str, above: str, text: str, *, alts: str = "[]") -> str:
    """Answer a post or an answer as somebody; return the answer's name."""
    found = state.thing(above)
    assert found is not None
    kind, row = found
    with state.lock:
        n = state.number()
        state.all(
            "INSERT INTO comments (n, id, post, parent, author, text, file, created) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            *(n, str(n), above if kind == "post" else row["post"], None if kind == "post" else above),
            *(author, text, alts, time.time()),
        )
    return str(n)


# What is shown --------------------------------------------------------------------------------------------------------


async def me(call: Call) -> Any:
    row = call.state.who(call.account)
    return picked("threader", {"id": row["id"], "username": row["handle"], "name": row["name"]}, call.fields)


def shown(call: Call, found: tuple[str, Any]) -> dict[str, Any]:
    """Return a post or an answer as it is asked for."""
    kind, row = found
    author = call.state.who(row["author"])
    values = {
        "id": row["id"],
        "text": row["text"] or None,
        "timestamp": written(row["created"]),
        "username": author["handle"] or None,
        "permalink": f"https://www.threads.net/@{author['handle']}/post/{row['n']}",
        "media_type": row["kind"] if kind == "post" and row["kind"] == REPOST else "TEXT_POST",
        "has_replies": bool(below(call, found, deep=False)),
    }
    if kind == "comment":
        values["root_post"] = {"id": row["post"]}
        values["replied_to"] = {"id": row["parent"] or row["post"]}
        values["is_reply_owned_by_me"] = row["author"] == call.account
    return picked("threads post", values, call.fields)


def below(call: Call, found: tuple[str, Any], *, deep: bool) -> list[Any]:
    """Return what is said below something, newest first."""
    kind, row = found
    if kind == "post":
        which = "" if deep else " AND parent IS NULL"
        rows = call.state.all(
            f"SELECT * FROM comments WHERE post = ?{which} AND NOT deleted ORDER BY n DESC",  # noqa: S608 - two texts of ours
            row["id"],
        )
    else:
        rows = call.state.all("SELECT * FROM comments WHERE parent = ? AND NOT deleted ORDER BY n DESC", row["id"])
    return rows


async def node(call: Call) -> Any:
    name = call.match["name"]
    container = call.state.one("SELECT * FROM containers WHERE id = ?", name)
    if container is not None:
        values = {"id": name, "status": status_of(call, container), "error_message": container["why"] or None}
        return picked("threads container", values, call.fields)
    found = call.state.thing(name)
    if found is None:
        raise missing(name)
    return shown(call, found)


def page(call: Call, kind: str, rows: list[Any]) -> dict[str, Any]:
    """Return the page of a list that is asked for. Here no address tells that there is a next one."""
    told = call.page(rows, lambda row: shown(call, (kind, row)))
    told.get("paging", {}).pop("next", None)
    if not told["data"]:
        told.pop("paging", None)
    return told


async def threads(call: Call) -> Any:
    rows = call.state.all("SELECT * FROM posts WHERE author = ? AND NOT deleted ORDER BY n DESC", call.account)
    return page(call, "post", rows)


async def answers(call: Call) -> Any:
    rows = call.state.all("SELECT * FROM comments WHERE author = ? AND NOT deleted ORDER BY n DESC", call.account)
    return page(call, "comment", rows)


async def mentions(call: Call) -> Any:
    us = call.state.who(call.account)
    named: list[tuple[str, Any]] = [
        ("post", row)
        for row in call.state.all("SELECT * FROM posts WHERE author != ? AND NOT deleted", call.account)
        if call.account in json.loads(row["names"])
    ]
    named += [
        ("comment", row)
        for row in call.state.all("SELECT * FROM comments WHERE author != ? AND NOT deleted", call.account)
        if re.search(rf"@{re.escape(us['handle'])}\b", row["text"])
    ]
    named.sort(key=lambda one: int(one[1]["n"]), reverse=True)
    told = call.page(named, lambda one: shown(call, one))
    told.get("paging", {}).pop("next", None)
    told["data"] = [*call.server.strange, *told["data"]] if "after" not in call.parameters else told["data"]
    return told


async def conversation(call: Call) -> Any:
    found = call.state.thing(call.match["name"])
    if found is None:
        raise missing(call.match["name"])
    deep = call.match["list"] == "conversation"
    if deep and found[0] != "post":
        raise GraphError(100, "(#100) conversation is for posts at the top")
    if call.parameters.get("reverse", "true") != "true":
        raise GraphError(100, "(#100) the tests ask for the newest first")
    return page(call, "comment", below(call, found, deep=deep))


async def insights(call: Call) -> Any:
    found = call.state.thing(call.match["name"])
    if found is None:
        raise missing(call.match["name"])
    counts = {
        "views": 7,
        "likes": 0,
        "replies": len(below(call, found, deep=False)),
        "reposts": len(call.state.all("SELECT * FROM likes WHERE object = ?", call.match["name"])),
        "quotes": 0,
    }
    asked = call.parameters.get("metric", "").split(",")
    if not set(asked) <= counts.keys():
        raise GraphError(100, "(#100) metric must be one of the known ones")
    return {"data": [{"name": one, "period": "lifetime", "values": [{"value": counts[one]}]} for one in asked]}


async def limit(call: Call) -> Any:
    since = time.time() - DAY
    posts = call.state.all("SELECT n FROM posts WHERE author = ? AND created > ?", call.account, since)
    said = call.state.all("SELECT n FROM comments WHERE author = ? AND created > ?", call.account, since)
    values = {
        "quota_usage": len(posts),
        "config": {"quota_total": call.server.posts_a_day, "quota_duration": 86400},
        "reply_quota_usage": len(said),
        "reply_config": {"quota_total": call.server.answers_a_day, "quota_duration": 86400},
    }
    return {"data": [picked("threads limit", values, call.fields)]}


# Two phases -----------------------------------------------------------------------------------------------------------


async def create(call: Call) -> Any:
    asked = call.parameters
    kind, text, above = asked.get("media_type"), asked.get("text", ""), asked.get("reply_to_id")
    if kind not in ("TEXT", "IMAGE", "VIDEO", "CAROUSEL"):
        raise GraphError(100, "(#100) Param media_type must be one of the known ones")
    if counted(text) > LONGEST:
        raise GraphError(100, "(#100) Param text must be at most 500 characters long.")
    if kind == "TEXT" and not text:
        raise GraphError(100, "(#100) The parameter text is required")
    is_child = asked.get("is_carousel_item") == "true"
    if is_child and (text or above is not None):
        raise GraphError(100, "(#100) Items of a carousel have no text")
    if above is not None and call.state.thing(above) is None:
        raise missing(above)
    children: list[str] = []
    why, alts = "", "[]"
    if kind == "CAROUSEL":
        children = asked.get("children", "").split(",")
        rows = [call.state.one("SELECT * FROM containers WHERE id = ? AND is_child", name) for name in children]
        if not 2 <= len(children) <= 20 or any(row is None or status_of(call, row) != "FINISHED" for row in rows):
            raise GraphError(100, "(#100) A carousel has 2 to 20 items that are ready")
        alts = json.dumps([row["alt"] for row in rows if row is not None])
    elif kind != "TEXT":
        why = wrong_with(await fetched(asked.get("image_url" if kind == "IMAGE" else "video_url", "")), kind)
        alts = asked.get("alt_text", "") if is_child else json.dumps([asked.get("alt_text", "")])
    name = str(call.state.number())
    call.state.all(
        "INSERT INTO containers VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL)",
        *(name, call.account, above or "", text, json.dumps(children), alts, is_child),
        *("ERROR" if why else "IN_PROGRESS", why, time.time() + call.server.processing, time.time()),
    )
    return {"id": name}


def wrong_with(got: tuple[bytes, str] | None, kind: str) -> str:
    """Say why Threads does not take a file; empty: it does."""
    if got is None:
        return f"FAILED_DOWNLOADING_{kind}"
    content, media_type = got
    if kind == "VIDEO":
        return "" if content[4:8] == b"ftyp" and media_type == "video/mp4" else "FAILED_PROCESSING_VIDEO"
    is_picture = content.startswith((b"\xff\xd8", b"\x89PNG")) and media_type in ("image/jpeg", "image/png")
    return "" if is_picture and len(content) <= LARGEST_PICTURE else "INVALID_ASPEC_RATIO"


async def publish(call: Call) -> Any:
    with call.state.lock:
        name = call.parameters.get("creation_id", "")
        container = call.state.one("SELECT * FROM containers WHERE id = ? AND owner = ?", name, call.account)
        if container is None:
            raise missing(name)
        if (status := status_of(call, container)) != "FINISHED" or container["is_child"]:
            raise GraphError(24, f"The requested resource does not exist: {status}", subcode=4279009)
        above = container["kind"]
        if above and call.state.thing(above) is None:
            raise missing(above)
        table, most = ("comments", call.server.answers_a_day) if above else ("posts", call.server.posts_a_day)
        day = f"SELECT n FROM {table} WHERE author = ? AND created > ?"  # noqa: S608 - names of our own tables
        if len(call.state.all(day, call.account, time.time() - DAY)) >= most:
            raise GraphError(9, "Application request limit reached", subcode=2207042, status=403)
        if above:
            made = answer(call.state, call.account, above, container["caption"], alts=container["alt"])
        else:
            made = call.state.post(call.account, container["caption"], alts=json.loads(container["alt"]))
        call.state.all("UPDATE containers SET status = 'PUBLISHED', media = ? WHERE id = ?", made, name)
    return {"id": made}


# The rest -------------------------------------------------------------------------------------------------------------


async def repost(call: Call) -> Any:
    if call.state.thing(call.match["name"]) is None:
        raise missing(call.match["name"])
    call.state.all("INSERT OR IGNORE INTO likes VALUES (?, ?)", call.match["name"], call.account)
    return {"id": call.state.post(call.account, "", kind=REPOST)}


async def delete(call: Call) -> Any:
    found = call.state.thing(call.match["name"])
    if found is None:
        raise missing(call.match["name"])
    if found[1]["author"] != call.account:
        raise GraphError(10, "(#10) Application does not have permission for this action")
    call.state.remove(call.match["name"])
    return {"success": True, "deleted_id": call.match["name"]}


async def refresh(call: Call) -> Any:
    row = call.state.one("SELECT * FROM tokens WHERE token = ?", call.parameters.get("access_token", ""))
    if call.parameters.get("grant_type") != "th_refresh_token" or row is None:
        raise GraphError(190, "Error validating access token: Cannot parse access token")
    if row["ends_at"] < 0:
        raise GraphError(100, "The access token is not a day old yet")
    token = call.state.token_for(row["account"], scopes=json.loads(row["scopes"]), ends_at=int(time.time()) + LASTS)
    return {"access_token": token, "token_type": "bearer", "expires_in": LASTS}


BASIC, PUBLISH, READ, ANSWER, NAMED, COUNT, DELETE = (
    f"threads_{one}"
    for one in (
        *("basic", "content_publish", "read_replies", "manage_replies", "manage_mentions", "manage_insights"),
        "delete",
    )
)
NAME = r"/(?P<name>[0-9]+)"
FILES = ("image_url", "video_url", "media_type", "text", "alt_text", "children", "is_carousel_item", "reply_to_id")
THREADS: list[Route] = [
    route("GET", "/me", me, BASIC),
    route("GET", "/refresh_access_token", refresh, "app"),
    route("GET", "/me/threads", threads, BASIC),
    route("GET", "/me/replies", answers, READ),
    route("GET", "/me/mentions", mentions, NAMED),
    route("GET", "/me/threads_publishing_limit", limit, PUBLISH),
    route("GET", f"{NAME}/(?P<list>conversation|replies)", conversation, READ, "reverse"),
    route("GET", f"{NAME}/insights", insights, COUNT, "metric"),
    route("GET", NAME, node, BASIC),
    route("POST", "/me/threads", create, PUBLISH, *FILES),
    route("POST", "/me/threads_publish", publish, PUBLISH, "creation_id"),
    route("POST", f"{NAME}/repost", repost, PUBLISH),
    route("DELETE", NAME, delete, DELETE),
]
