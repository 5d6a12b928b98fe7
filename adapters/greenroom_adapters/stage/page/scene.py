"""What every page has around its own content, and how a page is rendered."""

import json
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import files
from typing import Any, final

import jinja2
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from greenroom_adapters.contract import Kind
from greenroom_adapters.stage.page.text import ago, full_date, rich, visible
from greenroom_adapters.stage.page.views import TOLD, Person, Views
from greenroom_adapters.stage.page.visitor import Visitor, remember_session
from greenroom_adapters.stage.state import StageState

__all__ = ["Renderer", "Scene", "Tab"]

PACKAGE = "greenroom_adapters.stage.page"
EVERYBODY = 200
RECENT = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Tab:
    """One entry of the main navigation."""

    label: str
    href: str
    icon: str
    current: bool
    count: str = ""
    """How many new things are there, as shown; empty: none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What every template may use."""

    stage_name: str
    me: Person
    people: tuple[Person, ...]
    """Whom the browser can be; none: it cannot be somebody else."""
    is_elsewhere: bool
    """It is on another machine."""
    bots: tuple[Person, ...]
    tabs: tuple[Tab, ...]
    token: str
    here: str
    """Path and query to come back to after a form."""
    now: datetime
    limits_json: str
    picture_types: str
    alt_length: int


@final
class Renderer:
    """Renders templates for a visitor."""

    def __init__(self, state: StageState) -> None:
        self._state = state
        self._templates = jinja2.Environment(
            loader=jinja2.FunctionLoader(read_template),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
        )
        filters: dict[str, Any] = self._templates.filters
        filters.update(ago=ago, full_date=full_date, rich=self._rich, visible=visible)

    def page(
        self,
        request: Request,
        visitor: Visitor,
        template: str,
        *,
        status: int = 200,
        here: str | None = None,
        **content: Any,
    ) -> Response:
        """Return a page; `content` is what its template shows beside the scene."""
        scene = self._scene(request, visitor, here=here)
        html = self._templates.get_template(template).render(scene=scene, **content)
        response = HTMLResponse(html, status, headers={"Cache-Control": "no-store"})
        remember_session(response, visitor)
        return response

    def _rich(self, text: str) -> Markup:
        return rich(text, is_known=lambda handle: self._state.find_account(handle) is not None)

    def _scene(self, request: Request, visitor: Visitor, *, here: str | None) -> Scene:
        views = Views(self._state, viewer=visitor.me)
        everybody = self._state.search_accounts(limit=EVERYBODY)
        limits = self._state.options.limits
        return Scene(
            stage_name=self._state.options.name,
            me=views.person(visitor.me),
            people=() if visitor.is_elsewhere else tuple(views.person(one) for one in everybody if not one.bot),
            is_elsewhere=visitor.is_elsewhere,
            bots=tuple(views.person(one) for one in everybody if one.bot),
            tabs=self._tabs(request.url.path, visitor),
            token=visitor.token,
            here=here or request.url.path + (f"?{request.url.query}" if request.url.query else ""),
            now=self._state.now(),
            limits_json=json.dumps([{"length": one.length, "rule": one.rule.value} for one in limits.text]),
            picture_types="" if limits.media is None else ",".join(sorted(limits.media.types)),
            alt_length=0 if limits.media is None else limits.media.alt_length,
        )

    def _tabs(self, path: str, visitor: Visitor) -> tuple[Tab, ...]:
        recent = self._state.notifications(visitor.me.id, limit=RECENT)
        news = sum(one.kind in TOLD and one.cursor > visitor.seen.news for one in recent)
        letters = sum(one.kind is Kind.DIRECT_MESSAGE and one.cursor > visitor.seen.letters for one in recent)
        mine = visitor.me.path
        return (
            tab("Timeline", "/", "timeline", current=path == "/"),
            tab("Rooms", "/rooms", "rooms", current=path.startswith("/rooms")),
            tab("Messages", "/messages", "letters", current=path.startswith("/messages"), count=letters),
            tab("Notifications", "/notifications", "news", current=path == "/notifications", count=news),
            tab("Profile", mine, "person", current=path == mine),
        )


def tab(label: str, href: str, icon: str, *, current: bool, count: int = 0) -> Tab:
    """Return an entry of the navigation; the page that one is on counts nothing as new."""
    shown = "" if current or not count else str(count) if count < 10 else "9+"
    return Tab(label=label, href=href, icon=icon, current=current, count=shown)


def read_template(name: str) -> str:
    """Return a template of this package."""
    return files(PACKAGE).joinpath("templates", name).read_text("utf-8")
