"""The pages that one reads."""

from collections.abc import Callable
from typing import final

from starlette.requests import Request
from starlette.responses import Response

from greenroom_adapters.stage.objects import Notification, Post, Refusal, Refused
from greenroom_adapters.stage.page.live import live
from greenroom_adapters.stage.page.scene import Renderer
from greenroom_adapters.stage.page.text import TAG
from greenroom_adapters.stage.page.views import News, Shown, Views
from greenroom_adapters.stage.page.visitor import Seen, Visitor, remember_seen
from greenroom_adapters.stage.state import StageState

__all__ = ["Reading"]

PAGE = 40
BATCH = 100
REACH = 2000
"""How many posts or events are looked through for one filtered page."""
DEEPEST = 4


@final
class Reading:
    """Answers GET. Every method may raise `Refused`."""

    def __init__(self, state: StageState, *, renderer: Renderer) -> None:
        self._state = state
        self._renderer = renderer

    def nowhere(self, request: Request, visitor: Visitor) -> Response:
        """Refuse an address that leads to no page."""
        raise Refused(Refusal.GONE, "there is no such page")

    def timeline(self, request: Request, visitor: Visitor) -> Response:
        """Show everyone's posts, or those of whom the visitor follows."""
        before = request.query_params.get("before")
        following = request.query_params.get("of") == "following"
        posts = self._sift(self._is_followed_by(visitor), before) if following else self._timeline(before)
        return self._renderer.page(
            request,
            visitor,
            "timeline.html",
            title="Timeline",
            tag="",
            following=following,
            posts=self._views(visitor).posts(posts),
            older=older("/", posts, {"of": "following"} if following else {}),
        )

    def tag(self, request: Request, visitor: Visitor) -> Response:
        """Show the posts with a tag."""
        name = request.path_params["tag"]
        posts = self._sift(
            lambda post: any(found.lower() == name.lower() for found in TAG.findall(post.text)),
            request.query_params.get("before"),
        )
        return self._renderer.page(
            request,
            visitor,
            "timeline.html",
            title=f"#{name}",
            tag=name,
            following=False,
            posts=self._views(visitor).posts(posts),
            older=older(request.url.path, posts),
        )

    def thread(self, request: Request, visitor: Visitor) -> Response:
        """Show a post with what stands above and below it."""
        post = self._state.post(request.path_params["post_id"], viewer=visitor.me.id)
        thread = self._state.thread(post.id, viewer=visitor.me.id)
        views = self._views(visitor)
        depths = {post.id: 0}
        for answer in thread.below:  # oldest first: what is answered comes before its answers
            depths[answer.id] = min(depths.get(answer.in_reply_to or "", 0) + 1, DEEPEST)
        first = (*thread.above, post)[0]
        return self._renderer.page(
            request,
            visitor,
            "thread.html",
            post=views.post(post),
            above=views.posts(thread.above),
            gap=first.in_reply_to is not None,
            below=[(depths[one.id], one) for one in by_branch(post.id, views.posts(thread.below), thread.below)],
            opening="" if post.author.id == visitor.me.id else f"@{post.author.handle} ",
        )

    def editing(self, request: Request, visitor: Visitor) -> Response:
        """Show a post of the visitor's own for rewriting."""
        post = self._state.post(request.path_params["post_id"], viewer=visitor.me.id)
        if post.author.id != visitor.me.id:
            raise Refused(Refusal.FORBIDDEN, "This post is not yours.")
        shown = self._views(visitor).post(post)
        return self._renderer.page(request, visitor, "write.html", title="Edit your post", editing=True, post=shown)

    def quoting(self, request: Request, visitor: Visitor) -> Response:
        """Show a post with a place to write about it."""
        post = self._views(visitor).post(self._state.post(request.path_params["post_id"], viewer=visitor.me.id))
        return self._renderer.page(request, visitor, "write.html", title="Quote a post", editing=False, post=post)

    def profile(self, request: Request, visitor: Visitor) -> Response:
        """Show an account with its posts."""
        profile = self._state.profile(request.path_params["handle"], viewer=visitor.me.id)
        # Without a viewer: what was written in confidence is for the messages page, not for the profile.
        posts = self._state.posts_of(profile.account.id, limit=PAGE, before=request.query_params.get("before"))
        views = self._views(visitor)
        return self._renderer.page(
            request,
            visitor,
            "profile.html",
            person=views.person(profile.account),
            counts=profile,
            followed=profile.followed,
            posts=views.posts(posts),
            older=older(profile.account.path, posts),
        )

    def rooms(self, request: Request, visitor: Visitor) -> Response:
        """Show all rooms."""
        views = self._views(visitor)
        return self._renderer.page(request, visitor, "rooms.html", rooms=list(map(views.room, self._state.rooms())))

    def room(self, request: Request, visitor: Visitor) -> Response:
        """Show what was said in a room."""
        room = self._state.room(request.path_params["room_id"])
        views = self._views(visitor)
        posts = self._state.room_posts(room.id, limit=PAGE, before=request.query_params.get("before"))
        return self._renderer.page(
            request,
            visitor,
            "talk.html",
            title=room.name,
            room=views.room(room),
            posts=views.posts(reversed(posts)),
            older=older(room.path, posts),
        )

    def messages(self, request: Request, visitor: Visitor) -> Response:
        """Show the visitor's direct conversations, and to whom else they could write."""
        views = self._views(visitor)
        talks = self._state.conversations(visitor.me.id)
        met = {visitor.me.id, *(one.other.id for one in talks)}
        others = [one for one in self._state.search_accounts(limit=BATCH) if one.id not in met]
        others.sort(key=lambda one: not one.bot)
        response = self._renderer.page(
            request,
            visitor,
            "messages.html",
            talks=list(map(views.letters, talks)),
            others=list(map(views.person, others)),
        )
        self._saw_letters(response, request, visitor)
        return response

    def conversation(self, request: Request, visitor: Visitor) -> Response:
        """Show what the visitor and another wrote to each other."""
        other = self._state.account(request.path_params["handle"])
        if other.id == visitor.me.id:
            raise Refused(Refusal.INVALID, "That is you. Choose somebody else to write to.")
        views = self._views(visitor)
        before = request.query_params.get("before")
        posts = self._state.direct_posts(visitor.me.id, other.id, limit=PAGE, before=before)
        response = self._renderer.page(
            request,
            visitor,
            "talk.html",
            title=other.name,
            room=None,
            person=views.person(other),
            posts=views.posts(reversed(posts)),
            older=older(f"/messages/{other.handle}", posts),
        )
        self._saw_letters(response, request, visitor)
        return response

    def notifications(self, request: Request, visitor: Visitor) -> Response:
        """Show what happened to the visitor. Opening the page marks it as seen; its own refreshing does not."""
        news = self._news(visitor)
        response = self._renderer.page(request, visitor, "notifications.html", news=news)
        if "x-refresh" not in request.headers:
            seen = Seen(news=self._newest_cursor(visitor), letters=visitor.seen.letters)
            remember_seen(response, request, visitor.me, seen)
        return response

    def new_person(self, request: Request, visitor: Visitor) -> Response:
        """Show the form for somebody new."""
        return self._renderer.page(request, visitor, "person.html", editing=False)

    def edit_person(self, request: Request, visitor: Visitor) -> Response:
        """Show the visitor's own profile for rewriting."""
        return self._renderer.page(request, visitor, "person.html", editing=True)

    def live(self, request: Request, visitor: Visitor) -> Response:
        """Tell of every change from now on."""
        return live(self._state, viewer=visitor.me.id)

    def _views(self, visitor: Visitor) -> Views:
        return Views(self._state, viewer=visitor.me)

    def _timeline(self, before: str | None) -> tuple[Post, ...]:
        return self._state.timeline(limit=PAGE, before=before)

    def _sift(self, keep: Callable[[Post], bool], before: str | None) -> tuple[Post, ...]:
        """Return the newest page of the timeline's posts that are to be kept."""
        kept: list[Post] = []
        for _ in range(REACH // BATCH):
            batch = self._state.timeline(limit=BATCH, before=before)
            kept.extend(filter(keep, batch))
            if len(kept) >= PAGE or len(batch) < BATCH:
                break
            before = batch[-1].id
        return tuple(kept[:PAGE])

    def _is_followed_by(self, visitor: Visitor) -> Callable[[Post], bool]:
        known = {visitor.me.id: True}

        def is_followed(post: Post) -> bool:
            author = post.author.id
            if author not in known:
                known[author] = self._state.profile(author, viewer=visitor.me.id).followed
            return known[author]

        return is_followed

    def _news(self, visitor: Visitor) -> list[News]:
        views = self._views(visitor)
        told: list[News] = []
        before: int | None = None
        for _ in range(REACH // BATCH):
            batch: tuple[Notification, ...] = self._state.notifications(visitor.me.id, limit=BATCH, before=before)
            told.extend(line for one in batch if (line := views.news(one, seen=visitor.seen.news)) is not None)
            if len(told) >= PAGE or len(batch) < BATCH:
                break
            before = batch[-1].cursor
        return told[:PAGE]

    def _saw_letters(self, response: Response, request: Request, visitor: Visitor) -> None:
        newest = self._newest_cursor(visitor)
        if newest > visitor.seen.letters:
            remember_seen(response, request, visitor.me, Seen(news=visitor.seen.news, letters=newest))

    def _newest_cursor(self, visitor: Visitor) -> int:
        return max((one.cursor for one in self._state.notifications(visitor.me.id, limit=1)), default=0)


def older(path: str, posts: tuple[Post, ...], query: dict[str, str] | None = None) -> str:
    """Return where the next page is; empty when this one was not full. `posts` are newest first."""
    if len(posts) < PAGE:
        return ""
    pairs = {**(query or {}), "before": posts[-1].id}
    return path + "?" + "&".join(f"{name}={value}" for name, value in pairs.items())


def by_branch(root: str, shown: tuple[Shown, ...], posts: tuple[Post, ...]) -> list[Shown]:
    """Return answers in reading order: each followed by its own answers, siblings oldest first."""
    answers: dict[str, list[Shown]] = {}
    known = {root, *(post.id for post in posts)}
    for one, post in zip(shown, posts, strict=True):
        parent = post.in_reply_to if post.in_reply_to in known else root
        answers.setdefault(parent or root, []).append(one)
    ordered: list[Shown] = []
    waiting = list(reversed(answers.get(root, [])))
    while waiting:
        one = waiting.pop()
        ordered.append(one)
        waiting.extend(reversed(answers.get(one.id, [])))
    return ordered
