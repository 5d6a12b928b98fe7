"""What can be done beside posting: take down, change, favour, boost, follow, count, and read what stands above."""

from greenroom_adapters.contract import (
    AdapterError,
    Author,
    Forbidden,
    Metrics,
    PostRef,
    PostRejected,
    TargetGone,
    TextLimit,
    ThreadPost,
    TooLong,
    Unsupported,
)
from greenroom_adapters.mastodon.api import Api
from greenroom_adapters.mastodon.people import ADDRESS, author
from greenroom_adapters.mastodon.reading import Context, secrecy, thread_post
from greenroom_adapters.mastodon.server import Server
from greenroom_adapters.mastodon.wire import WireStatus
from greenroom_adapters.mastodon.writing import length
from greenroom_adapters.text import defused

__all__ = ["Acting"]


class Acting:
    """The hands of one account."""

    def __init__(self, api: Api, server: Server, *, limit: TextLimit, context: Context) -> None:
        self._api = api
        self._server = server
        self._limit = limit
        self._context = context

    async def delete(self, ref: PostRef) -> None:
        """Take the status down. That it is gone already is no error; that the server cannot is one."""
        try:
            await self._api.delete(ref.id)
        except TargetGone:
            try:
                await self._api.status(ref.id)
            except TargetGone:
                return
            words = "this server takes no post down by its API: delete it on its own pages"
            raise self._error(Unsupported, words) from None

    async def edit(self, ref: PostRef, text: str) -> None:
        """Replace the text of the status, and leave all else as it is: what an edit does not name is taken away
        (documentation, "Edit a status")."""
        status = await self._api.status(ref.id)
        if status.poll is not None:
            raise self._error(Unsupported, "an edit of a post with a poll would throw its votes away")
        source = await self._api.source(ref.id)
        if status.in_reply_to_id is not None or secrecy(status.visibility):
            text = defused(text, spare=[mention.acct for mention in status.mentions or ()])
        begins = ADDRESS.match(source.text) if status.in_reply_to_id is not None else None
        words = f"{begins[0]}{text}" if begins is not None and not text.startswith("@") else text
        if words == source.text:
            return
        if length(words, source.spoiler_text, self._limit) > self._limit.length:
            raise self._error(TooLong, f"the text is over {self._limit.length} {self._limit.rule}")
        edit: dict[str, object] = {
            "status": words,
            "spoiler_text": source.spoiler_text,
            "sensitive": bool(status.sensitive),
            "media_ids": [file.id for file in status.media_attachments or ()],
        }
        if status.language:
            edit["language"] = status.language
        await self._api.edit(ref.id, edit)

    async def react(self, ref: PostRef, reaction: str) -> None:
        """Favour the status."""
        if reaction != "like":
            raise self._error(Unsupported, "Mastodon knows favourites and no other reaction")
        try:
            await self._api.favourite(ref.id)
        except TargetGone:
            # snac answers so to a second time as well.
            if not (await self._api.status(ref.id)).favourited:
                raise

    async def repost(self, ref: PostRef) -> None:
        """Boost the status."""
        try:
            await self._api.reblog(ref.id)
        except TargetGone:
            if not (await self._api.status(ref.id)).reblogged:
                raise

    async def follow(self, person: str) -> None:
        """Follow somebody."""
        await self._api.follow(person)

    async def may_message(self, person: str) -> bool:
        """Say whether there is such a person, with no block between us."""
        try:
            account = await self._api.account(person)
            stands = await self._api.relationship(person)
        except PostRejected:
            return False
        return not (account.suspended or stands.blocking or stands.blocked_by)

    async def person(self, handle: str) -> Author | None:
        """Return whoever has this handle or this id: an id before a handle that looks like one."""
        name = handle.removeprefix("@")
        if not handle.startswith("@") and "@" not in handle:
            try:
                return author(await self._api.account(name))
            except (TargetGone, Forbidden):
                pass
        try:
            return author(await self._api.lookup(name))
        except PostRejected:
            return None

    async def metrics(self, ref: PostRef) -> Metrics:
        """Count."""
        status = await self._api.status(ref.id)
        return Metrics(
            likes=status.favourites_count,
            reposts=status.reblogs_count,
            replies=status.replies_count,
            quotes=status.quotes_count,
        )

    async def thread(self, ref: PostRef, *, limit: int) -> tuple[ThreadPost, ...]:
        """Return what stands above the status: what it answers, what that answers, up to a gap. What fewer people see
        than the status itself is a gap as well: an answer to it must not be made of that."""
        asking = await self._api.status(ref.id)
        last = asking.in_reply_to_id
        if last is None:
            return ()
        ancestors = {status.id: status for status in (await self._api.context(ref.id)).ancestors}
        above: list[WireStatus] = []
        while last is not None and last in ancestors and len(above) < limit:
            status = ancestors.pop(last)
            if secrecy(status.visibility) > secrecy(asking.visibility):
                break
            above.append(status)
            last = status.in_reply_to_id
        return tuple(thread_post(status, self._context) for status in reversed(above))

    def _error(self, kind: type[AdapterError], words: str) -> AdapterError:
        return self._api.http.error(kind, words)
