"""The server of the crash test for Mastodon's API: a real snac2, behind a proxy that loses its answers.

It honours no keys, so whatever is in doubt is looked for before it is sent again.
"""

import random
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from counting import Count
from counting_posts import count_on_snac
from network import BOT
from proxied_network import ProxiedNetwork
from typing_extensions import override

from greenroom_adapters.testing import FaultyProxy

sys.path.append(str(Path(__file__).parents[1] / "servers" / "support"))  # the crash test is a program, not a package
from snac_people import Person, join, until
from snac_world import SENDING, a_snac

__all__ = ["SnacNetwork"]

PEOPLE = 6
PRIVATE = 4
"""One mention of so many is for the bot's eyes alone."""
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


class SnacNetwork(ProxiedNetwork):
    """A server on which a handful of people speak to the bot, in public and privately."""

    platform: ClassVar[str] = "mastodon"
    idempotency = "listed"
    moment: ClassVar[float] = 0.1
    sending: ClassVar[dict[str, Any]] = {"method": "POST", "path": SENDING}
    asking: ClassVar[dict[str, Any]] = {"method": "GET", "path": "/api/v1/"}
    is_quick = True
    unreachable: Mapping[str, str] = {"after_checkpoint": "a post without files has one phase"}

    def __init__(self, folder: Path, chance: random.Random) -> None:
        super().__init__(folder, chance)
        self._server = a_snac()
        self._said = 0

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
        shutil.copytree(self._data, self.folder / "snac")
        self._server.__exit__(None, None, None)

    def _furnish(self) -> None:
        """Make the accounts, and place the proxy before the server."""
        facts = self._server.facts
        base = facts["url"].removesuffix(":80")
        self._data = Path(facts["data"])
        self._proxy = FaultyProxy(facts["url"], chance=self.chance).__enter__()
        self._bot: Person = join(base, facts["snac"], facts["data"], BOT)
        self._inbox = self._data / "user" / BOT / "notify"
        self._people = [join(base, facts["snac"], facts["data"], f"person{number}") for number in range(PEOPLE)]
        token = self.folder / "token"
        token.touch(mode=0o600)
        token.write_text(self._bot.token)

    @property
    @override
    def bot_file(self) -> str:
        return FILE.format(url=self._behind().url)

    @override
    def mention(self, token: str, number: int) -> None:
        person = self._people[number % len(self._people)]
        visibility = "direct" if number % PRIVATE == 0 else "public"
        person.say(f"@{self._bot.handle} say {token} for me", visibility=visibility)
        self._said += 1
        # On its way from one account to the other a mention may die with the server, and two that arrive in the same
        # microsecond are one file: then nobody has it.
        until(lambda: len(list(self._inbox.glob("*.json"))) >= self._said, "the mention at the bot")

    @override
    def count(self, tokens: set[str]) -> Count:
        return count_on_snac(self._data, bot=f"{self._bot.base}/{self._bot.name}", tokens=tokens)
