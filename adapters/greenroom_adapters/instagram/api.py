"""The calls of an account, one method each: paths, fields and bodies, and nothing that decides."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from datetime import timedelta

import msgspec

from greenroom_adapters.contract import PostRejected, TargetGone
from greenroom_adapters.instagram.wire import (
    COMMENTS,
    CONTAINERS,
    LIMITS,
    MEDIA,
    MENTIONED,
    PROFILES,
    WireComment,
    WireContainer,
    WireMedia,
    WireProfile,
)
from greenroom_adapters.meta.graph import Graph, page_by_page
from greenroom_adapters.meta.wire import CREATED, IDS, PAGES, SUCCESSES, WirePage
from greenroom_adapters.transport import Answer, Effect

__all__ = ["Api"]

SAID = "id,text,timestamp,username,from"
COMMENT = f"{SAID},replies.limit(50){{{SAID}}}"
POST = "id,caption,timestamp,permalink,media_type,username"
SUBSCRIBED, MESSAGES = ("comments", "mentions"), "messages"
"""What the account's events are called that a webhook brings."""


class Api:
    """The calls. Each raises the errors of `Http.call`."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.user = ""
        """Id of the account; known after `profile`."""
        self._ours: frozenset[str] = frozenset()

    def is_me(self, person: str) -> bool:
        """Say whether an id is the account's."""
        return person in self._ours

    # Reading ---------------------------------------------------------------------------------------------------------

    async def profile(self) -> WireProfile:
        """Say whose token it is."""
        profile = await self.graph.get("/me", PROFILES, fields="id,user_id,username,name,account_type")
        self.user = profile.user_id or profile.id
        self._ours = frozenset({profile.user_id, profile.id, f"@{profile.username}"} - {""})
        return profile

    async def feed(self, *, posts: int) -> WirePage:
        """Return the account's newest posts with the comments of each."""
        fields = f"{POST},comments.limit(50){{{COMMENT}}}"
        return await self.graph.get(f"/{self.user}/media", PAGES, fields=fields, limit=str(posts))

    async def own(self, *, most: int) -> AsyncGenerator[WirePage, None]:
        """Yield pages of the account's posts, newest first."""
        async with aclosing(
            page_by_page(self.graph, f"/{self.user}/media", most=most, fields=POST, limit="50")
        ) as pages:
            async for page in pages:
                yield page

    async def comments(self, media: str, *, most: int) -> AsyncGenerator[WirePage, None]:
        """Yield pages of the comments below a post of the account."""
        async with aclosing(
            page_by_page(self.graph, f"/{media}/comments", most=most, fields=COMMENT, limit="50")
        ) as pages:
            async for page in pages:
                yield page

    async def tagged(self, *, most: int) -> AsyncGenerator[WirePage, None]:
        """Yield pages of posts of others that name the account, newest first."""
        async with aclosing(
            page_by_page(self.graph, f"/{self.user}/tags", most=most, fields=POST, limit="100")
        ) as pages:
            async for page in pages:
                yield page

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
        told = (await self.graph.get(f"/{self.user}", MENTIONED, fields=field)).mentioned_comment
        if told is None:
            raise self.gone(f"there is no comment {comment} that names the account")
        return told

    async def mentioned_media(self, media: str) -> WireMedia:
        """Return a post of somebody that names the account in its words.

        :raises TargetGone: it is not there
        """
        field = f"mentioned_media.media_id({media}){{id,caption,timestamp,username}}"
        told = (await self.graph.get(f"/{self.user}", MENTIONED, fields=field)).mentioned_media
        if told is None:
            raise self.gone(f"there is no post {media} that names the account")
        return told

    async def used(self) -> tuple[int, int]:
        """Return how often the account has posted in 24 hours, and how often it may; 0: it is not told."""
        limits = await self.graph.get(f"/{self.user}/content_publishing_limit", LIMITS, fields="quota_usage,config")
        return (limits.data[0].quota_usage, limits.data[0].config.quota_total) if limits.data else (0, 0)

    async def container(self, name: str) -> WireContainer:
        """Say how far Instagram is with a container.

        :raises TargetGone: it knows none of this name any more
        """
        return await self.graph.get(f"/{name}", CONTAINERS, fields="status_code,status")

    # Writing ---------------------------------------------------------------------------------------------------------

    async def create_container(self, fields: Mapping[str, str], *, deadline: timedelta) -> str:
        """Announce what is to be published; return the container's id. One that nobody hears of is never published."""
        answer = await self.graph.post(f"/{self.user}/media", fields, effect=Effect.REPEATABLE, deadline=deadline)
        return self.graph.http.decode(answer, IDS).id

    async def publish_container(self, name: str, *, deadline: timedelta) -> tuple[str, Answer]:
        """Publish what a container holds; return the post's id."""
        fields = {"creation_id": name}
        answer = await self.graph.post(f"/{self.user}/media_publish", fields, effect=Effect.ONCE, deadline=deadline)
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
        return await self._said(f"/{self.user}/mentions", fields, deadline)

    async def create_message(self, person: str, text: str, *, deadline: timedelta) -> tuple[str, Answer]:
        """Answer somebody's message; return the message's id."""
        fields = {
            "recipient": msgspec.json.encode({"id": person}).decode(),
            "message": msgspec.json.encode({"text": text}).decode(),
        }
        return await self._said(f"/{self.user}/messages", fields, deadline)

    async def delete(self, name: str) -> None:
        """Take a post or a comment down."""
        self._done(await self.graph.delete(f"/{name}"))

    async def subscribe(self, *, direct_messages: bool) -> None:
        """Have Meta tell the app what happens to the account; of its messages only with the permission to read them."""
        subscribed = (*SUBSCRIBED, MESSAGES) if direct_messages else SUBSCRIBED
        fields = {"subscribed_fields": ",".join(subscribed)}
        self._done(await self.graph.post(f"/{self.user}/subscribed_apps", fields, effect=Effect.REPEATABLE))

    def gone(self, words: str) -> TargetGone:
        """Return the error that says that something is not there."""
        http = self.graph.http
        return TargetGone(words, platform=http.platform, account=http.account)

    def _done(self, answer: Answer) -> None:
        """See to it that what was asked for is done.

        :raises PostRejected: it is not
        """
        if not self.graph.http.decode(answer, SUCCESSES).is_done:
            raise self.graph.error(PostRejected, "Instagram says that it has not done it")

    async def _said(self, path: str, fields: Mapping[str, str], deadline: timedelta) -> tuple[str, Answer]:
        answer = await self.graph.post(path, fields, effect=Effect.ONCE, deadline=deadline)
        made = self.graph.http.decode(answer, CREATED)
        return made.message_id or made.id or self.graph.http.decode(answer, IDS).id, answer
