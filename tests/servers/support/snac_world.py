"""The world of a bot on a real snac2: another person, and a proxy between bot and server."""

import asyncio
import itertools
import os
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request

import pytest
from running import CHECKOUT, RunningServer, unavailable
from snac_people import OPENER, Person, follow, join, until
from typing_extensions import override

from greenroom_adapters.contract import Adapter, PostRef, Secret, Visibility
from greenroom_adapters.mastodon import MastodonAdapter, MastodonSettings
from greenroom_adapters.mastodon.listening import Rhythm
from greenroom_adapters.testing import FaultyProxy, ProxiedWorld, Published
from greenroom_adapters.transport import Pace

SENDING = r"/api/v1/statuses$"
LISTENING = r"/api/v1/notifications"
QUICK = Rhythm(
    without_stream=timedelta(seconds=0.2),
    beside_stream=timedelta(seconds=1),
    heartbeat=timedelta(seconds=1),
    pace=Pace(fast=(timedelta(0), timedelta(seconds=0.1)), slow=timedelta(seconds=0.3)),
)
numbers = itertools.count(1)


def a_snac() -> RunningServer:
    """Return a snac2 that is not started yet."""
    named = os.environ.get("SNAC")
    snac = Path(named) if named else CHECKOUT / ".snac" / "usr" / "bin" / "snac"
    if not snac.exists():
        unavailable("snac is not installed: run tests/servers/mastodon/install.sh, or set SNAC")
    return RunningServer("mastodon", environment={"SNAC": str(snac)})


class SnacWorld(ProxiedWorld):
    """One bot and one other person, on a server that others use at the same time."""

    sending: ClassVar[str] = SENDING

    def __init__(self, facts: dict[str, Any], proxy: FaultyProxy, alice: Person) -> None:
        """`alice` is the other person, whom all worlds of a server share: to make an account takes its time."""
        self.proxy = proxy
        self.base = alice.base
        self.alice = alice
        self.facts = facts
        self._follows = False
        self.bot: Person = join(self.base, facts["snac"], facts["data"], f"bot{next(numbers)}")
        self.onlooker = self.bot.sign_in()
        """The bot's account by another token, past the adapter."""
        self.settings = MastodonSettings(server=proxy.url, token=Secret(self.bot.token))

    def adapter(self, **changed: Any) -> MastodonAdapter:
        """Return an adapter with other settings."""
        return MastodonAdapter(
            replace(self.settings, **changed), account="home", rhythm=QUICK, in_flight=timedelta(seconds=0.3)
        )

    @override
    def connect(self) -> Adapter:
        return self.adapter()

    @override
    async def mention_bot(self, text: str) -> None:
        await asyncio.to_thread(self.tell_bot, f"@{self.bot.handle} {text}")

    @override
    async def published(self) -> Sequence[Published]:
        return await asyncio.to_thread(self._published)

    @override
    def secrets(self) -> Sequence[str]:
        return [self.settings.token.reveal()]

    @override
    async def post_of_somebody(self, text: str) -> PostRef:
        return PostRef(id=await asyncio.to_thread(self.say_to_followers, text))

    @override
    async def reply_to_bot(self, ref: PostRef, text: str) -> None:
        words = f"@{self.bot.handle} {text}"
        await asyncio.to_thread(self.tell_bot, words, in_reply_to_id=ref.id)

    @override
    async def message_bot(self, text: str) -> str:
        await asyncio.to_thread(self.tell_bot, f"@{self.bot.handle} {text}", visibility="direct")
        return self.alice.id

    @override
    async def bot_says_elsewhere(self, text: str) -> None:
        await asyncio.to_thread(self.onlooker.say, f"@{self.bot.handle} {text}")

    @override
    async def likes(self, ref: PostRef) -> int:
        status = await asyncio.to_thread(self.alice.call, "GET", f"/api/v1/statuses/{ref.id}")
        return int(status["favourites_count"])

    @override
    async def answer_next(self, status: int, *, retry_after: int | None = None) -> None:
        headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
        self.order("answer", status=status, headers=headers, body=b'{"error": "as ordered"}')

    @override
    async def revoke_token(self) -> None:
        await asyncio.to_thread(self.bot.sign_out)

    @override
    def unreachable(self) -> Adapter:
        return self.adapter(server="http://127.0.0.1:9")

    @override
    async def drop_stream(self) -> None:
        self.order("refuse", method="GET", path=LISTENING)

    @override
    def arrived_keys(self) -> Sequence[str]:
        return []

    def say_to_followers(self, text: str) -> str:
        """Let the other person publish something; return its id when it has arrived at the bot, which can favour and
        boost what is in its own timeline alone."""
        if not self._follows:
            self._follows = True
            follow(self.facts["snac"], self.facts["data"], self.bot, self.alice)
        said = self.alice.say(text)

        def arrived() -> bool:
            return any(status["id"] == said for status in self.onlooker.seen_home())

        until(arrived, "the post in the bot's timeline")
        return said

    def delete_by_hand(self, address: str) -> None:
        """Delete a post of the bot on the server's pages, as whoever has its password."""
        sign_in = b64encode(f"{self.bot.name}:{self.bot.password}".encode()).decode()
        form = urlencode({"id": address, "action": "Delete"}).encode()
        page = Request(f"{self.base}/{self.bot.name}/admin/action", form, {"Authorization": f"Basic {sign_in}"})
        with pytest.raises(HTTPError) as led_back:
            OPENER.open(page, timeout=30)
        led_back.value.close()
        assert led_back.value.code == 303

    def tell_bot(self, text: str, **wanted: object) -> None:
        """Let the other person say something to the bot; return when it has arrived."""
        said = self.alice.say(text, **wanted)

        def arrived() -> bool:
            return any((told.get("status") or {}).get("id") == said for told in self.onlooker.notifications())

        until(arrived, "the mention in the bot's notifications")

    def _published(self) -> list[Published]:
        told: list[Published] = []
        for status in reversed(self.onlooker.seen_home()):
            if status["account"]["id"] != self.bot.id or status["reblog"] is not None:
                continue
            text: str = status["text"]
            is_private = status["visibility"] == "private"
            if is_private or status["in_reply_to_id"] is not None:
                text = text.removeprefix(f"@{self.alice.handle} ")
            told.append(
                Published(
                    text=text,
                    id=status["id"],
                    in_reply_to=status["in_reply_to_id"],
                    direct_to=self.alice.id if is_private else None,
                    alts=tuple(file["description"] for file in status["media_attachments"]),
                    content_warning=status["spoiler_text"] or None,
                    visibility=None if is_private else Visibility.PUBLIC,
                )
            )
        return told
