"""The calls of X's API v2, one method each: addresses, queries and bodies, and nothing that decides."""

import io
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import aiohttp

from greenroom_adapters.contract import TargetGone
from greenroom_adapters.transport import Answer, Effect, Http
from greenroom_adapters.x.charges import Charges
from greenroom_adapters.x.client import Client
from greenroom_adapters.x.dialect import Dialect, Fields
from greenroom_adapters.x.prices import Priced, Prices
from greenroom_adapters.x.signing import Signer
from greenroom_adapters.x.wire import (
    ADDED,
    DONE,
    IDS,
    PAGES,
    PERSONS,
    POSTS,
    PROBLEMS,
    SENT_MESSAGES,
    SUBSCRIPTIONS,
    UPLOADS,
    WirePage,
    WirePost,
    WireSubscription,
    WireUpload,
    WireUser,
    first,
)

__all__ = ["Api", "Look", "pages"]

T = TypeVar("T")

PAGE = 100
"""Rows of one page; each row costs, none more than the others."""
FEWEST = 5
"""The smallest page that X gives of a timeline."""
ABSENT = frozenset({"resource-not-found", "not-authorized-for-resource", "resource-unavailable"})
"""Problems (the last part of their types) of a post that is deleted, or hidden from the account."""
Look = Callable[[str | None], Awaitable[WirePage]]
"""Reads the page behind a token; None: the first."""


class Api:
    """The calls. Each raises the errors of `Http.call`, and notes what it cost, but for what `create_*` costs."""

    def __init__(
        self, http: Http, signer: Signer, *, base_url: str, dialect: Dialect, charges: Charges | None = None
    ) -> None:
        self.http = http
        self._charges = charges or Charges(Prices({}, is_charged=False))
        self._dialect = dialect
        self._client: Any = Client(http, signer, base_url=base_url, renamed=dialect.renamed)

    # Reading ---------------------------------------------------------------------------------------------------------

    async def me(self) -> WireUser:
        """Say whose credentials they are.

        :raises TargetGone: nobody's
        """
        me = self._person(await self._client.get_me(**_listed(self._dialect.people)))
        self._charges.read("own_read", (f"person {me.id}",))
        return me

    async def person_by_id(self, person: str, *, fields: Sequence[str] = ()) -> WireUser:
        """Return the person with this id; `fields` beside the usual ones.

        :raises TargetGone: there is none
        """
        asked = {"user_fields": (*self._dialect.people["user_fields"], *fields)}
        return self._read(self._person(await self._client.get_user(id=person, **_listed(asked))))

    async def person_by_handle(self, handle: str) -> WireUser:
        """Return the person with this handle.

        :raises TargetGone: there is none
        """
        return self._read(self._person(await self._client.get_user(username=handle, **_listed(self._dialect.people))))

    async def mentions(
        self, me: str, *, since: int = 0, after: datetime | None = None, page: str | None = None, rows: int = PAGE
    ) -> WirePage:
        """Return a page of what mentions the account, newest first, newer than the id `since` and the moment `after`;
        800 rows back at most."""
        asked = self._timeline(since=since, after=after, page=page, rows=rows)
        return self._page(await self._client.get_users_mentions(me, **asked), "own_read")

    async def own(self, me: str, *, since: int = 0, page: str | None = None, rows: int = PAGE) -> WirePage:
        """Return a page of what the account has posted, newest first; 3,200 rows back at most."""
        asked = self._timeline(since=since, after=None, page=page, rows=rows)
        return self._page(await self._client.get_users_tweets(me, **asked), "own_read")

    async def messages(self, *, person: str | None = None, page: str | None = None, rows: int = PAGE) -> WirePage:
        """Return a page of direct messages, newest first: all of them, or those with one person."""
        asked: dict[str, Any] = {**_listed(self._dialect.messages), "max_results": rows, "event_types": "MessageCreate"}
        if page is not None:
            asked["pagination_token"] = page
        return self._page(await self._client.get_direct_message_events(participant_id=person, **asked), "message_read")

    async def post(self, post_id: str) -> tuple[WirePost, WirePage]:
        """Return a post, and the page that it came on with what it refers to.

        :raises TargetGone: there is none, or it is not for our eyes
        """
        page = await self._posts([post_id])
        posts = first(POSTS, page.data)
        if not posts:
            raise self.http.error(TargetGone, f"there is no post {post_id} that this account may see")
        return posts[0], page

    async def missing(self, post_ids: Sequence[str]) -> frozenset[str]:
        """Return the ids of those posts, at most 100, of which X says that they are gone, or not for our eyes."""
        page = await self._posts(post_ids)
        problems = first(PROBLEMS, page.errors)
        said = {one.resource_id or one.value for one in problems if one.type.rpartition("/")[2] in ABSENT}
        return frozenset(said.intersection(post_ids))

    async def _posts(self, post_ids: Sequence[str]) -> WirePage:
        answer = await self._client.get_tweets(list(post_ids), **_listed(self._dialect.posts))
        return self._page(answer, "post_read")

    async def subscriptions(self) -> tuple[WireSubscription, ...]:
        """Return what X tells of by itself to this app."""
        answer = await self._client.request("GET", "/2/activity/subscriptions")
        return self.http.decode(answer, SUBSCRIPTIONS).data or ()

    async def subscribe(self, kind: str, chosen: Mapping[str, str], *, tag: str, webhook: str | None = None) -> None:
        """Have X tell of something by itself: to the webhook with this id, or on streams."""
        body: dict[str, object] = {"event_type": kind, "filter": dict(chosen), "tag": tag}
        if webhook is not None:
            body["webhook_id"] = webhook
        answer = await self._client.request("POST", "/2/activity/subscriptions", json=body)
        self.http.decode(answer, DONE)

    # Writing ---------------------------------------------------------------------------------------------------------

    async def create_post(self, body: Mapping[str, object], *, deadline: timedelta) -> tuple[str, Answer]:
        """Publish a post and return its id. tweepy knows not all that a post can have, so the body is ours."""
        answer = await self._client.request("POST", "/2/tweets", json=body, effect=Effect.ONCE, deadline=deadline)
        return self.http.decode(answer, ADDED).data.id, answer

    async def create_message(
        self, person: str, body: Mapping[str, object], *, deadline: timedelta
    ) -> tuple[str, Answer]:
        """Send a direct message to one person and return its id."""
        route = f"/2/dm_conversations/with/{person}/messages"
        answer = await self._client.request("POST", route, json=body, effect=Effect.ONCE, deadline=deadline)
        return self.http.decode(answer, SENT_MESSAGES).data.dm_event_id, answer

    async def delete_post(self, post_id: str) -> None:
        """Take a post down."""
        await self._client.delete_tweet(post_id)
        self._charges.did("delete")

    async def delete_message(self, event_id: str) -> None:
        """Take a direct message out of the account's own view of the conversation."""
        await self._client.request("DELETE", f"/2/dm_events/{event_id}")
        self._charges.did("delete")

    async def repost(self, me: str, post_id: str) -> None:
        """Repost a post of somebody."""
        await self._client.request("POST", f"/2/users/{me}/retweets", json={"tweet_id": post_id})
        self._charges.did("repost")

    # Files: tweepy's asynchronous client has none of these ----------------------------------------------------------

    async def begin_upload(self, *, media_type: str, size: int, category: str) -> str:
        """Announce a file and return its id."""
        body = {"media_type": media_type, "total_bytes": size, "media_category": category}
        answer = await self._client.request("POST", "/2/media/upload/initialize", json=body)
        return self.http.decode(answer, UPLOADS).data.id

    async def append(self, media: str, segment: int, content: bytes, *, deadline: timedelta) -> None:
        """Bring one piece of the file; the same piece twice is once."""

        def form() -> aiohttp.FormData:
            fields = aiohttp.FormData()
            fields.add_field("segment_index", str(segment))
            # As a file: aiohttp warns of bytes that are so many.
            fields.add_field("media", io.BytesIO(content), filename="media", content_type="application/octet-stream")
            return fields

        answer = await self._client.request("POST", f"/2/media/upload/{media}/append", form=form, deadline=deadline)
        self.http.decode(answer, DONE)

    async def finish_upload(self, media: str) -> WireUpload:
        """Say that all pieces are there."""
        answer = await self._client.request("POST", f"/2/media/upload/{media}/finalize")
        return self.http.decode(answer, UPLOADS).data

    async def upload(self, media: str) -> WireUpload:
        """Ask how far X is with a file."""
        params = {"media_id": media, "command": "STATUS"}
        return self.http.decode(await self._client.request("GET", "/2/media/upload", params), UPLOADS).data

    async def describe(self, media: str, alt: str) -> None:
        """Give a file its description."""
        body = {"id": media, "metadata": {"alt_text": {"text": alt}}}
        await self._client.request("POST", "/2/media/metadata", json=body)

    def _timeline(self, *, since: int, after: datetime | None, page: str | None, rows: int) -> dict[str, Any]:
        asked: dict[str, Any] = {**_listed(self._dialect.posts), "max_results": rows}
        if since:
            asked["since_id"] = since
        if after is not None:
            asked["start_time"] = after.astimezone(UTC)
        if page is not None:
            asked["pagination_token"] = page
        return asked

    def _page(self, answer: Answer, kind: Priced) -> WirePage:
        page = self.http.decode(answer, PAGES)
        beginning = "message " if kind == "message_read" else ""
        self._charges.read(kind, (f"{beginning}{one.id}" for one in first(IDS, page.data)))
        return page

    def _read(self, person: WireUser) -> WireUser:
        self._charges.read("person_read", (f"person {person.id}",))
        return person

    def _person(self, answer: Answer) -> WireUser:
        person = self.http.decode(answer, PERSONS).data
        if person is None:
            raise self.http.error(TargetGone, "there is no such account")
        return person


async def pages(look: Look, *, most: int) -> AsyncGenerator[WirePage, None]:
    """Yield the pages of a listing until it ends, at most so many."""
    token: str | None = None
    for _ in range(most):
        page = await look(token)
        yield page
        if page.meta.next_token is None or page.meta.next_token == token:
            return
        token = page.meta.next_token


def _listed(fields: Fields) -> dict[str, Any]:
    """Return the fields as tweepy joins them: lists alone."""
    return {name: list(values) for name, values in fields.items()}
