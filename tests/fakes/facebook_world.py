"""The world of a page on the strict Graph API of the tests: other people, and a proxy between bot and server."""

from dataclasses import replace
from datetime import timedelta
from typing import Any, ClassVar

from graph_server import GraphServer
from graph_world import MailingWorld
from typing_extensions import override

from greenroom_adapters.contract import PostRef, Secret
from greenroom_adapters.facebook import FacebookAdapter, FacebookSettings
from greenroom_adapters.testing import FaultyProxy
from greenroom_adapters.transport import Pace

__all__ = ["FacebookWorld"]


class FacebookWorld(MailingWorld[FacebookSettings]):
    """One page and one person."""

    sending: ClassVar[str] = r"/(feed|comments|messages)(\?|$)"
    looked_at: ClassVar[str] = r"/tagged"

    def __init__(self, server: GraphServer, proxy: FaultyProxy) -> None:
        super().__init__(server, proxy, bot=server.state.account("page", "Lamp", handle="lamp"))
        self.alice = self.state.account("person", "Alice Avelar")
        self.settings = FacebookSettings(
            token=Secret(self.state.token_for(self.bot)),
            app_id=server.app_id,
            app_secret=Secret(server.app_secret),
            base_url=proxy.url,
        )

    @override
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
    async def mention_bot(self, text: str) -> None:
        self.state.post(self.alice, f"@lamp {text}", names=[self.bot])

    @override
    async def post_of_somebody(self, text: str) -> PostRef:
        return PostRef(id=self.state.post(self.alice, text))

    @override
    async def bot_says_elsewhere(self, text: str) -> None:
        self.state.post(self.bot, f"{text} of @lamp", names=[self.bot])

    @override
    async def likes(self, ref: PostRef) -> int:
        return len(self.state.all("SELECT * FROM likes WHERE object = ?", ref.id.rpartition("/")[2]))
