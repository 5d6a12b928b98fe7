"""The X of the crash test: the strict one of the tests, behind a proxy that loses its answers."""

import random
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from counting import Count
from counting_posts import count_on_x
from network import BOT, PEOPLE
from proxied_network import ProxiedNetwork
from typing_extensions import override

from greenroom_adapters.testing import FaultyProxy

sys.path.append(str(Path(__file__).parents[1] / "fakes"))  # the crash test is a program, not a package
from x_server import XServer

__all__ = ["XNetwork"]

CREATING = r"/2/tweets$"
FILE = """\
bot: keeper
persona: persona.yaml
timezone: UTC
accounts:
  home:
    platform: x
    base_url: "{url}"
    api_key: {{file: api_key}}
    api_secret: {{file: api_secret}}
    token: {{file: token}}
    token_secret: {{file: token_secret}}
    ai_replies_approved: true
    direct_messages: false
engines: hold
answer: mentions
approve: never
limits:
  {{posts: 100000/day, replies: 100000/hour, replies_per_person: 100000/hour, replies_per_thread: 100000/day,
  spend: 100000 USD/day}}
"""
"""A real account has guards that hold without being written. Here each mention is to be answered, and by itself."""


class XNetwork(ProxiedNetwork):
    """One X. It lives in this process, and what it knows in a file: it dies by breaking every connection."""

    platform: ClassVar[str] = "x"
    moment: ClassVar[float] = 0.12
    sending: ClassVar[dict[str, Any]] = {"method": "POST", "path": CREATING}
    asking: ClassVar[dict[str, Any]] = {"method": "GET", "path": "/2/"}
    is_quick = True
    idempotency: str = "listed"
    unreachable: Mapping[str, str] = {
        "after_checkpoint": "a post without files is published in one call, so nothing is stored between two",
    }

    def __init__(self, folder: Path, chance: random.Random) -> None:
        super().__init__(folder, chance)
        self._server: XServer | None = None

    @override
    def start(self) -> None:
        if self._server is not None:
            self._server.open()
            return
        # Without its look for the same words, whose window X does not tell: that would hide a bot which posts twice.
        self._server = XServer(data=self.folder / "x.db", access="self_serve", limits={}, refuses_duplicates=False)
        self._server.__enter__()
        self._proxy = FaultyProxy(self._server.url, chance=self.chance).__enter__()
        self._server.bases.append(self._proxy.url)
        state = self._server.state
        self._bot = state.person(BOT, bio="A bot that repeats what it hears.")
        self._people = [state.person(f"person{number}") for number in range(PEOPLE)]
        token, secret = state.keys_for(self._bot)
        secrets = {"api_key": state.api_key, "api_secret": state.api_secret, "token": token, "token_secret": secret}
        for name, value in secrets.items():
            file = self.folder / name
            file.touch(mode=0o600)
            file.write_text(value)

    @override
    def kill(self) -> None:
        self._running().shut()

    @override
    def stop(self) -> None:
        if self._proxy is not None:
            self._proxy.__exit__(None, None, None)
        self._running().__exit__(None, None, None)

    @property
    @override
    def bot_file(self) -> str:
        return FILE.format(url=self._behind().url)

    @override
    def mention(self, token: str, number: int) -> None:
        self._running().state.post(self._people[number % PEOPLE], f"@{BOT} say {token} for me")

    @override
    def count(self, tokens: set[str]) -> Count:
        return count_on_x(self.folder / "x.db", bot=BOT, tokens=tokens)

    def _running(self) -> XServer:
        assert self._server is not None
        return self._server
