"""The Stage of the crash test."""

import json
import random
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from counting import Count
from counting_posts import busiest_on_stage, count_on_stage, out_of_order_on_stage
from network import BOT, PEOPLE, Network
from typing_extensions import override

from greenroom_adapters.testing.stage import RunningStage

__all__ = ["CLASSES", "UNREACHABLE", "StageNetwork"]

KEYED_WINDOW = 5
"""Seconds for which the Stage of class `keyed-window` honours a key; some restarts are put off for longer."""
CLASSES = {
    "keyed": "keyed",
    "keyed-window": f"keyed:{KEYED_WINDOW}",
    "two_phase": "two_phase",
    "listed": "listed",
    "none": "none",
}
"""Name of a class → the Stage's option for it."""
UNREACHABLE = {
    kind: {"after_checkpoint": "a post is published in one call, so nothing is stored between two"}
    for kind in CLASSES
    if kind != "two_phase"
}
"""Class → fault point → why the bot cannot come there."""
MANY = 10**9
FILE = """\
bot: keeper
persona: persona.yaml
timezone: UTC
accounts:
  home: {{platform: stage, server: "{url}"}}
engines: hold
answer: mentions
"""


class StageNetwork(Network):
    """One Stage of one class; its people speak over its HTTP API alone."""

    platform: ClassVar[str] = "stage"
    moment: ClassVar[float] = 0.03
    is_quick = True

    def __init__(self, folder: Path, chance: random.Random, *, idempotency: str, has_threads: bool = False) -> None:
        """`has_threads`: everybody says everything in one thread of his own, so there is an order to be kept."""
        super().__init__(folder, chance)
        self._threads: dict[str, str] | None = {} if has_threads else None
        """Who → the first post of the thread."""
        self.idempotency = idempotency
        self.key_window = KEYED_WINDOW if idempotency == "keyed-window" else None
        self.unreachable: Mapping[str, str] = UNREACHABLE.get(idempotency, {})
        self._two_phase = idempotency == "two_phase"
        options = ("--faults", "--writes", "1000000/1", "--idempotency", CLASSES[idempotency])
        self._stage = RunningStage(*options, data=folder / "stage.db")
        self._tokens: dict[str, str] = {}
        self._share = 0.0
        self._lost_before = 0
        """Answers lost before the server was killed, which forgets its orders."""

    @override
    def start(self) -> None:
        self._stage.start()
        if self._share:
            self.lose_answers(self._share)

    @override
    def kill(self) -> None:
        self._lost_before = self.answers_lost
        self._stage.kill()

    @override
    def stop(self) -> None:
        self._stage.stop()

    def allow(self, writes: int, seconds: float) -> None:
        """Have the server let an account write that often."""
        self._call("POST", "/api/admin/limit", {"writes": writes, "seconds": seconds})

    @property
    def refused(self) -> int:
        """How many writes came too early for the server."""
        return int(self._call("GET", "/api/admin/limit")["refused"])

    def busiest(self, seconds: float) -> int:
        """Return how many posts of the bot stand in the busiest span of so many seconds."""
        return busiest_on_stage(self.folder / "stage.db", bot=BOT, seconds=seconds)

    @property
    def port(self) -> int:
        """Where the Stage listens, on 127.0.0.1."""
        return int(self._stage.url.rpartition(":")[2])

    @property
    @override
    def bot_file(self) -> str:
        return self.bot_file_through(self.port)

    def bot_file_through(self, port: int) -> str:
        """Return the bot's file with the Stage reached at another port of 127.0.0.1."""
        return FILE.format(url=f"http://127.0.0.1:{port}")

    @override
    def mention(self, token: str, number: int) -> None:
        body, person = {"text": f"@{BOT} say {token} for me"}, self._person(number % PEOPLE)
        if self._threads is not None and person in self._threads:
            body["in_reply_to"] = self._threads[person]
        if self._two_phase:
            container = self._call("POST", "/api/containers", body, person)["id"]
            said = self._call("POST", f"/api/containers/{container}/publish", {}, person)
        else:
            said = self._call("POST", "/api/posts", body, person)
        if self._threads is not None:
            self._threads.setdefault(person, said["id"])

    @override
    def lose_answers(self, share: float) -> None:
        self._share = share
        for method in ("POST", "GET"):
            self._lose(method=method, chance=share, count=MANY)

    @override
    def lose_next_answer(self) -> None:
        self._lose(path="/api/containers/" if self._two_phase else "/api/posts", method="POST")

    @property
    @override
    def answers_lost(self) -> int:
        orders = self._call("GET", "/api/admin/faults")["faults"]
        return self._lost_before + sum(
            MANY - int(order["count"]) for order in orders if order["method"] == "POST" and order["chance"]
        )

    @override
    def count(self, tokens: set[str]) -> Count:
        return count_on_stage(self._stage.data, bot=BOT, tokens=tokens)

    def out_of_order(self) -> list[str]:
        """Return which answers came after the answer to what was said later in the same thread."""
        return out_of_order_on_stage(self._stage.data, bot=BOT)

    def _lose(self, **order: object) -> None:
        """Have the Stage do what the bot asks and cut the connection instead of answering."""
        self._call("POST", "/api/admin/faults", {"kind": "lose_answer", "account": BOT, **order})

    def _person(self, number: int) -> str:
        handle = f"person{number}"
        if handle not in self._tokens:
            self._tokens[handle] = self._call("POST", "/api/session", {"handle": handle})["token"]
        return self._tokens[handle]

    def _call(self, method: str, path: str, body: object = None, token: str | None = None) -> Any:
        request = urllib.request.Request(  # noqa: S310 - our own server on loopback
            self._stage.url + path, method=method, data=None if body is None else json.dumps(body).encode()
        )
        request.add_header("Content-Type", "application/json")
        if token is not None:
            request.add_header("Authorization", f"Bearer {token}")
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
            text = answer.read()
        return json.loads(text) if text else None
