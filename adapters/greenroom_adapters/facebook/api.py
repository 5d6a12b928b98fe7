"""The calls of a page, one method each: paths, fields and bodies, and nothing that decides."""

from collections.abc import AsyncGenerator, Mapping
from datetime import datetime, timedelta
from typing import ClassVar

import aiohttp

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
from greenroom_adapters.meta.calls import Calls
from greenroom_adapters.meta.graph import page_by_page
from greenroom_adapters.meta.wire import IDS, PAGES, WirePage
from greenroom_adapters.transport import Answer, Effect

__all__ = ["Api"]

COMMENT = "id,message,from,created_time,parent{id,from},message_tags,attachment"
POST = "id,message,from,created_time,permalink_url"
PICTURES = "attachments{media_type,target{id},subattachments{media_type,target{id}}}"
ORDER = {"filter": "stream", "order": "reverse_chronological"}


class Api(Calls):
    """The calls. Each raises the errors of `Http.call`."""

    subscribed: ClassVar[tuple[str, ...]] = ("feed", "mention")

    # Reading ---------------------------------------------------------------------------------------------------------

    async def profile(self) -> WireProfile:
        """Say whose token it is. A person's has no category, and Graph refuses to be asked for one."""
        profile = await self.graph.get("/me", PROFILES, fields="id,name,username,category")
        self.me = profile.id
        return profile

    async def feed(self, *, posts: int) -> WirePage:
        """Return the page's newest posts with the newest comments of each."""
        comments = f"comments.filter(stream).order(reverse_chronological).limit(25){{{COMMENT}}}"
        return await self.graph.get(f"/{self.me}/published_posts", PAGES, fields=f"{POST},{comments}", limit=str(posts))

    def comments(self, name: str, *, since: datetime | None = None, most: int) -> AsyncGenerator[WirePage, None]:
        """Yield pages of the comments below a post, newest first."""
        query = {**ORDER, "fields": COMMENT}
        if since is not None:
            query["since"] = str(int(since.timestamp()))
        return page_by_page(self.graph, f"/{name}/comments", most=most, limit=100, **query)

    def own(self, *, since: datetime, most: int) -> AsyncGenerator[WirePage, None]:
        """Yield pages of the page's own posts with their pictures, newest first."""
        query = {"fields": f"{POST},{PICTURES}", "since": str(int(since.timestamp()))}
        return page_by_page(self.graph, f"/{self.me}/published_posts", most=most, limit=50, **query)

    def tagged(self, *, most: int) -> AsyncGenerator[WirePage, None]:
        """Yield pages of posts of others that name the page, newest first."""
        return page_by_page(self.graph, f"/{self.me}/tagged", most=most, fields=POST, limit=100)

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
        return await self._said(f"/{self.me}/feed", fields, deadline)

    async def create_comment(self, below: str, fields: Mapping[str, str], *, deadline: timedelta) -> tuple[str, Answer]:
        """Answer a post or a comment and return the comment's id."""
        return await self._said(f"/{below}/comments", fields, deadline)

    async def upload(self, picture: Loaded, *, deadline: timedelta) -> str:
        """Bring a picture that nobody sees before a post has it; return its id."""

        def form() -> aiohttp.FormData:
            fields = aiohttp.FormData()
            fields.add_field("source", picture.content, filename="picture", content_type=picture.media_type)
            fields.add_field("alt_text_custom", picture.alt)
            fields.add_field("published", "false")
            return fields

        answer = await self.graph.upload(f"/{self.me}/photos", form, deadline=deadline)
        return self.graph.http.decode(answer, IDS).id

    async def like(self, name: str) -> None:
        """Like a post or a comment as the page."""
        self._done(await self.graph.post(f"/{name}/likes", {}, effect=Effect.REPEATABLE))
