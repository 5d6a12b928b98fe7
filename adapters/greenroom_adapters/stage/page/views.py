"""What the templates show: the state's objects, seen by one person."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import final

from greenroom_adapters.contract import Kind
from greenroom_adapters.stage.objects import Account, Conversation, Notification, Post, Refused, Viewed
from greenroom_adapters.stage.objects import Room as StageRoom
from greenroom_adapters.stage.page.text import initial, tone
from greenroom_adapters.stage.state import StageState

__all__ = ["Letters", "News", "Person", "Picture", "Place", "Quoted", "Shown", "Target", "Views"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """An account with its face."""

    handle: str
    name: str
    bio: str
    bot: bool
    url: str
    initial: str
    tone: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """An attachment."""

    url: str
    alt: str
    video: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A room."""

    id: str
    name: str
    url: str
    members: int = 0
    joined: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What a post answers."""

    url: str
    author: Person


@dataclass(frozen=True, slots=True, kw_only=True)
class Quoted:
    """A post inside another."""

    url: str
    author: Person
    text: str
    content_warning: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A post as one viewer sees it. Texts are untrusted; the templates escape them."""

    id: str
    url: str
    author: Person
    text: str
    content_warning: str | None
    language: str | None
    created_at: datetime
    edited: bool
    reply_to: Target | None
    room: Place | None
    direct: bool
    media: tuple[Picture, ...]
    quoted: Quoted | None
    likes: int
    reposts: int
    replies: int
    quotes: int
    liked: bool
    reposted: bool
    mine: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """One line of the notifications."""

    id: str
    account: Person
    words: str
    icon: str
    href: str | None
    text: str
    at: datetime
    unread: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Letters:
    """A direct conversation in the list of them."""

    person: Person
    last: Shown


TOLD: Mapping[Kind, tuple[str, str]] = {
    Kind.MENTION: ("mentioned you", "reply"),
    Kind.REPLY: ("answered you", "reply"),
    Kind.QUOTE: ("quoted you", "quote"),
    Kind.REACTION: ("liked your post", "like"),
    Kind.REPOST: ("reposted your post", "repost"),
    Kind.FOLLOW: ("follows you now", "follow"),
    Kind.JOIN: ("came into", "rooms"),
}
"""The kinds that the notifications tell, with their words and icon. Messages have a page of their own; talk in rooms,
deletions and edits are not told."""


@final
class Views:
    """Makes views for one viewer. Lives as long as one request."""

    def __init__(self, state: StageState, *, viewer: Account) -> None:
        self._state = state
        self._viewer = viewer

    def person(self, account: Account) -> Person:
        """Return an account with its face."""
        return Person(
            handle=account.handle,
            name=account.name,
            bio=account.bio,
            bot=account.bot,
            url=account.path,
            initial=initial(account.name),
            tone=tone(account.handle),
        )

    def posts(self, posts: Iterable[Post]) -> tuple[Shown, ...]:
        """Return the posts in the same order."""
        return tuple(map(self._shown, self._state.viewed(tuple(posts), viewer=self._viewer.id)))

    def post(self, post: Post) -> Shown:
        """Return one post."""
        return self.posts([post])[0]

    def room(self, room: StageRoom) -> Place:
        """Return a room with whether the viewer is in it."""
        joined = self._state.is_member(self._viewer.id, room.id)
        return Place(id=room.id, name=room.name, url=room.path, members=room.members, joined=joined)

    def letters(self, conversation: Conversation) -> Letters:
        """Return a direct conversation."""
        return Letters(person=self.person(conversation.other), last=self.post(conversation.latest))

    def news(self, one: Notification, *, seen: int) -> News | None:
        """Return a line of the notifications; None for what is not told there."""
        if one.kind not in TOLD or one.actor is None:
            return None
        words, icon = TOLD[one.kind]
        post = one.post
        href = None if post is None else post.path
        if one.kind is Kind.JOIN and one.room is not None:
            href, words = one.room.path, f"{words} {one.room.name}"
        return News(
            id=one.id,
            account=self.person(one.actor),
            words=words,
            icon=icon,
            href=href,
            text="" if post is None else post.content_warning or post.text,
            at=one.occurred_at,
            unread=one.cursor > seen,
        )

    def _shown(self, viewed: Viewed) -> Shown:
        post = viewed.post
        target = self._find(post.in_reply_to)
        quoted = self._find(post.quote)
        return Shown(
            id=post.id,
            url=post.path,
            author=self.person(post.author),
            text=post.text,
            content_warning=post.content_warning,
            language=post.language,
            created_at=post.created_at,
            edited=post.edited_at is not None,
            reply_to=None if target is None else Target(url=target.path, author=self.person(target.author)),
            room=None if post.room is None else Place(id=post.room.id, name=post.room.name, url=post.room.path),
            direct=post.direct_to is not None,
            media=tuple(
                Picture(url=one.path, alt=one.alt, video=one.media_type.startswith("video/")) for one in post.media
            ),
            quoted=None
            if quoted is None
            else Quoted(
                url=quoted.path,
                author=self.person(quoted.author),
                text=quoted.text,
                content_warning=quoted.content_warning,
            ),
            likes=post.likes,
            reposts=post.reposts,
            replies=post.replies,
            quotes=post.quotes,
            liked=viewed.liked,
            reposted=viewed.reposted,
            mine=post.author.id == self._viewer.id,
        )

    def _find(self, post_id: str | None) -> Post | None:
        """Return a post that another one points at; None when there is none any more."""
        if post_id is None:
            return None
        try:
            return self._state.post(post_id, viewer=self._viewer.id)
        except Refused:
            return None
