"""What is said on a Stage: posted once, edited, taken down, liked and reposted."""

from datetime import timedelta
from functools import cached_property
from pathlib import Path

import msgspec

from greenroom_adapters.contract import IdempotencyKind, Kind
from greenroom_adapters.media import media_type_of
from greenroom_adapters.stage.objects import Attachment, Change, ChangeKind, Container, Draft, Post, Refusal, Refused
from greenroom_adapters.stage.readable import check_readable
from greenroom_adapters.stage.rules.reading import Reading
from greenroom_adapters.stage.writing import Writing

__all__ = ["Posting"]

KEY_LENGTH = 255


class Posting(Reading):
    """Posts and their attachments, in one phase or two, and what is done to them."""

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

    @cached_property
    def _writing(self) -> Writing:
        return Writing(
            self._store,
            options=self.options,
            new_id=self._new_id,
            measure=self._measure,
            find=self._find,
            notify=self._notify,
        )

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

    def _container(self, account_id: str, container_id: str) -> tuple[Draft, str | None]:
        found = self._store.container(container_id, account_id)
        if found is None:
            raise Refused(Refusal.GONE, "there is no such container")
        return msgspec.json.decode(found[0], type=Draft), found[1]

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
