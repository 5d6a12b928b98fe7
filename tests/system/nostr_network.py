"""The relay of the crash test: a real nostr-relay, behind a proxy that loses its answers."""

import random
import shutil
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from counting import Count
from counting_posts import count_on_nostr
from proxied_network import ProxiedNetwork
from typing_extensions import override

from greenroom_adapters.testing import FaultyProxy

sys.path.append(str(Path(__file__).parents[1] / "servers" / "support"))  # the crash test is a program, not a package
from nostr_people import Line, Person
from nostr_world import EVENT, OK, a_relay

__all__ = ["NostrNetwork"]

PEOPLE = 8
THREADS = 4
FILE = """\
bot: keeper
persona: persona.yaml
timezone: UTC
accounts:
  home: {{platform: nostr, relays: ["{url}"], key: {{file: key}}}}
engines: hold
answer: {{to: mentions, gather: 0 seconds}}
approve: never
limits: {{posts: 100000/day, replies: 100000/hour, replies_per_person: 100000/hour, replies_per_thread: 100000/day}}
"""
"""A real account has guards that hold without being written. Here each mention is to be answered, and by itself."""


class NostrNetwork(ProxiedNetwork):
    """A relay; its people speak to the bot in notes of their own, and in a few threads."""

    platform: ClassVar[str] = "nostr"
    moment: ClassVar[float] = 0.3
    sending: ClassVar[dict[str, Any]] = {"method": "GET", "path": "^/$", "frame": EVENT, "until": OK}
    asking: ClassVar[dict[str, Any]] = {
        "method": "GET",
        "path": "^/$",
        "frame": r'^\["REQ"',
        "until": r'^\["EOSE"',
    }
    # A lost answer is a lost connection, to everything that is open on it; and each mention asks a few things.
    asking_share: ClassVar[float] = 0.1
    unreachable: Mapping[str, str] = {
        "after_checkpoint": "what is answered has just been heard, so nothing is looked up before the sending"
    }

    def __init__(self, folder: Path, chance: random.Random) -> None:
        super().__init__(folder, chance)
        self._server = a_relay()
        self._bot = Person()
        self._people = [Person() for _ in range(PEOPLE)]
        self._threads: list[dict[str, Any]] = []
        self._line: Line | None = None

    @override
    def start(self) -> None:
        self._server.start()
        self._line = Line(self._server.facts["url"])
        if self._proxy is None:
            self._furnish(self._line)

    @override
    def kill(self) -> None:
        self._server.kill()
        self._hang_up()

    @override
    def stop(self) -> None:
        self._hang_up()
        if self._proxy is not None:
            self._proxy.__exit__(None, None, None)
        self._server.stop()
        # what remains of a run that is kept
        for file in self._server.directory.glob("nostr.sqlite3*"):
            shutil.copy(file, self.folder)
        self._server.__exit__(None, None, None)

    def _furnish(self, line: Line) -> None:
        """Begin the threads, and place the proxy before the server."""
        self._proxy = FaultyProxy(self._server.facts["url"], chance=self.chance).__enter__()
        for number in range(THREADS):
            begun = self._people[0].note(f"topic {number}", at=int(time.time()))
            line.send(begun)
            self._threads.append(begun)
        key = self.folder / "key"
        key.touch(mode=0o600)
        key.write_text(self._bot.keys.secret_key().to_bech32())

    @property
    @override
    def bot_file(self) -> str:
        return FILE.format(url=f"ws{self._behind().url.removeprefix('http')}")

    @override
    def mention(self, token: str, number: int) -> None:
        person = self._people[number % len(self._people)]
        now = int(time.time())
        if number % 3:
            event = person.mention(self._bot.id, f"say {token} for me", at=now)
        else:
            thread = self._threads[number % len(self._threads)]
            text = f"nostr:{self._bot.npub} say {token} for me"
            event = person.answer(thread, text, named=[self._bot.id], at=now)
        assert self._line is not None
        self._line.send(event)

    @override
    def count(self, tokens: set[str]) -> Count:
        return count_on_nostr(self._server.directory / "nostr.sqlite3", bot=self._bot.id, tokens=tokens)

    def _hang_up(self) -> None:
        if self._line is not None:
            self._line.close()
            self._line = None
