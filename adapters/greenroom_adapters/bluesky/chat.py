"""The calls of direct messages, one method each. The data server passes them on to the service that carries them."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import TypeVar

import msgspec

from greenroom_adapters.bluesky.chat_wire import (
    AVAILABILITIES,
    CONVO_LISTS,
    CONVOS,
    LOGS,
    MESSAGE_PAGES,
    SENT,
    WireAvailability,
    WireConvo,
    WireConvoList,
    WireLog,
    WireMessage,
    WireMessagePage,
)
from greenroom_adapters.bluesky.session import Session
from greenroom_adapters.transport import Effect

__all__ = ["Chat"]

T = TypeVar("T")

PAGE = 100
"""Messages of a conversation, or conversations, in one page."""


class Chat:
    """The calls. Each raises the errors of `Session.call`; `Forbidden` where the app password allows no messages."""

    def __init__(self, session: Session, *, service: str) -> None:
        self.session = session
        self._through = {"atproto-proxy": service}

    @property
    def me(self) -> str:
        """The account's identity."""
        return self.session.did

    async def log(self, after: str | None) -> WireLog:
        """Return what happened in all conversations since a cursor, oldest first; None: the latest of it."""
        return await self._get("getLog", LOGS, {} if after is None else {"cursor": after})

    async def convo(self, convo: str) -> WireConvo:
        """Return one conversation."""
        return (await self._get("getConvo", CONVOS, {"convoId": convo})).convo

    async def convo_with(self, person: str) -> WireConvo:
        """Return the conversation with one person, a new one where there is none yet.

        :raises Forbidden: they take no messages from us
        """
        return (await self._get("getConvoForMembers", CONVOS, {"members": person})).convo

    async def availability(self, person: str) -> WireAvailability:
        """Say whether one may write to a person, and what conversation there is."""
        return await self._get("getConvoAvailability", AVAILABILITIES, {"members": person})

    async def convos(self, after: str | None) -> WireConvoList:
        """Return a page of the conversations, those with the latest messages first."""
        query = {"limit": str(PAGE)} | ({} if after is None else {"cursor": after})
        return await self._get("listConvos", CONVO_LISTS, query)

    async def messages(self, convo: str, before: str | None) -> WireMessagePage:
        """Return a page of a conversation, newest first."""
        query = {"convoId": convo, "limit": str(PAGE)} | ({} if before is None else {"cursor": before})
        return await self._get("getMessages", MESSAGE_PAGES, query)

    async def send(
        self, convo: str, text: str, facets: Sequence[Mapping[str, object]], *, deadline: timedelta
    ) -> WireMessage:
        """Send a message. Nothing recognises it when it is sent again."""
        message: Mapping[str, object] = {"text": text, "facets": list(facets)} if facets else {"text": text}
        answer = await self.session.call(
            "POST",
            "chat.bsky.convo.sendMessage",
            effect=Effect.ONCE,
            json={"convoId": convo, "message": message},
            headers=self._through,
            deadline=deadline,
        )
        return self.session.http.decode(answer, SENT)

    async def _get(self, name: str, decoder: "msgspec.json.Decoder[T]", query: Mapping[str, str]) -> T:
        answer = await self.session.call(
            "GET", f"chat.bsky.convo.{name}", effect=Effect.REPEATABLE, query=query, headers=self._through
        )
        return self.session.http.decode(answer, decoder)
