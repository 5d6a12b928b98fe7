"""The world of a bot on a real homeserver: its home room, another person, and a proxy between bot and server."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, ClassVar
from urllib.parse import quote

from matrix_people import register
from running import RunningServer, own_python, unavailable
from typing_extensions import override

from greenroom_adapters.contract import Adapter, PostRef, Secret
from greenroom_adapters.matrix import MatrixAdapter, MatrixSettings
from greenroom_adapters.testing import FaultyProxy, ProxiedWorld, Published

SENDING = r"/send/m\.room\.message/"
SYNC = r"/sync\?"


def a_homeserver() -> RunningServer:
    """Return a Synapse that is not started yet."""
    python = own_python("SYNAPSE_PYTHON", ".venv-synapse")
    if python is None:
        unavailable("Synapse is not installed: run tests/servers/matrix/install.sh, or set SYNAPSE_PYTHON")
    return RunningServer("matrix", environment={"SYNAPSE_PYTHON": str(python)})


class MatrixWorld(ProxiedWorld):
    """One bot and one other person, on a homeserver that others use at the same time."""

    sending: ClassVar[str] = SENDING
    method: ClassVar[str] = "PUT"

    def __init__(self, base: str, secret: str, proxy: FaultyProxy) -> None:
        self.proxy = proxy
        self.bot = register(base, secret, "lightbot")
        self.alice = register(base, secret, "alice")
        name = f"home-{self.bot.id[1:].partition(':')[0]}"
        self.home = self.alice.make_room(preset="public_chat", room_alias_name=name, name="Home")
        self.alias = f"#{name}:{self.bot.id.partition(':')[2]}"
        self.bot.join(self.home)
        self.settings = MatrixSettings(
            server=proxy.url, token=Secret(self.bot.token), home=self.alias, invites=(self.alice.id,)
        )

    def adapter(self, *, poll: float = 2.0, **changed: Any) -> MatrixAdapter:
        """Return an adapter with other settings."""
        return MatrixAdapter(
            replace(self.settings, **changed),
            account="home",
            poll=timedelta(seconds=poll),
            answer_within=timedelta(seconds=2),
        )

    def ref(self, event: str, room: str = "") -> PostRef:
        """Return what the adapter calls an event of the home room, or of another one."""
        return PostRef(id=f"{room or self.home}/{event}")

    def where(self, ref: PostRef) -> tuple[str, str]:
        """Return room and event."""
        room, _, event = ref.id.partition("/")
        return room, event

    @override
    def connect(self) -> Adapter:
        return self.adapter()

    @override
    async def mention_bot(self, text: str) -> None:
        await asyncio.to_thread(self.alice.say, self.home, f"{self.bot.id}: {text}", mention=self.bot)

    @override
    async def published(self) -> Sequence[Published]:
        return await asyncio.to_thread(self._published)

    @override
    def secrets(self) -> Sequence[str]:
        return [self.bot.token]

    @override
    async def post_of_somebody(self, text: str) -> PostRef:
        return self.ref(await asyncio.to_thread(self.alice.say, self.home, text))

    @override
    async def reply_to_bot(self, ref: PostRef, text: str) -> None:
        await asyncio.to_thread(self.alice.reply, *self.where(ref), text, mention=self.bot)

    @override
    async def message_bot(self, text: str) -> str:
        def message() -> None:
            room = self.alice.make_room(preset="trusted_private_chat", is_direct=True, invite=[self.bot.id])
            self.alice.say(room, text)

        await asyncio.to_thread(message)
        return self.alice.id

    @override
    async def remove(self, ref: PostRef) -> None:
        await asyncio.to_thread(self.alice.redact, *self.where(ref))

    @override
    async def bot_says_elsewhere(self, text: str) -> None:
        def say() -> None:
            self.bot.sign_in_again().say(self.home, f"{self.bot.id} {text}", mention=self.bot)

        await asyncio.to_thread(say)

    @override
    async def likes(self, ref: PostRef) -> int:
        room, event = self.where(ref)
        path = f"/_matrix/client/v1/rooms/{quote(room)}/relations/{quote(event)}/m.annotation"
        return len((await asyncio.to_thread(self.alice.call, "GET", path))["chunk"])

    @override
    async def answer_next(self, status: int, *, retry_after: int | None = None) -> None:
        headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
        body = b'{"errcode": "M_LIMIT_EXCEEDED", "error": "Too Many Requests"}' if status == 429 else b"{}"
        self.order("answer", status=status, headers=headers, body=body)

    @override
    async def revoke_token(self) -> None:
        await asyncio.to_thread(self.bot.log_out)
        self.bot = await asyncio.to_thread(self.bot.sign_in_again)

    @override
    def unreachable(self) -> Adapter:
        return self.adapter(server="http://127.0.0.1:9")

    @override
    async def drop_stream(self) -> None:
        await asyncio.to_thread(self.proxy.cut, SYNC)

    @override
    async def silence_stream(self) -> None:
        await asyncio.to_thread(self.proxy.mute, SYNC)

    @override
    def arrived_keys(self) -> Sequence[str]:
        return [
            request.path.rpartition("/")[2]
            for request in self.proxy.requests()
            if request.method == "PUT" and "/send/m.room.message/" in request.path
        ]

    def _published(self) -> list[Published]:
        self.alice.accept_everything()
        told: list[tuple[int, Published]] = []
        for room in self.alice.rooms():
            events = self.alice.messages(room)
            texts = {
                event["content"]["m.relates_to"]["event_id"]: event["content"]["m.new_content"]["body"]
                for event in events
                if event["content"].get("m.relates_to", {}).get("rel_type") == "m.replace"
            }
            for event in events:
                content = event["content"]
                relation = content.get("m.relates_to", {})
                if event["sender"] != self.bot.id or event["type"] != "m.room.message" or not content:
                    continue
                if relation.get("rel_type") == "m.replace":
                    continue
                text = texts.get(event["event_id"], content["body"])
                alts: tuple[str, ...] = ()
                if "filename" in content:
                    text, _, alt = text.rpartition("\n\n")
                    alts = (alt,)
                answered = relation.get("m.in_reply_to", {}).get("event_id")
                post = Published(
                    text=text,
                    id=f"{room}/{event['event_id']}",
                    in_reply_to=f"{room}/{answered}" if answered else None,
                    direct_to=None if room == self.home else self.alice.id,
                    alts=alts,
                )
                told.append((event["origin_server_ts"], post))
        return [post for _, post in sorted(told, key=lambda one: one[0])]
