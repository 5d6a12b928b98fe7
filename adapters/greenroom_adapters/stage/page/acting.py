"""What one does on the page: every form's other end. Each answers by showing the page where its result is."""

import re
from typing import final

from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from greenroom_adapters.stage.objects import Draft, Refusal, Refused
from greenroom_adapters.stage.page.visitor import Visitor, remember_person
from greenroom_adapters.stage.state import StageState

__all__ = ["Acting", "field", "way_back"]

LOCAL_PATH = re.compile(r"/(?![/\\])[^\s\\\x00-\x1f\x7f]*")


@final
class Acting:
    """Answers POST, after the form's token was checked. Every method may raise `Refused`."""

    def __init__(self, state: StageState) -> None:
        self._state = state

    async def post(self, request: Request, visitor: Visitor, form: FormData) -> Response:
        """Publish what was written, with its picture."""
        media: tuple[str, ...] = ()
        upload = form.get("file")
        if isinstance(upload, UploadFile) and upload.filename:
            alt = field(form, "alt")
            if not alt:
                raise Refused(Refusal.MEDIA_REFUSED, "Describe the picture for people who cannot see it.")
            media = (self._state.attach(visitor.me.id, content=await upload.read(), alt=alt).id,)
        post = self._state.publish(
            visitor.me.id,
            Draft(
                text=field(form, "text"),
                in_reply_to=field(form, "in_reply_to") or None,
                quote=field(form, "quote") or None,
                room=field(form, "room") or None,
                direct_to=field(form, "direct_to") or None,
                media=media,
            ),
        )
        return see(way_back(form) if form.get("next") else post.path)

    async def edit(self, request: Request, visitor: Visitor, form: FormData) -> Response:
        """Rewrite a post of the visitor's own."""
        return see(self._state.edit(visitor.me.id, request.path_params["post_id"], field(form, "text")).path)

    async def delete(self, request: Request, visitor: Visitor, form: FormData) -> Response:
        """Delete a post of the visitor's own."""
        post_id = request.path_params["post_id"]
        self._state.delete(visitor.me.id, post_id)
        back = way_back(form)
        return see("/" if back.startswith(f"/posts/{post_id}") else back)

    async def like(self, request: Request, visitor: Visitor, form: FormData) -> Response:
        """Like a post, or no longer."""
        deed = self._state.like if is_on(form) else self._state.unlike
        deed(visitor.me.id, request.path_params["post_id"])
        return see(way_back(form))

    async def repost(self, request: Request, visitor: Visitor, form: FormData) -> Response:
        """Repost a post, or no longer."""
        deed = self._state.repost if is_on(form) else self._state.unrepost
        deed(visitor.me.id, request.path_params["post_id"])
        return see(way_back(form))

    async def follow(self, request: Request, visitor: Visitor, form: FormData) -> Response:
        """Follow somebody, or no longer."""
        deed = self._state.follow if is_on(form) else self._state.unfollow
        deed(visitor.me.id, request.path_params["handle"])
        return see(way_back(form))

    async def open_room(self, request: Request, visitor: Visitor, form: FormData) -> Response:
        """Open a room, or walk into the one of that name."""
        return see(self._state.create_room(visitor.me.id, field(form, "name")).path)

    async def join_room(self, request: Request, visitor: Visitor, form: FormData) -> Response:
        """Come into a room."""
        return see(self._state.join(visitor.me.id, request.path_params["room_id"]).path)

    async def switch_person(self, request: Request, visitor: Visitor, form: FormData) -> Response:
        """Be somebody else who is known here. Nobody can be a bot: bots speak for themselves."""
        must_be_here(visitor)
        person = self._state.account(field(form, "handle"))
        if person.bot:
            raise Refused(Refusal.FORBIDDEN, f"@{person.handle} is a bot, and speaks for itself.")
        response = see("/")
        remember_person(response, person)
        return response

    async def new_person(self, request: Request, visitor: Visitor, form: FormData) -> Response:
        """Make somebody new and be them."""
        must_be_here(visitor)
        if self._state.options.closed:
            raise Refused(Refusal.FORBIDDEN, "This Stage is closed: nobody new can come in.")
        handle = field(form, "handle").removeprefix("@")
        if self._state.find_account(handle) is not None:
            raise Refused(Refusal.INVALID, f"Somebody is called @{handle} already. Choose another handle.")
        name, bio = field(form, "name") or handle, field(form, "bio")
        response = see("/")
        remember_person(response, self._state.ensure_account(handle, name=name, bio=bio, bot=False))
        return response

    async def edit_person(self, request: Request, visitor: Visitor, form: FormData) -> Response:
        """Rewrite the visitor's own profile."""
        me = visitor.me
        self._state.update_account(me.id, name=field(form, "name") or me.handle, bio=field(form, "bio"))
        return see(me.path)


def must_be_here(visitor: Visitor) -> None:
    """Refuse what is for browsers on this machine alone.

    :raises Refused: it is on another one
    """
    if visitor.is_elsewhere:
        raise Refused(Refusal.FORBIDDEN, "Only on the machine of the Stage itself can you be somebody else.")


def field(form: FormData, name: str) -> str:
    """Return a field's text without spaces around it, its lines ended as the Stage ends them; empty when absent."""
    value = form.get(name)
    return value.replace("\r\n", "\n").strip() if isinstance(value, str) else ""


def is_on(form: FormData) -> bool:
    """Say whether a switch is to be on."""
    return form.get("on") == "yes"


def way_back(form: FormData) -> str:
    """Return the page that the form was on; the timeline when it names none of ours."""
    value = form.get("next")
    return value if isinstance(value, str) and LOCAL_PATH.fullmatch(value) else "/"


def see(path: str) -> RedirectResponse:
    """Send the browser to read a page."""
    return RedirectResponse(path, 303)
