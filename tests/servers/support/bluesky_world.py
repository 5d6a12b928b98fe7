"""The world of a bot on a real network: another person, a service of messages, and a proxy before the data server."""

import asyncio
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, ClassVar

from bluesky_chat import ChatService
from bluesky_newcomers import Newcomer
from bluesky_people import POST, Person
from running import CHECKOUT, RunningServer, unavailable
from typing_extensions import override

from greenroom_adapters.bluesky import BlueskyAdapter, BlueskySettings
from greenroom_adapters.bluesky.identifiers import AtUri, MessageName, reference
from greenroom_adapters.contract import Adapter, PostRef, Secret
from greenroom_adapters.testing import FaultyProxy, ProxiedWorld, Published
from greenroom_adapters.transport import Pace

SENDING = r"/xrpc/(com\.atproto\.repo\.putRecord|chat\.bsky\.convo\.sendMessage)"
NEWS = r"/xrpc/app\.bsky\.notification\.listNotifications"
NOT_OF_SESSIONS = r"/xrpc/(?!com\.atproto\.server\.)"
MANY = 10**9


def a_network(**environment: str) -> RunningServer:
    """Return a network that is not started yet."""
    folder = os.environ.get("BLUESKY_INSTALL", str(CHECKOUT / ".venv-bluesky"))
    if not os.path.isdir(folder):
        unavailable(
            "the Bluesky packages are not installed: run tests/servers/bluesky/install.sh, or set BLUESKY_INSTALL"
        )
    return RunningServer("bluesky", environment={"BLUESKY_INSTALL": folder, **environment})


class MemoryKeep:
    """A place of the account that outlives its adapters."""

    def __init__(self, values: Mapping[str, bytes] | None = None) -> None:
        self.values = dict(values or {})

    async def load(self, name: str) -> bytes | None:
        return self.values.get(name)

    async def store(self, name: str, value: bytes) -> None:
        self.values[name] = value


class BlueskyWorld(ProxiedWorld):
    """One bot and one other person, on a network that others use at the same time."""

    sending: ClassVar[str] = SENDING

    def __init__(self, bot: Newcomer, proxy: FaultyProxy, chat: ChatService, alice: Person) -> None:
        self.proxy = proxy
        self.chat = chat
        self.bot = bot.person
        self.alice = alice
        self.password_name = bot.password_name
        self._session: dict[str, Any] | None = bot.session
        self.settings = BlueskySettings(
            handle=self.bot.handle,
            password=Secret(bot.password),
            server=proxy.url,
            pds=proxy.url,
            chat=chat.did,
            look_every=0.1,
        )
        self.kept = MemoryKeep(self._kept())

    def sign_out(self) -> None:
        """From here on the bot's adapters sign in with their password, which the server takes its time for."""
        self._session = None
        self.kept.values.clear()

    def adapter(self, *, answer_within: float = 2.0, pace: Pace | None = None, **changed: Any) -> BlueskyAdapter:
        """Return an adapter with other settings, signed in with its password before, unless that is another one."""
        adapter = BlueskyAdapter(
            replace(self.settings, **changed),
            account="home",
            answer_within=timedelta(seconds=answer_within),
            pace=pace,
        )
        if not changed.keys() & {"password", "handle", "server", "pds"}:
            adapter.keep_in(MemoryKeep(self._kept()))
        return adapter

    def _kept(self) -> dict[str, bytes]:
        """Return what an adapter that is signed in keeps."""
        if self._session is None:
            return {}
        session = {
            "server": self.settings.server,
            "handle": self.bot.handle,
            "did": self.bot.did,
            "access": self._session["accessJwt"],
            "refresh": self._session["refreshJwt"],
            "pds": self.settings.pds,
        }
        return {"session": json.dumps(session).encode()}

    def post_ref(self, uri: str) -> PostRef:
        """Return what the adapter calls a post."""
        found = AtUri.read(uri)
        assert found is not None
        return reference(found)

    @override
    def connect(self) -> Adapter:
        adapter = self.adapter()
        adapter.keep_in(self.kept)
        return adapter

    @override
    async def mention_bot(self, text: str) -> None:
        def mention() -> None:
            self.bot.wait_for_notification(self.alice.mention(self.bot, text)["uri"])

        await asyncio.to_thread(mention)

    @override
    async def published(self) -> Sequence[Published]:
        return await asyncio.to_thread(self._published)

    @override
    def secrets(self) -> Sequence[str]:
        assert self._session is not None
        return [self.settings.password.reveal(), self._session["accessJwt"], self._session["refreshJwt"]]

    @override
    async def post_of_somebody(self, text: str) -> PostRef:
        def post() -> str:
            made = self.alice.post(text)
            self.bot.wait_for(made["uri"])
            return made["uri"]

        return self.post_ref(await asyncio.to_thread(post))

    @override
    async def reply_to_bot(self, ref: PostRef, text: str) -> None:
        def reply() -> None:
            self.alice.wait_for(ref.id)
            self.bot.wait_for_notification(self.alice.reply(self.bot.ref(ref.id), text)["uri"])

        await asyncio.to_thread(reply)

    @override
    async def message_bot(self, text: str) -> str:
        await asyncio.to_thread(self.send_to_bot, text)
        return self.alice.did

    def send_to_bot(self, text: str) -> None:
        """Let the other person write to the bot alone, through the data server."""
        through = self.chat.did
        convo = self.alice.get("chat.bsky.convo.getConvoForMembers", through=through, members=[self.bot.did])["convo"]
        body = {"convoId": convo["id"], "message": {"text": text}}
        self.alice.do("chat.bsky.convo.sendMessage", body, through=through)

    @override
    async def remove(self, ref: PostRef) -> None:
        def remove() -> None:
            message = MessageName.read(ref.id)
            if message is not None:
                self.chat.delete(*message)
                return
            owner = self.bot if f"/{self.bot.did}/" in f"{ref.id}/" else self.alice
            owner.delete(ref.id)
            self.alice.wait_until_gone(ref.id)

        await asyncio.to_thread(remove)

    @override
    async def bot_says_elsewhere(self, text: str) -> None:
        def say() -> None:
            self.alice.wait_for(self.bot.mention(self.bot, text)["uri"])

        await asyncio.to_thread(say)

    @override
    async def likes(self, ref: PostRef) -> int:
        likes = await asyncio.to_thread(self.bot.records, "app.bsky.feed.like")
        return sum(like["value"]["subject"]["uri"] == ref.id for like in likes)

    @override
    async def answer_next(self, status: int, *, retry_after: int | None = None) -> None:
        headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
        body = b'{"error": "RateLimitExceeded", "message": "Rate Limit Exceeded"}' if status == 429 else b"{}"
        self.order("answer", status=status, headers=headers, body=body)

    @override
    async def revoke_token(self) -> None:
        # A token that was handed out is good until it runs out, two hours later: that moment is played here.
        await asyncio.to_thread(self.bot.revoke, self.password_name)
        self.run_tokens_out(MANY)

    def run_tokens_out(self, count: int, *, methods: Sequence[str] = ("GET", "POST")) -> None:
        """Let so many calls of each of these methods meet the end of their token's time."""
        body = b'{"error": "ExpiredToken", "message": "Token has expired"}'
        for method in methods:
            self.order("answer", method=method, path=NOT_OF_SESSIONS, status=400, body=body, count=count)

    @override
    def unreachable(self) -> Adapter:
        return self.adapter(server="http://127.0.0.1:9", pds="http://127.0.0.1:9")

    @override
    async def drop_stream(self) -> None:
        self.order("refuse", method="GET", path=NEWS)

    @override
    async def silence_stream(self) -> None:
        self.order("silence", method="GET", path=NEWS)

    @override
    def arrived_keys(self) -> Sequence[str]:
        return [
            json.loads(request.body)["rkey"]
            for request in self.proxy.requests()
            if request.method == "POST" and request.path.endswith("com.atproto.repo.putRecord")
        ]

    def _published(self) -> list[Published]:
        told: list[tuple[str, Published]] = []
        for record in self.bot.records(POST):
            post = record["value"]
            embed = post.get("embed", {})
            media = embed.get("media", embed)
            quoted = embed.get("record", {})
            alts = tuple(image["alt"] for image in media.get("images", []))
            told.append(
                (
                    post["createdAt"],
                    Published(
                        text=post["text"],
                        id=record["uri"],
                        in_reply_to=post["reply"]["parent"]["uri"] if "reply" in post else None,
                        alts=alts + ((media["alt"],) if "video" in media else ()),
                        quote=quoted.get("uri") or quoted.get("record", {}).get("uri"),
                        content_warning=next((one["val"] for one in post.get("labels", {}).get("values", [])), None),
                    ),
                )
            )
        for convo, message in self.chat.sent_by(self.bot.did):
            (other,) = (member for member in convo.members if member != self.bot.did)
            ref = f"chat:{convo.id}/{message.id}"
            told.append((message.sent_at, Published(text=message.text, id=ref, direct_to=other)))
        return [post for _, post in sorted(told, key=lambda one: one[0])]
