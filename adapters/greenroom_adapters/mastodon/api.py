"""The calls of the Mastodon API, one method each: addresses, queries and bodies, and nothing that decides."""

from collections.abc import Mapping
from datetime import timedelta
from typing import TypeVar
from urllib.parse import quote

import aiohttp
import msgspec

from greenroom_adapters.contract import TargetGone
from greenroom_adapters.mastodon.wire import (
    ACCOUNTS,
    APPLICATIONS,
    ATTACHMENTS,
    CONTEXTS,
    INSTANCES,
    PAGES,
    POLICIES,
    RELATIONSHIPS,
    SOURCES,
    STATUSES,
    WireAccount,
    WireApplication,
    WireAttachment,
    WireContext,
    WireInstance,
    WirePolicy,
    WireRelationship,
    WireSource,
    WireStatus,
)
from greenroom_adapters.transport import Answer, Effect, Http

__all__ = ["PROOF", "Api"]

T = TypeVar("T")

NOTIFICATIONS_PAGE = 80
STATUSES_PAGE = 40
"""The most that Mastodon gives at once."""
PROOF = "/api/v1/accounts/verify_credentials"
"""Answers whoever has a good token."""


class Api:
    """The calls. Each raises the errors of `Http.call`."""

    def __init__(self, http: Http) -> None:
        self.http = http

    # The server and the account --------------------------------------------------------------------------------------

    async def instance(self) -> WireInstance:
        """Say what the server is: by the newer address, or where there is none by the older one."""
        try:
            return await self._get("/api/v2/instance", INSTANCES)
        except TargetGone:
            return await self._get("/api/v1/instance", INSTANCES)

    async def me(self) -> WireAccount:
        """Say whose token it is."""
        return await self._get(PROOF, ACCOUNTS)

    async def application(self) -> WireApplication:
        """Say to what the token was given."""
        return await self._get("/api/v1/apps/verify_credentials", APPLICATIONS)

    async def policy(self) -> WirePolicy:
        """Say whose notifications the account lets through."""
        return await self._get("/api/v2/notifications/policy", POLICIES)

    async def mark_as_bot(self, *, as_form: bool) -> WireAccount:
        """Set the mark of a bot and nothing else; some servers read only forms."""
        answer = await self.http.call(
            "PATCH",
            "/api/v1/accounts/update_credentials",
            effect=Effect.REPEATABLE,
            json=None if as_form else {"bot": True},
            form=(lambda: aiohttp.FormData({"bot": "true"})) if as_form else None,
        )
        return self.http.decode(answer, ACCOUNTS)

    # People ----------------------------------------------------------------------------------------------------------

    async def account(self, name: str) -> WireAccount:
        """Return the account with this id."""
        return await self._get(f"/api/v1/accounts/{quoted(name)}", ACCOUNTS)

    async def lookup(self, handle: str) -> WireAccount:
        """Return the account with this handle, among those that the server knows."""
        return await self._get("/api/v1/accounts/lookup", ACCOUNTS, {"acct": handle})

    async def relationship(self, name: str) -> WireRelationship:
        """Say how the account stands to another."""
        found = await self._get("/api/v1/accounts/relationships", RELATIONSHIPS, {"id[]": name})
        return found[0] if found else WireRelationship()

    async def follow(self, name: str) -> None:
        """Follow an account."""
        await self.http.call("POST", f"/api/v1/accounts/{quoted(name)}/follow", effect=Effect.REPEATABLE)

    # Lists -----------------------------------------------------------------------------------------------------------

    async def notifications(
        self, *, above: str | None = None, below: str | None = None, limit: int = NOTIFICATIONS_PAGE
    ) -> tuple[msgspec.Raw, ...]:
        """Return notifications behind one id and before another: of those behind `above` the oldest, where the server
        knows `min_id`; else the newest."""
        return await self._get("/api/v1/notifications", PAGES, _page(above, below, limit))

    async def statuses(
        self, account: str, *, above: str | None = None, below: str | None = None, limit: int = STATUSES_PAGE
    ) -> tuple[msgspec.Raw, ...]:
        """Return what an account has written, boosts left out, in the way of `notifications`."""
        query = {**_page(above, below, limit), "exclude_reblogs": "true"}
        return await self._get(f"/api/v1/accounts/{quoted(account)}/statuses", PAGES, query)

    async def home(self, *, below: str | None = None, limit: int = STATUSES_PAGE) -> tuple[msgspec.Raw, ...]:
        """Return the newest of the account's home timeline before an id."""
        return await self._get("/api/v1/timelines/home", PAGES, _page(None, below, limit))

    # Statuses --------------------------------------------------------------------------------------------------------

    async def status(self, name: str) -> WireStatus:
        """Return a status."""
        return await self._get(f"/api/v1/statuses/{quoted(name)}", STATUSES)

    async def context(self, name: str) -> WireContext:
        """Return what stands above and below a status."""
        return await self._get(f"/api/v1/statuses/{quoted(name)}/context", CONTEXTS)

    async def source(self, name: str) -> WireSource:
        """Return a status of the account as it was written."""
        return await self._get(f"/api/v1/statuses/{quoted(name)}/source", SOURCES)

    async def post(self, status: Mapping[str, object], *, key: str, effect: Effect, deadline: timedelta) -> Answer:
        """Publish a status under an idempotency key, which not every server looks at: `effect` says whether it does."""
        return await self.http.call(
            "POST",
            "/api/v1/statuses",
            effect=effect,
            json=status,
            headers={"Idempotency-Key": key},
            deadline=deadline,
        )

    async def edit(self, name: str, status: Mapping[str, object]) -> None:
        """Replace a status by another version."""
        await self.http.call("PUT", f"/api/v1/statuses/{quoted(name)}", effect=Effect.REPEATABLE, json=status)

    async def delete(self, name: str) -> None:
        """Take a status down."""
        await self.http.call("DELETE", f"/api/v1/statuses/{quoted(name)}", effect=Effect.REPEATABLE)

    async def favourite(self, name: str) -> None:
        """Favour a status."""
        await self.http.call("POST", f"/api/v1/statuses/{quoted(name)}/favourite", effect=Effect.REPEATABLE)

    async def reblog(self, name: str) -> None:
        """Boost a status."""
        await self.http.call("POST", f"/api/v1/statuses/{quoted(name)}/reblog", effect=Effect.REPEATABLE)

    # Files -----------------------------------------------------------------------------------------------------------

    async def upload(
        self, content: bytes, *, media_type: str, name: str, description: str, deadline: timedelta
    ) -> WireAttachment:
        """Give the server a file; nobody sees it until it is attached. It is ready when it has an address."""

        def form() -> aiohttp.FormData:
            fields = aiohttp.FormData()
            fields.add_field("file", content, content_type=media_type, filename=name)
            fields.add_field("description", description)
            return fields

        answer = await self.http.call("POST", "/api/v2/media", effect=Effect.REPEATABLE, form=form, deadline=deadline)
        return self.http.decode(answer, ATTACHMENTS)

    async def attachment(self, name: str) -> WireAttachment:
        """Return a file that was given to the server, ready or not."""
        return await self._get(f"/api/v1/media/{quoted(name)}", ATTACHMENTS)

    async def _get(self, path: str, decoder: "msgspec.json.Decoder[T]", query: Mapping[str, str] | None = None) -> T:
        answer = await self.http.call("GET", path, effect=Effect.REPEATABLE, query=query)
        return self.http.decode(answer, decoder)


def quoted(part: str) -> str:
    """Return one part of a path, as it stands in an address."""
    return quote(part, safe="")


def _page(above: str | None, below: str | None, limit: int) -> dict[str, str]:
    query = {"limit": str(limit)}
    if above is not None:
        query["min_id"] = above
    if below is not None:
        query["max_id"] = below
    return query
