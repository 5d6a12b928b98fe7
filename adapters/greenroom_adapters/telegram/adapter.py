"""One bot on Telegram."""

from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, aclosing
from datetime import datetime, timedelta
from typing import Any, ClassVar

from typing_extensions import override

from greenroom_adapters.contract import (
    Absent,
    Attempt,
    Author,
    Capabilities,
    Clerk,
    Command,
    Credentials,
    Event,
    Found,
    Idempotency,
    IdempotencyKind,
    Keep,
    Kind,
    Limits,
    Post,
    PostRef,
    Receipt,
    RemoteMedia,
    Standing,
    Surface,
    TextEvent,
    ThreadPost,
    Undecided,
    Wanted,
)
from greenroom_adapters.telegram.acting import Acting
from greenroom_adapters.telegram.api import SLACK, Api
from greenroom_adapters.telegram.checking import standing
from greenroom_adapters.telegram.files import MEDIA_LIMIT, fetch
from greenroom_adapters.telegram.knocking import Knocking
from greenroom_adapters.telegram.listening import Listening, Rhythm
from greenroom_adapters.telegram.mapping import KINDS, SOURCE, Reader, author
from greenroom_adapters.telegram.memory import Memory
from greenroom_adapters.telegram.offering import Offering
from greenroom_adapters.telegram.pacing import Allowance
from greenroom_adapters.telegram.publishing import Publishing
from greenroom_adapters.telegram.references import chat_named
from greenroom_adapters.telegram.settings import BASE_URL, TelegramSettings
from greenroom_adapters.telegram.signing_in import sign_in, token_in, way
from greenroom_adapters.telegram.wire import WireUser
from greenroom_adapters.telegram.writing import CAPTION_LIMIT, TEXT_LIMIT
from greenroom_adapters.text import Askers
from greenroom_adapters.transport import EnteredAdapter, entered, system_now
from greenroom_adapters.webhooks import Webhooks

__all__ = ["TelegramAdapter"]

PUBLISH_DEADLINE = timedelta(seconds=30)


class TelegramAdapter(EnteredAdapter):
    """The bot whose token `settings.token` is.

    Everything that happens comes from one source, the queue that Telegram keeps for a bot, for a day; a cursor is the
    number of an update. Telegram takes no key and shows a bot no history: an answer that was lost leaves its post
    unknown for good.
    """

    platform: ClassVar[str] = "telegram"
    known_as: ClassVar[frozenset[str]] = frozenset({"tg"})
    Settings: ClassVar[type[Any]] = TelegramSettings
    posts_need: ClassVar[str] = "`home` on the account: the channel or group where posts appear"
    posts_need_fields: ClassVar[frozenset[str]] = frozenset({"home"})
    usual_limits: ClassVar[Limits | None] = Limits(text=(TEXT_LIMIT,), caption=(CAPTION_LIMIT,), media=MEDIA_LIMIT)
    person_form: ClassVar[str] = "@YOUR-USER-ID"
    person_hint: ClassVar[str] = (
        "Your id is a number: write to the bot, then `greenroom log` shows it, and so does `greenroom login`."
    )

    def __init__(
        self,
        settings: TelegramSettings,
        *,
        account: str,
        now: Callable[[], datetime] = system_now,
        rhythm: Rhythm | None = None,
        slack: timedelta = SLACK,
    ) -> None:
        """`slack` is how much later than asked for an answer without news may come before the connection is dead.

        :raises ConfigurationError: the token is none, or the webhook none that Telegram calls
        """
        self._settings = settings
        self._token = token_in(settings.token)
        self._now = now
        self._rhythm = rhythm or Rhythm()
        self._http = way(self._token, settings.base_url, platform=self.platform, account=account)
        self._api = Api(self._http, slack=slack)
        self._memory = Memory()
        self._allowance = Allowance()
        self._askers = Askers()
        self._knocking = Knocking(
            self._api,
            address=settings.webhook,
            listen=settings.webhook_listen,
            token=self._token,
            pace=self._rhythm.pace,
        )
        self._offering = Offering(self._api, replaces=settings.commands)
        self._wanted: Wanted | None = None
        self._told: WireUser | None = None
        self._me: Author | None = None
        self._capabilities: Capabilities | None = None
        self._listening: Listening | None = None
        self._publishing: Publishing | None = None
        self._acting: Acting | None = None

    def keep_in(self, keep: Keep) -> None:
        """Remember there which commands are offered, and that Telegram was told of an address."""
        self._offering.keep_in(keep)
        self._knocking.keep_in(keep)

    def receive_at(self, webhooks: Webhooks) -> None:
        """Use the servers that the bot's accounts share."""
        self._knocking.receive_at(webhooks)

    @classmethod
    async def login(cls, clerk: Clerk, known: Mapping[str, str]) -> Credentials:
        """Walk a person through making a bot and getting its token."""
        return await sign_in(clerk, known, platform=cls.platform, base_url=BASE_URL, wanted=None)

    @classmethod
    async def login_for(cls, clerk: Clerk, known: Mapping[str, str], wanted: Wanted) -> Credentials:
        """Walk a person through it, with what this bot needs."""
        return await sign_in(clerk, known, platform=cls.platform, base_url=BASE_URL, wanted=wanted)

    def want(self, wanted: Wanted) -> None:
        """Let `check` judge by what this bot needs."""
        self._wanted = wanted

    @property
    @override
    def capabilities(self) -> Capabilities:
        return entered(self._capabilities)

    @property
    @override
    def me(self) -> Author:
        return entered(self._me)

    # Coming and going ------------------------------------------------------------------------------------------------

    @override
    async def _enter(self, stack: AsyncExitStack) -> None:
        await stack.enter_async_context(self._http)
        me = await self._look_at_myself()
        settings, memory = self._settings, self._memory
        await self._offering.recall()
        await self._knocking.give_up_old()
        stack.push_async_callback(self._knocking.aclose)
        reader = Reader(
            me=me.id,
            handle=me.username or "",
            home=chat_named(settings.home),
            offered=self._offering.called,
            known=memory.reference,
        )
        capabilities = self._capabilities = _capabilities(me, has_home=bool(settings.home))
        self._acting = Acting(self._api, memory)
        self._listening = Listening(
            self._api, memory, reader=reader, knocking=self._knocking, rhythm=self._rhythm, now=self._now
        )
        self._publishing = Publishing(
            self._api,
            memory,
            self._allowance,
            self._askers,
            reader=reader,
            home=settings.home,
            previews=settings.previews,
            capabilities=capabilities,
        )

    async def _look_at_myself(self) -> WireUser:
        told = self._told = await self._api.me()
        self._me = author(told)
        return told

    @override
    async def check(self) -> Standing:
        told = await self._look_at_myself()
        return await standing(
            told, self.me, settings=self._settings, api=self._api, wanted=self._wanted, now=self._now()
        )

    # Listening -------------------------------------------------------------------------------------------------------

    @override
    async def now(self) -> Mapping[str, str]:
        return {SOURCE: await entered(self._listening).here()}

    @override
    async def events(self, *, after: Mapping[str, str]) -> AsyncGenerator[Event, None]:
        """Yield events; without a cursor all that Telegram still has."""
        async with aclosing(entered(self._listening).events(after.get(SOURCE, "0"))) as events:
            async for event in events:
                self._askers.hear(event)
                yield event

    @override
    async def acknowledge(self, source: str, cursor: str) -> None:
        """Let Telegram forget what is safe, with the next question."""
        entered(self._listening).acknowledged(cursor)

    # Publishing ------------------------------------------------------------------------------------------------------

    @override
    def prepare(self, post: Post, *, key: str) -> bytes:
        return entered(self._publishing).prepare(post, key=key)

    @override
    async def publish(self, attempt: Attempt) -> Receipt:
        return await entered(self._publishing).publish(attempt)

    @override
    async def find(self, attempt: Attempt) -> Found | Absent | Undecided:
        return Undecided(reason="Telegram shows a bot no history, not even of what it said itself", final=True)

    # What can be done beside posting ---------------------------------------------------------------------------------

    async def delete(self, ref: PostRef) -> None:
        """Delete the message. Deleting one that is gone is not an error."""
        await entered(self._acting).delete(ref)

    async def edit(self, ref: PostRef, text: str) -> None:
        """Replace the text. Editing to the present text is not an error."""
        await entered(self._acting).edit(ref, text)

    async def react(self, ref: PostRef, reaction: str = "like") -> None:
        """React with one of the emoji that Telegram has for it; `like` is a thumb up. A bot has one reaction to a
        message: another takes its place."""
        await entered(self._acting).react(ref, reaction)

    async def offer(self, commands: Sequence[Command]) -> bool:
        """Set the commands, everywhere, in place of all that the bot has; only where they are others than the last
        ones. Those of the owner and of moderators are shown to administrators of groups."""
        return await self._offering.offer(commands)

    async def dismiss(self, command: PostRef) -> None:
        """Nothing shows that an answer is on its way."""

    async def fetch(self, media: RemoteMedia, *, most: int) -> bytes:
        """Return a file that was sent to the bot, of at most so many bytes: from Telegram, which hands out 20 MB."""
        return await fetch(media, api=self._api, token=self._token, base_url=self._settings.base_url, most=most)

    async def show_typing(self, to: TextEvent) -> timedelta:
        """Show that the bot is writing; for five seconds, or until it says something."""
        return await entered(self._acting).show_typing(to)

    async def leave(self, room: str, *, by: str | None = None) -> None:
        """Leave the group or channel with this id."""
        await entered(self._acting).leave(room)

    async def may_message(self, person: str) -> bool:
        """Say whether the person has written to the bot: it can begin no conversation. Whether he has blocked it since
        shows only when a message is sent."""
        return await entered(self._acting).may_message(person)

    async def person(self, handle: str) -> Author | None:
        """Return whoever has this id and has written to the bot, or who wrote under this handle while it listened.
        None: nobody of whom Telegram tells a bot."""
        return await entered(self._acting).person(handle)

    async def thread(self, ref: PostRef, *, limit: int = 20) -> tuple[ThreadPost, ...]:
        """Return the messages above `ref` that passed by while the bot listened, oldest first, at most `limit`."""
        return entered(self._acting).thread(ref, limit=limit)


def _capabilities(me: WireUser, *, has_home: bool) -> Capabilities:
    spoken = {Surface.REPLY, Surface.CHAT, Surface.DIRECT_MESSAGE}
    return Capabilities(
        limits=Limits(text=(TEXT_LIMIT,), caption=(CAPTION_LIMIT,), media=MEDIA_LIMIT),
        idempotency=Idempotency(kind=IdempotencyKind.NONE),
        settles_after=PUBLISH_DEADLINE,
        publish_deadline=PUBLISH_DEADLINE,
        kinds=KINDS | {Kind.MESSAGE} if me.can_read_all_group_messages else KINDS,
        surfaces=frozenset(spoken | ({Surface.POST} if has_home else set())),
    )
