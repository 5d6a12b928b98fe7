"""A strict TikTok for tests, on loopback: takes what TikTok takes, refuses what TikTok refuses, and forgets nothing.

Written from TikTok's published reference of its open API. What is not as it is documented there is refused, and stands
in `violations`: a field that is not known or is missing, bytes in another order or of another size than announced.
"""

import asyncio
import hashlib
import json
import re
import secrets
import time
from collections import deque
from collections.abc import Awaitable, Callable, Collection
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from aiohttp import ClientError, ClientSession, ClientTimeout, web
from tiktok_state import TikTokState
from typing_extensions import override

from greenroom_adapters.testing.own_loop import OwnLoop
from greenroom_adapters.testing.serving import Serving, serving

__all__ = ["SCOPES", "TikTokError", "TikTokServer"]

SCOPES = "user.info.basic,video.publish,video.list"
LEVELS = ["PUBLIC_TO_EVERYONE", "MUTUAL_FOLLOW_FRIENDS", "FOLLOWER_OF_CREATOR", "SELF_ONLY"]
SMALLEST, LARGEST, LARGEST_LAST = 5_000_000, 64 * 1024 * 1024, 128 * 1024 * 1024
HOUR = 3600.0
JSON = "application/json"
SHARED = {"privacy_level", "disable_comment", "brand_content_toggle", "brand_organic_toggle"}
OF_VIDEOS = {"title", "disable_duet", "disable_stitch", "is_aigc", "video_cover_timestamp_ms"} | SHARED
OF_PICTURES = {"title", "description", "auto_add_music"} | SHARED
USER_FIELDS = {"open_id", "union_id", "avatar_url", "display_name"}
POST_FIELDS = {
    *("id", "title", "video_description", "create_time", "share_url", "duration", "cover_image_url"),
    *("like_count", "comment_count", "share_count", "view_count"),
}
SPANNED = re.compile(r"bytes ([0-9]+)-([0-9]+)/([0-9]+)")


class TikTokError(Exception):
    """A refusal, as TikTok tells it."""

    def __init__(self, code: str, message: str = "", *, status: int = 400) -> None:
        super().__init__(f"{code}: {message}")
        self.code, self.message, self.status = code, message, status


@dataclass
class Refusing:
    """An order to refuse what comes next."""

    path: str
    error: TikTokError
    count: int


def units(text: str) -> int:
    """Return the length of a text in UTF-16 units."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def answered(data: Any, error: TikTokError | None = None) -> dict[str, Any]:
    """Return what TikTok answers."""
    code, message = ("ok", "") if error is None else (error.code, error.message)
    return {"data": data, "error": {"code": code, "message": message, "log_id": "20261201000000"}}


class TikTokServer(OwnLoop):
    """The server, in a thread and a loop of its own: none of its tasks is in the test's loop. A context manager."""

    def __init__(self, *, data: Path | None = None) -> None:
        super().__init__("tiktok")
        self.state = TikTokState(data)
        self.violations: list[str] = []
        """What was not as TikTok documents it."""
        self.refusals: list[Refusing] = []
        self.client_key, self.client_secret = "awkey", "client-secret-of-tests"
        self.username = "lamp.bot"
        self.is_audited = True
        self.levels = LEVELS
        self.disabled: set[str] = set()
        """What the account itself does not let people do: `comment`, `duet` or `stitch`."""
        self.longest = 600
        """Seconds."""
        self.processing = 0.0
        """Seconds from the last byte to a post."""
        self.moderation = 0.0
        """Seconds from a post to its id, and to its place in the list."""
        self.fails: deque[str] = deque()
        """Why nothing will become of the next posts."""
        self.verified = ""
        """Beginning of the addresses from which it fetches pictures."""
        self.public = ""
        """Under which address the bot sends bytes to it; empty: its own."""
        self.limits: dict[str, int] = {}
        """Part of a path → how often it may be asked for in a minute."""
        self.reached: Callable[[str], None] | None = None
        """Called with `init`, `piece N` and `status` when that was done, before it is answered."""
        self.keeps_content = True
        self._asked: dict[str, deque[float]] = {}
        self._fetching: set[asyncio.Task[None]] = set()
        self._stack = AsyncExitStack()
        self._port = 0

    @property
    def url(self) -> str:
        """Where the server listens, without a slash at the end."""
        return f"http://127.0.0.1:{self._port}"

    @override
    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None
    ) -> None:
        super().__exit__(exc_type, exc, tb)
        self.state.close()

    def open(self) -> None:
        """Listen (again), on the same port."""
        self._run(self._start())

    def shut(self) -> None:
        """Break every connection and listen no more."""
        self._run(self._stop())

    def refuse(self, code: str, *, path: str, status: int = 400, count: int = 1) -> None:
        """Refuse the next requests of a kind, before anything is done."""
        self.refusals.append(Refusing(path, TikTokError(code, "refused by order", status=status), count))

    def let_in(self, query: dict[str, str]) -> str:
        """Let a person say yes on the page with this query; return the code that his browser brings back."""
        assert query["client_key"] == self.client_key
        assert query["response_type"] == "code"
        assert query["code_challenge_method"] == "S256"
        code = secrets.token_hex(8)
        values = (query["code_challenge"], query["redirect_uri"], query["scope"])
        self.state.all("INSERT INTO codes VALUES (?, ?, ?, ?)", code, *values)
        return code

    @override
    async def _start(self) -> None:
        app = web.Application(client_max_size=LARGEST_LAST + 1)
        app.router.add_route("*", "/{path:.*}", self._serve)
        served: Serving = await self._stack.enter_async_context(serving(app, port=self._port))
        self._stack.callback(served.cut)
        self._port = served.port

    @override
    async def _stop(self) -> None:
        for task in self._fetching:
            task.cancel()
        await asyncio.gather(*self._fetching, return_exceptions=True)
        await self._stack.aclose()

    # One request -----------------------------------------------------------------------------------------------------

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        handlers: dict[tuple[str, str], tuple[str, Callable[[dict[str, Any], web.Request], Awaitable[Any]]]] = {
            ("GET", "/v2/user/info/"): ("user.info.basic", self._user),
            ("POST", "/v2/post/publish/creator_info/query/"): ("video.publish", self._creator),
            ("POST", "/v2/post/publish/video/init/"): ("video.publish", self._begin_video),
            ("POST", "/v2/post/publish/content/init/"): ("video.publish", self._begin_pictures),
            ("POST", "/v2/post/publish/status/fetch/"): ("video.publish", self._status),
            ("POST", "/v2/video/list/"): ("video.list", self._list),
            ("POST", "/v2/video/query/"): ("video.list", self._query),
        }
        try:
            self._maybe_refuse(request.path)
            if (request.method, request.path) == ("POST", "/v2/oauth/token/"):
                return await self._token(request)
            if (request.method, request.path) == ("PUT", "/video/"):
                return await self._take(request)
            scope, handler = handlers.get((request.method, request.path), ("user.info.basic", self._nothing))
            self._require(request, scope)
            return web.json_response(answered(await handler(await self._body(request), request)))
        except TikTokError as refused:
            return web.json_response(answered({}, refused), status=refused.status)

    async def _body(self, request: web.Request) -> dict[str, Any]:
        if request.method == "GET":
            return {}
        read: dict[str, Any] = json.loads(await request.read())
        if request.content_type != JSON:
            raise self._bad(f"{request.path}: a body that is no JSON")
        return read

    def _require(self, request: web.Request, scope: str) -> None:
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        row = self.state.one("SELECT * FROM tokens WHERE access = ?", token)
        if row is None or row["ends_at"] <= time.time():
            raise TikTokError("access_token_invalid", "The access token is invalid or not found", status=401)
        if scope not in row["scopes"].split(","):
            raise TikTokError("scope_not_authorized", f"The user did not authorize {scope}", status=401)
        for part, most in self.limits.items():
            asked = self._asked.setdefault(part, deque())
            if part in request.path:
                while asked and asked[0] < time.monotonic() - 60:
                    asked.popleft()
                if len(asked) >= most:
                    raise TikTokError("rate_limit_exceeded", "The API rate limit was exceeded", status=429)
                asked.append(time.monotonic())

    def _maybe_refuse(self, path: str) -> None:
        for order in self.refusals:
            if order.count and re.search(order.path, path):
                order.count -= 1
                raise order.error

    def _wrong(self, what: str) -> None:
        self.violations.append(what)

    def _bad(self, what: str) -> TikTokError:
        self._wrong(what)
        return TikTokError("invalid_params", what)

    def _picked(self, values: dict[str, Any], request: web.Request, known: set[str]) -> dict[str, Any]:
        asked = request.query.get("fields", "").split(",")
        if strange := set(asked) - known:
            raise self._bad(f"{request.path}: fields {sorted(strange)}")
        return {name: value for name, value in values.items() if name in asked}

    def _exactly(self, what: str, read: dict[str, Any], needed: set[str], more: Collection[str] = ()) -> None:
        if not needed <= set(read) <= needed | set(more):
            raise self._bad(f"{what}: {read}")

    # Tokens ----------------------------------------------------------------------------------------------------------

    async def _token(self, request: web.Request) -> web.StreamResponse:
        form = dict(await request.post())
        if request.content_type != "application/x-www-form-urlencoded":
            self._wrong("a request for tokens that is no form")
        wrong: dict[str, str] | None = None
        scopes = ""
        if (form.get("client_key"), form.get("client_secret")) != (self.client_key, self.client_secret):
            wrong = {"error": "invalid_client", "error_description": "Client key or secret is incorrect."}
        elif form.get("grant_type") == "refresh_token":
            row = self.state.one("SELECT * FROM tokens WHERE refresh = ? AND NOT is_spent", form.get("refresh_token"))
            if row is None:
                wrong = {"error": "invalid_grant", "error_description": "Refresh token is invalid or expired."}
            else:
                scopes = row["scopes"]
                self.state.all("UPDATE tokens SET is_spent = 1 WHERE refresh = ?", row["refresh"])
        else:
            challenge = hashlib.sha256(str(form.get("code_verifier")).encode()).hexdigest()
            row = self.state.one(
                "SELECT * FROM codes WHERE code = ? AND challenge = ? AND redirect = ?",
                *(form.get("code"), challenge, form.get("redirect_uri")),
            )
            if form.get("grant_type") != "authorization_code" or row is None:
                wrong = {"error": "invalid_grant", "error_description": "Authorization code is expired."}
            else:
                scopes = row["scopes"]
                self.state.all("DELETE FROM codes WHERE code = ?", row["code"])
        if wrong is not None:
            # TikTok says so under a good status
            return web.json_response({**wrong, "log_id": "20261201000000"})
        access, refresh = self.state.sign_in(scopes)
        told = {"access_token": access, "refresh_token": refresh, "open_id": "-000open", "scope": scopes}
        more = {"expires_in": 86_400, "refresh_expires_in": 31_536_000, "token_type": "Bearer"}
        return web.json_response({**told, **more})

    # Reading ---------------------------------------------------------------------------------------------------------

    async def _nothing(self, body: dict[str, Any], request: web.Request) -> Any:
        raise self._bad(f"{request.method} {request.path}: there is no such thing")

    async def _user(self, body: dict[str, Any], request: web.Request) -> Any:
        values = {"open_id": "-000open", "union_id": "union", "avatar_url": "", "display_name": "Lamp"}
        return {"user": self._picked(values, request, USER_FIELDS)}

    async def _creator(self, body: dict[str, Any], request: web.Request) -> Any:
        return {
            "creator_avatar_url": "https://p16.example/lamp.jpg",
            "creator_username": self.username,
            "creator_nickname": "Lamp",
            "privacy_level_options": self.levels,
            **{f"{what}_disabled": what in self.disabled for what in ("comment", "duet", "stitch")},
            "max_video_post_duration_sec": self.longest,
        }

    async def _status(self, body: dict[str, Any], request: web.Request) -> Any:
        self._exactly("status", body, {"publish_id"})
        row = self.state.one("SELECT * FROM uploads WHERE publishing = ?", body["publish_id"])
        if row is None:
            raise TikTokError("invalid_publish_id", "The publish_id does not exist")
        status = str(row["status"])
        if status == "PUBLISH_COMPLETE" and row["ready_at"] > time.time():
            status = "PROCESSING_DOWNLOAD" if row["kind"] == "photo" else "PROCESSING_UPLOAD"
        told: dict[str, Any] = {"status": status, "uploaded_bytes": row["arrived"], "downloaded_bytes": 0}
        if status == "FAILED":
            told["fail_reason"] = row["reason"]
        if status == "PUBLISH_COMPLETE":
            post = self.state.one("SELECT * FROM posts WHERE publishing = ?", body["publish_id"])
            is_shown = post is not None and self._is_shown(post)
            told["publicaly_available_post_id"] = [int(post["id"])] if post is not None and is_shown else []
        self._tell("status")
        return told

    def _is_shown(self, post: Any) -> bool:
        is_public = json.loads(post["info"])["privacy_level"] == "PUBLIC_TO_EVERYONE"
        return bool(is_public and post["created"] + self.moderation <= time.time())

    def _shown(self, row: Any) -> dict[str, Any]:
        is_video = row["kind"] == "video"
        return {
            "id": row["id"],
            "title": row["text"] if is_video else "",
            "video_description": row["text"],
            "create_time": int(row["created"]),
            "share_url": f"https://www.tiktok.com/@{self.username}/{'video' if is_video else 'photo'}/{row['id']}",
            "like_count": 0,
            "comment_count": row["comments"],
            "share_count": 0,
            "view_count": 0,
        }

    def _public(self) -> list[Any]:
        rows = self.state.all("SELECT * FROM posts WHERE NOT deleted ORDER BY n DESC")
        return [row for row in rows if self._is_shown(row)]

    async def _list(self, body: dict[str, Any], request: web.Request) -> Any:
        self._exactly("list", body, set(), {"cursor", "max_count"})
        count, begin = int(body.get("max_count", 10)), int(body.get("cursor", 0))
        if not 1 <= count <= 20:
            raise self._bad(f"max_count {count}")
        rows = self._public()[begin:]
        return {
            "videos": [self._picked(self._shown(row), request, POST_FIELDS) for row in rows[:count]],
            "cursor": begin + count,
            "has_more": len(rows) > count,
        }

    async def _query(self, body: dict[str, Any], request: web.Request) -> Any:
        self._exactly("query", body, {"filters"})
        self._exactly("filters", body["filters"], {"video_ids"})
        rows = [row for row in self._public() if row["id"] in body["filters"]["video_ids"]]
        return {"videos": [self._picked(self._shown(row), request, POST_FIELDS) for row in rows]}

    # Publishing ------------------------------------------------------------------------------------------------------

    def _check_info(self, info: dict[str, Any], known: set[str]) -> None:
        self._exactly("post_info", info, {"privacy_level"}, known)
        for name, value in info.items():
            if not isinstance(value, str if name in ("title", "description", "privacy_level") else bool):
                raise self._bad(f"post_info: {name} is {value!r}")
        if info["privacy_level"] not in self.levels:
            raise TikTokError("privacy_level_option_mismatch", "Privacy level is not one of the options")
        if not self.is_audited and info["privacy_level"] != "SELF_ONLY":
            raise TikTokError("unaudited_client_can_only_post_to_private_accounts", status=403)
        if info.get("brand_content_toggle") and info["privacy_level"] == "SELF_ONLY":
            raise self._bad("branded content for nobody")
        for what in self.disabled:
            if f"disable_{what}" in known and not info.get(f"disable_{what}"):
                raise self._bad(f"the account has no {what}")

    async def _begin_video(self, body: dict[str, Any], request: web.Request) -> Any:
        self._exactly("video/init", body, {"post_info", "source_info"})
        self._check_info(body["post_info"], OF_VIDEOS)
        if units(body["post_info"].get("title", "")) > 2200:
            raise TikTokError("invalid_params", "The title is too long")
        source = body["source_info"]
        self._exactly("source_info", source, {"source", "video_size", "chunk_size", "total_chunk_count"})
        size, piece, pieces = source["video_size"], source["chunk_size"], source["total_chunk_count"]
        last = size - piece * (pieces - 1)
        is_right = pieces == size // piece and 1 <= pieces <= 1000
        if pieces == 1:
            is_right = is_right and size <= LARGEST
        else:
            is_right = is_right and SMALLEST <= piece <= LARGEST and SMALLEST <= last <= LARGEST_LAST
        if source["source"] != "FILE_UPLOAD" or not is_right:
            raise self._bad(f"source_info: {source}")
        publishing, token = f"v_pub_file~v2-1.{secrets.randbelow(10**19)}", secrets.token_hex(16)
        self.state.all(
            "INSERT INTO uploads VALUES (?, ?, 'video', ?, ?, ?, ?, 0, x'', 'PROCESSING_UPLOAD', '', 0, ?)",
            *(publishing, token, json.dumps(body["post_info"]), size, piece, pieces, time.time()),
        )
        self._tell("init")
        return {
            "publish_id": publishing,
            "upload_url": f"{self.public or self.url}/video/?upload_id=67890&upload_token={token}",
        }

    async def _take(self, request: web.Request) -> web.StreamResponse:
        """Take the next bytes of a video; what is answered has no body."""
        content = await request.read()
        row = self.state.one("SELECT * FROM uploads WHERE token = ?", request.query.get("upload_token", ""))
        if "Authorization" in request.headers:
            self._wrong("a token where the address is enough")
        if row is None:
            return web.Response(status=404)
        if row["created"] < time.time() - HOUR:
            return web.Response(status=403)
        spanned = SPANNED.fullmatch(request.headers.get("Content-Range", ""))
        if spanned is None or not request.content_type.startswith("video/"):
            self._wrong(f"bytes without their place or type: {dict(request.headers)}")
            return web.Response(status=400)
        first, last, size = (int(number) for number in spanned.groups())
        number = first // row["piece"]
        is_last = number == row["pieces"] - 1
        end = row["size"] if is_last else (number + 1) * row["piece"]
        if (first % row["piece"], last + 1, size, len(content)) != (0, end, row["size"], end - first):
            self._wrong(f"bytes {first}-{last} of {size}, {len(content)} of them")
            return web.Response(status=400)
        if first > row["arrived"] or end <= row["arrived"]:
            return web.Response(status=416, headers={"Content-Range": f"bytes 0-{row['arrived'] - 1}/{size}"})
        with self.state.lock:
            kept = content if self.keeps_content else b""
            change = "UPDATE uploads SET arrived = ?, content = CAST(content || ? AS BLOB) WHERE token = ?"
            self.state.all(change, end, kept, row["token"])
            if is_last:
                self._finish(row["publishing"], json.loads(row["info"]).get("title", ""), pictures=0)
        self._tell(f"piece {number}")
        return web.Response(status=201 if is_last else 206, headers={"Content-Range": f"bytes 0-{end - 1}/{size}"})

    def _finish(self, publishing: str, text: str, *, pictures: int) -> None:
        """Make a post of what is whole, or say why none will come of it."""
        if self.fails:
            reason = self.fails.popleft()
            self.state.all("UPDATE uploads SET status = 'FAILED', reason = ? WHERE publishing = ?", reason, publishing)
            return
        self.state.publish(publishing, text=text, pictures=pictures)
        ready_at = time.time() + self.processing
        self.state.all(
            "UPDATE uploads SET status = 'PUBLISH_COMPLETE', ready_at = ? WHERE publishing = ?", ready_at, publishing
        )

    async def _begin_pictures(self, body: dict[str, Any], request: web.Request) -> Any:
        self._exactly("content/init", body, {"media_type", "post_mode", "post_info", "source_info"})
        if (body["media_type"], body["post_mode"]) != ("PHOTO", "DIRECT_POST"):
            raise self._bad(f"content/init: {body['media_type']} {body['post_mode']}")
        info, source = body["post_info"], body["source_info"]
        self._check_info(info, OF_PICTURES)
        if units(info.get("title", "")) > 90 or units(info.get("description", "")) > 4000:
            raise TikTokError("invalid_params", "The title or the description is too long")
        self._exactly("source_info", source, {"source", "photo_images", "photo_cover_index"})
        addresses = source["photo_images"]
        if source["source"] != "PULL_FROM_URL" or not 1 <= len(addresses) <= 35:
            raise self._bad(f"source_info: {source}")
        if not all(address.startswith(self.verified) for address in addresses):
            raise TikTokError("url_ownership_unverified", status=403)
        publishing = f"p_pub_url~v2.{secrets.randbelow(10**19)}"
        self.state.all(
            "INSERT INTO uploads VALUES (?, ?, 'photo', ?, 0, 0, 0, 0, x'', 'PROCESSING_DOWNLOAD', '', 0, ?)",
            *(publishing, publishing, json.dumps(info), time.time()),
        )
        task = asyncio.create_task(self._fetch(publishing, info.get("description", ""), addresses))
        self._fetching.add(task)
        task.add_done_callback(self._fetching.discard)
        self._tell("init")
        return {"publish_id": publishing}

    async def _fetch(self, publishing: str, text: str, addresses: list[str]) -> None:
        reason = ""
        try:
            async with ClientSession(timeout=ClientTimeout(total=5)) as client:
                for address in addresses:
                    async with client.get(address) as answer:
                        content = await answer.read()
                        if answer.status != 200:
                            reason = "photo_pull_failed"
                        elif not content.startswith((b"\xff\xd8", b"RIFF")) or "image/" not in answer.content_type:
                            reason = "file_format_check_failed"
        except (ClientError, TimeoutError):
            reason = "photo_pull_failed"
        with self.state.lock:
            if reason:
                self.state.all(
                    "UPDATE uploads SET status = 'FAILED', reason = ? WHERE publishing = ?", reason, publishing
                )
            else:
                self._finish(publishing, text, pictures=len(addresses))

    def _tell(self, what: str) -> None:
        if self.reached is not None:
            self.reached(what)
