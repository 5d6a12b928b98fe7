"""The door of a Stage that other machines can reach: whoever comes from one brings the password."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import final

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from greenroom_adapters.webhooks import Password, is_loopback

__all__ = ["ELSEWHERE", "Door", "password_beside"]

ELSEWHERE = "greenroom.elsewhere"
"""Key of a request's scope that is there when it comes from another machine."""

SIGN_IN = ("POST", "/api/session")
ENDING = ".password"
"""Of the file beside the data that keeps the digest."""


@final
class Door:
    """Middleware that lets in who is on this machine, who brings the password, and programs that have signed in.

    On this machine is who comes over loopback and calls us by a loopback name: what a proxy passes on from elsewhere
    has another name in it. Who has signed in as one account does not sign in as another with its token.
    """

    def __init__(self, app: ASGIApp, *, password: Password, has_signed_in: Callable[[str], bool]) -> None:
        """Take the password; `has_signed_in` says whether an `Authorization` header has a token of the Stage."""
        self._app = app
        self._password = password
        self._has_signed_in = has_signed_in

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or ask for the password."""
        if scope["type"] not in ("http", "websocket") or _is_here(scope):
            await self._app(scope, receive, send)
        elif self._may_pass(scope):
            await self._app({**scope, ELSEWHERE: True}, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008, "reason": "the password is missing"})
        else:
            answer = PlainTextResponse(
                "This Stage asks other machines for its password. It was printed when it was made.\n",
                401,
                {"WWW-Authenticate": 'Basic realm="Stage", charset="UTF-8"'},
            )
            await answer(scope, receive, send)

    def _may_pass(self, scope: Scope) -> bool:
        authorization = Headers(scope=scope).get("authorization", "")
        if self._password.fits(authorization):
            return True
        is_sign_in = scope["type"] == "http" and (scope["method"], scope["path"]) == SIGN_IN
        return not is_sign_in and self._has_signed_in(authorization)


def _is_here(scope: Scope) -> bool:
    client = scope.get("client")
    host = Headers(scope=scope).get("host", "")
    name = host[1 : host.find("]")] if host.startswith("[") else host.partition(":")[0]
    return client is not None and is_loopback(client[0]) and is_loopback(name)


def password_beside(data: Path) -> tuple[Password, str | None]:
    """Return the password whose digest lies beside the data file, else a new one; with it the words of a new one.

    :raises OSError: the file cannot be read or written
    """
    path = data.with_name(data.name + ENDING)
    try:
        return Password(path.read_text(encoding="ascii").strip()), None
    except FileNotFoundError:
        password, words = Password.made()
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(password.digest)
        return password, words
