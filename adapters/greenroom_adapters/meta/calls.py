"""The calls of an account that are the same on every platform of Meta."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import ClassVar

import msgspec

from greenroom_adapters.contract import Attempt, PostRejected, TargetGone
from greenroom_adapters.meta.graph import Graph
from greenroom_adapters.meta.wire import CREATED, IDS, SUCCESSES
from greenroom_adapters.transport import Answer, Effect

__all__ = ["Calls"]

MESSAGES = "messages"
SKEW = timedelta(minutes=5)
"""What became of a try may bear a time that is so much before it."""


class Calls:
    """The calls. Each raises the errors of `Http.call`."""

    subscribed: ClassVar[tuple[str, ...]]
    """What the account's events are called that a webhook brings, beside messages."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.me = ""
        """Id of the account; known after its profile is."""

    def is_me(self, person: str) -> bool:
        """Say whether an id is the account's."""
        return person == self.me

    async def create_message(self, person: str, text: str, *, deadline: timedelta, **more: str) -> tuple[str, Answer]:
        """Answer somebody's message; return the message's id."""
        fields = {
            name: msgspec.json.encode(value).decode()
            for name, value in (("recipient", {"id": person}), ("message", {"text": text}))
        }
        return await self._said(f"/{self.me}/messages", {**fields, **more}, deadline)

    async def delete(self, name: str) -> None:
        """Take down something that was said."""
        self._done(await self.graph.delete(f"/{name}"))

    async def subscribe(self, *, direct_messages: bool) -> None:
        """Have Meta tell the app what happens to the account; of its messages only with the permission to read them."""
        fields = {"subscribed_fields": ",".join((*self.subscribed, *((MESSAGES,) if direct_messages else ())))}
        self._done(await self.graph.post(f"/{self.me}/subscribed_apps", fields, effect=Effect.REPEATABLE))

    def since(self, attempt: Attempt) -> datetime:
        """Return from when on what became of an attempt is looked for, by Meta's clock."""
        return self.graph.http.dated(attempt.first_tried_at)[0] - SKEW

    def gone(self, words: str) -> TargetGone:
        """Return the error that says that something is not there."""
        http = self.graph.http
        return TargetGone(words, platform=http.platform, account=http.account)

    def _done(self, answer: Answer) -> None:
        """See to it that what was asked for is done.

        :raises PostRejected: it is not
        """
        if not self.graph.http.decode(answer, SUCCESSES).is_done:
            raise self.graph.error(PostRejected, f"{self.graph.name} says that it has not done it")

    async def _said(self, path: str, fields: Mapping[str, str], deadline: timedelta) -> tuple[str, Answer]:
        """Say something that everybody sees at once; return its id, which stands under one of three names."""
        answer = await self.graph.post(path, fields, effect=Effect.ONCE, deadline=deadline)
        made = self.graph.http.decode(answer, CREATED)
        return made.message_id or made.id or self.graph.http.decode(answer, IDS).id, answer
