"""The calls of the HTTP API, one method each: addresses, queries and bodies, and nothing that decides."""

from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import timedelta
from importlib import metadata
from typing import TypeVar
from urllib.parse import quote, urlencode

import aiohttp
import msgspec

from greenroom_adapters.contract import AdapterError, RateLimited, TargetGone
from greenroom_adapters.discord.allowance import Allowance
from greenroom_adapters.discord.wire import (
    APPLICATIONS,
    CHANNEL,
    CHANNELS,
    GATEWAYS,
    GUILDS,
    LISTED_GUILDS,
    MEMBER,
    MEMBERS,
    MESSAGE,
    MESSAGES,
    THREAD_LISTS,
    USER,
    WEBHOOK,
    WireApplication,
    WireChannel,
    WireGateway,
    WireListedGuild,
    WireMember,
    WireMessage,
    WireThreads,
    WireUser,
    WireWebhook,
)
from greenroom_adapters.media import Loaded
from greenroom_adapters.transport import Answer, Effect, Form, Http

__all__ = ["PAGE", "Api"]

T = TypeVar("T")

PAGE = 100
"""Messages in one page of a channel's history: the most there can be."""
GUILD_PAGE = 200
SEARCHED = 10
DEFERRED = 5
"""Kind of the first answer to a command: the real one is on its way."""
EPHEMERAL = 1 << 6
"""Flag of a message that one person alone sees."""


class Api:
    """The calls. Each raises the errors of `Http.call`, and `RateLimited`, unsent, where a limit is used up."""

    def __init__(self, http: Http, allowance: Allowance) -> None:
        self.http = http
        self._allowance = allowance
        # "User Agent" in the API reference asks for this form.
        self._headers = {"User-Agent": f"DiscordBot (Greenroom, {metadata.version('greenroom')})"}

    # The account -----------------------------------------------------------------------------------------------------

    async def me(self) -> WireUser:
        """Say whose token it is."""
        return await self._get("/users/@me", USER)

    async def application(self) -> WireApplication:
        """Return the application that the bot belongs to."""
        return await self._get("/applications/@me", APPLICATIONS)

    async def gateway(self) -> WireGateway:
        """Return where the gateway is, and how often a session may still be begun."""
        return await self._get("/gateway/bot", GATEWAYS)

    async def leave(self, guild: str) -> None:
        """Leave a server. Having left it is no error."""
        with suppress(TargetGone):
            await self._call("DELETE", f"/users/@me/guilds/{guild}", effect=Effect.REPEATABLE)

    # Servers and channels --------------------------------------------------------------------------------------------

    async def guilds(self) -> list[WireListedGuild]:
        """Return every server that the bot is in."""
        found: list[WireListedGuild] = []
        while True:
            query = {"limit": str(GUILD_PAGE), **({"after": found[-1].id} if found else {})}
            page = await self._get("/users/@me/guilds", GUILDS, query)
            found += page
            if len(page) < GUILD_PAGE:
                return found

    async def guild(self, guild: str) -> WireListedGuild:
        """Return one server, with its roles and its owner."""
        return await self._get(f"/guilds/{guild}", LISTED_GUILDS)

    async def member(self, guild: str, user: str) -> WireMember:
        """Return somebody as a member of a server."""
        return await self._get(f"/guilds/{guild}/members/{user}", MEMBER)

    async def members_called(self, guild: str, name: str) -> tuple[WireMember, ...]:
        """Return members of a server whose user name or nickname begins like this."""
        query = {"query": name, "limit": str(SEARCHED)}
        return await self._get(f"/guilds/{guild}/members/search", MEMBERS, query)

    async def channels(self, guild: str) -> tuple[WireChannel, ...]:
        """Return the channels of a server, without threads."""
        return await self._get(f"/guilds/{guild}/channels", CHANNELS)

    async def active_threads(self, guild: str) -> WireThreads:
        """Return the threads of a server that are not archived, as far as the bot may see them."""
        return await self._get(f"/guilds/{guild}/threads/active", THREAD_LISTS)

    async def archived_threads(self, channel: str) -> WireThreads:
        """Return the threads of a channel that were archived last, at most `PAGE`."""
        return await self._get(f"/channels/{channel}/threads/archived/public", THREAD_LISTS, {"limit": str(PAGE)})

    async def channel(self, channel: str) -> WireChannel:
        """Return one channel, thread or direct conversation."""
        return await self._get(f"/channels/{channel}", CHANNEL)

    async def user(self, user: str) -> WireUser | None:
        """Return somebody; None: there is no such person."""
        try:
            return await self._get(f"/users/{user}", USER)
        except TargetGone:
            return None

    async def direct(self, person: str) -> WireChannel:
        """Return the direct conversation with somebody. It is made when there is none, and then the person
        sees nothing of it."""
        answer = await self._call(
            "POST", "/users/@me/channels", effect=Effect.REPEATABLE, json={"recipient_id": person}
        )
        return self.http.decode(answer, CHANNEL)

    # Messages --------------------------------------------------------------------------------------------------------

    async def messages(
        self, channel: str, *, after: int | None = None, before: str | None = None, limit: int = PAGE
    ) -> tuple[msgspec.Raw, ...]:
        """Return a page of a channel: those right behind `after`, or right before `before`, or the newest. Newest
        first, whichever it is."""
        query = {"limit": str(limit)}
        if after is not None:
            query["after"] = str(after)
        if before is not None:
            query["before"] = before
        return await self._get(f"/channels/{channel}/messages", MESSAGES, query)

    async def message(self, channel: str, message: str) -> WireMessage:
        """Return one message.

        :raises TargetGone: there is none
        """
        return await self._get(f"/channels/{channel}/messages/{message}", MESSAGE)

    async def create_message(
        self, channel: str, body: Mapping[str, object], files: Sequence[tuple[str, Loaded]], *, deadline: timedelta
    ) -> Answer:
        """Send a message with the files, each under its name and all under the nonce in `body`; the answer holds the
        message."""
        path = f"/channels/{channel}/messages"
        return await self._send("POST", path, body, files, effect=Effect.KEYED, deadline=deadline)

    async def begin_thread(
        self, forum: str, body: Mapping[str, object], files: Sequence[tuple[str, Loaded]], *, deadline: timedelta
    ) -> Answer:
        """Begin a thread in a forum, with its first message; the answer holds the thread."""
        return await self._send("POST", f"/channels/{forum}/threads", body, files, deadline=deadline)

    async def edit_message(self, channel: str, message: str, body: Mapping[str, object]) -> None:
        """Change a message of ours."""
        path = f"/channels/{channel}/messages/{message}"
        await self._call("PATCH", path, effect=Effect.REPEATABLE, json=body)

    async def delete_message(self, channel: str, message: str) -> None:
        """Delete a message."""
        await self._call("DELETE", f"/channels/{channel}/messages/{message}", effect=Effect.REPEATABLE)

    async def react(self, channel: str, message: str, emoji: str) -> None:
        """React with a character or with `name:id`."""
        path = f"/channels/{channel}/messages/{message}/reactions/{quote(emoji, safe='')}/@me"
        await self._call("PUT", path, effect=Effect.REPEATABLE)

    async def show_typing(self, channel: str) -> None:
        """Show in a channel that we are writing, for ten seconds."""
        await self._call("POST", f"/channels/{channel}/typing", effect=Effect.REPEATABLE)

    # Commands --------------------------------------------------------------------------------------------------------

    async def replace_commands(self, application: str, commands: Sequence[Mapping[str, object]]) -> None:
        """Let the application have exactly these commands, in every server and in direct conversations."""
        path = f"/applications/{application}/commands"
        await self._call("PUT", path, effect=Effect.REPEATABLE, json=commands)

    async def acknowledge(self, interaction: str, token: str, *, private: bool, deadline: timedelta) -> None:
        """Say of a command that its answer is on its way; `private`: to whoever gave it alone. Only once: a second time
        is refused.

        :raises AlreadyAnswered: it is said already
        :raises TargetGone: too late
        """
        body: dict[str, object] = {"type": DEFERRED, **({"data": {"flags": EPHEMERAL}} if private else {})}
        path = f"/interactions/{interaction}/{token}/callback"
        with _without(token):
            await self._call("POST", path, effect=Effect.REPEATABLE, json=body, deadline=deadline)

    async def response(self, application: str, token: str) -> WireMessage:
        """Return the answer to a command as it stands.

        :raises TargetGone: it was never acknowledged, or its answer was taken away
        :raises TokenSpent: too late
        """
        with _without(token):
            return await self._get(_response(application, token), MESSAGE)

    async def edit_response(
        self,
        application: str,
        token: str,
        body: Mapping[str, object],
        files: Sequence[tuple[str, Loaded]],
        *,
        deadline: timedelta,
    ) -> Answer:
        """Write the answer to a command; the answer to the request holds the message. See `response`."""
        path = _response(application, token)
        with _without(token):
            return await self._send("PATCH", path, body, files, deadline=deadline)

    async def delete_response(self, application: str, token: str) -> None:
        """Take the answer to a command away. See `response`."""
        with _without(token):
            await self._call("DELETE", _response(application, token), effect=Effect.REPEATABLE)

    # Webhooks --------------------------------------------------------------------------------------------------------

    async def webhook(self, webhook: str, token: str) -> WireWebhook:
        """Return a webhook, by the id and the token of its address."""
        return await self._get(f"/webhooks/{webhook}/{token}", WEBHOOK)

    async def execute_webhook(
        self,
        webhook: str,
        token: str,
        body: Mapping[str, object],
        files: Sequence[tuple[str, Loaded]],
        *,
        thread: str,
        deadline: timedelta,
    ) -> Answer:
        """Send a message through a webhook, to a thread of its channel or (empty) to the channel itself; the answer
        holds the message."""
        path = f"/webhooks/{webhook}/{token}?{urlencode({'wait': 'true', **_in_thread(thread)})}"
        return await self._send("POST", path, body, files, deadline=deadline)

    async def webhook_message(self, webhook: str, token: str, message: str, *, thread: str) -> WireMessage:
        """Return a message that a webhook has sent."""
        return await self._get(f"/webhooks/{webhook}/{token}/messages/{message}", MESSAGE, _in_thread(thread))

    async def edit_webhook_message(
        self, webhook: str, token: str, message: str, body: Mapping[str, object], *, thread: str
    ) -> None:
        """Change a message that a webhook has sent."""
        await self._call("PATCH", _sent(webhook, token, message, thread), effect=Effect.REPEATABLE, json=body)

    async def delete_webhook_message(self, webhook: str, token: str, message: str, *, thread: str) -> None:
        """Delete a message that a webhook has sent."""
        await self._call("DELETE", _sent(webhook, token, message, thread), effect=Effect.REPEATABLE)

    async def _get(self, path: str, decoder: "msgspec.json.Decoder[T]", query: Mapping[str, str] | None = None) -> T:
        where = f"{path}?{urlencode(query)}" if query else path
        return self.http.decode(await self._call("GET", where, effect=Effect.REPEATABLE), decoder)

    async def _send(
        self,
        method: str,
        path: str,
        body: Mapping[str, object],
        files: Sequence[tuple[str, Loaded]],
        *,
        effect: Effect = Effect.ONCE,
        deadline: timedelta,
    ) -> Answer:
        if not files:
            return await self._call(method, path, effect=effect, json=body, deadline=deadline)

        def form() -> aiohttp.FormData:
            # Discord wants the brackets in the names of the fields as they are.
            fields = aiohttp.FormData(quote_fields=False)
            fields.add_field("payload_json", msgspec.json.encode(body).decode(), content_type="application/json")
            for number, (name, file) in enumerate(files):
                fields.add_field(f"files[{number}]", file.content, filename=name, content_type=file.media_type)
            return fields

        return await self._call(method, path, effect=effect, form=form, deadline=deadline)

    async def _call(
        self,
        method: str,
        path: str,
        *,
        effect: Effect,
        json: object = None,
        form: Form | None = None,
        deadline: timedelta | None = None,
    ) -> Answer:
        waits = self._allowance.wait(method, path)
        if waits > timedelta(0):
            raise RateLimited(
                self.http.redactor.clean(f"discord: {method} {path} has to wait: its limit is used up"),
                retry_after=waits,
                platform=self.http.platform,
                account=self.http.account,
            )
        return await self.http.call(
            method, path, effect=effect, json=json, form=form, headers=self._headers, deadline=deadline
        )


def _in_thread(thread: str) -> dict[str, str]:
    return {"thread_id": thread} if thread else {}


def _sent(webhook: str, token: str, message: str, thread: str) -> str:
    path = f"/webhooks/{webhook}/{token}/messages/{message}"
    return f"{path}?{urlencode(_in_thread(thread))}" if thread else path


def _response(application: str, token: str) -> str:
    return f"/webhooks/{application}/{token}/messages/@original"


@contextmanager
def _without(token: str) -> Generator[None, None, None]:
    """Take the token of a command, which is part of addresses, out of every error."""
    try:
        yield
    except AdapterError as error:
        error.args = tuple(str(argument).replace(token, "***") for argument in error.args)
        raise error from None
