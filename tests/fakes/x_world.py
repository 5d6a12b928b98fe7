"""The world of a bot on the strict X of the tests: other people, and a proxy between bot and server."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, ClassVar

from typing_extensions import override
from x_server import XServer

from greenroom_adapters.contract import Adapter, PostRef, Secret
from greenroom_adapters.testing import FaultyProxy, ProxiedWorld, Published
from greenroom_adapters.transport import Pace
from greenroom_adapters.x import XAdapter, XSettings
from greenroom_adapters.x.sources import Intervals

__all__ = ["CREATING", "MENTIONS", "XWorld"]

CREATING = r"/2/tweets$|/messages$"
MENTIONS = r"/mentions"
OFTEN = Intervals(mentions=timedelta(seconds=0.1), messages=timedelta(seconds=0.1), own=timedelta(seconds=0.1))


class XWorld(ProxiedWorld):
    """One bot and one other person."""

    sending: ClassVar[str] = CREATING

    def __init__(self, server: XServer, proxy: FaultyProxy) -> None:
        self.server, self.state, self.proxy = server, server.state, proxy
        server.bases.append(proxy.url)
        self.bot = self.state.person("lightbot", name="Light (bot)", bio="A bot that keeps a light.")
        self.alice = self.state.person("alice", name="Alice", bio="Sails.")
        self.settings = self.signed(
            XSettings(
                api_key=Secret(self.state.api_key),
                api_secret=Secret(self.state.api_secret),
                ai_replies_approved=True,
                access="enterprise" if server.access == "enterprise" else "self_serve",
                dialect="post" if server.dialect == "post" else "tweet",
                base_url=proxy.url,
            )
        )

    def signed(self, settings: XSettings) -> XSettings:
        """Return settings with a fresh token of the bot."""
        token, secret = self.state.keys_for(self.bot)
        return replace(settings, token=Secret(token), token_secret=Secret(secret))

    def adapter(self, *, intervals: Intervals = OFTEN, **changed: Any) -> XAdapter:
        """Return an adapter with other settings."""
        return XAdapter(
            replace(self.settings, **changed),
            account="home",
            intervals=intervals,
            answer_within=timedelta(seconds=2),
            pace=Pace(slow=timedelta(seconds=0.5)),
        )

    @override
    def connect(self) -> Adapter:
        return self.adapter()

    @override
    async def mention_bot(self, text: str) -> None:
        self.state.post(self.alice, f"@lightbot {text}")

    @override
    async def published(self) -> Sequence[Published]:
        told: list[tuple[int, Published]] = []
        for row in self.state.all(
            "SELECT * FROM posts WHERE author = ? AND NOT deleted AND reposted IS NULL", self.bot
        ):
            post = Published(
                text=row["text"],
                id=str(row["id"]),
                in_reply_to=None if row["replied"] is None else str(row["replied"]),
                quote=None if row["quoted"] is None else str(row["quoted"]),
                alts=tuple(self._alt(file) for file in json.loads(row["files"])),
                poll=tuple(json.loads(row["poll"])["options"]) if row["poll"] != "null" and row["poll"] else (),
            )
            told.append((row["id"], post))
        for row in self.state.all("SELECT * FROM messages WHERE sender = ?", self.bot):
            post = Published(text=row["text"], id=f"dm/{row['id']}", direct_to=str(row["recipient"]))
            told.append((row["id"], post))
        return [post for _, post in sorted(told, key=lambda one: one[0])]

    @override
    def secrets(self) -> Sequence[str]:
        given = (self.settings.api_key, self.settings.api_secret, self.settings.token, self.settings.token_secret)
        return [secret.reveal() for secret in given if secret is not None]

    @override
    async def post_of_somebody(self, text: str) -> PostRef:
        return PostRef(id=str(self.state.post(self.alice, text)))

    @override
    async def reply_to_bot(self, ref: PostRef, text: str) -> None:
        self.state.post(self.alice, text, replied=int(ref.id))

    @override
    async def message_bot(self, text: str) -> str:
        self.state.message(self.alice, self.bot, text)
        return str(self.alice)

    @override
    async def remove(self, ref: PostRef) -> None:
        self.state.delete(int(ref.id))

    @override
    async def bot_says_elsewhere(self, text: str) -> None:
        self.state.post(self.bot, f"{text} of @lightbot")

    @override
    async def likes(self, ref: PostRef) -> int:
        return len(self.state.all("SELECT * FROM likes WHERE post = ?", int(ref.id)))

    @override
    async def answer_next(self, status: int, *, retry_after: int | None = None) -> None:
        headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
        body = {"title": "Too Many Requests", "type": "about:blank", "status": status, "detail": "Too Many Requests"}
        self.order("answer", status=status, headers=headers, body=json.dumps(body).encode())

    @override
    async def revoke_token(self) -> None:
        self.state.revoke_all(self.bot)
        self.settings = self.signed(self.settings)

    @override
    def unreachable(self) -> Adapter:
        return self.adapter(base_url="http://127.0.0.1:9")

    @override
    async def drop_stream(self) -> None:
        self.order("refuse", method="GET", path=MENTIONS)

    @override
    async def silence_stream(self) -> None:
        self.order("silence", method="GET", path=MENTIONS)

    def _alt(self, file: int) -> str:
        row = self.state.one("SELECT alt FROM files WHERE id = ?", file)
        return str(row["alt"]) if row is not None else ""

    async def until(self, happened: Any, *, patience: float = 10.0) -> None:
        """Return when `happened()` is true; fail after a while."""
        async with asyncio.timeout(patience):
            while not happened():
                await asyncio.sleep(0.02)
