"""The world of a bot on the fake Telegram: a group, another person, and a proxy between bot and server."""

import asyncio
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, ClassVar, TypeVar

from telegram_fake import FakeTelegram
from telegram_state import Bot, Chat, State
from typing_extensions import override

from greenroom_adapters.contract import Adapter, PostRef, Secret
from greenroom_adapters.telegram import TelegramAdapter, TelegramSettings
from greenroom_adapters.telegram.listening import Rhythm
from greenroom_adapters.testing import FaultyProxy, ProxiedWorld, Published
from greenroom_adapters.transport import Pace

__all__ = ["POLLING", "QUICK", "SENDING", "SLACK", "TelegramWorld"]

T = TypeVar("T")

SENDING = r"/send(Message|Photo|Video|Animation|MediaGroup)$"
POLLING = r"/getUpdates$"
QUICK = Rhythm(
    poll=timedelta(seconds=1),
    unsafe=timedelta(seconds=0.1),
    pace=Pace(fast=(timedelta(0), timedelta(seconds=0.1)), slow=timedelta(seconds=0.3)),
)
SLACK = timedelta(seconds=1)
LIKE = "\N{THUMBS UP SIGN}"


class TelegramWorld(ProxiedWorld):
    """One bot and one other person, in a public group that is the bot's home, and in which it is an administrator."""

    sending: ClassVar[str] = SENDING

    def __init__(self, fake: FakeTelegram, proxy: FaultyProxy) -> None:
        self.fake, self.proxy = fake, proxy
        self.alice: int = self.do(lambda state: state.person("alice"))
        self.bot: Bot = self.do(lambda state: state.bot("light_bot"))
        self.group: Chat = self.do(lambda state: state.group("Rocks", self.alice, username="rocks"))
        self.do(lambda state: state.make(self.group, self.bot.id, "administrator", by=self.alice))
        self.do(lambda state: self.bot.queue.clear())
        self.settings = TelegramSettings(token=Secret(self.bot.token), home="@rocks", base_url=proxy.url)

    def do(self, act: Callable[[State], T]) -> T:
        """Act on the server past the wire."""
        return self.fake.do(act)

    def adapter(self, rhythm: Rhythm = QUICK, **changed: Any) -> TelegramAdapter:
        """Return an adapter with other settings, which notices silence soon."""
        return TelegramAdapter(replace(self.settings, **changed), account="chat", rhythm=rhythm, slack=SLACK)

    def say(self, text: str, *, chat: Chat | None = None, by: int | None = None, **more: Any) -> PostRef:
        """Let somebody say something in a group, the bot's home if no other is named."""
        where = chat or self.group
        said = self.do(lambda state: state.say(where, by or self.alice, text, **more))
        return self.ref(where, said)

    def whisper(self, text: str, **more: Any) -> PostRef:
        """Let the other person write to the bot alone."""
        return self.say(text, chat=self.do(lambda state: state.private(self.alice, self.bot)), **more)

    def ref(self, chat: Chat, message: dict[str, Any]) -> PostRef:
        """Return what the adapter calls a message."""
        topic = message["message_thread_id"] if message.get("is_topic_message") else None
        where = chat.id if topic is None else f"{chat.id}:{topic}"
        return PostRef(id=f"{where}/{message['message_id']}")

    @override
    def connect(self) -> Adapter:
        return self.adapter()

    @override
    async def mention_bot(self, text: str) -> None:
        self.say(f"@{self.bot.username} {text}")

    @override
    async def published(self) -> Sequence[Published]:
        return self.do(self._published)

    @override
    def secrets(self) -> Sequence[str]:
        return [self.bot.token, self.bot.token.partition(":")[2]]

    @override
    async def post_of_somebody(self, text: str) -> PostRef:
        return self.say(text)

    @override
    async def reply_to_bot(self, ref: PostRef, text: str) -> None:
        self.say(text, answers=int(ref.id.partition("/")[2].partition("+")[0]))

    @override
    async def message_bot(self, text: str) -> str:
        self.whisper(text)
        return str(self.alice)

    @override
    async def give_command(self, name: str, text: str) -> None:
        self.say(f"/{name}@{self.bot.username} {text}")

    @override
    async def remove(self, ref: PostRef) -> None:
        chat, _, message = ref.id.partition("/")
        self.do(lambda state: state.chats[int(chat.partition(":")[0])].messages.pop(int(message)))

    @override
    async def bot_says_elsewhere(self, text: str) -> None:
        self.say(f"@{self.bot.username} {text}", by=self.bot.id)

    @override
    async def likes(self, ref: PostRef) -> int:
        message = int(ref.id.partition("/")[2])
        given = self.do(lambda state: dict(self.group.reactions.get(message, {})))
        return sum(any(one["emoji"] == LIKE for one in reactions) for reactions in given.values())

    @override
    async def answer_next(self, status: int, *, retry_after: int | None = None) -> None:
        body: dict[str, Any] = {"ok": False, "error_code": status, "description": "Error: as ordered"}
        if retry_after is not None:
            body["parameters"] = {"retry_after": retry_after}
        self.order(
            "answer", status=status, headers={"Content-Type": "application/json"}, body=json.dumps(body).encode()
        )

    @override
    async def revoke_token(self) -> None:
        await asyncio.to_thread(self.fake.revoke, self.bot.token)

    @override
    def unreachable(self) -> Adapter:
        return self.adapter(base_url="http://127.0.0.1:9")

    @override
    async def drop_stream(self) -> None:
        await asyncio.to_thread(self.proxy.cut, POLLING)

    @override
    async def silence_stream(self) -> None:
        await asyncio.to_thread(self.proxy.mute, POLLING)

    @override
    async def redeliver_next(self) -> None:
        self.bot.is_doubled = True

    def _published(self, state: State) -> list[Published]:
        found: list[Published] = []
        for chat in state.chats.values():
            for number in chat.sent:
                if (said := chat.messages.get(number)) is not None:
                    found.append(self._shown(chat, said))
        return found

    def _shown(self, chat: Chat, said: dict[str, Any]) -> Published:
        above = said.get("reply_to_message")
        is_service = above is not None and "forum_topic_created" in above
        return Published(
            text=said.get("text", said.get("caption", "")),
            id=self.ref(chat, said).id,
            in_reply_to=None if above is None or is_service else self.ref(chat, above).id,
            direct_to=str(chat.id) if chat.type == "private" else None,
            alts=tuple("" for _ in ("photo", "video", "animation") if _ in said),
        )
