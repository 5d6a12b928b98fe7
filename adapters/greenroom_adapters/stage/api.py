"""The Stage's HTTP API: one method for each line of docs/stage-api.md."""

import contextlib
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from greenroom_adapters.contract import IdempotencyKind
from greenroom_adapters.stage import wire
from greenroom_adapters.stage.faults import Faults
from greenroom_adapters.stage.limiter import Limiter
from greenroom_adapters.stage.objects import Account, Refusal, Refused
from greenroom_adapters.stage.state import StageState

__all__ = ["Api", "bearer", "cursor_of"]

Handler = Callable[[Request], Awaitable[Response]]
Act = Callable[[Request, Account], Awaitable[Response]]
LARGEST_CURSOR = 2**62


class Api:
    """The API of one Stage, without faults: those are ordered in `Admin` and played in `FaultLayer`."""

    def __init__(self, state: StageState, *, shapes: wire.Wire, limiter: Limiter, faults: Faults | None) -> None:
        self._state = state
        self._shapes = shapes
        self._limiter = limiter
        self._faults = faults

    def routes(self) -> list[Route]:
        """Return the routes, to be mounted below `/api`."""
        known, writing = self._known, self._writing
        table: list[tuple[str, str, Handler]] = [
            ("GET", "/instance", self._instance),
            ("POST", "/session", self._sign_in),
            ("DELETE", "/session", known(self._sign_out)),
            ("GET", "/me", known(self._me)),
            ("PATCH", "/me", writing(self._change_me)),
            ("GET", "/me/posts", known(self._my_posts)),
            ("GET", "/accounts/{who}", known(self._account)),
            ("GET", "/accounts/{who}/posts", known(self._posts_of)),
            ("POST", "/accounts/{who}/follow", writing(self._follow)),
            ("DELETE", "/accounts/{who}/follow", writing(self._unfollow)),
            ("POST", "/media", writing(self._attach)),
            ("POST", "/posts", writing(self._publish)),
            ("POST", "/containers", writing(self._open_container)),
            ("GET", "/containers/{container}", known(self._container)),
            ("POST", "/containers/{container}/publish", writing(self._publish_container)),
            ("GET", "/posts/{post}", known(self._post)),
            ("PATCH", "/posts/{post}", writing(self._edit)),
            ("DELETE", "/posts/{post}", writing(self._delete)),
            ("GET", "/posts/{post}/thread", known(self._thread)),
            ("POST", "/posts/{post}/like", writing(self._on_post(self._state.like))),
            ("DELETE", "/posts/{post}/like", writing(self._on_post(self._state.unlike))),
            ("POST", "/posts/{post}/repost", writing(self._on_post(self._state.repost))),
            ("DELETE", "/posts/{post}/repost", writing(self._on_post(self._state.unrepost))),
            ("GET", "/rooms", known(self._rooms)),
            ("POST", "/rooms", writing(self._create_room)),
            ("POST", "/rooms/{room}/join", writing(self._join)),
            ("DELETE", "/rooms/{room}/join", writing(self._leave)),
            ("POST", "/rooms/{room}/moderators", writing(self._let_moderate)),
            ("DELETE", "/rooms/{room}/members/{who}", writing(self._send_away)),
            ("GET", "/rooms/{room}/posts", known(self._room_posts)),
            ("GET", "/events", known(self._events)),
        ]
        return [Route(path, handler, methods=[method]) for method, path, handler in table]

    def _known(self, act: Act) -> Handler:
        """Let only callers with a token in."""

        async def handler(request: Request) -> Response:
            return await act(request, self._state.account_of_token(bearer(request.headers.get("authorization"))))

        return handler

    def _writing(self, act: Act) -> Handler:
        """Let only callers with a token in, count their writes, and tell them what is left."""

        async def handler(request: Request) -> Response:
            account = self._state.account_of_token(bearer(request.headers.get("authorization")))
            allowance = self._limiter.count(account.id)
            if allowance.retry_after is not None:
                answer = wire.error_answer(
                    429, "rate_limited", f"too many writes: wait {allowance.retry_after} seconds"
                )
            else:
                try:
                    answer = await act(request, account)
                except Refused as refused:
                    answer = wire.refusal_answer(refused)
                except HTTPException as error:
                    answer = wire.error_answer(error.status_code, Refusal.INVALID, error.detail)
            answer.headers.update(allowance.headers())
            return answer

        return handler

    # Sign-in and the account -------------------------------------------------------------------------------------

    async def _instance(self, request: Request) -> Response:
        return wire.json_answer(wire.instance(self._state.options, self._state.now()))

    async def _sign_in(self, request: Request) -> Response:
        if self._state.options.closed:
            raise Refused(Refusal.FORBIDDEN, "this Stage is closed: its keeper hands out the tokens")
        body = await wire.read(request, wire.SessionBody)
        account = self._state.ensure_account(body.handle, name=body.name, bio=body.bio, bot=body.bot)
        token = self._state.issue_token(account.id)
        return wire.json_answer({"token": token, "account": self._shapes.account(account)})

    async def _sign_out(self, request: Request, account: Account) -> Response:
        self._state.revoke_token(bearer(request.headers.get("authorization")))
        return Response(status_code=204)

    async def _me(self, request: Request, account: Account) -> Response:
        return wire.json_answer(self._shapes.account(account))

    async def _change_me(self, request: Request, account: Account) -> Response:
        body = await wire.read(request, wire.PersonBody)
        changed = self._state.update_account(account.id, name=body.name, bio=body.bio, bot=body.bot)
        return wire.json_answer(self._shapes.account(changed))

    async def _my_posts(self, request: Request, account: Account) -> Response:
        listing = self._state.own_listing(
            account.id, limit=limit_of(request), before=request.query_params.get("before")
        )
        return wire.json_answer(self._shapes.listing(listing))

    async def _account(self, request: Request, account: Account) -> Response:
        return wire.json_answer(self._shapes.account(self._state.account(request.path_params["who"])))

    async def _posts_of(self, request: Request, account: Account) -> Response:
        author = self._state.account(request.path_params["who"])
        posts = self._state.posts_of(
            author.id, viewer=account.id, limit=limit_of(request), before=request.query_params.get("before")
        )
        return wire.json_answer(self._shapes.posts(posts))

    async def _follow(self, request: Request, account: Account) -> Response:
        self._state.follow(account.id, request.path_params["who"])
        return Response(status_code=204)

    async def _unfollow(self, request: Request, account: Account) -> Response:
        self._state.unfollow(account.id, request.path_params["who"])
        return Response(status_code=204)

    # Posting -----------------------------------------------------------------------------------------------------

    async def _attach(self, request: Request, account: Account) -> Response:
        async with request.form(max_files=1, max_fields=4, max_part_size=64 * 1024) as form:
            file, alt = form.get("file"), form.get("alt", "")
            if not isinstance(file, UploadFile) or not isinstance(alt, str):
                raise Refused(Refusal.INVALID, "a multipart form has the parts `file` (a file) and `alt` (a text)")
            attachment = self._state.attach(account.id, content=await file.read(), alt=alt)
        return wire.json_answer({"id": attachment.id, **self._shapes.attachment(attachment)})

    async def _publish(self, request: Request, account: Account) -> Response:
        if self._state.options.idempotency.kind is IdempotencyKind.TWO_PHASE:
            return wire.error_answer(405, Refusal.FORBIDDEN, "this Stage publishes in two phases: open a container")
        body = await wire.read(request, wire.PostBody)
        post = self._state.publish(
            account.id,
            body.draft(),
            key=request.headers.get("idempotency-key"),
            hidden_for=self._hidden_for(request, account),
        )
        return wire.json_answer(self._shapes.post(post))

    async def _open_container(self, request: Request, account: Account) -> Response:
        self._only_two_phase()
        body = await wire.read(request, wire.PostBody)
        return wire.json_answer({"id": self._state.open_container(account.id, body.draft()).id})

    async def _container(self, request: Request, account: Account) -> Response:
        self._only_two_phase()
        container = self._state.container(account.id, request.path_params["container"])
        return wire.json_answer(self._shapes.container(container))

    async def _publish_container(self, request: Request, account: Account) -> Response:
        self._only_two_phase()
        post = self._state.publish_container(
            account.id, request.path_params["container"], hidden_for=self._hidden_for(request, account)
        )
        return wire.json_answer(self._shapes.post(post))

    def _only_two_phase(self) -> None:
        if self._state.options.idempotency.kind is not IdempotencyKind.TWO_PHASE:
            raise Refused(Refusal.GONE, "this Stage publishes in one phase")

    def _hidden_for(self, request: Request, account: Account) -> timedelta:
        if self._faults is None:
            return timedelta(0)
        return self._faults.hidden_for(account=account.handle, path=request.url.path)

    async def _post(self, request: Request, account: Account) -> Response:
        post = self._state.post(request.path_params["post"], viewer=account.id)
        return wire.json_answer(self._shapes.post(post))

    async def _edit(self, request: Request, account: Account) -> Response:
        body = await wire.read(request, wire.TextBody)
        post = self._state.edit(account.id, request.path_params["post"], body.text)
        return wire.json_answer(self._shapes.post(post))

    async def _delete(self, request: Request, account: Account) -> Response:
        self._state.delete(account.id, request.path_params["post"])
        return Response(status_code=204)

    async def _thread(self, request: Request, account: Account) -> Response:
        thread = self._state.thread(request.path_params["post"], viewer=account.id)
        return wire.json_answer(self._shapes.thread(thread))

    def _on_post(self, act: Callable[[str, str], None]) -> Act:
        async def handler(request: Request, account: Account) -> Response:
            act(account.id, request.path_params["post"])
            return Response(status_code=204)

        return handler

    # Rooms -------------------------------------------------------------------------------------------------------

    async def _rooms(self, request: Request, account: Account) -> Response:
        return wire.json_answer({"rooms": [wire.room(room) for room in self._state.rooms()]})

    async def _create_room(self, request: Request, account: Account) -> Response:
        body = await wire.read(request, wire.RoomBody)
        return wire.json_answer(wire.room(self._state.create_room(account.id, body.name)))

    async def _join(self, request: Request, account: Account) -> Response:
        return wire.json_answer(wire.room(self._state.join(account.id, request.path_params["room"])))

    async def _leave(self, request: Request, account: Account) -> Response:
        self._state.leave(account.id, request.path_params["room"])
        return Response(status_code=204)

    async def _let_moderate(self, request: Request, account: Account) -> Response:
        body = await wire.read(request, wire.HandleBody)
        self._state.let_moderate(account.id, request.path_params["room"], body.handle)
        return Response(status_code=204)

    async def _send_away(self, request: Request, account: Account) -> Response:
        self._state.send_away(account.id, request.path_params["room"], request.path_params["who"])
        return Response(status_code=204)

    async def _room_posts(self, request: Request, account: Account) -> Response:
        posts = self._state.room_posts(
            request.path_params["room"], limit=limit_of(request), before=request.query_params.get("before")
        )
        return wire.json_answer(self._shapes.posts(posts))

    # Listening ---------------------------------------------------------------------------------------------------

    async def _events(self, request: Request, account: Account) -> Response:
        after = cursor_of(request.query_params.get("after"))
        if (since := moment_of(request.query_params.get("since"))) is not None:
            return wire.json_answer(self._shapes.events([], self._state.cursor_before(account.id, since)))
        events, cursor = self._state.events_after(account.id, after=after, limit=limit_of(request, usual=100))
        delivered = list(events) if self._faults is None else self._faults.disturb(events, account=account.handle)
        return wire.json_answer(self._shapes.events(delivered, cursor))


def bearer(header: str | None) -> str:
    """Return the token of an `Authorization` header.

    :raises Refused: UNAUTHORIZED
    """
    scheme, _, token = (header or "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise Refused(Refusal.UNAUTHORIZED, "the header is missing: Authorization: Bearer TOKEN")
    return token.strip()


def cursor_of(text: str | None) -> int | None:
    """Return a cursor as a number.

    :raises Refused: INVALID
    """
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 20 and int(text) <= LARGEST_CURSOR):
        raise Refused(Refusal.INVALID, "`after` is a cursor that the Stage gave")
    return int(text)


def moment_of(text: str | None) -> datetime | None:
    """Return an aware moment.

    :raises Refused: INVALID
    """
    if text is None:
        return None
    moment: datetime | None = None
    with contextlib.suppress(ValueError):
        moment = datetime.fromisoformat(text)
    if moment is None or moment.tzinfo is None:
        raise Refused(Refusal.INVALID, "`since` is a moment with its time zone, like 2026-11-29T12:00:00Z")
    return moment


def limit_of(request: Request, *, usual: int = 40) -> int:
    """Return how many objects a page is asked to have; the rules cut what is too many.

    :raises Refused: INVALID
    """
    text = request.query_params.get("limit")
    if text is None:
        return usual
    if not (text.isascii() and text.isdigit() and 0 < len(text) < 10 and int(text) > 0):
        raise Refused(Refusal.INVALID, "`limit` is a whole number from 1")
    return int(text)
