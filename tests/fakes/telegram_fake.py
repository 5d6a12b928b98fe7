"""A strict fake of Telegram's Bot API on loopback: its methods, its queue of updates, its limits and its webhooks.

It runs in a thread and a loop of its own. `FakeTelegram.do` lets people act on it, past the wire. What a bot asks is
judged by the published description where its file is given; what is wrong is refused, and kept in `violations`.
"""

import asyncio
import json
import time
from collections.abc import Callable
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import aiohttp
from aiohttp import web
from telegram_contract import TelegramContract
from telegram_methods import Files, Methods
from telegram_state import Bot, Refused, State
from typing_extensions import override

from greenroom_adapters.testing.own_loop import OwnLoop
from greenroom_adapters.testing.serving import serving

__all__ = ["FakeTelegram"]

T = TypeVar("T")
AGAIN = 0.2
"""Seconds until a webhook that did not answer 200 is called again."""


class FakeTelegram(OwnLoop):
    """The server; a context manager."""

    def __init__(self, contract: Path | None = None) -> None:
        super().__init__("telegram")
        self.state = State()
        self.methods = Methods(self.state)
        self.violations: list[str] = []
        self.asked: list[tuple[str, dict[str, Any]]] = []
        """Every method that was asked for, with its parameters."""
        self.knocks: list[int] = []
        """The status of each answer of a webhook."""
        self.proxied = ""
        """What stands behind the addresses of webhooks, in place of a proxy that speaks HTTPS."""
        self._contract = None if contract is None else TelegramContract(contract)
        self._served = AsyncExitStack()
        self._calling: dict[int, asyncio.Task[None]] = {}
        self._port = 0

    @property
    def url(self) -> str:
        """Where it listens, without a slash at the end."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def is_judged(self) -> bool:
        """The description is there."""
        return self._contract is not None

    def do(self, act: Callable[[State], T]) -> T:
        """Act on the state, in the server's own loop."""

        async def now() -> T:
            return act(self.state)

        return self._run(now())

    def revoke(self, token: str) -> None:
        """Make a token worthless; whoever waits with it is told."""

        def revoked(state: State) -> None:
            bot = state.bots.pop(token)
            bot.poller = None
            bot.news.set()

        self.do(revoked)

    def leave(self) -> None:
        """Stop to listen; what it knows stays."""
        self._run(self._stop())

    def come_back(self) -> None:
        """Listen again where it did before."""
        self._run(self._start())

    @override
    async def _start(self) -> None:
        app = web.Application(client_max_size=64 * 1024 * 1024)
        app.add_routes(
            [
                web.route("*", "/bot{token}/{method}", self._call),
                web.get("/file/bot{token}/{path:.+}", self._file),
            ]
        )
        self._port = (await self._served.enter_async_context(serving(app, port=self._port))).port
        for bot in self.state.bots.values():
            self._look_after(bot)

    @override
    async def _stop(self) -> None:
        for bot in self.state.bots.values():
            bot.poller = None
            bot.news.set()
        await self._served.aclose()
        rest = asyncio.all_tasks() - {asyncio.current_task()}
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)
        self._calling.clear()

    # What is asked ---------------------------------------------------------------------------------------------------

    async def _call(self, request: web.Request) -> web.StreamResponse:
        try:
            result = await self._answer(
                request.match_info["token"], request.match_info["method"], *await _read(request)
            )
        except Refused as refused:
            body: dict[str, Any] = {"ok": False, "error_code": refused.code, "description": refused.description}
            if refused.parameters:
                body["parameters"] = refused.parameters
            return web.json_response(body, status=refused.code)
        return web.json_response({"ok": True, "result": result})

    async def _answer(self, token: str, method: str, parameters: dict[str, Any], files: Files) -> Any:
        bot = self.state.bots.get(token)
        if bot is None:
            raise Refused(401, "Unauthorized") if token.count(":") == 1 else Refused(404, "Not Found")
        self.asked.append((method, parameters))
        if self._contract is not None and (wrong := self._contract.wrong_request(method, parameters, set(files))):
            self.violations += wrong
            raise Refused(400, f"Bad Request: {wrong[0]}")
        if method == "getUpdates":
            result: Any = await self._updates(bot, parameters)
        elif (answer := getattr(self.methods, method, None)) is not None:
            result = answer(bot, files=files, **parameters)
            self._look_after(bot)
        else:
            raise Refused(404, "Not Found: method not found")
        if self._contract is not None:
            self.violations += self._contract.wrong_result(method, result)
        return result

    async def _updates(self, bot: Bot, asked: dict[str, Any]) -> list[dict[str, Any]]:
        offset = int(asked.get("offset", 0))
        if bot.webhook:
            raise Refused(
                409,
                "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the "
                "webhook first",
            )
        me = bot.poller = object()
        bot.news.set()  # whoever waited is terminated
        if "allowed_updates" in asked:
            bot.allowed = frozenset(asked["allowed_updates"])
        ends = time.monotonic() + asked.get("timeout", 0)
        # an offset that is far ahead of everything is of another time, and means the oldest (TQueue::get)
        if offset > 0 and offset <= bot.next_update + 10:
            while bot.queue and bot.queue[0]["update_id"] < offset and not bot.is_doubled:
                bot.queue.popleft()
        while not bot.queue and time.monotonic() < ends:
            bot.news.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(max(0.0, ends - time.monotonic())):
                    await bot.news.wait()
            if self.state.bots.get(bot.token) is not bot:
                raise Refused(401, "Unauthorized")
            if bot.poller is not me:
                raise Refused(
                    409,
                    "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running",
                )
        bot.is_doubled = False
        told = list(bot.queue)[: asked.get("limit", 100)]
        if self._contract is not None:
            self.violations += [wrong for update in told for wrong in self._contract.wrong_update(update)]
        return told

    async def _file(self, request: web.Request) -> web.StreamResponse:
        if request.match_info["token"] not in self.state.bots:
            raise web.HTTPUnauthorized
        for path, content in self.state.files.values():
            if path == request.match_info["path"]:
                return web.Response(body=content)
        refused = {"ok": False, "error_code": 404, "description": "Not Found"}
        return web.json_response(refused, status=404)

    # Whom it calls ---------------------------------------------------------------------------------------------------

    def _look_after(self, bot: Bot) -> None:
        """Call the webhook of a bot, as long as it has one."""
        if bot.webhook and bot.id not in self._calling:
            self._calling[bot.id] = asyncio.get_running_loop().create_task(self._call_webhook(bot))

    async def _call_webhook(self, bot: Bot) -> None:
        async with aiohttp.ClientSession() as session:
            while bot.webhook:
                if not bot.queue:
                    bot.news.clear()
                    await bot.news.wait()
                    continue
                update = bot.queue[0]
                headers = {"X-Telegram-Bot-Api-Secret-Token": bot.secret} if bot.secret else {}
                try:
                    path = urlsplit(bot.webhook).path or "/"
                    async with session.post(f"{self.proxied}{path}", json=update, headers=headers) as answer:
                        self.knocks.append(answer.status)
                        heard = answer.status == 200
                except (aiohttp.ClientError, OSError):
                    heard = False
                if not heard:
                    await asyncio.sleep(AGAIN)
                elif bot.queue and bot.queue[0] is update:
                    bot.queue.popleft()
        del self._calling[bot.id]


async def _read(request: web.Request) -> tuple[dict[str, Any], Files]:
    """Return the parameters of a request, and the files that came with it: name, media type and content of each."""
    if request.content_type == "application/json":
        return json.loads(await request.text()), {}
    parameters: dict[str, Any] = {}
    files: Files = {}
    for name, value in (await request.post()).items():
        if isinstance(value, web.FileField):
            files[name] = (value.filename, value.content_type, value.file.read())
        else:
            with suppress(ValueError):
                # whatever is no text is JSON; a text that looks like a number is one that is meant as such
                parameters[name] = json.loads(value) if name not in ("caption", "text") else value
            parameters.setdefault(name, value)
    return parameters, files
