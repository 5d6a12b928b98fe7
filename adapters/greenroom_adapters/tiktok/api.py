"""The calls of an account, one method each: paths, fields and bodies, and nothing that decides."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from datetime import timedelta
from types import TracebackType
from typing import Any, Self, TypeVar
from urllib.parse import parse_qs, urlencode, urlsplit

import msgspec

from greenroom_adapters.contract import (
    AuthenticationFailed,
    Forbidden,
    OutcomeUnknown,
    PostRejected,
    Secret,
    Unavailable,
)
from greenroom_adapters.tiktok.chunks import Pieces
from greenroom_adapters.tiktok.errors import Stopped, Withheld, error_of, refusal, told_in, wait
from greenroom_adapters.tiktok.rates import Rate
from greenroom_adapters.tiktok.wire import (
    BEGINNINGS,
    CREATORS,
    LISTS,
    PERSONS,
    STATUSES,
    TOKENS,
    WireBegunData,
    WireCreatorData,
    WireListData,
    WireStatusData,
    WireTokens,
    WireUser,
    WireVideo,
)
from greenroom_adapters.transport import Answer, Effect, Http, RotatingTokens

__all__ = ["Api", "Upload", "ask_for_tokens"]

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
POST = "id,title,video_description,create_time,share_url"
ALL_HERE = 201
"""Status of the answer to the last bytes."""
SECRET_FROM = 8
"""What is shorter in the address of an upload is no secret, and would be masked in every other word."""
LARGEST_ANSWER = 64 * 1024
COUNTS = "id,like_count,comment_count,share_count,view_count"


T = TypeVar("T")


class Api:
    """The calls. Each raises the errors of `Http.call`."""

    def __init__(self, http: Http, tokens: RotatingTokens, *, looks: Rate) -> None:
        """`looks` is how often a post's status may be asked for."""
        self.http = http
        self._tokens = tokens
        self._looks = looks

    # Reading ---------------------------------------------------------------------------------------------------------

    async def who(self) -> WireUser:
        """Say whose token it is."""
        query = {"fields": "open_id,display_name"}
        told, _ = await self._call("GET", "/v2/user/info/", PERSONS, query=query)
        if told.data.user is None:
            raise self.http.error(Unavailable, "TikTok does not say whose token it is")
        return told.data.user

    async def creator(self) -> WireCreatorData:
        """Say what the account may post at this moment."""
        told, _ = await self._call("POST", "/v2/post/publish/creator_info/query/", CREATORS, json={})
        return told.data

    async def status(self, publishing: str) -> tuple[WireStatusData, Answer]:
        """Say how far a post is; wait for that where it was asked too often.

        :raises TargetGone: TikTok knows nothing under this name
        """
        # whoever waited as long may have looked first
        while wait := self._looks.wait():  # noqa: ASYNC110 - time alone lets the next one through
            await asyncio.sleep(wait.total_seconds())
        self._looks.note()
        body = {"publish_id": publishing}
        told, answer = await self._call("POST", "/v2/post/publish/status/fetch/", STATUSES, json=body)
        return told.data, answer

    async def own(self, *, most: int, count: int = 20) -> AsyncGenerator[tuple[WireVideo, ...], None]:
        """Yield pages of the account's public posts, newest first, at most so many."""
        body: dict[str, int] = {"max_count": count}
        for _ in range(most):
            told, _ = await self._call("POST", "/v2/video/list/", LISTS, query={"fields": POST}, json=body)
            yield told.posts
            data: WireListData = told.data
            if not data.has_more or data.cursor == body.get("cursor"):
                return
            body["cursor"] = data.cursor

    async def counts(self, post: str) -> WireVideo | None:
        """Count what a public post received; None: it is not there."""
        body = {"filters": {"video_ids": [post]}}
        told, _ = await self._call("POST", "/v2/video/query/", LISTS, query={"fields": COUNTS}, json=body)
        return next(iter(told.posts), None)

    # Writing ---------------------------------------------------------------------------------------------------------

    async def begin_video(self, info: Mapping[str, Any], pieces: Pieces, *, deadline: timedelta) -> WireBegunData:
        """Announce a video. One of which no bytes come is never published."""
        source = {
            "source": "FILE_UPLOAD",
            "video_size": pieces.size,
            "chunk_size": pieces.piece,
            "total_chunk_count": pieces.count,
        }
        body = {"post_info": info, "source_info": source}
        told, answer = await self._call(
            "POST", "/v2/post/publish/video/init/", BEGINNINGS, json=body, deadline=deadline
        )
        if not told.data.upload_url:
            raise self.http.error(Unavailable, f"TikTok does not say where the video goes ({answer.status})")
        return told.data

    async def begin_pictures(
        self, info: Mapping[str, Any], addresses: tuple[str, ...], *, deadline: timedelta
    ) -> WireBegunData:
        """Have pictures fetched and published."""
        body = {
            "media_type": "PHOTO",
            "post_mode": "DIRECT_POST",
            "post_info": info,
            "source_info": {"source": "PULL_FROM_URL", "photo_images": list(addresses), "photo_cover_index": 0},
        }
        told, _ = await self._call(
            "POST",
            "/v2/post/publish/content/init/",
            BEGINNINGS,
            json=body,
            effect=Effect.ONCE,
            deadline=deadline,
        )
        return told.data

    async def _call(
        self,
        method: str,
        path: str,
        decoder: "msgspec.json.Decoder[T]",
        *,
        query: Mapping[str, str] | None = None,
        json: object = None,
        effect: Effect = Effect.REPEATABLE,
        deadline: timedelta | None = None,
    ) -> tuple[T, Answer]:
        """Send one request; once more with another token where TikTok does not take the first."""
        for is_last in (False, True):
            headers = await self._tokens.headers()
            try:
                answer = await self.http.call(
                    method, path, effect=effect, query=query, json=json, headers=headers, deadline=deadline
                )
                # refusals come under good statuses as well
                if (wrong := told_in(answer)) is not None:
                    raise error_of(self.http, wrong, effect)
            except Stopped:
                raise
            except Withheld as refused:
                raise self.http.error(Forbidden, str(refused)) from None
            except AuthenticationFailed:
                # Nothing was done: a second try with other credentials is no second post.
                if is_last:
                    raise
                await self._tokens.renew(headers)
            else:
                return self.http.decode(answer, decoder), answer
        raise AssertionError("a loop of two tries returns or raises")


async def ask_for_tokens(http: Http, form: Mapping[str, str]) -> WireTokens:
    """Ask TikTok's token endpoint.

    :raises AuthenticationFailed: it does not take what is offered
    """
    answer = await http.call(
        "POST", "/v2/oauth/token/", effect=Effect.REPEATABLE, content=urlencode(form).encode(), headers=FORM
    )
    if (wrong := told_in(answer)) is not None:
        raise error_of(http, wrong, Effect.REPEATABLE)
    return http.decode(answer, TOKENS)


class Upload:
    """The way on which the bytes of one video go up: an address that is a secret, and good for an hour. An async
    context manager."""

    def __init__(self, api: Api, address: str, media_type: str) -> None:
        """:raises Unavailable: it is no address to which files may be sent"""
        parts = urlsplit(address)
        is_safe = parts.scheme == "https" or api.http.base_url.startswith("http://")
        if parts.scheme not in ("http", "https") or not parts.hostname or not is_safe:
            raise api.http.error(Unavailable, "TikTok names no address to which a video may be sent")
        self._path = parts.path or "/"
        self._query = parse_qs(parts.query, keep_blank_values=True)
        self._media_type = media_type
        known = [Secret(value) for values in self._query.values() for value in values if len(value) >= SECRET_FROM]
        self._http = Http(
            f"{parts.scheme}://{parts.netloc}",
            platform=api.http.platform,
            account=api.http.account,
            secrets=known,
            refusal=refusal,
            wait=wait,
            body_cap=LARGEST_ANSWER,
        )

    async def __aenter__(self) -> Self:
        await self._http.__aenter__()
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None
    ) -> None:
        await self._http.aclose()

    async def send(self, content: bytes, first: int, size: int, *, is_last: bool, deadline: timedelta) -> None:
        """Send the bytes of a file of so many from `first` on; after the last of them it is published.

        :raises OutcomeUnknown: they were the last, and may have arrived
        :raises Unavailable: they are to be sent again
        """
        effect = Effect.ONCE if is_last else Effect.REPEATABLE
        headers = {
            "Content-Type": self._media_type,
            "Content-Range": f"bytes {first}-{first + len(content) - 1}/{size}",
        }
        try:
            answer = await self._http.call(
                "PUT",
                self._path,
                effect=effect,
                query=self._query,
                content=content,
                headers=headers,
                deadline=deadline,
            )
        except (AuthenticationFailed, PostRejected) as refused:
            # the address is not good any more, or other bytes are missing than we know of: the status says it
            words = f"TikTok does not take these bytes now: {refused}"
            raise self._http.error(OutcomeUnknown if is_last else Unavailable, words) from None
        if is_last and answer.status != ALL_HERE:
            raise self._http.error(OutcomeUnknown, f"TikTok answered {answer.status} to the last bytes of a video")
