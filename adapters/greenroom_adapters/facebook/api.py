"""The calls of a page, one method each: paths, fields and bodies, and nothing that decides."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from datetime import datetime, timedelta

import aiohttp
import msgspec

from greenroom_adapters.contract import PostRejected, TargetGone
from greenroom_adapters.facebook.wire import (
    COMMENTS,
    COUNTS,
    INSPECTED,
    POSTS,
    PROFILES,
    WireComment,
    WireCounts,
    WirePost,
    WireProfile,
    WireTokenFacts,
)
from greenroom_adapters.media import Loaded
from greenroom_adapters.meta.graph import Graph, page_by_page
from greenroom_adapters.meta.wire import CREATED, IDS, PAGES, SUCCESSES, WirePage
from greenroom_adapters.transport import Answer, Effect

__all__ = ["Api"]

COMMENT = "id,message,from,created_time,parent{id,from},message_tags,attachment"
POST = "id,message,from,created_time,permalink_url"
PICTURES = "attachments{media_type,target{id},subattachments{media_type,target{id}}}"
ORDER = {"filter": "stream", "order": "reverse_chronological"}
SUBSCRIBED, MESSAGES = ("feed", "mention"), "messages"
"""What the page's events are called that a webhook brings."""


class Api:
    """The calls. Each raises the errors of `Http.call`."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.page = ""
        """Id of the page; known after `profile`."""

    # Reading ---------------------------------------------------------------------------------------------------------

    async def profile(self) -> WireProfile:
        """Say whose token it is. A person's has no category, and Graph refuses to be asked for one."""
        profile = await self.graph.get("/me", PROFILES, fields="id,name,username,category")
        self.page = profile.id
        return profile

    async def feed(self, *, posts: int) -> WirePage:
        """Return the page's newest posts with the newest comments of each."""
        comments = f"comments.filter(stream).order(reverse_chronological).limit(25){{{COMMENT}}}"
        return await self.graph.get(
            f"/{self.page}/published_posts", PAGES, fields=f"{POST},{comments}", limit=str(posts)
        )

    async def comments(self, name: str, *, since: datetime | None = None, most: int) -> AsyncGenerator[WirePage, None]:
        """Yield pages of the comments below a post, newest first."""
        query = {**ORDER, "fields": COMMENT, "limit": "100"}
        if since is not None:
            query["since"] = str(int(since.timestamp()))
        async with aclosing(page_by_page(self.graph, f"/{name}/comments", most=most, **query)) as pages:
            async for page in pages:
                yield page

    async def own(self, *, since: datetime, most: int) -> AsyncGenerator[WirePage, None]:
        """Yield pages of the page's own posts with their pictures, newest first."""
        query = {"fields": f"{POST},{PICTURES}", "limit": "50", "since": str(int(since.timestamp()))}
        async with aclosing(page_by_page(self.graph, f"/{self.page}/published_posts", most=most, **query)) as pages:
            async for page in pages:
                yield page

    async def tagged(self, *, most: int) -> AsyncGenerator[WirePage, None]:
        """Yield pages of posts of others that name the page, newest first."""
        async with aclosing(
            page_by_page(self.graph, f"/{self.page}/tagged", most=most, fields=POST, limit="100")
        ) as pages:
            async for page in pages:
                yield page

    async def post(self, name: str) -> WirePost:
        """Return a post.

        :raises TargetGone: it is not there
        """
        return await self.graph.get(f"/{name}", POSTS, fields=POST)

    async def comment(self, name: str) -> WireComment:
        """Return a comment.

        :raises TargetGone: it is not there
        """
        return await self.graph.get(f"/{name}", COMMENTS, fields=COMMENT)

    async def counts(self, name: str, *, is_post: bool) -> WireCounts:
        """Count what a post or a comment received."""
        counted = "likes.summary(true).limit(0),comments.summary(true).limit(0)"
        return await self.graph.get(f"/{name}", COUNTS, fields=f"{counted},shares" if is_post else counted)

    async def inspect(self, *, app: str) -> WireTokenFacts:
        """Return what Meta says of the account's token, asked by the app itself: its id and secret."""
        headers = {"Authorization": f"Bearer {app}"}
        token = self.graph.token.reveal() if self.graph.token is not None else ""
        answer = await self.graph.http.call(
            "GET",
            self.graph.path("/debug_token"),
            effect=Effect.REPEATABLE,
            query={"input_token": token},
            headers=headers,
        )
        return self.graph.http.decode(answer, INSPECTED).data

    # Writing ---------------------------------------------------------------------------------------------------------

    async def create_post(self, fields: Mapping[str, str], *, deadline: timedelta) -> tuple[str, Answer]:
        """Publish a post and return its id."""
        answer = await self.graph.post(f"/{self.page}/feed", fields, effect=Effect.ONCE, deadline=deadline)
        return self._created(answer), answer

    async def create_comment(self, below: str, fields: Mapping[str, str], *, deadline: timedelta) -> tuple[str, Answer]:
        """Answer a post or a comment and return the comment's id."""
        answer = await self.graph.post(f"/{below}/comments", fields, effect=Effect.ONCE, deadline=deadline)
        return self._created(answer), answer

    async def create_message(self, person: str, text: str, *, deadline: timedelta) -> tuple[str, Answer]:
        """Answer somebody's message and return the message's id."""
        fields = {
            "recipient": msgspec.json.encode({"id": person}).decode(),
            "messaging_type": "RESPONSE",
            "message": msgspec.json.encode({"text": text}).decode(),
        }
        answer = await self.graph.post(f"/{self.page}/messages", fields, effect=Effect.ONCE, deadline=deadline)
        return self._created(answer), answer

    async def upload(self, picture: Loaded, *, deadline: timedelta) -> str:
        """Bring a picture that nobody sees before a post has it; return its id."""

        def form() -> aiohttp.FormData:
            fields = aiohttp.FormData()
            fields.add_field("source", picture.content, filename="picture", content_type=picture.media_type)
            fields.add_field("alt_text_custom", picture.alt)
            fields.add_field("published", "false")
            return fields

        answer = await self.graph.upload(f"/{self.page}/photos", form, deadline=deadline)
        return self.graph.http.decode(answer, IDS).id

    async def like(self, name: str) -> None:
        """Like a post or a comment as the page."""
        self._done(await self.graph.post(f"/{name}/likes", {}, effect=Effect.REPEATABLE))

    async def delete(self, name: str) -> None:
        """Take a post or a comment down."""
        self._done(await self.graph.delete(f"/{name}"))

    async def subscribe(self, *, direct_messages: bool) -> None:
        """Have Meta tell the app what happens to the page; of its messages only with the permission to read them."""
        subscribed = (*SUBSCRIBED, MESSAGES) if direct_messages else SUBSCRIBED
        fields = {"subscribed_fields": ",".join(subscribed)}
        self._done(await self.graph.post(f"/{self.page}/subscribed_apps", fields, effect=Effect.REPEATABLE))

    def gone(self, words: str) -> TargetGone:
        """Return the error that says that something is not there."""
        http = self.graph.http
        return TargetGone(words, platform=http.platform, account=http.account)

    def _done(self, answer: Answer) -> None:
        """See to it that what was asked for is done.

        :raises PostRejected: it is not
        """
        if not self.graph.http.decode(answer, SUCCESSES).is_done:
            raise self.graph.error(PostRejected, "Facebook says that it has not done it")

    def _created(self, answer: Answer) -> str:
        """Return the id of what was made; it stands under one of three names."""
        made = self.graph.http.decode(answer, CREATED)
        return made.message_id or made.id or self.graph.http.decode(answer, IDS).id
