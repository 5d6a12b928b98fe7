"""The calls of an account, one method each: paths, fields and bodies, and nothing that decides."""

from collections.abc import AsyncGenerator, Mapping
from datetime import timedelta
from typing import ClassVar

from typing_extensions import override

from greenroom_adapters.meta.graph import Graph, page_by_page
from greenroom_adapters.meta.phases import Container, PhasedCalls
from greenroom_adapters.meta.wire import IDS, WirePage
from greenroom_adapters.threads.wire import (
    CONTAINERS,
    INSIGHTS,
    LIMITS,
    PAGES,
    POSTS,
    PROFILES,
    WireInsights,
    WirePost,
    WireProfile,
)
from greenroom_adapters.transport import Answer, Effect

__all__ = ["Api"]

POST = "id,text,timestamp,username,permalink,media_type,media_url,has_replies"
ANSWER = f"{POST},root_post,replied_to,is_reply_owned_by_me"


class Api(PhasedCalls):
    """The calls. Each raises the errors of `Http.call`."""

    subscribed: ClassVar[tuple[str, ...]] = ()

    def __init__(self, graph: Graph) -> None:
        super().__init__(graph)
        graph.pages = PAGES
        self.handle = ""
        """The account's handle; known after `profile`."""

    # Reading ---------------------------------------------------------------------------------------------------------

    async def profile(self) -> WireProfile:
        """Say whose token it is."""
        profile = await self.graph.get("/me", PROFILES, fields="id,username,name")
        self.me, self.handle = profile.id, profile.username
        return profile

    async def feed(self, *, posts: int) -> WirePage:
        """Return the account's newest posts."""
        return await self.graph.get("/me/threads", PAGES, fields=POST, limit=str(posts))

    async def answers(self, *, posts: int) -> WirePage:
        """Return what the account answered last."""
        return await self.graph.get("/me/replies", PAGES, fields=ANSWER, limit=str(posts))

    def own(self, *, answers: bool, most: int) -> AsyncGenerator[WirePage, None]:
        """Yield pages of the account's posts, or of its answers, newest first."""
        if answers:
            return self._pages("/me/replies", ANSWER, most)
        return self._pages("/me/threads", POST, most)

    def mentions(self, *, most: int) -> AsyncGenerator[WirePage, None]:
        """Yield pages of posts of others that name the account, newest first."""
        return self._pages("/me/mentions", ANSWER, most)

    def below(self, name: str, *, deep: bool, most: int) -> AsyncGenerator[WirePage, None]:
        """Yield pages of the answers to a post, newest first; `deep`, with the answers to those."""
        return self._pages(f"/{name}/{'conversation' if deep else 'replies'}", ANSWER, most, reverse="true")

    def _pages(self, path: str, fields: str, most: int, **query: str) -> AsyncGenerator[WirePage, None]:
        return page_by_page(self.graph, path, most=most, fields=fields, limit=50, **query)

    async def post(self, name: str) -> WirePost:
        """Return a post.

        :raises TargetGone: it is not there
        """
        return await self.graph.get(f"/{name}", POSTS, fields=ANSWER)

    async def insights(self, name: str) -> WireInsights:
        """Count what a post of the account received.

        :raises TargetGone: it is not there
        """
        return await self.graph.get(f"/{name}/insights", INSIGHTS, metric="views,likes,replies,reposts,quotes")

    @override
    async def used(self, *, answers: bool = False) -> tuple[int, int]:
        fields = "reply_quota_usage,reply_config" if answers else "quota_usage,config"
        limits = await self.graph.get("/me/threads_publishing_limit", LIMITS, fields=fields)
        if not limits.data:
            return 0, 0
        told = limits.data[0]
        if answers:
            return told.reply_quota_usage, told.reply_config.quota_total
        return told.quota_usage, told.config.quota_total

    @override
    async def container(self, name: str) -> Container:
        told = await self.graph.get(f"/{name}", CONTAINERS, fields="status,error_message")
        return Container(status=told.status, why=told.error_message)

    @override
    async def address_of(self, name: str) -> str | None:
        return (await self.graph.get(f"/{name}", POSTS, fields="id,timestamp,permalink")).permalink

    # Writing ---------------------------------------------------------------------------------------------------------

    @override
    async def create_container(self, fields: Mapping[str, str], *, deadline: timedelta) -> str:
        answer = await self.graph.post("/me/threads", fields, effect=Effect.REPEATABLE, deadline=deadline)
        return self.graph.http.decode(answer, IDS).id

    @override
    async def publish_container(self, name: str, *, deadline: timedelta) -> tuple[str, Answer]:
        fields = {"creation_id": name}
        answer = await self.graph.post("/me/threads_publish", fields, effect=Effect.ONCE, deadline=deadline)
        return self.graph.http.decode(answer, IDS).id, answer

    async def repost(self, name: str) -> None:
        """Repost a post."""
        await self.graph.post(f"/{name}/repost", {}, effect=Effect.REPEATABLE)
