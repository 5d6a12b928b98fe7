"""The world of a webhook on the fake Discord: its channel, and a proxy between it and the server."""

import itertools
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, ClassVar

from discord_world import RunningDiscord
from typing_extensions import override

from greenroom_adapters.contract import Adapter, PostRef, Secret
from greenroom_adapters.discord import DiscordAdapter, DiscordSettings
from greenroom_adapters.discord.webhook import WebhookAdapter
from greenroom_adapters.testing import FaultyProxy, ProxiedWorld, Published
from greenroom_adapters.testing.conformance.world import cannot

__all__ = ["SENDING", "WebhookWorld"]

SENDING = r"/webhooks/\d+/[^/]+\?"
LIKE = "\N{THUMBS UP SIGN}"
numbers = itertools.count(1)


class WebhookWorld(ProxiedWorld):
    """One webhook in a server of somebody's."""

    sending: ClassVar[str] = SENDING

    def __init__(self, discord: RunningDiscord, proxy: FaultyProxy, *, type: int = 0) -> None:
        number = next(numbers)
        self.discord = discord
        self.proxy = proxy
        self.alice = discord.call("person", name=f"annie{number}")["id"]
        self.guild = discord.call("guild", name=f"Mole {number}", owner=self.alice, members=[])
        self.channel = discord.call("channel", guild=self.guild["id"], name="news", type=type)["id"]
        self.hook = discord.call("webhook", channel=self.channel)
        self.address = f"https://discord.com/api/webhooks/{self.hook['id']}/{self.hook['token']}"
        self.settings = DiscordSettings(webhook=Secret(self.address), base_url=f"{proxy.url}/api/v10")

    def adapter(self, **changed: Any) -> Adapter:
        """Return the adapter of an account with other settings, as a bot makes it."""
        return DiscordAdapter.for_account(replace(self.settings, **changed), account="home")

    async def said(self) -> list[dict[str, Any]]:
        """Return what the webhook has said, as it is kept."""
        return list(self.discord.call("published", bot=self.hook["id"]))

    @override
    def connect(self) -> Adapter:
        return WebhookAdapter(self.settings, account="home", look_every=timedelta(seconds=0.2))

    @override
    async def mention_bot(self, text: str) -> None:
        cannot("mention a webhook so that it hears of it")

    @override
    async def published(self) -> Sequence[Published]:
        return [self._published(said) for said in await self.said()]

    def _published(self, said: dict[str, Any]) -> Published:
        poll = said.get("poll")
        return Published(
            text=said["content"] if poll is None else poll["question"]["text"],
            id=f"{said['channel']['id']}/{said['id']}",
            alts=tuple(file.get("description", "") for file in said["attachments"]),
            poll=() if poll is None else tuple(answer["poll_media"]["text"] for answer in poll["answers"]),
        )

    @override
    def secrets(self) -> Sequence[str]:
        return [self.hook["token"]]

    @override
    async def post_of_somebody(self, text: str) -> PostRef:
        said = self.discord.call("say", channel=self.channel, author=self.alice, content=text)
        return PostRef(id=f"{self.channel}/{said['id']}")

    @override
    async def remove(self, ref: PostRef) -> None:
        self.discord.call("delete", message=ref.id.partition("/")[2])

    @override
    async def likes(self, ref: PostRef) -> int:
        return len(self.discord.call("said", message=ref.id.partition("/")[2])["reacted"].get(LIKE, []))

    @override
    async def answer_next(self, status: int, *, retry_after: int | None = None) -> None:
        headers = {} if retry_after is None else {"Retry-After": str(retry_after), "X-RateLimit-Scope": "user"}
        body = {"message": "You are being rate limited.", "retry_after": retry_after, "global": False}
        self.order("answer", status=status, headers=headers, body=json.dumps(body if status == 429 else {}).encode())

    @override
    async def revoke_token(self) -> None:
        self.discord.call("remove-webhook", webhook=self.hook["id"])

    @override
    def unreachable(self) -> Adapter:
        return self.adapter(base_url="http://127.0.0.1:9/api/v10")
