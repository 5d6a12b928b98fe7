"""The Mastodon of the crash test: the strict fake, which knows keys and streams, behind a proxy that loses its answers.

It lives in the process of the test. A kill of it is that it is gone from one moment to the next; what it had stored
stays, also the key of a status whose maker it did not live to answer.
"""

import json
import random
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from counting import Count
from counting_posts import count_on_mastodon
from network import BOT
from proxied_network import MANY, ProxiedNetwork
from typing_extensions import override

from greenroom_adapters.testing import FaultyProxy

sys.path.append(str(Path(__file__).parents[1] / "fakes"))  # the crash test is a program, not a package
from mastodon_fake import FakeMastodon
from mastodon_state import Account, State

__all__ = ["MastodonNetwork"]

PEOPLE = 8
PRIVATE = 4
"""One mention of so many is for the bot's eyes alone."""
SENDING = r"/api/v1/statuses$"
FILE = """\
bot: keeper
persona: persona.yaml
timezone: UTC
accounts:
  home: {{platform: mastodon, server: "{url}", token: {{file: token}}}}
engines: hold
answer: {{to: [mentions, direct_messages], gather: 0 seconds}}
approve: never
limits: {{posts: 100000/day, replies: 100000/hour, replies_per_person: 100000/hour, replies_per_thread: 100000/day}}
"""
"""A real account has guards that hold without being written. Here each mention is to be answered, and by itself."""


class MastodonNetwork(ProxiedNetwork):
    """A server on which a handful of people speak to the bot, in public and privately."""

    platform: ClassVar[str] = "mastodon"
    moment: ClassVar[float] = 0.1
    sending: ClassVar[dict[str, Any]] = {"method": "POST", "path": SENDING}
    asking: ClassVar[dict[str, Any]] = {"method": "GET", "path": r"/api/v[12]/(?!streaming)"}
    is_quick = True
    unreachable: Mapping[str, str] = {"after_checkpoint": "a post without files has one phase"}

    def __init__(self, folder: Path, chance: random.Random) -> None:
        super().__init__(folder, chance)
        self._fake = FakeMastodon()
        self._fake.limit = MANY

    @override
    def start(self) -> None:
        if self._proxy is not None:
            self._fake.come_back()
            return
        self._fake.__enter__()
        self._proxy = FaultyProxy(self._fake.url, chance=self.chance).__enter__()
        self._fake.entities.base = self._proxy.url
        self._fake.entities.streaming = self._proxy.url.replace("http", "ws", 1)
        self._bot: Account = self._fake.do(lambda state: state.join(BOT))
        self._people = [self._fake.do(lambda state, n=n: state.join(f"person{n}")) for n in range(PEOPLE)]  # type: ignore[misc]  # bound now
        token = self.folder / "token"
        token.touch(mode=0o600)
        token.write_text(self._fake.do(lambda state: state.let_in(self._bot)))

    @override
    def kill(self) -> None:
        self._fake.leave()

    @override
    def stop(self) -> None:
        if self._proxy is not None:
            self._proxy.__exit__(None, None, None)
        self._fake.__exit__(None, None, None)

    @property
    @override
    def bot_file(self) -> str:
        return FILE.format(url=self._behind().url)

    @override
    def mention(self, token: str, number: int) -> None:
        person = self._people[number % len(self._people)]
        visibility = "direct" if number % PRIVATE == 0 else "public"
        self._fake.do(lambda state: state.post(person, f"@{BOT} say {token} for me", visibility=visibility))

    @override
    def count(self, tokens: set[str]) -> Count:
        file = self.folder / "statuses.json"
        file.write_text(json.dumps(self._fake.do(_statuses)))
        return count_on_mastodon(file, bot=self._bot.id, tokens=tokens)


def _statuses(state: State) -> list[dict[str, object]]:
    return [
        {
            "id": status.id,
            "author": status.author.id,
            "text": status.text,
            "visibility": status.visibility,
            "in_reply_to": None if status.in_reply_to is None else status.in_reply_to.id,
        }
        for status in state.statuses.values()
    ]
