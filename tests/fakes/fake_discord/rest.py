"""The HTTP API: what a bot may ask for, and what it is refused."""

import json
import re
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import BodyPartReader, web

from fake_discord.calls import Answered, Calls
from fake_discord.commands import Commands
from fake_discord.contract import Contract
from fake_discord.gateway import Gateway
from fake_discord.limits import Limits
from fake_discord.messages import Messages
from fake_discord.objects import Objects
from fake_discord.refusals import Refused
from fake_discord.saying import Saying
from fake_discord.store import Document, Store
from fake_discord.webhooks import ADDRESS, Webhooks

__all__ = ["PREFIX", "Rest"]

PREFIX = "/api/v10"
WEBHOOK_TEXT = 2000
MAJOR = re.compile(r"^/(?:channels|guilds|webhooks)/(\d+)")

Handler = Callable[..., Awaitable[Answered]]


class Rest:
    """The API, for bots."""

    def __init__(
        self,
        store: Store,
        objects: Objects,
        gateway: Gateway,
        saying: Saying,
        limits: Limits,
        *,
        contract: Contract | None,
        nonce_window: float,
        tells_nonce: bool,
    ) -> None:
        self._store = store
        self._limits = limits
        self._contract = contract
        self.calls = calls = Calls(store, objects, gateway)
        messages = Messages(store, objects, saying, nonce_window=nonce_window, tells_nonce=tells_nonce)
        self.commands = commands = Commands(store, objects, gateway, saying, calls, messages)
        self.webhooks = Webhooks(store, objects, saying, messages)
        self.violations: list[str] = []
        """What the contract does not allow, in requests and in answers."""
        self._routes: list[tuple[str, re.Pattern[str], Handler]] = [
            (method, re.compile(path), handler)
            for method, path, handler in (
                ("GET", r"/users/@me", calls.me),
                ("GET", r"/users/@me/guilds", calls.guilds),
                ("DELETE", r"/users/@me/guilds/(\d+)", calls.leave),
                ("POST", r"/users/@me/channels", calls.direct),
                ("GET", r"/users/(\d+)", calls.user),
                ("GET", r"/applications/@me", calls.application),
                ("GET", r"/gateway/bot", calls.gateway_bot),
                ("GET", r"/applications/(\d+)/commands", commands.offered),
                ("PUT", r"/applications/(\d+)/commands", commands.replace),
                ("POST", r"/interactions/(\d+)/([^/]+)/callback", commands.callback),
                ("GET", r"/webhooks/(\d+)/([^/]+)/messages/@original", commands.original),
                ("PATCH", r"/webhooks/(\d+)/([^/]+)/messages/@original", commands.edit_original),
                ("DELETE", r"/webhooks/(\d+)/([^/]+)/messages/@original", commands.delete_original),
                ("POST", r"/channels/(\d+)/typing", commands.typing),
                ("GET", r"/guilds/(\d+)", calls.guild),
                ("GET", r"/guilds/(\d+)/channels", calls.channels),
                ("GET", r"/guilds/(\d+)/threads/active", calls.threads),
                ("GET", r"/guilds/(\d+)/members/search", calls.search),
                ("GET", r"/guilds/(\d+)/members/(\d+)", calls.member),
                ("GET", r"/channels/(\d+)", messages.channel),
                ("POST", r"/channels/(\d+)/threads", messages.begin_thread),
                ("GET", r"/channels/(\d+)/threads/archived/public", messages.archived),
                ("GET", r"/channels/(\d+)/messages", messages.messages),
                ("POST", r"/channels/(\d+)/messages", messages.create),
                ("GET", r"/channels/(\d+)/messages/(\d+)", messages.message),
                ("PATCH", r"/channels/(\d+)/messages/(\d+)", messages.edit),
                ("DELETE", r"/channels/(\d+)/messages/(\d+)", messages.delete),
                ("PUT", r"/channels/(\d+)/messages/(\d+)/reactions/([^/]+)/@me", messages.react),
            )
        ]

    async def serve(self, request: web.Request) -> web.Response:
        """Answer one request."""
        method, path = request.method, request.path.removeprefix(PREFIX)
        hook = ADDRESS.fullmatch(path)
        if hook is not None and "Authorization" not in request.headers:
            return await self._serve_webhook(request, method, path, hook)
        bot = self._bot(request.headers.get("Authorization", ""))
        if bot is None:
            return web.json_response({"message": "401: Unauthorized", "code": 0}, status=401)
        if not request.headers.get("User-Agent", "").startswith("DiscordBot ("):
            return web.Response(status=403, text="error code: 1010")
        major = MAJOR.match(path)
        route = f"{method} {re.sub(r'/[0-9]+(/[^/]{40,})?', '/:id', path)}"
        headers, refusal = self._limits.count(bot["id"], route, "" if major is None else major[1])
        if refusal is not None:
            return web.json_response(refusal, status=429, headers=headers)
        body, files = await self._body(request)
        self._judge(method, path, request.query_string, body)
        try:
            status, answer = await self._handle(method, path, bot, request.query, body, files)
        except Refused as refused:
            return web.json_response(refused.body, status=refused.status, headers=headers)
        if self._contract is not None:
            wrong = self._contract.wrong_with_answer(method, path, status, answer)
            self.violations += [f"answer to {method} {path}: {words}" for words in wrong]
        if status == 204:
            return web.Response(status=204, headers=headers)
        return web.json_response(answer, status=status, headers=headers)

    async def _serve_webhook(self, request: web.Request, method: str, path: str, hook: re.Match[str]) -> web.Response:
        headers, refusal = self._limits.count(f"webhook {hook[1]}", f"{method} /webhooks/:id", hook[1])
        if refusal is not None:
            return web.json_response(refusal, status=429, headers=headers)
        body, files = await self._body(request)
        if len((body or {}).get("content") or "") <= WEBHOOK_TEXT:
            # what is longer the contract does not allow either; it is refused below, as people are refused it
            self._judge(method, path, request.query_string, body)
        try:
            status, answer = await self.webhooks.serve(method, hook, request.query, body, files)
        except Refused as refused:
            return web.json_response(refused.body, status=refused.status, headers=headers)
        if self._contract is not None:
            wrong = self._contract.wrong_with_answer(method, path, status, answer)
            self.violations += [f"answer to {method} {path}: {words}" for words in wrong]
        return (
            web.Response(status=204, headers=headers)
            if answer is None
            else web.json_response(answer, status=status, headers=headers)
        )

    async def _handle(
        self, method: str, path: str, bot: Document, query: Any, body: Any, files: list[bytes]
    ) -> Answered:
        for known, pattern, handler in self._routes:
            if known == method and (match := pattern.fullmatch(path)) is not None:
                return await handler(bot, *match.groups(), query=query, body=body, files=files)
        raise Refused(404, 0, "404: Not Found")

    async def _body(self, request: web.Request) -> tuple[Any, list[bytes]]:
        """Return the JSON of a request and its files."""
        if not request.can_read_body:
            return None, []
        if request.content_type != "multipart/form-data":
            return json.loads(await request.read()), []
        body: Any = None
        files: list[bytes] = []
        async for part in await request.multipart():
            assert isinstance(part, BodyPartReader)
            if part.name == "payload_json":
                body = json.loads(await part.read())
            elif part.name == f"files[{len(files)}]":
                files.append(bytes(await part.read()))
            else:
                self.violations.append(f"an unexpected part {part.name!r}")
        return body, files

    def _judge(self, method: str, path: str, query: str, body: Any) -> None:
        if self._contract is not None:
            wrong = self._contract.wrong_with_request(method, path, query, body)
            self.violations += [f"{method} {path}: {words}" for words in wrong]

    def _bot(self, authorization: str) -> Document | None:
        scheme, _, token = authorization.partition(" ")
        if scheme != "Bot":
            return None
        return next((bot for bot in self._store.all("bot") if bot["token"] == token), None)
