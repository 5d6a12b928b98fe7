"""The world of an account on the strict Threads of the tests: other people, and a proxy between bot and server."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, ClassVar

from graph_server import GraphServer
from graph_threads import REPOST, answer
from instagram_world import free_port
from typing_extensions import override

from greenroom_adapters.contract import Adapter, PostRef, Secret
from greenroom_adapters.testing import FaultyProxy, ProxiedWorld, Published
from greenroom_adapters.threads import ThreadsAdapter, ThreadsSettings
from greenroom_adapters.transport import Pace

__all__ = ["MENTIONED", "ThreadsWorld"]

SENDING = r"/threads_publish(\?|$)"
MENTIONED = r"/me/mentions"


class ThreadsWorld(ProxiedWorld):
    """One account with a first post, and one person."""

    sending: ClassVar[str] = SENDING

    def __init__(self, server: GraphServer, proxy: FaultyProxy) -> None:
        self.server, self.state, self.proxy = server, server.state, proxy
        self.bot = self.state.account("threads", "Lamp", handle="lamp.bot")
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
    def connect(self) -> Adapter:
        return self.adapter()

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
    def secrets(self) -> Sequence[str]:
        return [self.settings.token.reveal(), self.server.app_secret]

    @override
    async def post_of_somebody(self, text: str) -> PostRef:
        return PostRef(id=self.state.post(self.alice, text))

    @override
    async def reply_to_bot(self, ref: PostRef, text: str) -> None:
        answer(self.state, self.alice, ref.id, text)

    @override
    async def remove(self, ref: PostRef) -> None:
        self.state.remove(ref.id)

    @override
    async def bot_says_elsewhere(self, text: str) -> None:
        self.state.post(self.bot, f"{text} of @lamp.bot")

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
        self.order("refuse", method="GET", path=MENTIONED)

    @override
    async def silence_stream(self) -> None:
        self.order("silence", method="GET", path=MENTIONED)
