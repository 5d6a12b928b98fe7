"""A draft becomes a post: whether it may, where it stands, and whom it concerns."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from greenroom_adapters.contract import CountingRule, Kind
from greenroom_adapters.stage.mentions import handles_in
from greenroom_adapters.stage.objects import Account, Attachment, Draft, Options, Post, PostRoom, Refusal, Refused
from greenroom_adapters.stage.readable import check_readable, readable
from greenroom_adapters.stage.store import Store

__all__ = ["Writing", "direct_conversation", "other_of", "visible"]

WARNING_LENGTH = 500
LANGUAGE = re.compile(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8}){0,4}")
STRONGEST_FIRST = (Kind.DIRECT_MESSAGE, Kind.REPLY, Kind.QUOTE, Kind.MENTION, Kind.MESSAGE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a new post stands, and what it refers to."""

    target: Post | None
    quoted: Post | None
    room: PostRoom | None
    direct_to: Account | None

    def conversation(self, author_id: str, post_id: str) -> str:
        """Return the conversation of a post that is written there."""
        if self.direct_to is not None:
            return direct_conversation(author_id, self.direct_to.id)
        if self.room is not None:
            return self.room.id
        return post_id if self.target is None else self.target.conversation


class Notify(Protocol):
    """Notes an event for an account, in the transaction that is open."""

    def __call__(
        self,
        account_id: str,
        kind: Kind,
        *,
        also: Iterable[Kind] = (),
        post_id: str | None = None,
        actor_id: str,
        room_id: str | None = None,
    ) -> None: ...


class Writing:
    """The rules of `publish`; all methods raise `Refused` when they say no, and nothing has changed then."""

    def __init__(
        self,
        store: Store,
        *,
        options: Options,
        new_id: Callable[[], str],
        measure: Callable[[str, CountingRule], int],
        find: Callable[[str], Account | None],
        notify: Notify,
    ) -> None:
        """`find` returns the account with an id or handle; the others are those of the network."""
        self._store = store
        self._options = options
        self._new_id = new_id
        self._measure = measure
        self._find = find
        self._notify = notify

    def check(self, author: Account, draft: Draft) -> tuple[tuple[Attachment, ...], Place]:
        """Return what is attached to a draft and where it would stand, or refuse it."""
        return self._attachments(author.id, self._checked(draft)), self._place(author, draft)

    def check_text(self, text: str, *, empty_allowed: bool) -> None:
        """Refuse a text that nobody could read, that says nothing, or that is too long."""
        check_readable("the text", text)
        if not text.strip() and not empty_allowed:
            raise Refused(Refusal.INVALID, "there is nothing to say")
        for limit in self._options.limits.text:
            length = self._measure(text, limit.rule)
            if length > limit.length:
                raise Refused(
                    Refusal.TOO_LONG, f"the text has {length} {limit.rule.value}; at most {limit.length} are accepted"
                )

    def write(
        self, author: Account, draft: Draft, *, now: datetime, hidden_for: timedelta
    ) -> tuple[Post, tuple[str, ...]]:
        """Store a draft as a post and let everybody know whom it concerns, in the transaction that is open. Return it
        and their ids."""
        media, place = self.check(author, draft)
        post_id = self._new_id()
        post = Post(
            id=post_id,
            author=author,
            text=draft.text,
            created_at=now,
            in_reply_to=draft.in_reply_to,
            conversation=place.conversation(author.id, post_id),
            quote=draft.quote,
            room=place.room,
            by_moderator=place.room is not None and self._store.is_moderator(place.room.id, author.id),
            direct_to=place.direct_to,
            media=media,
            language=draft.language,
            content_warning=draft.content_warning,
        )
        self._store.add_post(post, listed_at=now + max(self._options.visible_after, hidden_for))
        if post.in_reply_to is not None:
            self._store.count_reply(post.in_reply_to, 1)
        if post.quote is not None:
            self._store.count_quote(post.quote, 1)
        self._bring_in(post)
        return post, self._notify_of(post, place)

    def _bring_in(self, post: Post) -> None:
        """Let bots that somebody in a room names come into it."""
        if post.room is None or post.author.bot or not self._store.is_member(post.room.id, post.author.id):
            return
        for handle in handles_in(post.text):
            named = self._store.account_by_handle(handle)
            present = self._store.member_ids(post.room.id)
            if named is None or not named.bot or not self._store.add_member(post.room.id, named.id):
                continue
            for member in present:
                if member != post.author.id:  # he sees it where he wrote it
                    self._notify(member, Kind.JOIN, actor_id=named.id, room_id=post.room.id)

    def _notify_of(self, post: Post, place: Place) -> tuple[str, ...]:
        concerned: dict[str, set[Kind]] = {}

        def concerns(account_id: str, kind: Kind) -> None:
            if account_id != post.author.id:
                concerned.setdefault(account_id, set()).add(kind)

        if place.target is not None:
            concerns(place.target.author.id, Kind.REPLY)
        if place.quoted is not None:
            concerns(place.quoted.author.id, Kind.QUOTE)
        for handle in handles_in(post.text):
            mentioned = self._store.account_by_handle(handle)
            if mentioned is not None:
                concerns(mentioned.id, Kind.MENTION)
        if place.room is not None:
            for member in self._store.member_ids(place.room.id):
                concerns(member, Kind.MESSAGE)
        if place.direct_to is not None:
            concerns(place.direct_to.id, Kind.DIRECT_MESSAGE)
            concerned = {place.direct_to.id: concerned[place.direct_to.id]}
        for account_id, kinds in concerned.items():
            strongest, *also = (kind for kind in STRONGEST_FIRST if kind in kinds)
            self._notify(account_id, strongest, also=also, post_id=post.id, actor_id=post.author.id)
        if not post.author.bot:
            return tuple(concerned)
        # a bot has to know what its owner writes by hand
        self._notify(post.author.id, Kind.OWN_POST, post_id=post.id, actor_id=post.author.id)
        return (*concerned, post.author.id)

    def _place(self, author: Account, draft: Draft) -> Place:
        target = self._referred(draft.in_reply_to, author.id)
        quoted = self._referred(draft.quote, author.id)
        direct_to = None if draft.direct_to is None else self._recipient(draft.direct_to, author)
        room = None if draft.room is None else self._room_to_write_in(draft.room)
        if room is not None and direct_to is not None:
            raise Refused(Refusal.INVALID, "a post goes to a room or to a person, not to both")
        if target is not None:
            target_room = target.room
            target_other = None if target.direct_to is None else other_of(target, author.id)
            if room not in (None, target_room) or (direct_to and direct_to.id != (target_other and target_other.id)):
                raise Refused(Refusal.INVALID, "an answer stands where the post stands that it answers")
            room, direct_to = target_room, target_other
        elif room is not None and not self._store.is_member(room.id, author.id):
            raise Refused(Refusal.FORBIDDEN, "only members begin something in a room: join it first")
        if quoted is not None and quoted.direct_to is not None:
            here = direct_to is not None and direct_conversation(author.id, direct_to.id) == quoted.conversation
            if not here:
                raise Refused(Refusal.FORBIDDEN, "a direct message stays between two people")
        return Place(target=target, quoted=quoted, room=room, direct_to=direct_to)

    def _referred(self, post_id: str | None, author_id: str) -> Post | None:
        if post_id is None:
            return None
        post = self._store.post(post_id)
        if post is None or post.deleted or not visible(post, author_id):
            raise Refused(Refusal.TARGET_GONE, "the post that it answers or quotes is gone")
        return post

    def _recipient(self, who: str, author: Account) -> Account:
        recipient = self._find(who)
        if recipient is None:
            raise Refused(Refusal.TARGET_GONE, "there is no such person to write to")
        if recipient.id == author.id:
            raise Refused(Refusal.INVALID, "nobody writes to himself")
        return recipient

    def _room_to_write_in(self, room_id: str) -> PostRoom:
        room = self._store.room(room_id) or self._store.room_by_name(room_id)
        if room is None:
            raise Refused(Refusal.TARGET_GONE, "there is no such room")
        return PostRoom(id=room.id, name=room.name)

    def _checked(self, draft: Draft) -> tuple[str, ...]:
        limit = self._options.limits.media
        allowed = 0 if limit is None else limit.count
        if len(draft.media) > allowed or len(set(draft.media)) != len(draft.media):
            raise Refused(Refusal.MEDIA_REFUSED, f"a post has at most {allowed} files, each of them once")
        self.check_text(draft.text, empty_allowed=bool(draft.media))
        readable("the content warning", draft.content_warning or "", WARNING_LENGTH)
        if draft.language is not None and LANGUAGE.fullmatch(draft.language) is None:
            raise Refused(Refusal.INVALID, "a language is a BCP 47 tag: en, pt-BR")
        return draft.media

    def _attachments(self, owner_id: str, ids: tuple[str, ...]) -> tuple[Attachment, ...]:
        attachments: list[Attachment] = []
        for attachment_id in ids:
            attachment = self._store.free_attachment(attachment_id, owner_id=owner_id)
            if attachment is None:
                raise Refused(Refusal.MEDIA_REFUSED, "an attachment is unknown, somebody else's or used already")
            attachments.append(attachment)
        return tuple(attachments)


def direct_conversation(one: str, other: str) -> str:
    """Return the id of the direct conversation of two accounts, whoever asks."""
    return "direct-" + "-".join(sorted((one, other)))


def other_of(post: Post, account_id: str) -> Account:
    """Return the other person of a direct message."""
    if post.direct_to is None:
        raise ValueError("the post is not a direct message")
    return post.author if post.direct_to.id == account_id else post.direct_to


def visible(post: Post, viewer: str | None) -> bool:
    """Say whether a viewer (None: a guest) may see a post."""
    return post.direct_to is None or viewer in (post.author.id, post.direct_to.id)
