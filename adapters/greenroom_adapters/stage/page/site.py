"""The page's addresses, and what they have in common: recognising who asks, checking forms, explaining refusals."""

import hashlib
import secrets
from collections.abc import Awaitable, Callable, Collection
from importlib.resources import files

from starlette.datastructures import FormData
from starlette.middleware import Middleware
from starlette.middleware.body_limit import RequestBodyLimitMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from greenroom_adapters.stage.objects import Refusal, Refused
from greenroom_adapters.stage.page.acting import Acting, field, way_back
from greenroom_adapters.stage.page.guard import Guard
from greenroom_adapters.stage.page.reading import Reading
from greenroom_adapters.stage.page.scene import PACKAGE, Renderer
from greenroom_adapters.stage.page.text import sentence
from greenroom_adapters.stage.page.visitor import Visitor, Visitors
from greenroom_adapters.stage.state import StageState

__all__ = ["routes"]

Endpoint = Callable[[Request], Awaitable[Response]]
Show = Callable[[Request, Visitor], Response]
Act = Callable[[Request, Visitor, FormData], Awaitable[Response]]

STATUS = {
    Refusal.UNAUTHORIZED: 401,
    Refusal.FORBIDDEN: 403,
    Refusal.GONE: 404,
    Refusal.TARGET_GONE: 410,
    Refusal.TOO_LONG: 413,
    Refusal.MEDIA_REFUSED: 415,
    Refusal.INVALID: 422,
}
DRAFT_FIELDS = ("in_reply_to", "quote", "room", "direct_to")
FIELD_BYTES = 256 * 1024
STATIC_TYPES = {"stage.css": "text/css", "stage.js": "text/javascript", "mark.svg": "image/svg+xml"}


def routes(
    state: StageState,
    *,
    hosts: Collection[str] = (),
    new_session: Callable[[], str] = secrets.token_urlsafe,
) -> list[BaseRoute]:
    """Return the page's routes, each behind its own `Guard`; `/media/…` is the server's.

    `hosts` are names under which the server is reached beside the loopback ones (without port; IPv6 in brackets);
    `*` is any name. Nothing is started; open streams end when the state's `watch` ends.
    """
    renderer = Renderer(state)
    visitors = Visitors(state, key=new_session().encode(), new_session=new_session)
    reading = Reading(state, renderer=renderer)
    acting = Acting(state)
    media = state.options.limits.media
    # Room for a picture that is too large by some: the Stage then says so itself, in words.
    largest = 1024 * 1024 + (0 if media is None else 4 * media.bytes)
    guard = Middleware(Guard, hosts=tuple(hosts))
    body_limit = Middleware(RequestBodyLimitMiddleware, max_body_size=largest)

    def get(path: str, show: Show) -> Route:
        return Route(path, shown(show, visitors, renderer), methods=["GET"], middleware=[guard])

    def post(path: str, act: Act) -> Route:
        return Route(path, done(act, visitors, renderer), methods=["POST"], middleware=[guard, body_limit])

    return [
        get("/", reading.timeline),
        get("/live", reading.live),
        get("/tags/{tag}", reading.tag),
        get("/@{handle}", reading.profile),
        post("/@{handle}/follow", acting.follow),
        post("/posts", acting.post),
        get("/posts/{post_id}", reading.thread),
        get("/posts/{post_id}/edit", reading.editing),
        post("/posts/{post_id}/edit", acting.edit),
        get("/posts/{post_id}/quote", reading.quoting),
        post("/posts/{post_id}/delete", acting.delete),
        post("/posts/{post_id}/like", acting.like),
        post("/posts/{post_id}/repost", acting.repost),
        get("/rooms", reading.rooms),
        post("/rooms", acting.open_room),
        get("/rooms/{room_id}", reading.room),
        post("/rooms/{room_id}/join", acting.join_room),
        get("/messages", reading.messages),
        get("/messages/{handle}", reading.conversation),
        get("/notifications", reading.notifications),
        get("/people/new", reading.new_person),
        post("/people/new", acting.new_person),
        get("/people/edit", reading.edit_person),
        post("/people/edit", acting.edit_person),
        post("/people/switch", acting.switch_person),
        *(
            Route(f"/static/{name}", static(name, kind), methods=["GET"], middleware=[guard])
            for name, kind in STATIC_TYPES.items()
        ),
        get("/{elsewhere:path}", reading.nowhere),
    ]


def shown(show: Show, visitors: Visitors, renderer: Renderer) -> Endpoint:
    """Return an endpoint that shows a page, or why it cannot."""

    async def endpoint(request: Request) -> Response:
        visitor = visitors.recognise(request)
        try:
            return show(request, visitor)
        except Refused as refused:
            return renderer.page(
                request,
                visitor,
                "refused.html",
                status=STATUS[refused.refusal],
                here="/",
                title="Not here" if refused.refusal is Refusal.GONE else "That does not work",
                sentence=sentence(refused.message),
                draft=None,
                fields={},
                back="/",
            )

    return endpoint


def done(act: Act, visitors: Visitors, renderer: Renderer) -> Endpoint:
    """Return an endpoint that does what a form asks for, or says why not and hands the text back."""

    async def endpoint(request: Request) -> Response:
        visitor = visitors.recognise(request)
        async with request.form(max_files=1, max_fields=20, max_part_size=FIELD_BYTES) as form:
            try:
                visitors.check(request, form.get("token"))
                return await act(request, visitor, form)
            except Refused as refused:
                return renderer.page(
                    request,
                    visitor,
                    "refused.html",
                    status=STATUS[refused.refusal],
                    here=way_back(form),
                    title="That does not work",
                    sentence=sentence(refused.message),
                    draft=field(form, "text") if "text" in form else None,
                    fields={name: field(form, name) for name in DRAFT_FIELDS if field(form, name)},
                    back=way_back(form),
                )

    return endpoint


def static(name: str, kind: str) -> Endpoint:
    """Return an endpoint for a file of this package; a browser keeps it and asks whether it is still the same."""
    content = files(PACKAGE).joinpath("static", name).read_bytes()
    tag = f'"{hashlib.sha256(content).hexdigest()[:20]}"'
    headers = {"ETag": tag, "Cache-Control": "no-cache"}

    async def endpoint(request: Request) -> Response:
        if request.headers.get("if-none-match") == tag:
            return Response(status_code=304, headers=headers)
        return Response(content, media_type=kind, headers=headers)

    return endpoint
