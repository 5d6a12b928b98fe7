"""The rules of the Stage: who may do what, whom it concerns, and what each of them sees.

One `StageState` belongs to one event loop; its methods are plain calls that return when the change is durable (about
a tenth of a millisecond), so call them from coroutines, never from threads. All of them raise `Refused` when the rules
say no; nothing has changed then. Ids in arguments that do not exist are `Refusal.GONE` unless said otherwise.
"""

import asyncio
import hashlib
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import msgspec

from greenroom_adapters.contract import CountingRule, IdempotencyKind, Kind
from greenroom_adapters.media import media_type_of
from greenroom_adapters.stage.attachments import MediaFolder
from greenroom_adapters.stage.mentions import HANDLE
from greenroom_adapters.stage.objects import (
    Account,
    Attachment,
    Change,
    ChangeKind,
    Container,
    Conversation,
    Draft,
    Listing,
    Notification,
    Options,
    Post,
    Profile,
    Refusal,
    Refused,
    Room,
    Thread,
    Viewed,
)
from greenroom_adapters.stage.readable import check_readable, one_line, readable
from greenroom_adapters.stage.store import END, Store
from greenroom_adapters.stage.watching import Changes, Watching
from greenroom_adapters.stage.writing import Writing, direct_conversation, other_of, visible

__all__ = ["StageState"]

LARGEST_PAGE = 200
LARGEST_EVENT_PAGE = 500
LARGEST_THREAD = 500
NAME_LENGTH = 60
BIO_LENGTH = 500
KEY_LENGTH = 255


class StageState:
    """The network."""

    def __init__(
        self,
        store: Store,
        media: MediaFolder,
        *,
        options: Options,
        now: Callable[[], datetime],
        new_id: Callable[[], str],
        new_token: Callable[[], str],
        measure: Callable[[str, CountingRule], int],
    ) -> None:
        """Rule over what is in the store.

        `now` tells the time, aware; `new_id` and `new_token` make texts that never come twice, the second one such
        that nobody can guess it; `measure` counts a text by a rule. The store stays its opener's to close.
        """
        self.options = options
        self._store = store
        self._media = media
        self._real_now = now
        self.ahead = timedelta(0)
        """How far this network's time is ahead of the real one: a rehearsal need not take as long as it shows."""
        self._new_id = new_id
        self._new_token = new_token
        self._writing = Writing(
            store, options=options, new_id=new_id, measure=measure, find=self._find, notify=self._notify
        )
        self._watching = Watching()

    def now(self) -> datetime:
        """Return the Stage's present moment, aware."""
        return self._real_now() + self.ahead

    # People ------------------------------------------------------------------------------------------------------

    def ensure_account(
        self, handle: str, *, name: str | None = None, bio: str | None = None, bot: bool | None = None
    ) -> Account:
        """Return the account with this handle (a leading @ is dropped); make it when there is none.

        What is given replaces what an existing account has; None leaves it.
        """
        handle = handle.removeprefix("@")
        known = self.find_account(handle)
        if known is not None:
            return self.update_account(known.id, name=name, bio=bio, bot=bot)
        if HANDLE.fullmatch(handle) is None:
            raise Refused(
                Refusal.INVALID, "a handle has 1 to 30 letters (a-z), digits or _, and - between them: ada, ada_2, a-da"
            )
        account = Account(
            id=self._new_id(),
            handle=handle,
            name=one_line("the name", name or "", NAME_LENGTH) or handle,
            bio=readable("the bio", bio or "", BIO_LENGTH),
            bot=bool(bot),
            created_at=self.now(),
        )
        with self._store.transaction():
            self._store.add_account(account)
        return account

    def find_account(self, handle: str) -> Account | None:
        """Return the account with this handle, in any case and with or without @; None: there is none."""
        handle = handle.removeprefix("@")
        return None if HANDLE.fullmatch(handle) is None else self._store.account_by_handle(handle)

    def account(self, who: str) -> Account:
        """Return the account with this id, or else with this handle (any case)."""
        account = self._find(who)
        if account is None:
            raise Refused(Refusal.GONE, "there is no such account")
        return account

    def update_account(
        self, account_id: str, *, name: str | None = None, bio: str | None = None, bot: bool | None = None
    ) -> Account:
        """Change what is given; None leaves it. An empty name becomes the handle."""
        account = self.account(account_id)
        changed = replace(
            account,
            name=account.name if name is None else one_line("the name", name, NAME_LENGTH) or account.handle,
            bio=account.bio if bio is None else readable("the bio", bio, BIO_LENGTH),
            bot=account.bot if bot is None else bot,
        )
        if changed != account:
            with self._store.transaction():
                self._store.set_account(changed)
        return changed

    def search_accounts(self, query: str = "", *, limit: int = 20) -> tuple[Account, ...]:
        """Return accounts whose handle or name contains the query, people before bots, then by handle."""
        return self._store.search_accounts(query.removeprefix("@"), page(limit))

    def profile(self, who: str, *, viewer: str | None = None) -> Profile:
        """Return an account (id or handle) with its numbers, as the viewer (an account id) sees it."""
        account = self.account(who)
        posts, followers, following = self._store.account_numbers(account.id)
        return Profile(
            account=account,
            posts=posts,
            followers=followers,
            following=following,
            followed=viewer is not None and self._store.follows(viewer, account.id),
        )

    def follow(self, account_id: str, whom: str) -> None:
        """Let `account_id` follow the account `whom` (id or handle). Again: nothing happens. Oneself: INVALID."""
        followed = self.account(whom)
        if followed.id == account_id:
            raise Refused(Refusal.INVALID, "nobody follows himself")
        with self._store.transaction():
            if not self._store.add_follow(account_id, followed.id):
                return
            self._notify(followed.id, Kind.FOLLOW, actor_id=account_id)
        self._watching.wake(followed.id)

    def unfollow(self, account_id: str, whom: str) -> None:
        """Undo `follow`. Not following: nothing happens."""
        followed = self.account(whom)
        with self._store.transaction():
            self._store.remove_follow(account_id, followed.id)

    # Tokens ------------------------------------------------------------------------------------------------------

    def issue_token(self, account_id: str) -> str:
        """Make a token that speaks for the account. Only its digest is stored."""
        token = self._new_token()
        with self._store.transaction():
            self._store.add_token(digest(token), account_id)
        return token

    def account_of_token(self, token: str) -> Account:
        """Return whom a token speaks for. Unknown or revoked: UNAUTHORIZED."""
        account = self._store.account_by_token(digest(token))
        if account is None:
            raise Refused(Refusal.UNAUTHORIZED, "the token is unknown or was revoked")
        return account

    def revoke_token(self, token: str) -> None:
        """Let a token speak for nobody. Unknown: nothing happens."""
        with self._store.transaction():
            self._store.remove_token(digest(token))

    def revoke_tokens(self, account_id: str) -> None:
        """Let none of an account's tokens speak for it; its streams end."""
        with self._store.transaction():
            self._store.remove_tokens(account_id)
        self._watching.wake(account_id)

    # Posting -----------------------------------------------------------------------------------------------------

    def attach(self, account_id: str, *, content: bytes, alt: str) -> Attachment:
        """Store a picture or clip; its type is found in its bytes. MEDIA_REFUSED: type, size or description."""
        limit = self.options.limits.media
        if limit is None:
            raise Refused(Refusal.MEDIA_REFUSED, "nothing can be attached here")
        media_type = media_type_of(content)
        if media_type is None or media_type not in limit.types:
            raise Refused(Refusal.MEDIA_REFUSED, f"accepted are {', '.join(sorted(limit.types))}")
        if len(content) > limit.bytes:
            raise Refused(Refusal.MEDIA_REFUSED, f"a file has at most {limit.bytes} bytes")
        check_readable("the description", alt)
        if len(alt) > limit.alt_length:
            raise Refused(Refusal.MEDIA_REFUSED, f"a description has at most {limit.alt_length} characters")
        attachment = Attachment(id=self._new_id(), media_type=media_type, alt=alt)
        self._media.write(attachment.id, content)
        with self._store.transaction():
            self._store.add_attachment(attachment, owner_id=account_id, now=self.now())
        return attachment

    def media_file(self, attachment_id: str) -> tuple[Attachment, Path]:
        """Return an attachment and the file that holds its bytes."""
        attachment = self._store.attachment(attachment_id)
        if attachment is None:
            raise Refused(Refusal.GONE, "there is no such file")
        return attachment, self._media.file(attachment.id)

    def publish(
        self, account_id: str, draft: Draft, *, key: str | None = None, hidden_for: timedelta = timedelta(0)
    ) -> Post:
        """Publish exactly one post.

        Class KEYED: the same key of the same account within the window returns the first post as it is now, whatever
        the draft, and also when it was deleted since. Other classes ignore the key. `hidden_for` keeps the post longer
        out of its author's listing.

        INVALID: control characters other than newline and tab, nothing to say, contradictory places.
        TARGET_GONE: what it answers or quotes, its room or its recipient does not exist. TOO_LONG. MEDIA_REFUSED:
        unknown, foreign, used before or too many. FORBIDDEN: a new topic in a room by somebody who is not a member
        (an answer is always allowed), a direct message quoted to others.
        """
        if key is not None and (not key or len(key) > KEY_LENGTH):
            raise Refused(Refusal.INVALID, f"a key has 1 to {KEY_LENGTH} characters")
        idempotency = self.options.idempotency
        keyed = key if idempotency.kind is IdempotencyKind.KEYED else None
        now = self.now()
        with self._store.transaction():
            if keyed is not None:
                known = self._store.key(account_id, keyed)
                if known is not None and (idempotency.window is None or now < known[1] + idempotency.window):
                    return self._stored(known[0])
            post, heard = self._writing.write(self.account(account_id), draft, now=now, hidden_for=hidden_for)
            if keyed is not None:
                self._store.set_key(account_id, keyed, post.id, now)
        self._announce(ChangeKind.POSTED, post, heard)
        return post

    def open_container(self, account_id: str, draft: Draft) -> Container:
        """Begin a two-phase publication: check the draft and store it. Refusals as in `publish`."""
        author = self.account(account_id)
        self._writing.check(author, draft)
        container = Container(id=self._new_id(), post=None)
        with self._store.transaction():
            self._store.add_container(container.id, account_id, msgspec.json.encode(draft).decode())
        return container

    def publish_container(self, account_id: str, container_id: str, *, hidden_for: timedelta = timedelta(0)) -> Post:
        """Publish what a container holds, once: again returns the same post. Refusals as in `publish`."""
        with self._store.transaction():
            draft, published = self._container(account_id, container_id)
            if published is not None:
                return self._stored(published)
            post, heard = self._writing.write(self.account(account_id), draft, now=self.now(), hidden_for=hidden_for)
            self._store.close_container(container_id, post.id)
        self._announce(ChangeKind.POSTED, post, heard)
        return post

    def container(self, account_id: str, container_id: str) -> Container:
        """Return one of the account's containers."""
        _, published = self._container(account_id, container_id)
        return Container(id=container_id, post=None if published is None else self._stored(published))

    def edit(self, account_id: str, post_id: str, text: str) -> Post:
        """Replace the text of one's own post. The present text again: nothing happens. Mentions are not recomputed."""
        post = self._own(account_id, post_id)
        if post.text == text:
            return post
        self._writing.check_text(text, empty_allowed=bool(post.media))
        with self._store.transaction():
            self._store.set_text(post_id, text, edited_at=self.now())
            heard = self._store.hearers_of(post_id)
            for hearer in heard:
                self._notify(hearer, Kind.EDIT, post_id=post_id, text=text)
        post = self._stored(post_id)
        self._announce(ChangeKind.EDITED, post, heard)
        return post

    def delete(self, account_id: str, post_id: str) -> None:
        """Delete one's own post, or one of a room in which one keeps order: then its author hears who did it. Gone
        already: nothing happens. Somebody else's: FORBIDDEN."""
        post = self._store.post(post_id)
        if post is None or post.deleted:
            return
        is_others = post.author.id != account_id
        if not (is_others and post.room is not None and self._store.is_moderator(post.room.id, account_id)):
            self._own(account_id, post_id)
        with self._store.transaction():
            self._store.empty_post(post_id, deleted_at=self.now())
            if post.in_reply_to is not None:
                self._store.count_reply(post.in_reply_to, -1)
            if post.quote is not None:
                self._store.count_quote(post.quote, -1)
            heard = self._store.hearers_of(post_id)
            if is_others:
                heard = tuple(dict.fromkeys((*heard, post.author.id)))
            for hearer in heard:
                self._notify(hearer, Kind.DELETION, post_id=post_id, actor_id=account_id if is_others else None)
        for attachment in post.media:
            self._media.remove(attachment.id)
        self._announce(ChangeKind.DELETED, self._stored(post_id), heard)
        self._tell_counts(post.in_reply_to, post.quote)

    def like(self, account_id: str, post_id: str) -> None:
        """Like a post that one may see. Again: nothing happens."""
        self._mark("like", Kind.REACTION, account_id, self.post(post_id, viewer=account_id))

    def unlike(self, account_id: str, post_id: str) -> None:
        """Undo `like`."""
        self._unmark("like", account_id, self.post(post_id, viewer=account_id))

    def repost(self, account_id: str, post_id: str) -> None:
        """Repost a post. Again: nothing happens. A direct message: FORBIDDEN."""
        post = self.post(post_id, viewer=account_id)
        if post.direct_to is not None:
            raise Refused(Refusal.FORBIDDEN, "a direct message stays between two people")
        self._mark("repost", Kind.REPOST, account_id, post)

    def unrepost(self, account_id: str, post_id: str) -> None:
        """Undo `repost`."""
        self._unmark("repost", account_id, self.post(post_id, viewer=account_id))

    # Reading; `viewer` is an account id, None: a guest. `before` is the id of a post: only older ones are returned ---

    def post(self, post_id: str, *, viewer: str | None = None) -> Post:
        """Return one post. A direct message of others is GONE."""
        post = self._store.post(post_id)
        if post is None or post.deleted or not visible(post, viewer):
            raise Refused(Refusal.GONE, "there is no such post")
        return post

    def thread(self, post_id: str, *, viewer: str | None = None) -> Thread:
        """Return what stands above and below a post. A deleted post ends `above` there; at most 500 each."""
        self.post(post_id, viewer=viewer)
        return Thread(
            above=self._store.above(post_id, limit=LARGEST_THREAD),
            below=self._store.below(post_id, limit=LARGEST_THREAD),
        )

    def timeline(self, *, limit: int = 40, before: str | None = None) -> tuple[Post, ...]:
        """Return the public posts outside rooms, replies included, newest first."""
        return self._store.timeline(before=self._place_of(before), limit=page(limit))

    def posts_of(
        self, account_id: str, *, viewer: str | None = None, limit: int = 40, before: str | None = None
    ) -> tuple[Post, ...]:
        """Return an account's posts, newest first: the public ones, and the direct ones that the viewer may see."""
        return self._store.posts_of(account_id, viewer=viewer, before=self._place_of(before), limit=page(limit))

    def own_listing(self, account_id: str, *, limit: int = 40, before: str | None = None) -> Listing:
        """Return an account's own posts as its listing knows them: within `listing_reach`, after `visible_after`."""
        reach = self.options.listing_reach
        return Listing(
            posts=self._store.listed(
                account_id, reach=reach, now=self.now(), before=self._place_of(before), limit=page(limit)
            ),
            deleted=self._store.deleted_ids(account_id, reach=reach),
        )

    def viewed(self, posts: tuple[Post, ...], *, viewer: str | None) -> tuple[Viewed, ...]:
        """Return the same posts in the same order, each with whether the viewer likes it and reposted it."""
        if viewer is None:
            return tuple(Viewed(post=post) for post in posts)
        ids = [post.id for post in posts]
        liked = self._store.marked("like", viewer, ids)
        reposted = self._store.marked("repost", viewer, ids)
        return tuple(Viewed(post=post, liked=post.id in liked, reposted=post.id in reposted) for post in posts)

    # Rooms and direct conversations ------------------------------------------------------------------------------

    def rooms(self) -> tuple[Room, ...]:
        """Return all rooms by name."""
        return self._store.rooms()

    def room(self, room_id: str) -> Room:
        """Return one room."""
        room = self._store.room(room_id)
        if room is None:
            raise Refused(Refusal.GONE, "there is no such room")
        return room

    def create_room(self, account_id: str, name: str) -> Room:
        """Open a room with its first member, who keeps order there. One of that name (any case) that is there already
        is joined."""
        name = one_line("the name", name, NAME_LENGTH)
        if not name:
            raise Refused(Refusal.INVALID, "a room needs a name")
        room = self._store.room_by_name(name)
        if room is None:
            room = Room(id=self._new_id(), name=name, members=0, created_at=self.now())
            with self._store.transaction():
                self._store.add_room(room)
                self._store.add_member(room.id, account_id)
                self._store.set_moderator(room.id, account_id)
            return self.room(room.id)
        return self.join(account_id, room.id)

    def join(self, account_id: str, room_id: str) -> Room:
        """Come into a room. Again: nothing happens."""
        room = self.room(room_id)
        with self._store.transaction():
            present = self._store.member_ids(room.id)
            if not self._store.add_member(room.id, account_id):
                return room
            for member in present:
                self._notify(member, Kind.JOIN, actor_id=account_id, room_id=room.id)
        self._wake(present)
        return self.room(room_id)

    def leave(self, account_id: str, room_id: str) -> None:
        """Go out of a room. Not being in it: nothing happens."""
        with self._store.transaction():
            self._store.remove_member(self.room(room_id).id, account_id)

    def let_moderate(self, account_id: str, room_id: str, who: str) -> None:
        """Let a member (id or handle) keep order in a room, as one of those who do. By others: FORBIDDEN."""
        room, other = self._moderated(account_id, room_id, who)
        with self._store.transaction():
            self._store.set_moderator(room.id, other.id)

    def send_away(self, account_id: str, room_id: str, who: str) -> None:
        """Put a member (id or handle) out of a room in which one keeps order; he hears who did it. By others:
        FORBIDDEN."""
        room, other = self._moderated(account_id, room_id, who)
        with self._store.transaction():
            self._store.remove_member(room.id, other.id)
            self._notify(other.id, Kind.SANCTION, actor_id=account_id, room_id=room.id)
        self._watching.wake(other.id)

    def is_member(self, account_id: str, room_id: str) -> bool:
        """Say whether the account is in the room."""
        return self._store.is_member(room_id, account_id)

    def members(self, room_id: str) -> tuple[Account, ...]:
        """Return who is in a room, by handle."""
        return self._store.members(self.room(room_id).id)

    def room_posts(self, room_id: str, *, limit: int = 40, before: str | None = None) -> tuple[Post, ...]:
        """Return what was said in a room, newest first."""
        room = self.room(room_id)
        return self._store.in_conversation(room.id, before=self._place_of(before), limit=page(limit))

    def conversations(self, account_id: str, *, limit: int = 50) -> tuple[Conversation, ...]:
        """Return an account's direct conversations, the one with the latest message first."""
        return tuple(
            Conversation(id=post.conversation, other=other_of(post, account_id), latest=post)
            for post in self._store.latest_direct(account_id, limit=page(limit))
        )

    def direct_posts(
        self, account_id: str, other: str, *, limit: int = 40, before: str | None = None
    ) -> tuple[Post, ...]:
        """Return what an account and another (id or handle) wrote to each other, newest first."""
        conversation = direct_conversation(account_id, self.account(other).id)
        return self._store.in_conversation(conversation, before=self._place_of(before), limit=page(limit))

    # Notifications -----------------------------------------------------------------------------------------------

    def notifications(self, account_id: str, *, limit: int = 40, before: int | None = None) -> tuple[Notification, ...]:
        """Return an account's events, newest first; `before` is a cursor. For pages."""
        return self._store.events_before(account_id, before=END if before is None else before, limit=page(limit))

    def events_after(
        self, account_id: str, *, after: int | None, limit: int = 100
    ) -> tuple[tuple[Notification, ...], int]:
        """Return an account's events after a cursor, oldest first, and the cursor to go on from.

        None: no events, and the newest cursor. Texts are those of now; events about a post that was deleted since are
        left out. For adapters: fewer than `limit` do not mean the end, an unmoved cursor does.
        """
        newest = self._store.newest_cursor()
        if after is None:
            return (), newest
        limit = min(max(limit, 1), LARGEST_EVENT_PAGE)
        events, last = self._store.events_after(account_id, after=after, limit=limit)
        return events, max(after, newest) if last is None else last

    def cursor_before(self, account_id: str, moment: datetime) -> int:
        """Return the cursor behind which an account's events since `moment` lie."""
        return self._store.cursor_before(account_id, moment)

    # Watching ----------------------------------------------------------------------------------------------------

    def watch(self) -> AbstractContextManager[Changes]:
        """Hand out every `Change` from now on, in order: `with state.watch() as changes: async for change in changes`.

        The iterator ends when the Stage stops, or when its reader is more than 1,000 changes behind (read the
        timeline again and watch anew).
        """
        return self._watching.watch()

    def waker(self, account_id: str) -> AbstractContextManager[asyncio.Event]:
        """Hand out an event that is set whenever there may be events for this account, and when the Stage stops."""
        return self._watching.stream(account_id)

    def wake_streams(self) -> None:
        """Set the events of all streams: something other than the network's state has changed."""
        self._watching.wake_all()

    @property
    def stopping(self) -> bool:
        """Whether the Stage is about to stop; whoever waits ends."""
        return self._watching.stopped

    def stop(self) -> None:
        """End all watching."""
        self._watching.stop()

    # How it is done ----------------------------------------------------------------------------------------------

    def _find(self, who: str) -> Account | None:
        return self._store.account(who) or self.find_account(who)

    def _moderated(self, account_id: str, room_id: str, who: str) -> tuple[Room, Account]:
        room, other = self.room(room_id), self.account(who)
        if not self._store.is_moderator(room.id, account_id):
            raise Refused(Refusal.FORBIDDEN, "only who keeps order in a room may do that")
        if not self._store.is_member(room.id, other.id):
            raise Refused(Refusal.GONE, "there is nobody of that name in the room")
        return room, other

    def _stored(self, post_id: str) -> Post:
        post = self._store.post(post_id)
        if post is None:
            raise Refused(Refusal.GONE, "there is no such post")
        return post

    def _own(self, account_id: str, post_id: str) -> Post:
        post = self.post(post_id, viewer=account_id)
        if post.author.id != account_id:
            raise Refused(Refusal.FORBIDDEN, "the post is somebody else's")
        return post

    def _place_of(self, before: str | None) -> int:
        if before is None:
            return END
        place = self._store.place_of(before)
        if place is None:
            raise Refused(Refusal.INVALID, "`before` is the id of a post")
        return place

    def _container(self, account_id: str, container_id: str) -> tuple[Draft, str | None]:
        found = self._store.container(container_id, account_id)
        if found is None:
            raise Refused(Refusal.GONE, "there is no such container")
        return msgspec.json.decode(found[0], type=Draft), found[1]

    def _notify(
        self,
        account_id: str,
        kind: Kind,
        *,
        also: Iterable[Kind] = (),
        post_id: str | None = None,
        actor_id: str | None = None,
        room_id: str | None = None,
        text: str | None = None,
    ) -> None:
        self._store.add_event(
            event_id=self._new_id(),
            account_id=account_id,
            kind=kind,
            occurred_at=self.now(),
            also=tuple(also),
            post_id=post_id,
            actor_id=actor_id,
            room_id=room_id,
            text=text,
        )

    def _mark(self, mark: str, kind: Kind, account_id: str, post: Post) -> None:
        with self._store.transaction():
            if not self._store.add_mark(mark, post.id, account_id):
                return
            if post.author.id != account_id:
                self._notify(post.author.id, kind, post_id=post.id, actor_id=account_id)
        self._watching.wake(post.author.id)
        self._tell_counts(post.id)

    def _unmark(self, mark: str, account_id: str, post: Post) -> None:
        with self._store.transaction():
            self._store.remove_mark(mark, post.id, account_id)
        self._tell_counts(post.id)

    def _announce(self, kind: ChangeKind, post: Post, heard: tuple[str, ...]) -> None:
        self._wake(heard)
        if self._watching.watched:
            self._watching.tell(Change(kind=kind, post=post))
            if kind is ChangeKind.POSTED:
                self._tell_counts(post.in_reply_to, post.quote)

    def _tell_counts(self, *post_ids: str | None) -> None:
        if not self._watching.watched:
            return
        for post_id in post_ids:
            post = None if post_id is None else self._store.post(post_id)
            if post is not None and not post.deleted:
                self._watching.tell(Change(kind=ChangeKind.COUNTED, post=post))

    def _wake(self, account_ids: Iterable[str]) -> None:
        for account_id in account_ids:
            self._watching.wake(account_id)


def digest(token: str) -> bytes:
    """Return what is stored of a token."""
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()


def page(limit: int) -> int:
    """Return a page size that one answer can carry."""
    return min(max(limit, 1), LARGEST_PAGE)
