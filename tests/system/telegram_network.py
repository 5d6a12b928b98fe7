"""The Telegram of the crash test: the strict fake, which keeps what happened until it is asked for what is behind it.
In front of it is a proxy that loses its answers.

It lives in the process of the test. A kill of it is that it is gone from one moment to the next; what it had stored
stays. It takes no key and shows no history: what may have gone out is parked, and nothing else.
"""

import json
import random
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from counting import Count
from counting_posts import count_on_telegram
from proxied_network import MANY, ProxiedNetwork
from typing_extensions import override

from greenroom_adapters.testing import FaultyProxy

sys.path.append(str(Path(__file__).parents[1] / "fakes"))  # the crash test is a program, not a package
from telegram_fake import FakeTelegram
from telegram_state import Bot, Chat, State

__all__ = ["TelegramNetwork"]

PEOPLE = 8
ROOMS = 4
TOPICS = 2
"""Topics of each group in which the bot is spoken to, beside the group itself."""
BOT = "keeper_bot"
FILE = """\
bot: keeper
persona: persona.yaml
timezone: UTC
accounts:
  home: {{platform: telegram, token: {{file: token}}, home: "@room0_of_rocks", base_url: "{url}"}}
engines: hold
answer: {{to: [mentions, direct_messages], gather: 0 seconds}}
approve: never
limits: {{posts: 100000/day, replies: 100000/hour, replies_per_person: 100000/hour, replies_per_thread: 100000/day}}
"""
"""A real account has guards that hold without being written. Here each mention is to be answered, and by itself."""


class TelegramNetwork(ProxiedNetwork):
    """People speak to the bot alone, in groups and in topics of them; one of the groups is the bot's home."""

    platform: ClassVar[str] = "telegram"
    idempotency = "none"
    moment: ClassVar[float] = 0.2
    sending: ClassVar[dict[str, Any]] = {"method": "POST", "path": r"/sendMessage$"}
    asking: ClassVar[dict[str, Any]] = {"method": "POST", "path": r"/(getMe|getUpdates)$"}
    unreachable: Mapping[str, str] = {"after_checkpoint": "a message has one phase, unless its group has moved"}

    def __init__(self, folder: Path, chance: random.Random) -> None:
        super().__init__(folder, chance)
        self._fake = FakeTelegram()
        self._fake.methods.per_group = self._fake.methods.overall = MANY

    @override
    def start(self) -> None:
        if self._proxy is not None:
            self._fake.come_back()
            return
        self._fake.__enter__()
        self._proxy = FaultyProxy(self._fake.url, chance=self.chance).__enter__()
        self._fake.do(self._furnish)
        token = self.folder / "token"
        token.touch(mode=0o600)
        token.write_text(self._bot.token)

    def _furnish(self, state: State) -> None:
        """Make the people, their groups and topics."""
        self._people = [state.person(f"person{number}") for number in range(PEOPLE)]
        self._bot: Bot = state.bot(BOT, reads_everything=False)
        self._places: list[tuple[Chat, int | None]] = []
        for number in range(ROOMS):
            room = state.group(f"Room {number}", *self._people, self._bot.id, username=f"room{number}_of_rocks")
            topics = [state.open_topic(room, self._people[0], f"topic {topic}") for topic in range(TOPICS)]
            self._places += [(room, None), *((room, topic) for topic in topics)]
        self._home = self._places[0][0].id
        self._places += [(state.private(person, self._bot), None) for person in self._people]

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
        chat, topic = self._places[number % len(self._places)]
        person = chat.id if chat.type == "private" else self._people[number % PEOPLE]
        self._fake.do(lambda state: state.say(chat, person, f"@{BOT} say {token} for me", topic=topic))

    @override
    def count(self, tokens: set[str]) -> Count:
        file = self.folder / "messages.json"
        file.write_text(json.dumps(self._fake.do(_messages)))
        return count_on_telegram(file, home=self._home, tokens=tokens)


def _messages(state: State) -> list[dict[str, object]]:
    """Return what the bot has said, and what each of that answers."""
    said: list[dict[str, object]] = []
    for chat in state.chats.values():
        for number in chat.sent:
            text, answers = chat.texts[number]
            above = None if answers is None else chat.messages[answers]
            topic = chat.messages[number].get("message_thread_id")
            said.append(
                {
                    "chat": chat.id,
                    "text": text,
                    "answers": None if above is None else above["text"],
                    "is_in_its_topic": above is None or above.get("message_thread_id") == topic,
                }
            )
    return said
