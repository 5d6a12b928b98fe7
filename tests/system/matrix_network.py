"""The homeserver of the crash test: a real Synapse, behind a proxy that loses its answers."""

import random
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from counting import Count
from counting_posts import count_on_synapse
from network import BOT
from proxied_network import ProxiedNetwork
from typing_extensions import override

from greenroom_adapters.testing import FaultyProxy

sys.path.append(str(Path(__file__).parents[1] / "servers" / "support"))  # the crash test is a program, not a package
from matrix_people import Person, register
from matrix_world import SENDING, a_homeserver

__all__ = ["MatrixNetwork"]

PEOPLE = 8
ROOMS = 3
THREADS = 2
"""Threads of each room in which the bot is spoken to, beside its main timeline."""
FILE = """\
bot: keeper
persona: persona.yaml
timezone: UTC
accounts:
  home: {{platform: matrix, server: "{url}", token: {{file: token}}, home: "{home}"}}
engines: hold
answer: {{to: mentions, gather: 0 seconds}}
approve: never
limits: {{posts: 100000/day, replies: 100000/hour, replies_per_person: 100000/hour, replies_per_thread: 100000/day}}
"""
"""A real account has guards that hold without being written. Here each mention is to be answered, and by itself."""


class MatrixNetwork(ProxiedNetwork):
    """A homeserver; its people speak in a few rooms and in threads there, one of the rooms is the bot's home."""

    platform: ClassVar[str] = "matrix"
    moment: ClassVar[float] = 0.3
    sending: ClassVar[dict[str, Any]] = {"method": "PUT", "path": SENDING}
    asking: ClassVar[dict[str, Any]] = {"method": "GET", "path": "/_matrix/client/"}
    unreachable: Mapping[str, str] = {}

    def __init__(self, folder: Path, chance: random.Random) -> None:
        super().__init__(folder, chance)
        self._server = a_homeserver()
        self._home = ""

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
        for file in self._server.directory.glob("homeserver.db*"):
            shutil.copy(file, self.folder)
        self._server.__exit__(None, None, None)

    def _furnish(self) -> None:
        """Make the accounts and the rooms, and place the proxy before the server."""
        base, secret = self._server.facts["url"], self._server.facts["registration_secret"]
        self._proxy = FaultyProxy(base, chance=self.chance).__enter__()
        self._bot = register(base, secret, BOT)
        self._people = [register(base, secret, "person") for _ in range(PEOPLE)]
        self._places: list[tuple[str, str | None]] = []
        """(room, root of a thread there)."""
        host = self._people[0]
        for number in range(ROOMS):
            room = host.make_room(preset="public_chat", room_alias_name=f"room{number}", name=f"Room {number}")
            for person in (self._bot, *self._people[1:]):
                person.join(room)
            self._places += [(room, None), *((room, host.say(room, f"topic {n}")) for n in range(THREADS))]
        self._home = self._places[0][0]
        token = self.folder / "token"
        token.touch(mode=0o600)
        token.write_text(self._bot.token)

    @property
    @override
    def bot_file(self) -> str:
        # the alias, which must be looked up before the first post can go out
        alias = f"#room0:{self._bot.id.partition(':')[2]}"
        return FILE.format(url=self._behind().url, home=alias)

    @override
    def mention(self, token: str, number: int) -> None:
        room, root = self._places[number % len(self._places)]
        person: Person = self._people[number % len(self._people)]
        text = f"{self._bot.id} say {token} for me"
        if root is None:
            person.say(room, text, mention=self._bot)
        else:
            person.in_thread(room, root, root, text, mention=self._bot)

    @override
    def count(self, tokens: set[str]) -> Count:
        database = self._server.directory / "homeserver.db"
        return count_on_synapse(database, bot=self._bot.id, home=self._home, tokens=tokens)
