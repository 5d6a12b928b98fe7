"""The calls of an account, one method each: paths, fields and bodies, and nothing that decides."""

from collections.abc import AsyncGenerator, Mapping
from datetime import timedelta
from typing import ClassVar

from typing_extensions import override

from greenroom_adapters.instagram.wire import (
    COMMENTS,
    CONTAINERS,
    LIMITS,
    MEDIA,
    MENTIONED,
    PROFILES,
    WireComment,
    WireMedia,
    WireProfile,
)
from greenroom_adapters.meta.graph import Graph, page_by_page
from greenroom_adapters.meta.phases import Container, PhasedCalls
from greenroom_adapters.meta.wire import IDS, PAGES, WirePage
from greenroom_adapters.transport import Answer, Effect

__all__ = ["Api"]

SAID = "id,text,timestamp,username,from"
COMMENT = f"{SAID},replies.limit(50){{{SAID}}}"
POST = "id,caption,timestamp,permalink,media_type,username"


class Api(PhasedCalls):
    """The calls. Each raises the errors of `Http.call`."""

    subscribed: ClassVar[tuple[str, ...]] = ("comments", "mentions")

    def __init__(self, graph: Graph) -> None:
        super().__init__(graph)
        self._ours: frozenset[str] = frozenset()

    @override
    def is_me(self, person: str) -> bool:
        """Say whether an id is the account's."""
        return person in self._ours

    # Reading ---------------------------------------------------------------------------------------------------------

    async def profile(self) -> WireProfile:
        """Say whose token it is."""
        profile = await self.graph.get("/me", PROFILES, fields="id,user_id,username,name,account_type")
        self.me = profile.user_id or profile.id
        self._ours = frozenset({profile.user_id, profile.id, f"@{profile.username}"} - {""})
        return profile

    async def feed(self, *, posts: int) -> WirePage:
        """Return the account's newest posts with the comments of each."""
        fields = f"{POST},comments.limit(50){{{COMMENT}}}"
        return await self.graph.get(f"/{self.me}/media", PAGES, fields=fields, limit=str(posts))

    def own(self, *, most: int) -> AsyncGenerator[WirePage, None]:
        """Yield pages of the account's posts, newest first."""
        return page_by_page(self.graph, f"/{self.me}/media", most=most, fields=POST, limit=50)

    def comments(self, media: str, *, most: int) -> AsyncGenerator[WirePage, None]:
        """Yield pages of the comments below a post of the account."""
        return page_by_page(self.graph, f"/{media}/comments", most=most, fields=COMMENT, limit=50)

    def tagged(self, *, most: int) -> AsyncGenerator[WirePage, None]:
        """Yield pages of posts of others that name the account, newest first."""
        return page_by_page(self.graph, f"/{self.me}/tags", most=most, fields=POST, limit=100)

    async def media(self, name: str) -> WireMedia:
        """Return a post of the account.

        :raises TargetGone: it is not there
        """
        return await self.graph.get(f"/{name}", MEDIA, fields=f"{POST},like_count,comments_count")

    async def comment(self, name: str) -> WireComment:
        """Return a comment.

        :raises TargetGone: it is not there
        """
        return await self.graph.get(f"/{name}", COMMENTS, fields=SAID)

    async def mentioned_comment(self, comment: str) -> WireComment:
        """Return a comment below somebody's post that names the account.

        :raises TargetGone: it is not there
        """
        field = f"mentioned_comment.comment_id({comment}){{id,text,timestamp,username,media{{id}}}}"
        told = (await self.graph.get(f"/{self.me}", MENTIONED, fields=field)).mentioned_comment
        if told is None:
            raise self.gone(f"there is no comment {comment} that names the account")
        return told

    async def mentioned_media(self, media: str) -> WireMedia:
        """Return a post of somebody that names the account in its words.

        :raises TargetGone: it is not there
        """
        field = f"mentioned_media.media_id({media}){{id,caption,timestamp,username}}"
        told = (await self.graph.get(f"/{self.me}", MENTIONED, fields=field)).mentioned_media
        if told is None:
            raise self.gone(f"there is no post {media} that names the account")
        return told

    @override
    async def used(self, *, answers: bool = False) -> tuple[int, int]:
        limits = await self.graph.get(f"/{self.me}/content_publishing_limit", LIMITS, fields="quota_usage,config")
        return (limits.data[0].quota_usage, limits.data[0].config.quota_total) if limits.data else (0, 0)

    @override
    async def container(self, name: str) -> Container:
        told = await self.graph.get(f"/{name}", CONTAINERS, fields="status_code,status")
        return Container(status=told.status_code, why=told.status)

    @override
    async def address_of(self, name: str) -> str | None:
        return (await self.media(name)).permalink

    # Writing ---------------------------------------------------------------------------------------------------------

    @override
    async def create_container(self, fields: Mapping[str, str], *, deadline: timedelta) -> str:
        answer = await self.graph.post(f"/{self.me}/media", fields, effect=Effect.REPEATABLE, deadline=deadline)
        return self.graph.http.decode(answer, IDS).id

    @override
    async def publish_container(self, name: str, *, deadline: timedelta) -> tuple[str, Answer]:
        fields = {"creation_id": name}
        answer = await self.graph.post(f"/{self.me}/media_publish", fields, effect=Effect.ONCE, deadline=deadline)
        return self.graph.http.decode(answer, IDS).id, answer

    async def answer_comment(self, comment: str, text: str, *, deadline: timedelta) -> tuple[str, Answer]:
        """Answer a comment below a post of the account; return the answer's id."""
        return await self._said(f"/{comment}/replies", {"message": text}, deadline)

    async def comment_on(self, media: str, text: str, *, deadline: timedelta) -> tuple[str, Answer]:
        """Write a comment below a post of the account; return its id."""
        return await self._said(f"/{media}/comments", {"message": text}, deadline)

    async def answer_mention(
        self, media: str, comment: str | None, text: str, *, deadline: timedelta
    ) -> tuple[str, Answer]:
        """Answer where somebody named the account; return the answer's id."""
        fields = {"media_id": media, "message": text} | ({"comment_id": comment} if comment is not None else {})
        return await self._said(f"/{self.me}/mentions", fields, deadline)
