"""The Stage's objects as JSON, and the bodies that it accepts: docs/stage-api.md in code."""

from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from greenroom_adapters.contract import Kind
from greenroom_adapters.stage.faults import Fault, FaultKind
from greenroom_adapters.stage.objects import (
    Account,
    Attachment,
    Container,
    Draft,
    Listing,
    Notification,
    Options,
    Post,
    PostRoom,
    Refusal,
    Refused,
    Room,
    Thread,
)

__all__ = [
    "FaultBody",
    "HandleBody",
    "LimitBody",
    "PersonBody",
    "PostBody",
    "RoomBody",
    "SessionBody",
    "TextBody",
    "Wire",
    "error_answer",
    "fault",
    "instance",
    "json_answer",
    "read",
    "refusal_answer",
    "room",
]

JSON = dict[str, Any]
B = TypeVar("B", bound=msgspec.Struct)

STATUS_OF = {
    Refusal.UNAUTHORIZED: 401,
    Refusal.FORBIDDEN: 403,
    Refusal.GONE: 404,
    Refusal.TARGET_GONE: 410,
    Refusal.TOO_LONG: 413,
    Refusal.MEDIA_REFUSED: 415,
    Refusal.INVALID: 422,
}
WITH_TEXT = frozenset({Kind.DIRECT_MESSAGE, Kind.REPLY, Kind.QUOTE, Kind.MENTION, Kind.MESSAGE, Kind.OWN_POST})


class SessionBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`POST /api/session`."""

    handle: str
    name: str | None = None
    bio: str | None = None
    bot: bool | None = None


class PersonBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`PATCH /api/me`."""

    name: str | None = None
    bio: str | None = None
    bot: bool | None = None


class PostBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`POST /api/posts` and `POST /api/containers`."""

    text: str
    in_reply_to: str | None = None
    quote: str | None = None
    room: str | None = None
    direct_to: str | None = None
    media: list[str] | None = None
    language: str | None = None
    content_warning: str | None = None

    def draft(self) -> Draft:
        """Return what somebody wants to publish."""
        return Draft(
            text=self.text,
            in_reply_to=self.in_reply_to,
            quote=self.quote,
            room=self.room,
            direct_to=self.direct_to,
            media=tuple(self.media or ()),
            language=self.language,
            content_warning=self.content_warning,
        )


class TextBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`PATCH /api/posts/{id}`."""

    text: str


class RoomBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`POST /api/rooms`."""

    name: str


class HandleBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`POST /api/admin/tokens` and `POST /api/admin/revoke`."""

    handle: str


class LimitBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`POST /api/admin/limit`."""

    writes: Annotated[int, msgspec.Meta(ge=1, le=1_000_000_000)]
    seconds: Annotated[float, msgspec.Meta(gt=0, le=86_400)]


class ClockBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`POST /api/admin/clock`."""

    ahead: Annotated[float, msgspec.Meta(ge=0, le=366 * 86_400)]
    """Seconds."""


class FaultBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`POST /api/admin/faults`."""

    kind: FaultKind
    count: Annotated[int, msgspec.Meta(ge=1, le=1_000_000_000)] | None = None
    chance: Annotated[float, msgspec.Meta(ge=0, le=1)] | None = None
    seconds: Annotated[float, msgspec.Meta(ge=0, le=86_400)] | None = None
    status: Annotated[int, msgspec.Meta(ge=400, le=599)] = 503
    retry_after: Annotated[float, msgspec.Meta(ge=0, le=86_400)] | None = None
    path: str = "/api/"
    method: str | None = None
    account: str | None = None

    def fault(self, fault_id: str) -> Fault:
        """Return the order: once, or until it is cleared where only a chance is named."""
        return Fault(
            id=fault_id,
            kind=self.kind,
            left=1 if self.count is None and self.chance is None else self.count,
            chance=self.chance,
            seconds=self._seconds(),
            status=self.status,
            retry_after=self.retry_after,
            path=self.path,
            method=None if self.method is None else self.method.upper(),
            account=None if self.account is None else self.account.removeprefix("@").lower(),
        )

    def _seconds(self) -> float:
        if self.seconds is not None:
            return self.seconds
        # A silence that nobody limits lasts as long as its stream.
        return float("inf") if self.kind is FaultKind.SILENT_STREAM else 1.0


async def read(request: Request, shape: type[B]) -> B:
    """Return a request's JSON body in its shape.

    The content type is required: a browser asks before it sends JSON to another site, and the Stage never agrees.

    :raises Refused: INVALID, with what is wrong and where
    """
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise Refused(Refusal.INVALID, "the body is JSON with the content type application/json")
    try:
        return msgspec.json.decode(await request.body(), type=shape)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise Refused(Refusal.INVALID, f"the body does not fit: {error}") from error


def json_answer(value: object, *, status: int = 200) -> Response:
    """Return an answer with a JSON body."""
    return Response(msgspec.json.encode(value), status_code=status, media_type="application/json")


def error_answer(status: int, code: str, message: str) -> Response:
    """Return an answer in the shape of every error."""
    return json_answer({"error": code, "message": message}, status=status)


def refusal_answer(refused: Refused) -> Response:
    """Return the answer for a refusal."""
    return error_answer(STATUS_OF[refused.refusal], refused.refusal.value, refused.message)


def time(moment: datetime) -> str:
    """Return an aware moment as ISO 8601 in UTC, with microseconds."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


class Wire:
    """Turns objects into JSON; addresses in it begin with `base_url`, which ends without a slash."""

    def __init__(self, base_url: str) -> None:
        self._base_url = base_url

    def account(self, account: Account) -> JSON:
        """Return an account."""
        return {
            "id": account.id,
            "handle": account.handle,
            "name": account.name,
            "bio": account.bio,
            "bot": account.bot,
            "url": self._base_url + account.path,
        }

    def attachment(self, attachment: Attachment) -> JSON:
        """Return what is attached to a post."""
        return {
            "url": self._base_url + attachment.path,
            "media_type": attachment.media_type,
            "alt": attachment.alt,
        }

    def post(self, post: Post) -> JSON:
        """Return a post."""
        return {
            "id": post.id,
            "url": self._base_url + post.path,
            "author": self.account(post.author),
            "text": post.text,
            "created_at": time(post.created_at),
            "edited_at": None if post.edited_at is None else time(post.edited_at),
            "in_reply_to": post.in_reply_to,
            "conversation": post.conversation,
            "quote": post.quote,
            "room": None if post.room is None else post_room(post.room),
            "by_moderator": post.by_moderator,
            "direct_to": None if post.direct_to is None else self.account(post.direct_to),
            "media": [self.attachment(attachment) for attachment in post.media],
            "language": post.language,
            "content_warning": post.content_warning,
            "likes": post.likes,
            "reposts": post.reposts,
            "replies": post.replies,
            "quotes": post.quotes,
        }

    def posts(self, posts: tuple[Post, ...]) -> JSON:
        """Return a page of posts."""
        return {"posts": [self.post(post) for post in posts]}

    def listing(self, listing: Listing) -> JSON:
        """Return an account's own posts."""
        return {**self.posts(listing.posts), "deleted": listing.deleted}

    def thread(self, thread: Thread) -> JSON:
        """Return what stands around a post."""
        return {"above": self.posts(thread.above)["posts"], "below": self.posts(thread.below)["posts"]}

    def container(self, container: Container) -> JSON:
        """Return a container."""
        post = container.post
        return {
            "id": container.id,
            "state": "open" if post is None else "published",
            "post": None if post is None else self.post(post),
        }

    def event(self, event: Notification) -> JSON:
        """Return an event."""
        known: JSON = {
            "id": event.id,
            "cursor": str(event.cursor),
            "kind": event.kind.value,
            "occurred_at": time(event.occurred_at),
        }
        actor = None if event.actor is None else self.account(event.actor)
        if event.kind in WITH_TEXT and event.post is not None:
            known["post"] = self.post(event.post)
            known["also"] = [kind.value for kind in event.also]
            if event.kind is Kind.OWN_POST:
                known["key"] = event.key
        elif event.kind is Kind.REACTION:
            known.update(post_id=event.post_id, account=actor, reaction="like")
        elif event.kind is Kind.REPOST:
            known.update(post_id=event.post_id, account=actor)
        elif event.kind is Kind.FOLLOW:
            known["account"] = actor
        elif event.kind in (Kind.JOIN, Kind.SANCTION):
            known.update(account=actor, room=None if event.room is None else post_room(event.room))
        elif event.kind is Kind.EDIT:
            known.update(post_id=event.post_id, text=event.text)
        else:
            known.update(post_id=event.post_id, account=actor)
        return known

    def events(self, events: list[Notification], cursor: int) -> JSON:
        """Return a page of events."""
        return {"events": [self.event(event) for event in events], "cursor": str(cursor)}


def post_room(room: PostRoom) -> JSON:
    """Return the room that a post stands in."""
    return {"id": room.id, "name": room.name}


def room(room: Room) -> JSON:
    """Return a room."""
    return {"id": room.id, "name": room.name, "members": room.members}


def fault(fault: Fault) -> JSON:
    """Return an order that is left."""
    shown: JSON = {name: getattr(fault, name) for name in fault.__slots__}
    shown["count"] = shown.pop("left")
    if shown["seconds"] == float("inf"):
        shown["seconds"] = None
    return shown


def instance(options: Options, now: datetime) -> JSON:
    """Return what kind of platform this is."""
    window = options.idempotency.window
    media = options.limits.media
    return {
        "name": options.name,
        "now": time(now),
        "idempotency": {
            "kind": options.idempotency.kind.name.lower(),
            "window_s": None if window is None else window.total_seconds(),
        },
        "visible_after_s": options.visible_after.total_seconds(),
        "listing_reach": options.listing_reach,
        "limits": {
            "text": [{"length": limit.length, "rule": limit.rule.value} for limit in options.limits.text],
            "media": media
            and {
                "count": media.count,
                "types": sorted(media.types),
                "bytes": media.bytes,
                "alt_length": media.alt_length,
            },
        },
    }
