"""The Discord of the crash test: the strict fake in a process of its own, behind a proxy that loses its answers."""

import random
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from counting import Count
from counting_posts import count_on_discord
from network import BOT
from proxied_network import ProxiedNetwork
from typing_extensions import override

from greenroom_adapters.testing import FaultyProxy

sys.path.append(str(Path(__file__).parents[1] / "fakes"))  # the crash test is a program, not a package
from discord_world import SENDING, RunningDiscord

__all__ = ["DiscordNetwork"]

PEOPLE = 8
ROOMS = 3
THREADS = 2
"""Threads of each channel in which the bot is spoken to, beside the channel itself."""
PUBLIC_THREAD = 11
FILE = """\
bot: keeper
persona: persona.yaml
timezone: UTC
accounts:
  home: {{platform: discord, token: {{file: token}}, home: "#room0", base_url: "{url}/api/v10", gateway_url: "{ws}"}}
engines: hold
answer: {{to: mentions, gather: 0 seconds}}
approve: never
limits: {{posts: 100000/day, replies: 100000/hour, replies_per_person: 100000/hour, replies_per_thread: 100000/day}}
"""
"""A real account has guards that hold without being written. Here each mention is to be answered, and by itself."""


class DiscordNetwork(ProxiedNetwork):
    """A server; its people speak in a few channels and in threads there, one of the channels is the bot's home."""

    platform: ClassVar[str] = "discord"
    moment: ClassVar[float] = 0.3
    sending: ClassVar[dict[str, Any]] = {"method": "POST", "path": SENDING}
    asking: ClassVar[dict[str, Any]] = {"method": "GET", "path": "/api/v10/"}
    unreachable: Mapping[str, str] = {}

    def __init__(self, folder: Path, chance: random.Random) -> None:
        super().__init__(folder, chance)
        options = ("--writes", "1000/1", "--overall", "1000", "--starts", "100000", "--heartbeat", "5")
        self._discord = RunningDiscord(*options, data=folder / "discord.db")
        self._bot = self._home = ""

    @override
    def start(self) -> None:
        self._discord.start()
        if self._proxy is None:
            self._furnish()

    @override
    def kill(self) -> None:
        self._discord.kill()

    @override
    def stop(self) -> None:
        if self._proxy is not None:
            self._proxy.__exit__(None, None, None)
        self._discord.stop()

    def _furnish(self) -> None:
        """Make the people, their server and its channels, and place the proxy before it."""
        call = self._discord.call
        self._proxy = FaultyProxy(self._discord.url, chance=self.chance).__enter__()
        self._people = [call("person", name=f"person{number}")["id"] for number in range(PEOPLE)]
        bot = call("bot", name=BOT, owner=self._people[0])
        self._bot = bot["id"]
        guild = call("guild", name="Rocks", owner=self._people[0], members=[*self._people[1:], self._bot])["id"]
        self._places: list[str] = []
        for number in range(ROOMS):
            room = call("channel", guild=guild, name=f"room{number}")["id"]
            threads = [
                call("channel", guild=guild, name=f"topic {topic}", type=PUBLIC_THREAD, parent=room)["id"]
                for topic in range(THREADS)
            ]
            self._places += [room, *threads]
        self._home = self._places[0]
        token = self.folder / "token"
        token.touch(mode=0o600)
        token.write_text(bot["token"])

    @property
    @override
    def bot_file(self) -> str:
        # the name, which must be looked up before the first post can go out
        url = self._behind().url
        return FILE.format(url=url, ws=f"{url.replace('http', 'ws')}/gateway")

    @override
    def mention(self, token: str, number: int) -> None:
        place, person = self._places[number % len(self._places)], self._people[number % PEOPLE]
        self._discord.call("say", channel=place, author=person, content=f"<@{self._bot}> say {token} for me")

    @override
    def count(self, tokens: set[str]) -> Count:
        return count_on_discord(self._discord.data, bot=self._bot, home=self._home, tokens=tokens)
