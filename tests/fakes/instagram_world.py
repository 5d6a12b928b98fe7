"""The world of an account on the strict Instagram of the tests: other people, and a proxy between bot and server."""

import asyncio
import json
import socket
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar

from graph_server import GraphServer
from illustrated import Illustrated
from typing_extensions import override

from greenroom_adapters.contract import Adapter, PostRef, Secret
from greenroom_adapters.instagram import InstagramSettings
from greenroom_adapters.testing import FaultyProxy, ProxiedWorld, Published
from greenroom_adapters.transport import Pace

__all__ = ["TAGGED", "InstagramWorld", "free_port"]

SENDING = r"/(media_publish|replies|mentions|messages|[0-9]+/comments)(\?|$)"
TAGGED = r"/tags"


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class InstagramWorld(ProxiedWorld):
    """One account and one person, who has something to say below its first post."""

    sending: ClassVar[str] = SENDING

    def __init__(self, server: GraphServer, proxy: FaultyProxy, folder: Path) -> None:
        self.server, self.state, self.proxy, self.folder = server, server.state, proxy, folder
        self.bot = self.state.account("instagram", "Lamp", handle="lamp.bot")
        self.alice = self.state.account("visitor", "Alice Avelar", handle="alice")
        self.first = self.state.post(self.bot, "The first light.", kind="IMAGE", created=1_700_000_000.0)
        port = free_port()
        self.settings = InstagramSettings(
            token=Secret(self.state.token_for(self.bot)),
            app_secret=Secret(server.app_secret),
            media_url=f"http://127.0.0.1:{port}/shelf",
            media_listen=str(port),
            base_url=proxy.url,
        )

    def adapter(self, **changed: Any) -> Illustrated:
        """Return an adapter with other settings."""
        adapter = Illustrated(
            replace(self.settings, **changed),
            account="gallery",
            every=timedelta(seconds=0.1),
            answer_within=timedelta(seconds=2),
            pace=Pace(slow=timedelta(seconds=0.5)),
            publish_deadline=timedelta(seconds=17),
            visible_within=timedelta(seconds=10),
            container_every=0.05,
        )
        adapter.folder = self.folder
        return adapter

    @override
    def connect(self) -> Adapter:
        return self.adapter()

    @override
    async def mention_bot(self, text: str) -> None:
        self.state.post(self.alice, f"@lamp.bot {text}", names=[self.bot], kind="IMAGE")

    @override
    async def published(self) -> Sequence[Published]:
        told: list[tuple[int, Published]] = []
        for row in self.state.all("SELECT * FROM posts WHERE author = ? AND NOT deleted", self.bot):
            if row["id"] != self.first:
                told.append((row["n"], Published(text=row["text"], id=row["id"], alts=tuple(json.loads(row["alts"])))))
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
        return PostRef(id=f"{self.first}/{self.state.comment(self.alice, self.first, text)}")

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
        self.state.post(self.bot, f"{text} of @lamp.bot", names=[self.bot], kind="IMAGE")

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
