"""The address that an owner asks for: is it alive, is it ready, is it well, and its figures."""

import asyncio
import contextlib
import errno
import socket
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from greenroom.app import Bot, vitals_of
from greenroom.clock import Clock
from greenroom.observation.health import UNOBSERVED, Condition, condition_of
from greenroom.observation.metrics import MISSING, is_installed, metrics_of, metrics_of_standby
from greenroom.observation.password import password_for
from greenroom.observation.tally import Tally
from greenroom.storage import StorageError
from greenroom.telemetry import get_log
from greenroom_adapters.contract import ConfigurationError
from greenroom_adapters.webhooks import Password, address_of, is_loopback

if TYPE_CHECKING:
    from aiohttp import web

__all__ = ["Observation"]

PATHS = "/live /ready /health /metrics"
LAST_WORDS = 1.0
"""Seconds for what is being answered when it ends."""
TRY_EVERY = 10.0
"""Seconds between two looks whether an address that was taken is free."""


class Observation:
    """Serves `/live`, `/ready`, `/health` and `/metrics` on one address, while a block runs.

    `/live`: the process turns its loop. `/ready`: a bot is shown (`show`), and each of its accounts that is not paused
    is connected; or it stands by. `/health`: nothing needs a person, in the sentences of `greenroom status`. All three
    answer 200 or 503. Elsewhere than on this machine alone, `/health` and `/metrics` want a password, and the other two
    say nothing but yes and no.

    An address that another program has stops nothing: the bot runs unobserved, says so in its status, and listens as
    soon as the address is free.
    """

    def __init__(
        self, listen: str, *, name: str, beside: Path, tally: Tally, clock: Clock, environ: Mapping[str, str]
    ) -> None:
        """Take where to listen (`HOST:PORT`, or a port of this machine alone), the bot's name, and the path `beside`
        which a password's digest is kept.

        :raises ConfigurationError: it is no address
        """
        self._host, self._port = address_of(listen)
        self._beside = beside
        self._tally = tally
        self._clock = clock
        self._environ = environ
        self._is_local = is_loopback(self._host)
        self._password: Password | None = None
        self._bot: Bot | None = None
        self._name = name
        self._stands_by = False
        self._runner: web.ServerRunner | None = None
        self._trying: asyncio.Task[None] | None = None
        self.new_password: str | None = None
        """A password that was made just now, to be told once."""

    @property
    def url(self) -> str:
        """Where it is found."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self._port}"

    @property
    def is_taken(self) -> bool:
        """Another program has the address, so nobody can observe this bot yet."""
        return self._runner is None

    @property
    def password_file(self) -> Path:
        """Where the digest of its password is kept. Without the file a new one is made at the next start."""
        return self._beside.with_name(f"{self._beside.stem}-observe") / "password"

    async def __aenter__(self) -> Self:
        """Listen, or begin to try where another program has the address.

        :raises ConfigurationError: there is no such address here, or the password is no good
        """
        if not self._is_local:
            self._password, self.new_password = await asyncio.to_thread(password_for, self.password_file, self._environ)
        if not await self._listen():
            self._trying = asyncio.create_task(self._listen_when_free())
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None
    ) -> None:
        if self._trying is not None:
            self._trying.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._trying
        if self._runner is not None:
            await self._runner.cleanup()

    def show(self, bot: Bot | None) -> None:
        """Tell of this bot from now on, which has been entered; None: it ends."""
        self._bot, self._stands_by = bot, False
        if bot is not None and self.is_taken:
            bot.ledger.remember(UNOBSERVED, f"{self._host}:{self._port}")

    async def _listen(self) -> bool:
        """Listen; return False where another program has the address."""
        # late: who is not observed needs no server
        from aiohttp import web

        from greenroom_adapters.webhooks.bounded import BoundedServer

        try:
            family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
            listener = socket.create_server((self._host, self._port), family=family)
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return False
            why = error.strerror or str(error)
            raise ConfigurationError(
                f"nothing can listen on {self._host}:{self._port} ({why}): give --observe another address"
            ) from None
        self._port = int(listener.getsockname()[1])
        runner = web.ServerRunner(BoundedServer(self._serve), shutdown_timeout=LAST_WORDS)
        await runner.setup()
        await web.SockSite(runner, listener).start()
        self._runner = runner
        return True

    async def _listen_when_free(self) -> None:
        while True:
            await self._clock.sleep(TRY_EVERY)
            try:
                if await self._listen():
                    break
            except ConfigurationError as error:
                get_log().warning("not observed", why=str(error))
        get_log().info("observed", at=self.url)
        if self._bot is not None:
            # a ledger that has failed takes no more, and its bot is about to end; the next start forgets it as well
            with contextlib.suppress(StorageError):
                self._bot.ledger.forget_fact(UNOBSERVED)

    def stand_by(self) -> None:
        """Tell from now on that another worker runs the bot: it is ready to take over, and nothing needs a person."""
        self._bot, self._stands_by = None, True

    async def _serve(self, request: "web.BaseRequest") -> "web.StreamResponse":
        from aiohttp import web

        if self._is_local and not is_loopback((request.url.host or "").strip("[]")):
            return web.Response(status=421, text="This address is not mine.\n")
        if request.method not in ("GET", "HEAD"):
            return web.Response(status=405, headers={"Allow": "GET, HEAD"})
        match request.path:
            case "/live":
                return web.Response(text="alive\n")
            case "/ready":
                return self._ready()
            case "/health" | "/metrics" if not self._may_see(request):
                return web.Response(
                    status=401,
                    headers={"WWW-Authenticate": 'Basic realm="greenroom", charset="UTF-8"'},
                    text=f"The password was printed when it was made; without {self.password_file.name} in "
                    f"{self.password_file.parent.name}/ beside the ledger, the next start makes a new one.\n",
                )
            case "/health":
                return await self._health()
            case "/metrics":
                return await self._metrics(request.headers.get("Accept", ""))
            case _:
                return web.Response(status=404, text=f"There are {PATHS}\n")

    def _may_see(self, request: "web.BaseRequest") -> bool:
        return self._password is None or self._password.fits(request.headers.get("Authorization", ""))

    def _ready(self) -> "web.Response":
        from aiohttp import web

        if self._stands_by:
            return web.Response(text="standing by\n")
        bot = self._bot
        is_ready = bot is not None and all(
            desk.is_connected or desk.pacer.paused is not None for desk in bot.desks.values()
        )
        return web.Response(text="ready\n") if is_ready else web.Response(status=503, text="not ready\n")

    async def _condition(self, bot: Bot) -> Condition:
        now = self._clock.micros()
        return await condition_of(
            bot.file,
            bot.ledger,
            now=now,
            vitals={name: vitals_of(desk, now=now) for name, desk in bot.desks.items()},
            is_valid=bot.has_valid_files,
            strayed=None if bot.ledger.strayed is None else bot.ledger.strayed.why,
        )

    async def _health(self) -> "web.Response":
        bot = self._bot
        if self._stands_by:
            return _json({"bot": self._name, "ok": True, "needs": [], "standing_by": True}, 200)
        if bot is None:
            return _json({"ok": False, "needs": ["It is starting, or it ends."]}, 503)
        try:
            condition = await self._condition(bot)
        except StorageError as error:
            return _json({"bot": bot.file.bot, "ok": False, "needs": [str(error)]}, 503)
        accounts = {
            one.name: {"platform": one.platform, "live": one.is_live, "connected": one.is_connected}
            for one in condition.accounts
        }
        body = {"bot": bot.file.bot, "ok": not condition.needs, "needs": list(condition.needs), "accounts": accounts}
        return _json(body, 503 if condition.needs else 200)

    async def _metrics(self, accept: str) -> "web.Response":
        from aiohttp import web

        if not is_installed():
            return web.Response(status=501, text=f"{MISSING}\n")
        if self._stands_by:
            body, content_type = metrics_of_standby(self._name, accept=accept)
            return web.Response(body=body, headers={"Content-Type": content_type})
        bot = self._bot
        if bot is None:
            return web.Response(status=503, text="not ready\n")
        try:
            condition = await self._condition(bot)
            body, content_type = await metrics_of(bot, self._tally, condition, clock=self._clock, accept=accept)
        except StorageError as error:
            return web.Response(status=503, text=f"{error}\n")
        return web.Response(body=body, headers={"Content-Type": content_type})


def _json(body: Mapping[str, Any], status: int) -> "web.Response":
    from aiohttp import web

    return web.json_response(body, status=status)
