"""A page that a person visits in his browser, and the address on this machine at which the browser comes back."""

import asyncio
import secrets
import socket
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

from greenroom_adapters.contract import Unavailable

__all__ = ["RETURN_TO", "Visit"]

HOST = "127.0.0.1"
PORT = 8790
"""Always the same where it is free: some platforms let a browser come back only to an address that they were told."""
PATH = "/signed-in"
RETURN_TO = f"http://{HOST}:{PORT}{PATH}"
PATIENCE = 600.0
"""Seconds in which the browser must have come back."""
OPENING = 5.0
"""Seconds after which a browser that has not said that it cannot be opened is there."""
DONE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Greenroom</title>
<body style="font: 1.1rem/1.5 system-ui; margin: 4rem auto; max-width: 30rem">
<p>You are back. Close this window, and look at the terminal.</p>
"""
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
    "Referrer-Policy": "no-referrer",
}


class Visit:
    """One visit. An async context manager: entering listens at `back`, leaving ends that.

    Any page that is open in the browser can send it there. What counts is a return from the page that was opened: with
    the `state` that stands in that page's address (RFC 6749, section 10.12), where one does; and no image or frame.
    Whatever else comes is refused, and the right one waited for.
    """

    def __init__(self) -> None:
        self._answer: asyncio.Future[dict[str, str]] | None = None
        self._page: str | None = None
        self._runner: Any = None
        self._port = PORT

    @property
    def back(self) -> str:
        """The address that a browser comes back to; valid after entering."""
        return f"http://{HOST}:{self._port}{PATH}"

    async def __aenter__(self) -> Self:
        from aiohttp import web  # dear to import

        self._answer = asyncio.get_running_loop().create_future()
        app = web.Application()
        app.router.add_get(PATH, self._came_back)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        listening = _listen()
        self._port = int(listening.getsockname()[1])
        await web.SockSite(self._runner, listening).start()
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None
    ) -> None:
        await self._runner.cleanup()

    async def open(self, page: str) -> bool:
        """Open a page in the person's browser; say whether there is one."""
        import webbrowser

        assert self._answer is not None  # noqa: S101 - whoever calls has entered
        self._page = page
        # a browser that runs in the terminal comes back to us before it ends
        opening = asyncio.ensure_future(asyncio.to_thread(webbrowser.open, page))
        await asyncio.wait((opening, self._answer), timeout=OPENING, return_when=asyncio.FIRST_COMPLETED)
        if not opening.done():
            return True
        return opening.exception() is None and opening.result()

    async def returned(self) -> dict[str, str]:
        """Return the query with which the browser came back.

        :raises Unavailable: it did not in time
        """
        assert self._answer is not None  # noqa: S101 - whoever calls has entered
        try:
            async with asyncio.timeout(PATIENCE):
                return await self._answer
        except TimeoutError:
            raise Unavailable(f"the browser has not come back within {PATIENCE / 60:.0f} minutes") from None

    async def _came_back(self, request: Any) -> Any:
        from aiohttp import web

        if request.host != f"{HOST}:{self._port}":
            # a page elsewhere that calls this address by a name of its own
            raise web.HTTPForbidden
        if not request.query:
            raise web.HTTPBadRequest(text="There is nothing in this address.")
        if not self._is_awaited(request):
            raise web.HTTPBadRequest(text="This is not the sign-in that is waited for. Begin at the page it opened.")
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(dict(request.query))
        return web.Response(text=DONE, content_type="text/html", headers=HEADERS)

    def _is_awaited(self, request: Any) -> bool:
        """Say whether this is the way back from the page that was opened."""
        # browsers say of themselves what they fetch something for, and pages cannot (Fetch Metadata)
        if self._page is None or request.headers.get("Sec-Fetch-Dest", "document") != "document":
            return False
        states = dict(parse_qsl(urlsplit(self._page).query))
        came = request.query.get("state", "")
        return "state" not in states or secrets.compare_digest(came.encode(), states["state"].encode())


def _listen() -> socket.socket:
    """Return a socket that listens at the usual port, or at a free one where another program has that."""
    for port in (PORT, 0):
        listening = socket.socket()
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((HOST, port))
            listening.listen(8)
        except OSError:
            listening.close()
            continue
        return listening
    raise Unavailable("no port of this machine can be listened at")
