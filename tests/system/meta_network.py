"""Meta's platforms of the crash test: the strict ones of the tests, behind a proxy that loses their answers."""

import random
import sys
from abc import abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from counting import Count
from counting_posts import count_on_meta
from network import BOT, PEOPLE
from proxied_network import ProxiedNetwork
from typing_extensions import override

from greenroom_adapters.testing import FaultyProxy

sys.path.append(str(Path(__file__).parents[1] / "fakes"))  # the crash test is a program, not a package
from graph_pages import PAGES
from graph_pictures import PICTURES
from graph_server import GraphServer, Route
from graph_threads import THREADS, VERSION, answer
from ports import free_port

__all__ = ["FacebookNetwork", "InstagramNetwork", "ThreadsNetwork"]

FILE = """\
bot: keeper
persona: persona.yaml
timezone: UTC
accounts:
  home: {{platform: {platform}, base_url: "{url}", token: {{file: token}}, posts_watched: 100{more}}}
engines: hold
answer: {{to: [mentions, replies]}}
approve: never
limits:
  {{posts: 100000/day, replies: 100000/hour, replies_per_person: 100000/hour, replies_per_thread: 100000/day}}
"""
"""A real account has guards that hold without being written. Here each mention is to be answered, and by itself."""


class MetaNetwork(ProxiedNetwork):
    """One of the three. It lives in this process, and what it knows in a file: it dies by breaking every connection."""

    moment: ClassVar[float] = 0.12
    asking: ClassVar[dict[str, Any]] = {"method": "GET", "path": "/v25.0/"}
    is_quick = True
    routes: ClassVar[list[Route]]
    version: ClassVar[str] = "v25.0"
    kind: ClassVar[str]
    """What the bot's account is there."""
    persons: ClassVar[str]
    """What the others are."""

    def __init__(self, folder: Path, chance: random.Random) -> None:
        super().__init__(folder, chance)
        self._server: GraphServer | None = None

    @override
    def start(self) -> None:
        if self._server is not None:
            self._server.open()
            return
        # Without its look for the same words, whose window nobody tells: that would hide a bot which posts twice.
        self._server = GraphServer(
            self.routes, data=self.folder / "meta.db", refuses_duplicates=False, version=self.version
        )
        self._server.posts_a_day = self._server.answers_a_day = 100_000
        self._server.__enter__()
        self._proxy = FaultyProxy(self._server.url, chance=self.chance).__enter__()
        state = self._server.state
        self._bot = state.account(self.kind, BOT, handle=BOT)
        self._people = [state.account(self.persons, f"person{n}", handle=f"person{n}") for n in range(PEOPLE)]
        self._first = state.post(self._bot, "Say something.", kind="IMAGE")
        token = self.folder / "token"
        token.touch(mode=0o600)
        token.write_text(state.token_for(self._bot))

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
        return FILE.format(platform=self.platform, url=self._behind().url, more=self._more())

    @abstractmethod
    def _more(self) -> str:
        """Return what else stands below the account."""

    @override
    def count(self, tokens: set[str]) -> Count:
        return count_on_meta(self.folder / "meta.db", bot=BOT, first=self._first, tokens=tokens)

    def _running(self) -> GraphServer:
        assert self._server is not None
        return self._server


class FacebookNetwork(MetaNetwork):
    """A page: half of what is asked of it stands below its first post, and half in posts of others."""

    platform: ClassVar[str] = "facebook"
    idempotency: str = "listed"
    sending: ClassVar[dict[str, Any]] = {"method": "POST", "path": r"/(feed|comments)(\?|$)"}
    routes: ClassVar[list[Route]] = PAGES
    kind: ClassVar[str] = "page"
    persons: ClassVar[str] = "person"
    unreachable: Mapping[str, str] = {
        "after_checkpoint": "a post without pictures is published in one call, so nothing is stored between two",
    }

    @override
    def _more(self) -> str:
        return ", direct_messages: false"

    @override
    def mention(self, token: str, number: int) -> None:
        state, person = self._running().state, self._people[number % PEOPLE]
        if number % 2:
            state.comment(person, self._first, f"@{BOT} say {token} for me")
        else:
            state.post(person, f"@{BOT} say {token} for me", names=[self._bot])


class InstagramNetwork(MetaNetwork):
    """An account: what is asked of it stands below its first post, and each of its own posts has a picture."""

    platform: ClassVar[str] = "instagram"
    idempotency: str = "two phases; answers are listed"
    sending: ClassVar[dict[str, Any]] = {"method": "POST", "path": r"/(media_publish|replies)(\?|$)"}
    routes: ClassVar[list[Route]] = PICTURES
    kind: ClassVar[str] = "instagram"
    persons: ClassVar[str] = "visitor"
    unreachable: Mapping[str, str] = {}

    @override
    def _more(self) -> str:
        port = free_port()
        return f', direct_messages: false, media_url: "http://127.0.0.1:{port}/shelf", media_listen: "{port}"'

    @override
    def mention(self, token: str, number: int) -> None:
        person = self._people[number % PEOPLE]
        self._running().state.comment(person, self._first, f"@{BOT} say {token} for me")


class ThreadsNetwork(MetaNetwork):
    """An account: half of what is asked of it stands below its first post, and half in posts of others."""

    platform: ClassVar[str] = "threads"
    idempotency: str = "two phases"
    asking: ClassVar[dict[str, Any]] = {"method": "GET", "path": "/v1.0/"}
    sending: ClassVar[dict[str, Any]] = {"method": "POST", "path": r"/threads_publish(\?|$)"}
    routes: ClassVar[list[Route]] = THREADS
    version: ClassVar[str] = VERSION
    kind: ClassVar[str] = "threads"
    persons: ClassVar[str] = "threader"
    unreachable: Mapping[str, str] = {}

    @override
    def _more(self) -> str:
        return ""

    @override
    def mention(self, token: str, number: int) -> None:
        state, person = self._running().state, self._people[number % PEOPLE]
        if number % 2:
            answer(state, person, self._first, f"@{BOT} say {token} for me")
        else:
            state.post(person, f"@{BOT} say {token} for me", names=[self._bot])
