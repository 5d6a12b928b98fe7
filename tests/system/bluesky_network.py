"""The network of the crash test: a real data server with its AppView, behind a proxy that loses its answers."""

import random
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from counting import Count
from counting_posts import count_on_bluesky
from network import BOT
from proxied_network import ProxiedNetwork
from typing_extensions import override

from greenroom_adapters.testing import FaultyProxy

sys.path.append(str(Path(__file__).parents[1] / "servers" / "support"))  # the crash test is a program, not a package
from bluesky_people import Person, mark, register
from bluesky_world import SENDING, a_network

__all__ = ["BlueskyNetwork"]

PEOPLE = 4
THREADS = 3
"""Posts of the people below which the bot is spoken to; in between it is spoken to in posts of their own."""
FILE = """\
bot: keeper
persona: persona.yaml
timezone: UTC
accounts:
  home:
    platform: bluesky
    server: "{url}"
    pds: "{url}"
    handle: {handle}
    password: {{file: password}}
    direct: false
    look_every: 0.2
engines: hold
answer: {{to: mentions, gather: 0 seconds}}
approve: never
limits: {{posts: 100000/day, replies: 100000/hour, replies_per_person: 100000/hour, replies_per_thread: 100000/day}}
"""
"""A real account has guards that hold without being written. Here each mention is to be answered, and by itself."""


class BlueskyNetwork(ProxiedNetwork):
    """A network of some people; the bot is spoken to in posts and in threads."""

    platform: ClassVar[str] = "bluesky"
    moment: ClassVar[float] = 0.3
    sending: ClassVar[dict[str, Any]] = {"method": "POST", "path": SENDING}
    asking: ClassVar[dict[str, Any]] = {"method": "GET", "path": "/xrpc/"}
    unreachable: Mapping[str, str] = {}

    def __init__(self, folder: Path, chance: random.Random) -> None:
        super().__init__(folder, chance)
        self._server = a_network()

    @override
    def start(self) -> None:
        self._server.start()
        if self._proxy is None:
            self._furnish()

    @override
    def kill(self) -> None:
        self._server.kill()

    @override
    def stop(self) -> None:
        if self._proxy is not None:
            self._proxy.__exit__(None, None, None)
        self._server.stop()
        # what remains of a run that is kept
        shutil.copytree(self._repositories, self.folder / "repositories", dirs_exist_ok=True)
        self._server.__exit__(None, None, None)

    def _furnish(self) -> None:
        """Make the accounts and the threads, and place the proxy before the server."""
        base = self._server.facts["url"]
        self._proxy = FaultyProxy(base, chance=self.chance).__enter__()
        self._bot = register(base, BOT)
        self._people = [register(base, "person") for _ in range(PEOPLE)]
        self._threads = [self._people[0].post(f"topic {number}") for number in range(THREADS)]
        password = self.folder / "password"
        password.touch(mode=0o600)
        password.write_text(self._bot.app_password()[1])

    @property
    @override
    def bot_file(self) -> str:
        return FILE.format(url=self._behind().url, handle=self._bot.handle)

    @override
    def mention(self, token: str, number: int) -> None:
        person: Person = self._people[number % len(self._people)]
        text = f"say {token} for me"
        if number % 2:
            person.mention(self._bot, text)
        else:
            thread = self._threads[number // 2 % len(self._threads)]
            person.reply(thread, f"@{self._bot.handle} {text}", facets=[mark(self._bot)])

    @override
    def count(self, tokens: set[str]) -> Count:
        return count_on_bluesky(self._repositories, bot=self._bot.did, tokens=tokens)

    @property
    def _repositories(self) -> Path:
        return self._server.directory / "pds" / "actors"
