"""The Stage as one application: API, stream, stored media, page."""

from collections.abc import Callable, Collection
from datetime import timedelta

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Mount, Route, WebSocketRoute

from greenroom_adapters.stage import wire
from greenroom_adapters.stage.admin import Admin
from greenroom_adapters.stage.api import Api, bearer
from greenroom_adapters.stage.bodies import WholeBodies
from greenroom_adapters.stage.door import Door
from greenroom_adapters.stage.faults import FaultLayer, Faults
from greenroom_adapters.stage.limiter import Limiter, Writes
from greenroom_adapters.stage.objects import Refusal, Refused
from greenroom_adapters.stage.page import routes as page_routes
from greenroom_adapters.stage.state import StageState
from greenroom_adapters.stage.stream import Streams
from greenroom_adapters.webhooks import Password

__all__ = ["create_app"]

LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
LARGEST_BODY = 256 * 1024
MEDIA_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cache-Control": "private, max-age=31536000, immutable",
}


def create_app(
    state: StageState,
    *,
    base_url: str,
    new_id: Callable[[], str],
    faults: Faults | None = None,
    writes: Writes | None = None,
    hosts: Collection[str] = (),
    password: Password | None = None,
) -> Starlette:
    """Return the application of a Stage.

    Addresses in answers begin with `base_url`. `faults` None: nothing can be ordered and nothing goes wrong. `writes`
    limits each account; None: 60,000 a minute. Requests must name a loopback address or one of `hosts` (without port;
    IPv6 in brackets), so that no website can reach the Stage by giving its own name this machine's address. With a
    `password`, who comes from elsewhere brings it, or the token of an account. The state stays its opener's to stop.
    """
    shapes = wire.Wire(base_url.rstrip("/"))
    limiter = Limiter(writes or Writes(number=60_000, per=timedelta(minutes=1)), now=state.now)
    api = Api(state, shapes=shapes, limiter=limiter, faults=faults)
    admin = Admin(state, limiter=limiter, faults=faults, new_id=new_id)
    streams = Streams(state, shapes=shapes, faults=faults)
    media_limit = state.options.limits.media
    largest_upload = LARGEST_BODY + (0 if media_limit is None else media_limit.count * media_limit.bytes)
    middleware = [
        Middleware(TrustedHostMiddleware, allowed_hosts=[*LOOPBACK, *hosts], www_redirect=False),
        Middleware(WholeBodies, largest=LARGEST_BODY, largest_upload=largest_upload),
    ]
    if password is not None:
        knows = Middleware(Door, password=password, has_signed_in=lambda header: handle_of(state, header) is not None)
        middleware.insert(1, knows)
    if faults is not None:
        middleware.append(
            Middleware(FaultLayer, faults=faults, account_of=lambda header: handle_of(state, header), now=state.now)
        )

    async def media(request: Request) -> Response:
        attachment, file = state.media_file(request.path_params["media"])
        return FileResponse(file, media_type=attachment.media_type, headers=MEDIA_HEADERS)

    api_app = Starlette(
        routes=[
            Mount("/admin", routes=admin.routes()),
            WebSocketRoute("/stream", streams.serve),
            *api.routes(),
        ],
        exception_handlers={Refused: refused, HTTPException: failed, Exception: broken},
    )
    return Starlette(
        routes=[Mount("/api", app=api_app), Route("/media/{media}", media), *page_routes(state, hosts=hosts)],
        middleware=middleware,
        exception_handlers={Refused: refused},
    )


def handle_of(state: StageState, header: str) -> str | None:
    """Return the handle that an `Authorization` header speaks for."""
    try:
        return state.account_of_token(bearer(header)).handle
    except Refused:
        return None


async def refused(request: Request, error: Exception) -> Response:
    """Answer a refusal."""
    if not isinstance(error, Refused):
        raise error
    return wire.refusal_answer(error)


async def broken(request: Request, error: Exception) -> Response:
    """Answer what nobody foresaw (a full disk); the server's log has it in full."""
    return wire.error_answer(500, "broken", "the Stage failed: its log says why")


async def failed(request: Request, error: Exception) -> Response:
    """Answer what the routing or a parser refused."""
    if not isinstance(error, HTTPException):
        raise error
    code = {404: Refusal.GONE, 403: Refusal.FORBIDDEN, 405: Refusal.FORBIDDEN}.get(error.status_code, Refusal.INVALID)
    answer = wire.error_answer(error.status_code, code, error.detail)
    answer.headers.update(error.headers or {})
    return answer
