"""Who may talk to the page at all: browsers on this machine, from the page's own origin."""

from collections.abc import Collection
from typing import final

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["Guard"]

LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")

HEADERS = {
    "Content-Security-Policy": "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "img-src 'self'",
            "media-src 'self'",
            "connect-src 'self'",
            "form-action 'self'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
        )
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}


@final
class Guard:
    """Middleware that refuses foreign hosts and foreign origins, and sets the headers that confine a page.

    A name that a hostile site rebound to this machine does not pass for a host of ours (421). A browser that says that
    a write comes from another origin is refused (403); what it does not say is left to the form's token.
    """

    def __init__(self, app: ASGIApp, *, hosts: Collection[str] = ()) -> None:
        """Let pass the loopback names and `hosts` (without port; IPv6 in brackets; `*`: whatever the name)."""
        self._app = app
        self._hosts = frozenset(name.lower() for name in (*LOOPBACK, *hosts))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer it."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if "*" not in self._hosts and host_name(host) not in self._hosts:
            await PlainTextResponse("This address is not mine.\n", 421)(scope, receive, send)
            return
        if scope["type"] == "http" and scope["method"] not in SAFE_METHODS and is_foreign(headers, host):
            await PlainTextResponse("Write from the page itself.\n", 403)(scope, receive, send)
            return

        async def confined(message: Message) -> None:
            if message["type"] == "http.response.start":
                answer = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    answer.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, confined)


def host_name(host: str) -> str:
    """Return a Host header without its port, in lower case."""
    if host.startswith("["):
        return host[: host.find("]") + 1].lower()
    return host.partition(":")[0].lower()


def is_foreign(headers: Headers, host: str) -> bool:
    """Say whether the browser tells that the request was made by a page of another origin."""
    if headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        return True
    origin = headers.get("origin")
    return origin is not None and origin.partition("://")[2].lower() != host.lower()
