"""The world of a page on the strict Graph API of the tests: other people, and a proxy between bot and server."""

import asyncio
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, ClassVar

from graph_server import GraphServer
from typing_extensions import override

from greenroom_adapters.contract import Adapter, PostRef, Secret
from greenroom_adapters.facebook import FacebookAdapter, FacebookSettings
from greenroom_adapters.testing import FaultyProxy, ProxiedWorld, Published
from greenroom_adapters.transport import Pace

__all__ = ["TAGGED", "FacebookWorld"]

SENDING = r"/(feed|comments|messages)(\?|$)"
TAGGED = r"/tagged"


class FacebookWorld(ProxiedWorld):
    """One page and one person."""

    sending: ClassVar[str] = SENDING

    def __init__(self, server: GraphServer, proxy: FaultyProxy) -> None:
        self.server, self.state, self.proxy = server, server.state, proxy
        self.bot = self.state.account("page", "Lamp", handle="lamp")
        self.alice = self.state.account("person", "Alice Avelar")
        self.settings = FacebookSettings(
            token=Secret(self.state.token_for(self.bot)),
            app_id=server.app_id,
            app_secret=Secret(server.app_secret),
            base_url=proxy.url,
        )

    def adapter(self, **changed: Any) -> FacebookAdapter:
        """Return an adapter with other settings."""
        return FacebookAdapter(
            replace(self.settings, **changed),
            account="page",
            every=timedelta(seconds=0.1),
            answer_within=timedelta(seconds=2),
            pace=Pace(slow=timedelta(seconds=0.5)),
        )

    @override
    def connect(self) -> Adapter:
        return self.adapter()

    @override
    async def mention_bot(self, text: str) -> None:
        self.state.post(self.alice, f"@lamp {text}", names=[self.bot])

    @override
    async def published(self) -> Sequence[Published]:
        told: list[tuple[int, Published]] = []
        for row in self.state.all("SELECT * FROM posts WHERE author = ? AND NOT deleted", self.bot):
            post = Published(text=row["text"], id=row["id"], alts=tuple(json.loads(row["alts"])))
            told.append((row["n"], post))
        for row in self.state.all("SELECT * FROM comments WHERE author = ? AND NOT deleted", self.bot):
            above = row["post"] if row["parent"] is None else f"{row['post']}/{row['parent']}"
            post = Published(text=row["text"], id=f"{row['post']}/{row['id']}", in_reply_to=above)
            told.append((row["n"], post))
        for row in self.state.all("SELECT * FROM messages WHERE author = ?", self.bot):
            told.append((row["n"], Published(text=row["text"], id=f"dm/{row['id']}", direct_to=row["person"])))
        return [post for _, post in sorted(told, key=lambda one: one[0])]

    @override
    def secrets(self) -> Sequence[str]:
        return [self.settings.token.reveal(), self.server.app_secret]

    @override
    async def post_of_somebody(self, text: str) -> PostRef:
        return PostRef(id=self.state.post(self.alice, text))

    @override
    async def reply_to_bot(self, ref: PostRef, text: str) -> None:
        post, _, comment = ref.id.partition("/")
        self.state.comment(self.alice, post, text, parent=comment or None)

    @override
    async def message_bot(self, text: str) -> str:
        self.state.message(self.bot, self.alice, self.alice, text)
        return self.alice

    @override
    async def remove(self, ref: PostRef) -> None:
        self.state.remove(ref.id.rpartition("/")[2])

    @override
    async def bot_says_elsewhere(self, text: str) -> None:
        self.state.post(self.bot, f"{text} of @lamp", names=[self.bot])

    @override
    async def likes(self, ref: PostRef) -> int:
        return len(self.state.all("SELECT * FROM likes WHERE object = ?", ref.id.rpartition("/")[2]))

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
        self.order("refuse", method="GET", path=TAGGED)

    @override
    async def silence_stream(self) -> None:
        self.order("silence", method="GET", path=TAGGED)

    async def until(self, happened: Callable[[], Any], *, patience: float = 10.0) -> None:
        """Return when `happened()` is true; fail after a while."""
        async with asyncio.timeout(patience):
            while not happened():
                await asyncio.sleep(0.02)
