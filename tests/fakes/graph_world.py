"""What the worlds on the strict Graph API of the tests have in common: a bot, another person, and a proxy between bot
and server."""

import asyncio
import json
from abc import abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, ClassVar, Generic, TypeVar

from graph_server import GraphServer
from typing_extensions import override

from greenroom_adapters.contract import Adapter, PostRef, Secret
from greenroom_adapters.meta.settings import MetaSettings
from greenroom_adapters.testing import FaultyProxy, ProxiedWorld, Published

__all__ = ["GraphWorld", "MailingWorld"]

S = TypeVar("S", bound=MetaSettings)


class GraphWorld(ProxiedWorld, Generic[S]):
    """One account."""

    looked_at: ClassVar[str]
    """The list that is cut off and silenced."""
    settings: S

    def __init__(self, server: GraphServer, proxy: FaultyProxy, *, bot: str) -> None:
        self.server, self.state, self.proxy, self.bot = server, server.state, proxy, bot

    @abstractmethod
    def adapter(self, **changed: Any) -> Adapter:
        """Return an adapter with other settings."""

    @override
    def connect(self) -> Adapter:
        return self.adapter()

    @override
    def secrets(self) -> Sequence[str]:
        return [self.settings.token.reveal(), self.server.app_secret]

    @override
    async def remove(self, ref: PostRef) -> None:
        self.state.remove(ref.id.rpartition("/")[2])

    @override
    async def answer_next(self, status: int, *, retry_after: int | None = None) -> None:
        headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
        body = {"error": {"message": "An unknown error occurred", "type": "OAuthException", "code": 1}}
        self.order("answer", status=status, headers=headers, body=json.dumps(body).encode())

    @override
    async def revoke_token(self) -> None:
        self.state.revoke_all(self.bot)
        self.settings = replace(self.settings, token=Secret(self.state.token_for(self.bot)))

    @override
    def unreachable(self) -> Adapter:
        return self.adapter(base_url="http://127.0.0.1:9")

    @override
    async def drop_stream(self) -> None:
        self.order("refuse", method="GET", path=self.looked_at)

    @override
    async def silence_stream(self) -> None:
        self.order("silence", method="GET", path=self.looked_at)

    async def until(self, happened: Callable[[], Any], *, patience: float = 10.0) -> None:
        """Return when `happened()` is true; fail after a while."""
        async with asyncio.timeout(patience):
            while not happened():
                await asyncio.sleep(0.02)


class MailingWorld(GraphWorld[S]):
    """One account that has posts with comments below them, and messages."""

    alice: str
    first: str = ""
    """A post that was there before."""

    @override
    async def published(self) -> Sequence[Published]:
        told: list[tuple[int, Published]] = []
        for row in self.state.all(
            "SELECT * FROM posts WHERE author = ? AND id != ? AND NOT deleted", self.bot, self.first
        ):
            told.append((row["n"], Published(text=row["text"], id=row["id"], alts=tuple(json.loads(row["alts"])))))
        for row in self.state.all("SELECT * FROM comments WHERE author = ? AND NOT deleted", self.bot):
            above = row["post"] if row["parent"] is None else f"{row['post']}/{row['parent']}"
            post = Published(text=row["text"], id=f"{row['post']}/{row['id']}", in_reply_to=above)
            told.append((row["n"], post))
        for row in self.state.all("SELECT * FROM messages WHERE author = ?", self.bot):
            told.append((row["n"], Published(text=row["text"], id=f"dm/{row['id']}", direct_to=row["person"])))
        return [post for _, post in sorted(told, key=lambda one: one[0])]

    @override
    async def reply_to_bot(self, ref: PostRef, text: str) -> None:
        post, _, comment = ref.id.partition("/")
        self.state.comment(self.alice, post, text, parent=comment or None)

    @override
    async def message_bot(self, text: str) -> str:
        self.state.message(self.bot, self.alice, self.alice, text)
        return self.alice
