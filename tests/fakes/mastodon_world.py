"""The world of a bot on the fake Mastodon: another person, and a proxy between bot and server."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, ClassVar, TypeVar

from mastodon_fake import FakeMastodon
from mastodon_state import Account, Refusal, State, Status
from typing_extensions import override

from greenroom_adapters.contract import Adapter, PostRef, Secret, Visibility
from greenroom_adapters.mastodon import MastodonAdapter, MastodonSettings
from greenroom_adapters.mastodon.listening import Rhythm
from greenroom_adapters.testing import FaultyProxy, ProxiedWorld, Published
from greenroom_adapters.transport import Pace

T = TypeVar("T")

SENDING = r"/api/v1/statuses$"
STREAM = r"/api/v1/streaming"
QUICK = Rhythm(
    without_stream=timedelta(seconds=0.2),
    beside_stream=timedelta(seconds=2),
    heartbeat=timedelta(seconds=1),
    pace=Pace(fast=(timedelta(0), timedelta(seconds=0.1)), slow=timedelta(seconds=0.3)),
)
SEEN = {"public": Visibility.PUBLIC, "unlisted": Visibility.UNLISTED, "private": Visibility.FOLLOWERS, "direct": None}


class MastodonWorld(ProxiedWorld):
    """One bot and one other person."""

    sending: ClassVar[str] = SENDING

    def __init__(self, fake: FakeMastodon, proxy: FaultyProxy) -> None:
        self.fake, self.proxy = fake, proxy
        fake.entities.base = proxy.url
        fake.entities.streaming = proxy.url.replace("http", "ws", 1)
        self.bot: Account = fake.do(lambda state: state.join("lightbot", note="I keep the light."))
        self.alice: Account = fake.do(lambda state: state.join("alice"))
        self.token = self.do(lambda state: state.let_in(self.bot))
        self.settings = MastodonSettings(server=proxy.url, token=Secret(self.token))

    def do(self, act: Callable[[State], T]) -> T:
        """Act on the server past the wire."""
        return self.fake.do(act)

    def adapter(self, rhythm: Rhythm = QUICK, **changed: Any) -> MastodonAdapter:
        """Return an adapter with other settings."""
        return MastodonAdapter(
            replace(self.settings, **changed), account="home", rhythm=rhythm, in_flight=timedelta(seconds=0.3)
        )

    def say(self, text: str, *, by: Account | None = None, **wanted: Any) -> Status:
        """Let somebody publish a status."""
        return self.do(lambda state: state.post(by or self.alice, text, **wanted))

    @override
    def connect(self) -> Adapter:
        return self.adapter()

    @override
    async def mention_bot(self, text: str) -> None:
        self.say(f"@lightbot {text}")

    @override
    async def published(self) -> Sequence[Published]:
        return self.do(self._published)

    @override
    def secrets(self) -> Sequence[str]:
        return [self.token]

    @override
    async def post_of_somebody(self, text: str) -> PostRef:
        return PostRef(id=self.say(text).id)

    @override
    async def reply_to_bot(self, ref: PostRef, text: str) -> None:
        self.say(f"@lightbot {text}", in_reply_to_id=ref.id)

    @override
    async def message_bot(self, text: str) -> str:
        self.say(f"@lightbot {text}", visibility="direct")
        return self.alice.id

    @override
    async def remove(self, ref: PostRef) -> None:
        self.do(lambda state: state.delete(state.statuses[ref.id]))

    @override
    async def bot_says_elsewhere(self, text: str) -> None:
        self.say(f"@lightbot {text}", by=self.bot)

    @override
    async def likes(self, ref: PostRef) -> int:
        return self.do(lambda state: len(state.statuses[ref.id].favoured))

    @override
    async def answer_next(self, status: int, *, retry_after: int | None = None) -> None:
        headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
        self.order("answer", status=status, headers=headers, body=b'{"error": "as ordered"}')

    @override
    async def revoke_token(self) -> None:
        await asyncio.to_thread(self.fake.revoke, self.token)

    @override
    def unreachable(self) -> Adapter:
        return self.adapter(server="http://127.0.0.1:9")

    @override
    async def drop_stream(self) -> None:
        await asyncio.to_thread(self.proxy.cut, STREAM)

    @override
    async def silence_stream(self) -> None:
        await asyncio.to_thread(self.proxy.mute, STREAM)

    @override
    async def redeliver_next(self) -> None:
        self.fake.doubled += 1

    @override
    async def reorder_next(self) -> None:
        self.fake.reordered += 1

    @override
    def arrived_keys(self) -> Sequence[str]:
        return [
            request.headers["Idempotency-Key"]
            for request in self.proxy.requests()
            if request.method == "POST" and request.path == "/api/v1/statuses"
        ]

    def refusal(self, act: Callable[[State], object]) -> int:
        """Return the status with which the server refuses something."""
        try:
            self.do(act)
        except Refusal as refusal:
            return refusal.status
        return 200

    def _published(self, state: State) -> list[Published]:
        return [
            Published(
                text=self._words(status),
                id=status.id,
                in_reply_to=None if status.in_reply_to is None else status.in_reply_to.id,
                direct_to=status.mentions[0].id if status.visibility == "direct" else None,
                alts=tuple(file.description for file in status.media),
                quote=None if status.quote is None else status.quote.id,
                content_warning=status.warning or None,
                visibility=SEEN[status.visibility],
                poll=() if status.poll is None else tuple(status.poll["options"]),
            )
            for status in state.statuses.values()
            if status.author is self.bot
        ]

    def _words(self, status: Status) -> str:
        """Return what was said, without the mention of whom it is for."""
        if status.in_reply_to is None and status.visibility != "direct":
            return status.text
        return status.text.removeprefix("@alice ")
