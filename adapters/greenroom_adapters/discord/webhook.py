"""An account that only posts, through the webhook of a channel: no bot, no gateway, no token but that in its address.

Discord takes no key from a webhook and lists nothing of what one has said. What became of a lost answer stays unknown.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import AsyncExitStack, suppress
from datetime import datetime, timedelta
from typing import Any, ClassVar

from typing_extensions import override

from greenroom_adapters.contract import (
    Absent,
    Attempt,
    AuthenticationFailed,
    Author,
    Capabilities,
    Event,
    Found,
    Idempotency,
    IdempotencyKind,
    Limits,
    Metrics,
    Post,
    PostRef,
    PostRejected,
    Receipt,
    Standing,
    Surface,
    TargetGone,
    TooLong,
    Unavailable,
    Undecided,
    Unsupported,
)
from greenroom_adapters.discord.allowance import Allowance, quota_of
from greenroom_adapters.discord.api import Api
from greenroom_adapters.discord.errors import code_of, refusal, wait
from greenroom_adapters.discord.forum import title_and_text
from greenroom_adapters.discord.measuring import files_of, must_fit
from greenroom_adapters.discord.references import place, reference
from greenroom_adapters.discord.settings import DiscordSettings
from greenroom_adapters.discord.sound import webhook_in
from greenroom_adapters.discord.wire import MESSAGE, WireWebhook
from greenroom_adapters.discord.writing import (
    EMBED_LIMIT,
    MEDIA_LIMIT,
    MENTIONS_NOBODY,
    POLL_LIMIT,
    TEXT_LIMIT,
    compose_response,
)
from greenroom_adapters.text import fits
from greenroom_adapters.transport import Answer, EnteredAdapter, Http, entered, system_now

__all__ = ["WebhookAdapter"]

PUBLISH_DEADLINE = timedelta(seconds=30)
LOOK_EVERY = timedelta(minutes=10)
GONE = (
    "the webhook is gone: make a new one in the channel's settings, under *Integrations*, and put its address in place"
)
MEANINGS = {
    10015: (AuthenticationFailed, GONE),
    50027: (AuthenticationFailed, GONE),
    220001: (PostRejected, "the webhook's channel is a forum: write `forum: true`, or the id of a `thread`"),
    220002: (PostRejected, "a post begins a thread or goes to one: keep one of `forum` and `thread`"),
    220003: (PostRejected, "the webhook's channel is no forum: leave `forum: true` out"),
    220004: (PostRejected, "this webhook cannot post in threads"),
}
"""Error code → what it means for a webhook, beside what it means for a bot."""


class WebhookAdapter(EnteredAdapter):
    """The webhook whose address `settings.webhook` is. Rooms are threads of its channel, by their ids."""

    platform: ClassVar[str] = "discord"
    Settings: ClassVar[type[Any]] = DiscordSettings

    def __init__(
        self,
        settings: DiscordSettings,
        *,
        account: str,
        look_every: timedelta = LOOK_EVERY,
        now: Callable[[], datetime] = system_now,
    ) -> None:
        """`look_every` is how often it is seen whether the webhook is still there."""
        self._id, self._token = webhook_in(settings)
        self._settings = settings
        self._look_every = look_every
        allowance = Allowance()
        self._http = Http(
            settings.base_url,
            platform=self.platform,
            account=account,
            secrets=(self._token,),
            refusal=_refusal,
            wait=wait,
            heard=allowance.heard,
            now=now,
        )
        self._api = Api(self._http, allowance)
        self._told: WireWebhook | None = None

    @property
    @override
    def capabilities(self) -> Capabilities:
        return Capabilities(
            limits=Limits(text=(TEXT_LIMIT,), media=MEDIA_LIMIT, poll=POLL_LIMIT, embed=EMBED_LIMIT),
            idempotency=Idempotency(kind=IdempotencyKind.NONE),
            settles_after=PUBLISH_DEADLINE,
            publish_deadline=PUBLISH_DEADLINE,
            kinds=frozenset(),
            surfaces=frozenset({Surface.POST, Surface.CHAT}),
        )

    @property
    @override
    def me(self) -> Author:
        told = entered(self._told)
        name = self._settings.name or told.name or "webhook"
        return Author(id=told.id, handle=name, name=name, is_bot=True)

    @override
    async def _enter(self, stack: AsyncExitStack) -> None:
        await stack.enter_async_context(self._http)
        await self._look()

    async def _look(self) -> WireWebhook:
        self._told = told = await self._api.webhook(self._id, self._token.reveal())
        return told

    @override
    async def check(self) -> Standing:
        told = await self._look()
        where = f"in the thread {self._settings.thread}" if self._settings.thread else f"in channel {told.channel_id}"
        return Standing(
            me=self.me,
            may=(
                f"post {where} of server {told.guild_id}, through a webhook",
                "edit and delete what it posted, count reactions to it",
                "hear nothing: no mention, no answer, no direct message",
            ),
        )

    # Listening -------------------------------------------------------------------------------------------------------

    @override
    async def now(self) -> Mapping[str, str]:
        return {}

    @override
    async def events(self, *, after: Mapping[str, str]) -> AsyncGenerator[Event, None]:
        """Yield nothing; end when the webhook is gone."""
        while True:
            await asyncio.sleep(self._look_every.total_seconds())
            with suppress(Unavailable):
                await self._look()
        yield  # type: ignore[unreachable]  # it makes this a generator

    # Publishing ------------------------------------------------------------------------------------------------------

    @override
    def prepare(self, post: Post, *, key: str) -> bytes:
        if post.direct_to is not None or post.in_reply_to is not None:
            raise self._http.error(Unsupported, "a webhook answers nobody")
        if (lacking := self.capabilities.lacks(post)) is not None:
            raise self._http.error(Unsupported, lacking)
        if post.room is not None and not post.room.isdecimal():
            raise self._http.error(Unsupported, f"{post.room!r} is no id of a thread: a webhook knows no names")
        must_fit(post, self.capabilities.limits, self._http)
        return b""

    @override
    async def publish(self, attempt: Attempt) -> Receipt:
        clock = asyncio.get_running_loop().time
        ends = clock() + PUBLISH_DEADLINE.total_seconds()
        post, settings = attempt.post, self._settings
        thread = post.room or settings.thread
        begins = settings.forum and not thread
        title, text = title_and_text(post.text) if begins else ("", post.text)
        files = await files_of(post, self._http)
        body = compose_response(post, text=text, files=files, previews=settings.previews)
        body |= {"username": settings.name} if settings.name else {}
        body |= {"avatar_url": settings.avatar} if settings.avatar else {}
        if begins:
            body |= {"thread_name": title, **({"applied_tags": list(settings.tags)} if settings.tags else {})}
        left = timedelta(seconds=ends - clock())
        if left <= timedelta(0):
            raise self._http.error(Unavailable, "it took too long before the message could be sent")
        answer = await self._api.execute_webhook(
            self._id, self._token.reveal(), body, files, thread=thread, deadline=left
        )
        message = self._http.decode(answer, MESSAGE)
        return Receipt(
            key=attempt.key,
            ref=reference(message.channel_id, message.id, guild=entered(self._told).guild_id),
            published_at=message.timestamp,
            quota=quota_of(answer, self._id),
        )

    @override
    async def find(self, attempt: Attempt) -> Found | Absent | Undecided:
        return Undecided(
            reason="Discord tells no webhook what it has said: look into the channel, and say whether it is there",
            final=True,
        )

    # What can be done beside posting ---------------------------------------------------------------------------------

    async def delete(self, ref: PostRef) -> None:
        """Delete the message. Deleting one that is gone is not an error."""
        message, thread = self._where(ref)
        with suppress(TargetGone):
            await self._api.delete_webhook_message(self._id, self._token.reveal(), message, thread=thread)

    async def edit(self, ref: PostRef, text: str) -> None:
        """Replace the text. Editing to the present text is not an error."""
        if not fits(text, (TEXT_LIMIT,)):
            raise self._http.error(TooLong, "the text is over the limit")
        message, thread = self._where(ref)
        body = {"content": text, "allowed_mentions": MENTIONS_NOBODY}
        await self._api.edit_webhook_message(self._id, self._token.reveal(), message, body, thread=thread)

    async def metrics(self, ref: PostRef) -> Metrics:
        """Count the reactions, whatever with."""
        message, thread = self._where(ref)
        told = await self._api.webhook_message(self._id, self._token.reveal(), message, thread=thread)
        return Metrics(likes=sum(one.count for one in told.reactions))

    def _where(self, ref: PostRef) -> tuple[str, str]:
        """Return the id of a message, and of the thread that it is in; empty: it is in the channel itself."""
        found = place(ref)
        if found is None:
            raise self._http.error(TargetGone, f"{ref.id!r} is no message on Discord")
        return found[1], "" if found[0] == entered(self._told).channel_id else found[0]


def _refusal(answer: Answer) -> tuple[type[Any], str] | None:
    """Say which refusal an answer is: of a webhook some codes mean something else than of a bot."""
    meaning = MEANINGS.get(code_of(answer))
    return refusal(answer) if meaning is None else meaning
