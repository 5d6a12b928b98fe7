"""Direct messages: the account's conversations, what was said in them, and whether somebody may be written to."""

import logging
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from datetime import datetime, timedelta

import msgspec
from typing_extensions import override

from greenroom_adapters.contract import (
    DirectMessageReceived,
    Event,
    OwnPostSeen,
    PostDeleted,
    PostRef,
    PostRejected,
    RemoteMedia,
)
from greenroom_adapters.meta.graph import Graph, OutOfReach, page_by_page
from greenroom_adapters.meta.moments import from_epoch, moment
from greenroom_adapters.meta.people import author_of
from greenroom_adapters.meta.sources import Row, Source, unreadable
from greenroom_adapters.meta.wire import (
    CONVERSATIONS,
    KNOCKS,
    MESSAGES,
    PEOPLE,
    WireConversation,
    WireMessage,
    WirePage,
    WirePart,
    read_rows,
)

__all__ = ["MESSAGE", "Mail", "MailSource", "message_ref", "read_knock"]

logger = logging.getLogger(__name__)

MESSAGE = "dm/"
"""Before the id of a direct message in a `PostRef`."""
MAIL = "messages"
FIELDS = "id,created_time,from,to,message,attachments"
PAGES = 100
"""Pages of conversations, and of messages of one of them, that are read at a time."""
TALKS = 25
"""Conversations in one page."""
ROWS = 20
"""Messages of one conversation that are shown beside it."""
OPEN_FOR = timedelta(hours=24)
"""So long after their last message somebody may be answered."""


def message_ref(message: str) -> PostRef:
    """Return the reference of a direct message; nobody can look at it from outside."""
    return PostRef(id=f"{MESSAGE}{message}")


class Mail:
    """The conversations of one account."""

    def __init__(self, graph: Graph, *, path: Callable[[], str], query: "dict[str, str]", is_deep: bool) -> None:
        """`path` is the list of conversations, asked for with this `query`. One that is not `is_deep` shows the newest
        messages of each alone."""
        self._graph = graph
        self._is_deep = is_deep
        self._path = path
        self._query = query

    async def conversations(self, *, most: int = PAGES, person: str = "") -> AsyncGenerator[WirePage, None]:
        """Yield pages of conversations, the latest used first: all of them, or that with one person."""
        query = {**self._query, "fields": f"id,updated_time,messages.limit({ROWS}){{{FIELDS}}}"}
        if person:
            query["user_id"] = person
        async with aclosing(page_by_page(self._graph, self._path(), most=most, limit=TALKS, **query)) as pages:
            async for page in pages:
                yield page

    async def said_in(
        self, conversation: WireConversation, since: datetime | None
    ) -> tuple[Sequence[msgspec.Raw], bool]:
        """Return the messages of a conversation from a moment on, and perhaps older ones, newest first; and whether
        these are all since then."""
        first = conversation.messages
        if since is None or not first.after or not _reaches(first.data, since):
            return first.data, True
        if not self._is_deep:
            return first.data, False
        raws: list[msgspec.Raw] = []
        async with aclosing(
            page_by_page(self._graph, f"/{conversation.id}/messages", most=PAGES, fields=FIELDS, limit=ROWS)
        ) as pages:
            async for page in pages:
                raws += page.data
                if not page.after or not _reaches(raws, since):
                    return raws, True
        return raws, False

    async def with_person(self, person: str, since: datetime) -> list[WireMessage]:
        """Return what was said between the account and one person from a moment on, newest first.

        :raises OutOfReach: these are not all messages since then
        """
        said, are_all = await self._with(person, since)
        if not are_all:
            raise OutOfReach
        return said

    async def _with(self, person: str, since: datetime) -> tuple[list[WireMessage], bool]:
        """Return what can be read of it, and whether that is all. Nobody is written to who has not written before:
        where there is no conversation, it is hidden."""
        found: list[WireMessage] = []
        are_all = False
        async with aclosing(self.conversations(person=person, most=1)) as pages:
            async for page in pages:
                conversations = read_rows(CONVERSATIONS, page)
                are_all = len(conversations) == len(page.data) > 0
                for conversation in conversations:
                    raws, is_whole = await self.said_in(conversation, since)
                    # what stands behind an older one is older, whether it can be read or not
                    raws = raws[: next((n for n, raw in enumerate(raws) if not _reaches([raw], since)), len(raws))]
                    said = read_rows(MESSAGES, WirePage(data=tuple(raws)))
                    are_all = are_all and is_whole and len(said) == len(raws)
                    found += said
        return found, are_all

    async def may_answer(self, person: str, now: datetime) -> bool:
        """Say whether the person has written within the time in which they may be answered."""
        since = now - OPEN_FOR
        said, _ = await self._with(person, since)
        return any(one.sender.id == person and moment(one.created_time) > since for one in said)


class MailSource(Source):
    """Direct messages, of both sides."""

    name = MAIL

    def __init__(self, mail: Mail, *, is_me: Callable[[str], bool]) -> None:
        self._mail = mail
        self._is_me = is_me

    @override
    async def rows(self, since: datetime | None) -> Sequence[Row]:
        rows: list[Row] = []
        async with aclosing(self._mail.conversations(most=1 if since is None else PAGES)) as pages:
            async for page in pages:
                is_known = False
                for raw in page.data:
                    try:
                        conversation = CONVERSATIONS.decode(raw)
                    except msgspec.DecodeError:
                        rows.append(unreadable(bytes(raw), source=MAIL, since=since))
                        continue
                    if since is not None and conversation.updated_time and moment(conversation.updated_time) < since:
                        is_known = True
                        continue
                    # those of one second stand newest first, and are heard as they were said
                    try:
                        said, are_all = await self._mail.said_in(conversation, since)
                    except PostRejected as refused:
                        # what the others say is heard all the same
                        logger.warning("a conversation cannot be read further back: %s", refused)
                        said, are_all = conversation.messages.data, False
                    if not are_all:
                        logger.warning("a conversation has more messages since %s than are shown: some are lost", since)
                    rows += [self._row(one, since) for one in reversed(said)]
                if is_known:
                    break
        return rows

    def _row(self, raw: msgspec.Raw, since: datetime | None) -> Row:
        try:
            message = MESSAGES.decode(raw)
            at = moment(message.created_time)
        except (msgspec.DecodeError, ValueError):
            return unreadable(bytes(raw), source=MAIL, since=since)
        return Row(name=message.id, at=at, event=lambda cursor: self._event(message, at, cursor))

    def _event(self, message: WireMessage, at: datetime, cursor: str) -> Event:
        is_own = self._is_me(message.sender.id)
        other = next(iter(read_rows(PEOPLE, message.to)), message.sender) if is_own else message.sender
        if is_own:
            return OwnPostSeen(
                id=message.id,
                source=MAIL,
                cursor=cursor,
                occurred_at=at,
                post=message_ref(message.id),
                text=message.message,
                conversation=f"{MESSAGE}{other.id}",
            )
        return DirectMessageReceived(
            id=message.id,
            source=MAIL,
            cursor=cursor,
            occurred_at=at,
            post=message_ref(message.id),
            author=author_of(other),
            text=message.message,
            conversation=f"{MESSAGE}{other.id}",
            media=tuple(one for part in message.attachments.data if (one := _listed_media(part)) is not None),
        )


def read_knock(
    raw: msgspec.Raw, *, is_me: Callable[[str], bool], source: str, cursor: Callable[[], str]
) -> Event | None:
    """Return the event of a direct message that a call told; None: nothing for us, or an echo of our own.

    :raises msgspec.DecodeError: it cannot be read
    :raises ValueError: the same
    """
    knock = KNOCKS.decode(raw)
    message = knock.message
    if message is None or message.is_echo or is_me(knock.sender.id):
        return None
    at, post = from_epoch(knock.timestamp), message_ref(message.mid)
    if message.is_deleted:
        return PostDeleted(id=f"removed-{message.mid}", source=source, cursor=cursor(), occurred_at=at, post=post)
    return DirectMessageReceived(
        id=message.mid,
        source=source,
        cursor=cursor(),
        occurred_at=at,
        post=post,
        author=author_of(knock.sender),
        text=message.text,
        conversation=f"{MESSAGE}{knock.sender.id}",
        media=tuple(one for part in message.attachments if (one := _told_media(part)) is not None),
    )


def _reaches(raws: Sequence[msgspec.Raw], since: datetime) -> bool:
    """Say whether all of these are newer than a moment, so that what follows may be as well."""
    messages = read_rows(MESSAGES, WirePage(data=tuple(raws)))
    return all(moment(one.created_time) >= since for one in messages)


def _listed_media(part: WirePart) -> RemoteMedia | None:
    for held, usual in ((part.image_data, "image/jpeg"), (part.video_data, "video/mp4")):
        if held is not None and held.url:
            return RemoteMedia(url=held.url, media_type=part.mime_type or usual)
    return None


def _told_media(part: WirePart) -> RemoteMedia | None:
    media_type = {"image": "image/jpeg", "video": "video/mp4"}.get(part.type)
    if media_type is None or part.payload is None or not part.payload.url:
        return None
    return RemoteMedia(url=part.payload.url, media_type=media_type)
