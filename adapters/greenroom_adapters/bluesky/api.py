"""The calls of the AT Protocol and of Bluesky, one method each: names, queries and bodies, and nothing that decides."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import TypeVar

import msgspec

from greenroom_adapters.bluesky.identifiers import PROFILE, AtUri
from greenroom_adapters.bluesky.session import Session
from greenroom_adapters.bluesky.wire import (
    COMMITS,
    HANDLES,
    NAMED_BLOBS,
    NOTIFICATION_PAGES,
    POST_LISTS,
    PROFILE_LISTS,
    PROFILE_RECORDS,
    PROFILES,
    RECORDS,
    THREADS,
    WRITTEN,
    WireNotificationPage,
    WirePostView,
    WireProfile,
    WireProfileRecord,
    WireRecord,
    WireThread,
    WireWritten,
)
from greenroom_adapters.contract import AdapterError
from greenroom_adapters.transport import Answer, Effect, Query

__all__ = ["PROFILES_PAGE", "Api"]

T = TypeVar("T")

PAGE = 100
"""Notifications in one page, at most."""
PROFILES_PAGE = 25
"""People that can be asked for at once."""


class Api:
    """The calls. Each raises the errors of `Session.call`."""

    def __init__(self, session: Session) -> None:
        self.session = session

    @property
    def me(self) -> str:
        """The account's identity."""
        return self.session.did

    # Records, on the account's data server ---------------------------------------------------------------------------

    async def record(self, uri: AtUri) -> WireRecord:
        """Return one record.

        :raises TargetGone: there is none
        """
        query = {"repo": uri.repo, "collection": uri.collection, "rkey": uri.rkey}
        return await self._get("com.atproto.repo.getRecord", RECORDS, query)

    async def profile_record(self) -> WireProfileRecord:
        """Return the account's own profile as it stands in its repository.

        :raises TargetGone: there is none
        """
        query = {"repo": self.me, "collection": PROFILE, "rkey": "self"}
        return await self._get("com.atproto.repo.getRecord", PROFILE_RECORDS, query)

    async def put(
        self,
        uri: AtUri,
        record: Mapping[str, object],
        *,
        replaces: str | None,
        effect: Effect,
        deadline: timedelta | None = None,
    ) -> tuple[WireWritten, Answer]:
        """Write a record in the place of the one with the content id `replaces`; None: where none may be. The same
        record again changes nothing and is no error.

        :raises Duplicate: another record is there
        """
        body = {
            "repo": uri.repo,
            "collection": uri.collection,
            "rkey": uri.rkey,
            "record": record,
            "swapRecord": replaces,
        }
        answer = await self.session.call(
            "POST", "com.atproto.repo.putRecord", effect=effect, json=body, deadline=deadline
        )
        return self.session.http.decode(answer, WRITTEN), answer

    async def create(self, collection: str, record: Mapping[str, object]) -> None:
        """Write a record under a key that the server makes."""
        body = {"repo": self.me, "collection": collection, "record": record}
        await self.session.call("POST", "com.atproto.repo.createRecord", effect=Effect.REPEATABLE, json=body)

    async def delete(self, uri: AtUri) -> None:
        """Delete a record of the account. Deleting one that is gone is no error."""
        body = {"repo": uri.repo, "collection": uri.collection, "rkey": uri.rkey}
        await self.session.call("POST", "com.atproto.repo.deleteRecord", effect=Effect.REPEATABLE, json=body)

    async def upload(self, content: bytes, *, media_type: str, deadline: timedelta) -> dict[str, object]:
        """Upload a file and return what a record calls it. Nobody sees it until a record refers to it."""
        answer = await self.session.call(
            "POST",
            "com.atproto.repo.uploadBlob",
            effect=Effect.REPEATABLE,
            content=content,
            headers={"Content-Type": media_type},
            deadline=deadline,
        )
        return self.session.http.decode(answer, NAMED_BLOBS).blob

    async def revision(self) -> str:
        """Return the revision of the account's repository: every write makes another one."""
        return (await self._get("com.atproto.sync.getLatestCommit", COMMITS, {"did": self.me})).rev

    async def resolve(self, handle: str) -> str:
        """Return whose handle this is.

        :raises PostRejected: nobody's
        """
        return (await self._get("com.atproto.identity.resolveHandle", HANDLES, {"handle": handle})).did

    # What the AppView has made of everybody's records ----------------------------------------------------------------

    async def notifications(self, before: str | None, limit: int = PAGE) -> WireNotificationPage:
        """Return a page of notifications, newest first, from a page's cursor on (None: from the newest).

        :raises AnswerTooLarge: so many of them are too much at once
        """
        query = {"limit": str(limit), "priority": "false"} | ({} if before is None else {"cursor": before})
        return await self._get("app.bsky.notification.listNotifications", NOTIFICATION_PAGES, query)

    async def profile(self, actor: str) -> WireProfile:
        """Return a person.

        :raises PostRejected: there is nobody of that handle or identity
        """
        return await self._get("app.bsky.actor.getProfile", PROFILES, {"actor": actor})

    async def profiles(self, actors: Sequence[str]) -> tuple[WireProfile, ...]:
        """Return people, at most `PROFILES_PAGE`, in any order; who is nobody is left out."""
        return (await self._get("app.bsky.actor.getProfiles", PROFILE_LISTS, {"actors": actors})).profiles

    async def post(self, uri: AtUri) -> WirePostView | None:
        """Return one post as we may see it; None: it is gone, behind a block, or not indexed yet."""
        found = (await self._get("app.bsky.feed.getPosts", POST_LISTS, {"uris": str(uri)})).posts
        return found[0] if found else None

    async def thread(self, uri: AtUri, *, above: int) -> WireThread:
        """Return one post with what it answers, at most `above` levels.

        :raises TargetGone: it is gone, or not indexed yet
        """
        query = {"uri": str(uri), "depth": "0", "parentHeight": str(above)}
        return (await self._get("app.bsky.feed.getPostThread", THREADS, query)).thread

    def error(self, kind: type[AdapterError], words: str) -> AdapterError:
        """Return an error of this account."""
        return self.session.http.error(kind, words)

    async def _get(self, name: str, decoder: "msgspec.json.Decoder[T]", query: Query) -> T:
        answer = await self.session.call("GET", name, effect=Effect.REPEATABLE, query=query)
        return self.session.http.decode(answer, decoder)
