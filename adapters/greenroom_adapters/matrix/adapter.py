"""One account on a Matrix homeserver, without encryption."""

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import AsyncExitStack, aclosing, suppress
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
    Forbidden,
    Found,
    Idempotency,
    IdempotencyKind,
    Limits,
    Metrics,
    Post,
    PostRef,
    PostRejected,
    Receipt,
    RemoteMedia,
    Standing,
    Surface,
    TextEvent,
    ThreadPost,
    Undecided,
)
from greenroom_adapters.matrix.acting import Acting
from greenroom_adapters.matrix.addressing import Names
from greenroom_adapters.matrix.api import Api
from greenroom_adapters.matrix.checking import standing
from greenroom_adapters.matrix.errors import refusal, wait
from greenroom_adapters.matrix.invites import Invites
from greenroom_adapters.matrix.listening import Listening
from greenroom_adapters.matrix.mapping import KINDS
from greenroom_adapters.matrix.media import limit
from greenroom_adapters.matrix.places import Places
from greenroom_adapters.matrix.position import SOURCE, Position
from greenroom_adapters.matrix.publishing import Publishing
from greenroom_adapters.matrix.reading import Context
from greenroom_adapters.matrix.reading_back import ReadingBack
from greenroom_adapters.matrix.references import server_of
from greenroom_adapters.matrix.rooms import Rooms
from greenroom_adapters.matrix.settings import MatrixSettings
from greenroom_adapters.matrix.writing import TEXT_LIMIT, Style
from greenroom_adapters.transport import EnteredAdapter, Http, Pace, entered, fetch, system_now

__all__ = ["MatrixAdapter"]

PUBLISH_DEADLINE = timedelta(seconds=30)
SETTLES_AFTER = PUBLISH_DEADLINE + timedelta(seconds=15)
"""An event is in its room's history as soon as the server answers; the rest is for a server of several processes."""
KEY_WINDOW = timedelta(minutes=20)
"""How long a transaction id is trusted. The specification names no time ("Transaction identifiers"). Synapse keeps them
in memory for 30 to 60 minutes, and on disk for a day; Dendrite for 30 minutes."""
BODY_CAP = 64 * 1024 * 1024
"""An account of a thousand rooms, after a week away, gets all of them in one answer."""


class MatrixAdapter(EnteredAdapter):
    """The account whose access token `settings.token` is.

    Events have one source, `sync`, and are told room by room. What was missed comes from the rooms' history, as far as
    the server lets the account see it. Transaction ids make a message that is sent twice one message, as long as the
    account stays the same device; behind that, our own messages are read back and recognised by a digest of their key.
    """

    platform: ClassVar[str] = "matrix"
    Settings: ClassVar[type[Any]] = MatrixSettings
    posts_need: ClassVar[str] = "`home` on the account: the room where posts appear"
    posts_need_fields: ClassVar[frozenset[str]] = frozenset({"home"})
    usual_limits: ClassVar[Limits | None] = Limits(text=(TEXT_LIMIT,))
    person_form: ClassVar[str] = "@you:your-server.example"

    def __init__(
        self,
        settings: MatrixSettings,
        *,
        account: str,
        now: Callable[[], datetime] = system_now,
        poll: timedelta = timedelta(seconds=30),
        answer_within: timedelta = timedelta(seconds=20),
        pace: Pace | None = None,
    ) -> None:
        """`poll` is how long a look for news stays open, `answer_within` how late its answer may come."""
        self._settings = settings
        self._now = now
        self._http = Http(
            settings.server,
            platform=self.platform,
            account=account,
            secrets=(settings.token,),
            refusal=refusal,
            wait=wait,
            body_cap=BODY_CAP,
            now=now,
        )
        self._api = Api(self._http, answer_within=answer_within)
        self._rooms = Rooms()
        self._invites = Invites(settings, self._api, self._rooms)
        self._listening = Listening(
            self._api, self._rooms, self._invites, context=self._context_now, poll=poll, now=now, pace=pace
        )
        self._acting = Acting(self._api, self._rooms, context=self._context_now)
        self._me: Author | None = None
        self._context: Context | None = None
        self._capabilities: Capabilities | None = None
        self._places: Places | None = None
        self._reading_back: ReadingBack | None = None
        self._publishing: Publishing | None = None

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
        self._http.authorize(self._settings.token)
        await self._sign_in()

    async def _sign_in(self) -> None:
        settings = self._settings
        account = await self._api.whoami()
        for wanted, found, what in (
            (settings.user, account.user_id, "user"),
            (settings.device, account.device_id, "device"),
        ):
            if wanted and wanted != found:
                words = f"the token belongs to {found!r}, and `{what}` says {wanted!r}"
                raise self._http.error(AuthenticationFailed, words)
        await self._learn_name(account.user_id)
        size: int | None = None
        with suppress(PostRejected):  # a server that does not tell
            size = await self._api.upload_size()
        self._capabilities = _capabilities(upload_size=size, has_home=bool(settings.home))
        self._places = Places(self._api, self._rooms, self._invites, me=account.user_id, survey=self._listening.survey)
        self._reading_back = ReadingBack(
            self._api, me=account.user_id, settles_after=self._capabilities.settles_after, now=self._now
        )
        self._publishing = Publishing(
            self._api,
            self._places,
            self._reading_back,
            me=account.user_id,
            device=account.device_id,
            home=settings.home,
            style=Style(message=settings.message, threads=settings.threads),
            capabilities=self._capabilities,
            now=self._now,
        )

    async def _learn_name(self, user: str) -> None:
        try:
            name = await self._api.display_name(user)
        except PostRejected:  # an account without a profile
            name = ""
        # Matrix marks no account as a bot; its messages are marked, as notices.
        is_bot = self._settings.message == "notice"
        self._me = Author(id=user, handle=user.removeprefix("@"), name=name, is_bot=is_bot)
        self._context = Context(
            names=Names.of(user, name), server=self._settings.server.rstrip("/"), threads=self._settings.threads
        )

    @override
    async def check(self) -> Standing:
        await self._learn_name(self.me.id)
        everything = await self._listening.survey()
        return await standing(
            self.me,
            everything,
            settings=self._settings,
            rooms=self._rooms,
            invites=self._invites,
            places=entered(self._places),
        )

    # Listening -------------------------------------------------------------------------------------------------------

    @override
    async def now(self) -> Mapping[str, str]:
        return {SOURCE: Position((await self._listening.survey()).next_batch).cursor()}

    @override
    async def events(self, *, after: Mapping[str, str]) -> AsyncGenerator[Event, None]:
        """Yield events; without a cursor for `sync` from this moment on."""
        async with aclosing(self._listening.events(Position.read(after.get(SOURCE)))) as events:
            async for event in events:
                yield event

    async def history(self, *, since: datetime) -> AsyncGenerator[Event, None]:
        """Yield what was said in the account's rooms from `since` until now, oldest first."""
        async with aclosing(self._listening.history(since)) as events:
            async for event in events:
                yield event

    # Publishing ------------------------------------------------------------------------------------------------------

    @override
    def prepare(self, post: Post, *, key: str) -> bytes:
        return entered(self._publishing).prepare(post, key=key)

    @override
    async def publish(self, attempt: Attempt) -> Receipt:
        return await entered(self._publishing).publish(attempt)

    @override
    async def find(self, attempt: Attempt) -> Found | Absent | Undecided:
        return await entered(self._reading_back).find(attempt)

    # What can be done beside posting ---------------------------------------------------------------------------------

    async def delete(self, ref: PostRef) -> None:
        """Redact the post. Deleting a post that is gone is not an error."""
        entered(self._reading_back).deleted(await self._acting.delete(ref))

    async def edit(self, ref: PostRef, text: str) -> None:
        """Replace the text. Editing to the present text is not an error."""
        await self._acting.edit(ref, text)

    async def react(self, ref: PostRef, reaction: str = "like") -> None:
        """React with any emoji or word; `like` is a thumb up. Doing it twice leaves one reaction."""
        await self._acting.react(ref, reaction)

    async def show_typing(self, to: TextEvent) -> timedelta:
        """Show that the bot is writing; for ten seconds."""
        return await self._acting.show_typing(to.post)

    async def enter(self, room: str) -> None:
        """Accept an invitation into the room. Being in it is not an error."""
        await self._invites.enter(room)

    async def leave(self, room: str, *, by: str | None = None) -> None:
        """Leave the room. Leaving one that the account is not in is not an error."""
        with suppress(PostRejected):
            await self._api.leave(room)

    async def may_message(self, person: str) -> bool:
        """Say whether there is such a person: whether they answer an invitation is theirs to say."""
        try:
            await self._api.display_name(person)
        except PostRejected:
            return False
        return True

    async def person(self, handle: str) -> Author | None:
        """Return whoever has this user id, with or without its `@`; None: nobody has. A name without its server is
        nobody's: there is one on every server. Where the server keeps profiles to itself, an id stands for itself."""
        user = handle if handle.startswith("@") else f"@{handle}"
        if not server_of(user):
            return None
        try:
            name = await self._api.display_name(user)
        except Forbidden:
            name = ""
        except PostRejected:
            return None
        return Author(id=user, handle=user.removeprefix("@"), name=name)

    async def fetch(self, media: RemoteMedia, *, most: int) -> bytes:
        """Return what lies there, of at most so many bytes: from the account's own server, or from a public one."""
        return await fetch(media, beside=self._http, most=most, token=self._settings.token)

    async def thread(self, ref: PostRef, *, limit: int = 20) -> tuple[ThreadPost, ...]:
        """Return the posts above `ref`, oldest first, at most `limit`; a gap ends it there."""
        return await self._acting.thread(ref, limit=limit)

    async def metrics(self, ref: PostRef) -> Metrics:
        """Count now."""
        return await self._acting.metrics(ref)

    def _context_now(self) -> Context:
        return entered(self._context)


def _capabilities(*, upload_size: int | None, has_home: bool) -> Capabilities:
    spoken = {Surface.REPLY, Surface.CHAT, Surface.DIRECT_MESSAGE}
    return Capabilities(
        limits=Limits(text=(TEXT_LIMIT,), media=limit(upload_size)),
        idempotency=Idempotency(kind=IdempotencyKind.KEYED, window=KEY_WINDOW),
        settles_after=SETTLES_AFTER,
        publish_deadline=PUBLISH_DEADLINE,
        kinds=KINDS,
        surfaces=frozenset(spoken | ({Surface.POST} if has_home else set())),
    )
