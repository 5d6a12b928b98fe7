"""The world of an account on the strict Instagram of the tests: other people, and a proxy between bot and server."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar

from graph_server import GraphServer
from graph_world import MailingWorld
from illustrated import Illustrated
from ports import free_port
from typing_extensions import override

from greenroom_adapters.contract import PostRef, Secret
from greenroom_adapters.instagram import InstagramSettings
from greenroom_adapters.testing import FaultyProxy
from greenroom_adapters.transport import Pace

__all__ = ["InstagramWorld"]


class InstagramWorld(MailingWorld[InstagramSettings]):
    """One account and one person, who has something to say below its first post."""

    sending: ClassVar[str] = r"/(media_publish|replies|mentions|messages|[0-9]+/comments)(\?|$)"
    looked_at: ClassVar[str] = r"/tags"

    def __init__(self, server: GraphServer, proxy: FaultyProxy, folder: Path) -> None:
        super().__init__(server, proxy, bot=server.state.account("instagram", "Lamp", handle="lamp.bot"))
        self.folder = folder
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

    @override
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
    async def mention_bot(self, text: str) -> None:
        self.state.post(self.alice, f"@lamp.bot {text}", names=[self.bot], kind="IMAGE")

    @override
    async def post_of_somebody(self, text: str) -> PostRef:
        return PostRef(id=f"{self.first}/{self.state.comment(self.alice, self.first, text)}")

    @override
    async def bot_says_elsewhere(self, text: str) -> None:
        self.state.post(self.bot, f"{text} of @lamp.bot", names=[self.bot], kind="IMAGE")
