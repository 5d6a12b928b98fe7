"""Requests are read whole, up to a size, before anything acts on them."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from greenroom_adapters.stage.wire import error_answer

__all__ = ["WholeBodies"]


class WholeBodies:
    """Collects each request's body and hands it on in one piece, so no half request ever has an effect."""

    def __init__(self, app: ASGIApp, *, largest: int, largest_upload: int) -> None:
        """`largest_upload` bytes are accepted of multipart forms, `largest` of everything else."""
        self._app = app
        self._largest = largest
        self._largest_upload = largest_upload

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        body = await self._body(scope, receive)
        if body is None:
            answer = error_answer(413, "too_long", "the body is too large")
            answer.headers["Connection"] = "close"
            await answer(scope, receive, send)
            return
        handed_on = False

        async def replay() -> Message:
            nonlocal handed_on
            if handed_on:
                return await receive()
            handed_on = True
            return {"type": "http.request", "body": body, "more_body": False}

        await self._app(scope, replay, send)

    async def _body(self, scope: Scope, receive: Receive) -> bytes | None:
        """Return the body; None: it is too large."""
        headers = dict(scope["headers"])
        upload = headers.get(b"content-type", b"").lower().startswith(b"multipart/form-data")
        largest = self._largest_upload if upload else self._largest
        announced = headers.get(b"content-length", b"0")
        if announced.isdigit() and int(announced[:18]) > largest:
            return None
        parts: list[bytes] = []
        size = 0
        more = True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                # The sender went away in the middle: nothing that it asked for is whole.
                return None
            part: bytes = message.get("body", b"")
            size += len(part)
            if size > largest:
                return None
            parts.append(part)
            more = message.get("more_body", False)
        return b"".join(parts)
