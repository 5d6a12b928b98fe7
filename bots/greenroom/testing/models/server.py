"""The server itself: takes requests, carries out orders, and remembers what passed."""

import asyncio
import json
from collections import deque
from collections.abc import Callable, Collection, Mapping
from contextlib import AsyncExitStack
from datetime import datetime
from types import TracebackType
from typing import Any, Self, assert_never

import msgspec
from aiohttp import BodyPartReader, web

from greenroom.testing.models.asked import Chat, Drawing, Embedding, Moderation, read
from greenroom.testing.models.billing import costs
from greenroom.testing.models.chatting import BORN, chunks, completion, default
from greenroom.testing.models.checks import BadRequest
from greenroom.testing.models.drawing import draw, pictures
from greenroom.testing.models.exchange import Endpoint, Exchange
from greenroom.testing.models.measuring import judgement, vectors
from greenroom.testing.models.orders import Breaks, Fails, Order, Says, Sends
from greenroom_adapters.testing.serving import Serving, serving

__all__ = ["ModelServer"]

LARGEST_BODY = 64 * 1024 * 1024
IMAGES = "image", "image[]"
"""Names under which a form sends what is edited."""


class ModelServer:
    """A model server on a free port of 127.0.0.1, while its block runs.

    It answers chat completions (whole and as a stream), pictures and their edits, embeddings, moderations and the list
    of models, and tells an admin key what it has billed. What the vendor's server would turn away it turns away, in
    the same words of the protocol: unknown parameters, wrong types, results of tools that nobody called for, pictures
    that are none.

    `will` orders what the next requests of one kind meet; `always` what all others meet. Without an order a chat
    completion says "This is answer 1." and so on (or the plainest JSON that its schema allows), a picture is a real
    file of the size asked for, an embedding is nearer to another the more words they share, and nothing is flagged.
    The same requests in the same order have the same answers.
    """

    def __init__(
        self,
        *,
        key: str | None = None,
        models: Collection[str] | None = None,
        writes: Callable[[dict[str, Any]], str | Order] | None = None,
        flags: Mapping[str, str | tuple[str, float]] | None = None,
    ) -> None:
        """Say what the server knows.

        `key`: the only one it takes; None: any. `models`: those it has; None: whatever is asked for. `writes`: what it
        says to the body of a chat completion when nothing was ordered. `flags`: word → category of a moderation that a
        text with this word shows, or that and its score.
        """
        self._key = key
        self._models = models
        self._writes = writes
        self.flags = dict(flags or {})
        self.admin_key: str | None = None
        """The only key to which it says what it has billed; None: it says it to nobody."""
        self.billed: dict[tuple[datetime, str], float] = {}
        """(beginning of a day in UTC, project) → US dollars."""
        self.bills: list[dict[str, Any]] = []
        """What it said of that, in order."""
        self._next: dict[Endpoint, deque[Order]] = {endpoint: deque() for endpoint in Endpoint}
        self._always: dict[Endpoint, Order] = {}
        self._files: dict[str, bytes] = {}
        self._serving: Serving | None = None
        self._stack = AsyncExitStack()
        self._answered = 0
        self.exchanges: list[Exchange] = []
        """Everything that was asked, in order."""
        self.heard = asyncio.Event()
        """Set by every request; a test clears it."""
        self.gate = asyncio.Event()
        """Cleared by a test, it keeps answers back."""
        self.gate.set()
        self.at_work = 0
        """Requests that have no answer yet."""
        self.most_at_work = 0
        """The most of them at one time so far."""

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=LARGEST_BODY)
        for endpoint in Endpoint:
            app.router.add_post(f"/v1{endpoint}", self._answering(endpoint))
        app.router.add_get("/v1/models", self._list)
        app.router.add_get("/v1/organization/costs", self._costs)
        app.router.add_get("/files/{name:.+}", self._file)
        self._serving = await self._stack.enter_async_context(serving(app, handler_cancellation=True))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.gate.set()
        await self._stack.aclose()

    @property
    def url(self) -> str:
        """What a bot file writes as `server`."""
        return f"{self._address}/v1"

    @property
    def _address(self) -> str:
        if self._serving is None:
            raise RuntimeError("the server does not run: use it as `async with ModelServer() as server`")
        return f"http://127.0.0.1:{self._serving.port}"

    def will(self, *orders: Order, on: Endpoint = Endpoint.CHAT) -> None:
        """Let the next requests meet these orders, one each, after those that wait already."""
        self._next[on].extend(orders)

    def always(self, order: Order | None, on: Endpoint = Endpoint.CHAT) -> None:
        """Let all requests without an order of their own meet this one; None: as it was."""
        if order is None:
            self._always.pop(on, None)
        else:
            self._always[on] = order

    def asked(self, endpoint: Endpoint = Endpoint.CHAT) -> list[dict[str, Any]]:
        """Return the bodies of all requests of one kind, in order."""
        return [exchange.body for exchange in self.exchanges if exchange.endpoint is endpoint]

    def _answering(self, endpoint: Endpoint) -> Callable[[web.Request], Any]:
        async def answer(request: web.Request) -> web.StreamResponse:
            self.at_work += 1
            self.most_at_work = max(self.most_at_work, self.at_work)
            try:
                return await self._answer(endpoint, request)
            finally:
                self.at_work -= 1

        return answer

    async def _answer(self, endpoint: Endpoint, request: web.Request) -> web.StreamResponse:
        exchange = Exchange(endpoint=endpoint, body={}, authorization=request.headers.get("Authorization", ""))
        self.exchanges.append(exchange)
        try:
            exchange.body = await _body(endpoint, request)
            self.heard.set()
            self._check_key(exchange.authorization)
            asked = read(endpoint, exchange.body)
            self._check_model(asked.model)
        except BadRequest as bad:
            exchange.turned_away = True
            return _failed(exchange, _refusal(bad))
        self._answered += 1
        number = self._answered
        order = self._order(endpoint, exchange, asked, number)
        broken = order if isinstance(order, Breaks) else None
        if broken is not None and (order := broken.order) is None:
            order = self._unordered(exchange, asked, number)
        await asyncio.sleep(broken.wait if broken else order.wait if order else 0)
        await self.gate.wait()
        match order:
            case Fails():
                return _failed(exchange, order)
            case Sends():
                exchange.status = order.status
                return web.Response(body=order.body, status=order.status, headers=order.headers)
            case _:
                return await self._send(request, exchange, asked, order, broken, number)

    def _order(self, endpoint: Endpoint, exchange: Exchange, asked: object, number: int) -> Order | None:
        if self._next[endpoint]:
            return self._next[endpoint].popleft()
        return self._always.get(endpoint) or self._unordered(exchange, asked, number)

    def _unordered(self, exchange: Exchange, asked: object, number: int) -> Order | None:
        if not isinstance(asked, Chat):
            return None
        if self._writes is None:
            return default(asked, number)
        written = self._writes(exchange.body)
        return Says(written) if isinstance(written, str) else written

    async def _send(
        self,
        request: web.Request,
        exchange: Exchange,
        asked: Chat | Drawing | Embedding | Moderation,
        order: Order | None,
        broken: Breaks | None,
        number: int,
    ) -> web.StreamResponse:
        exchange.status = 200
        match asked:
            case Chat():
                whole = completion(asked, order or default(asked, number), number=number, model=asked.model)
                if asked.stream:
                    return await _stream(request, exchange, list(chunks(asked, whole)), broken)
                exchange.answer = whole
            case Drawing():
                files = await asyncio.to_thread(draw, asked)
                self._files |= {f"{number}/{index}.png": file for index, file in enumerate(files)}
                address = f"{self._address}/files/{number}"
                exchange.answer = pictures(asked, files, number=number, address=address)
            case Embedding():
                exchange.answer = vectors(asked)
            case Moderation():
                exchange.answer = judgement(asked, self.flags, number=number)
            case _:
                assert_never(asked)
        if broken is None:
            return web.json_response(exchange.answer)
        return await _broken(request, json.dumps(exchange.answer).encode(), broken.at)

    def _check_key(self, authorization: str) -> None:
        given = authorization.removeprefix("Bearer ").strip()
        if not given or (self._key is not None and given != self._key):
            raise BadRequest("Incorrect API key provided.", code="invalid_api_key", status=401)

    def _check_admin(self, authorization: str) -> None:
        if self.admin_key is None or authorization.removeprefix("Bearer ").strip() != self.admin_key:
            raise BadRequest("You have insufficient permissions for this operation.", status=403)

    def _check_model(self, model: str) -> None:
        if self._models is not None and model not in self._models:
            raise BadRequest(f"The model `{model}` does not exist.", code="model_not_found", status=404)

    async def _list(self, request: web.Request) -> web.StreamResponse:
        try:
            self._check_key(request.headers.get("Authorization", ""))
        except BadRequest as bad:
            return web.json_response(_error(_refusal(bad)), status=bad.status)
        known = [{"id": name, "object": "model", "created": BORN, "owned_by": "tests"} for name in self._models or ()]
        return web.json_response({"object": "list", "data": known})

    async def _costs(self, request: web.Request) -> web.StreamResponse:
        try:
            self._check_admin(request.headers.get("Authorization", ""))
            answer = costs(request.query, self.billed)
        except BadRequest as bad:
            return web.json_response(_error(_refusal(bad)), status=bad.status)
        self.bills.append(answer)
        return web.json_response(answer)

    async def _file(self, request: web.Request) -> web.StreamResponse:
        file = self._files.get(request.match_info["name"])
        return web.Response(status=404) if file is None else web.Response(body=file, content_type="image/png")


def _refusal(bad: BadRequest) -> Fails:
    return Fails(bad.status, code=bad.code, type="invalid_request_error", message=str(bad), param=bad.param)


def _error(order: Fails) -> dict[str, Any]:
    return {"error": {"message": order.message, "type": order.type, "param": order.param, "code": order.code}}


def _failed(exchange: Exchange, order: Fails) -> web.Response:
    exchange.status, exchange.answer = order.status, _error(order)
    return web.json_response(exchange.answer, status=order.status, headers=order.headers)


async def _body(endpoint: Endpoint, request: web.Request) -> dict[str, Any]:
    """Return what was sent: JSON, or the form of an edit."""
    if endpoint is not Endpoint.EDITS:
        try:
            return msgspec.json.decode(await request.read(), type=dict[str, Any])
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise BadRequest("We could not parse the JSON body of your request.") from error
    if request.content_type != "multipart/form-data":
        raise BadRequest("This server of the tests takes edits as multipart/form-data.")
    form: dict[str, Any] = {}
    images: list[bytes] = []
    async for part in await request.multipart():
        if not isinstance(part, BodyPartReader) or (name := part.name) is None:
            raise BadRequest("A part of the form has no name.")
        data = bytes(await part.read())
        if name in IMAGES:
            images.append(data)
        elif name == "mask":
            form[name] = data
        else:
            form[name] = data.decode()
    return form | {"image": images} if images else form


async def _stream(
    request: web.Request, exchange: Exchange, parts: list[dict[str, Any]], broken: Breaks | None
) -> web.StreamResponse:
    """Send a stream; a broken one ends within, without its last words."""
    if broken is not None and broken.at <= 0:
        return _cut(request)
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream; charset=utf-8"})
    await response.prepare(request)
    for part in parts if broken is None else parts[: int(len(parts) * broken.at)]:
        await response.write(b"data: " + json.dumps(part).encode() + b"\n\n")
        exchange.chunks.append(part)
    if broken is not None:
        return _cut(request, response)
    await response.write(b"data: [DONE]\n\n")
    await response.write_eof()
    return response


async def _broken(request: web.Request, whole: bytes, at: float) -> web.StreamResponse:
    """Promise the whole, send a share, and cut the connection."""
    if at <= 0:
        return _cut(request)
    response = web.StreamResponse(headers={"Content-Type": "application/json", "Content-Length": str(len(whole))})
    await response.prepare(request)
    await response.write(whole[: int(len(whole) * at)])
    return _cut(request, response)


def _cut(request: web.Request, response: web.StreamResponse | None = None) -> web.StreamResponse:
    if request.transport is not None:
        # what was written so far leaves before the connection ends
        request.transport.close() if response is not None else request.transport.abort()
    return response or web.Response()
