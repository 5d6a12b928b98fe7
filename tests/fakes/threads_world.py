"""The world of an account on the strict Threads of the tests: other people, and a proxy between bot and server."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, ClassVar

from graph_server import GraphServer
from graph_threads import REPOST, answer
from graph_world import GraphWorld
from ports import free_port
from typing_extensions import override

from greenroom_adapters.contract import PostRef, Secret
from greenroom_adapters.testing import FaultyProxy, Published
from greenroom_adapters.threads import ThreadsAdapter, ThreadsSettings
from greenroom_adapters.transport import Pace

__all__ = ["ThreadsWorld"]


class ThreadsWorld(GraphWorld[ThreadsSettings]):
    """One account with a first post, and one person."""

    sending: ClassVar[str] = r"/threads_publish(\?|$)"
    looked_at: ClassVar[str] = r"/me/mentions"

    def __init__(self, server: GraphServer, proxy: FaultyProxy) -> None:
        super().__init__(server, proxy, bot=server.state.account("threads", "Lamp", handle="lamp.bot"))
        self.alice = self.state.account("threader", "Alice Avelar", handle="alice")
        self.first = self.state.post(self.bot, "The first light.", created=1_700_000_000.0)
        port = free_port()
        self.settings = ThreadsSettings(
            token=Secret(self.state.token_for(self.bot)),
            app_secret=Secret(server.app_secret),
            media_url=f"http://127.0.0.1:{port}/shelf",
            media_listen=str(port),
            base_url=proxy.url,
        )

    @override
    def adapter(self, **changed: Any) -> ThreadsAdapter:
        """Return an adapter with other settings."""
        return ThreadsAdapter(
            replace(self.settings, **changed),
            account="words",
            every=timedelta(seconds=0.1),
            answer_within=timedelta(seconds=2),
            pace=Pace(slow=timedelta(seconds=0.5)),
            publish_deadline=timedelta(seconds=17),
            visible_within=timedelta(seconds=10),
            container_every=0.05,
        )

    @override
    async def mention_bot(self, text: str) -> None:
        self.state.post(self.alice, f"@lamp.bot {text}", names=[self.bot])

    @override
    async def published(self) -> Sequence[Published]:
        told: list[tuple[int, Published]] = []
        for row in self.state.all("SELECT * FROM posts WHERE author = ? AND NOT deleted", self.bot):
            if row["id"] != self.first and row["kind"] != REPOST:
                told.append((row["n"], Published(text=row["text"], id=row["id"], alts=tuple(json.loads(row["alts"])))))
        for row in self.state.all("SELECT * FROM comments WHERE author = ? AND NOT deleted", self.bot):
            post = Published(
                text=row["text"],
                id=row["id"],
                in_reply_to=row["parent"] or row["post"],
                alts=tuple(json.loads(row["file"])),
            )
            told.append((row["n"], post))
        return [post for _, post in sorted(told, key=lambda one: one[0])]

    @override
    async def post_of_somebody(self, text: str) -> PostRef:
        return PostRef(id=self.state.post(self.alice, text))

    @override
    async def reply_to_bot(self, ref: PostRef, text: str) -> None:
        answer(self.state, self.alice, ref.id, text)

    @override
    async def bot_says_elsewhere(self, text: str) -> None:
        self.state.post(self.bot, f"{text} of @lamp.bot")
