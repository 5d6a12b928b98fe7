"""The world of an account on the strict TikTok of the tests: nobody but the bot, and a proxy before the server."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar

from filmed import Filmed
from owner import Drawer
from ports import free_port
from tiktok_server import SCOPES, TikTokServer
from typing_extensions import override

from greenroom_adapters.contract import Adapter, PostRef, Secret, Visibility
from greenroom_adapters.testing import FaultyProxy, ProxiedWorld, Published
from greenroom_adapters.testing.conformance.world import cannot
from greenroom_adapters.tiktok import TikTokSettings

__all__ = ["INIT", "TikTokWorld"]

INIT = r"/v2/post/publish/(video|content)/init/"


class TikTokWorld(ProxiedWorld):
    """One account. What publishes are the last bytes of a video."""

    sending: ClassVar[str] = r"^/video/"
    method: ClassVar[str] = "PUT"

    def __init__(self, server: TikTokServer, proxy: FaultyProxy, folder: Path) -> None:
        self.server, self.state, self.proxy, self.folder = server, server.state, proxy, folder
        self.drawer = Drawer()
        server.public = proxy.url
        port = free_port()
        self.settings = TikTokSettings(
            client_key=server.client_key,
            client_secret=Secret(server.client_secret),
            refresh_token=Secret(self.state.sign_in(SCOPES)[1]),
            privacy="everyone",
            media_url=f"http://127.0.0.1:{port}/shelf",
            media_listen=str(port),
            base_url=proxy.url,
        )
        server.verified = self.settings.media_url

    def adapter(self, *, minute: timedelta = timedelta(0), **changed: Any) -> Filmed:
        """Return an adapter with other settings."""
        adapter = Filmed(
            replace(self.settings, **changed),
            account="stage",
            every=timedelta(seconds=0.1),
            answer_within=timedelta(seconds=2),
            publish_deadline=timedelta(seconds=4),
            visible_within=timedelta(seconds=10),
            look_every=0.05,
            minute=minute,
        )
        adapter.folder = self.folder
        adapter.keep_in(self.drawer)
        return adapter

    @override
    def connect(self) -> Adapter:
        return self.adapter()

    @override
    async def mention_bot(self, text: str) -> None:
        cannot("mention the bot: TikTok tells programs of no mention")

    @override
    async def published(self) -> Sequence[Published]:
        told: list[Published] = []
        for row in self.state.all("SELECT * FROM posts WHERE NOT deleted ORDER BY n"):
            info = json.loads(row["info"])
            is_public = info["privacy_level"] == "PUBLIC_TO_EVERYONE"
            name = row["id"] if is_public else row["publishing"]
            visibility = {"PUBLIC_TO_EVERYONE": "public", "FOLLOWER_OF_CREATOR": "followers"}.get(info["privacy_level"])
            told.append(
                Published(
                    text=row["text"],
                    id=name,
                    alts=("",) * row["pictures"],
                    visibility=None if visibility is None else Visibility(visibility),
                )
            )
        return told

    @override
    def secrets(self) -> Sequence[str]:
        tokens = [name for row in self.state.all("SELECT * FROM tokens") for name in (row["access"], row["refresh"])]
        return [self.server.client_secret, *tokens]

    @override
    async def remove(self, ref: PostRef) -> None:
        self.state.all("UPDATE posts SET deleted = 1 WHERE id = ?", ref.id)

    @override
    async def answer_next(self, status: int, *, retry_after: int | None = None) -> None:
        headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
        self.order("answer", status=status, headers=headers, body=b"")

    @override
    async def revoke_token(self) -> None:
        self.state.all("UPDATE tokens SET is_spent = 1, ends_at = 0")

    @override
    def unreachable(self) -> Adapter:
        return self.adapter(base_url="http://127.0.0.1:9")
