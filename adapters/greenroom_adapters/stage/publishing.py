"""Publishing on a Stage, in one phase or in two."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import quote

import aiohttp

from greenroom_adapters.contract import (
    Attempt,
    IdempotencyKind,
    Media,
    MediaRefused,
    OutcomeUnknown,
    Post,
    Quota,
    Receipt,
)
from greenroom_adapters.stage.answers import IDS, POSTS, Gone
from greenroom_adapters.stage.mapping import WirePost, ref
from greenroom_adapters.transport import Answer, Effect, Http, read_quota

__all__ = ["Publishing", "receipt_of"]


class Publishing:
    """Sends posts of one account; a try is over after `deadline`."""

    def __init__(
        self,
        http: Http,
        *,
        server: str,
        idempotency: IdempotencyKind,
        deadline: timedelta,
        now: Callable[[], datetime],
    ) -> None:
        self._http = http
        self._server = server
        self._idempotency = idempotency
        self._deadline = deadline
        self._now = now

    async def publish(self, attempt: Attempt) -> Receipt:
        """As `Adapter.publish`."""
        clock = asyncio.get_running_loop().time
        ends = clock() + self._deadline.total_seconds()

        def left() -> timedelta:
            return timedelta(seconds=ends - clock())

        if self._idempotency is IdempotencyKind.TWO_PHASE or attempt.state is not None:
            return await self._publish_in_two_phases(attempt, left)
        is_keyed = self._idempotency is IdempotencyKind.KEYED
        headers = {"Idempotency-Key": attempt.key} if is_keyed else None
        effect = Effect.KEYED if is_keyed else Effect.ONCE
        body = await self._body(attempt.post, left)
        answer = await self._http.call("POST", "/api/posts", effect=effect, json=body, headers=headers, deadline=left())
        return self._receipt(attempt.key, self._http.decode(answer, POSTS), answer)

    async def _publish_in_two_phases(self, attempt: Attempt, left: Callable[[], timedelta]) -> Receipt:
        if attempt.state is None:
            body = await self._body(attempt.post, left)
            # A container that nobody hears of is never published: losing this answer does no harm.
            answer = await self._http.call(
                "POST", "/api/containers", effect=Effect.REPEATABLE, json=body, deadline=left()
            )
            container = self._http.decode(answer, IDS).id
            await attempt.checkpoint(container.encode())
        else:
            container = attempt.state.decode()
        path = f"/api/containers/{quote(container, safe='')}/publish"
        try:
            answer = await self._http.call("POST", path, effect=Effect.ONCE, deadline=left())
        except Gone:
            words = "the container of an earlier try is gone; whether it was published cannot be told"
            raise self._http.error(OutcomeUnknown, words) from None
        return self._receipt(attempt.key, self._http.decode(answer, POSTS), answer)

    async def _body(self, post: Post, left: Callable[[], timedelta]) -> dict[str, object]:
        body: dict[str, object] = {"text": post.text}
        if post.in_reply_to is not None:
            body["in_reply_to"] = post.in_reply_to.id
        if post.quote is not None:
            body["quote"] = post.quote.id
        if post.room is not None:
            body["room"] = post.room
        if post.direct_to is not None:
            body["direct_to"] = post.direct_to
        if post.language is not None:
            body["language"] = post.language
        if post.content_warning is not None:
            body["content_warning"] = post.content_warning
        if post.media:
            body["media"] = [await self._upload(item, left()) for item in post.media]
        return body

    async def _upload(self, media: Media, deadline: timedelta) -> str:
        path = Path(media.path)
        try:
            content = await asyncio.to_thread(path.read_bytes)
        except OSError as exc:
            raise self._http.error(MediaRefused, f"an attachment cannot be read: {exc.strerror}") from exc

        def form() -> aiohttp.FormData:
            fields = aiohttp.FormData()
            fields.add_field("file", content, filename=f"file{path.suffix}", content_type=media.media_type)
            fields.add_field("alt", media.alt)
            return fields

        answer = await self._http.call("POST", "/api/media", effect=Effect.REPEATABLE, form=form, deadline=deadline)
        return self._http.decode(answer, IDS).id

    def _receipt(self, key: str, post: WirePost, answer: Answer) -> Receipt:
        return receipt_of(post, key=key, server=self._server, quota=read_quota(answer.headers, now=self._now()))


def receipt_of(post: WirePost, *, key: str, server: str, quota: Quota | None = None) -> Receipt:
    """Return the proof that this post was published under the key."""
    return Receipt(key=key, ref=ref(post, server), published_at=post.created_at, quota=quota)
