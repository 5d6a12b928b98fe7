"""People on a Bluesky network, and what they do there: plain requests past the adapter. Standard library only."""

import itertools
import json
import secrets
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar
from urllib.parse import urlencode

T = TypeVar("T")

POST = "app.bsky.feed.post"
PASSWORD = "a+b/c d%"
PATIENCE = 20.0
"""Seconds for the AppView to hear of something."""
numbers = itertools.count(1)


class Refused(Exception):
    """The server refused; `name` is that of its error."""

    def __init__(self, status: int, name: str, words: str) -> None:
        super().__init__(f"{status} {name} {words}")
        self.status = status
        self.name = name


def call(
    base: str, method: str, name: str, body: object = None, *, headers: Mapping[str, str], **query: str | list[str]
) -> Any:
    """Make one call and return the answer's JSON."""
    content = body if isinstance(body, bytes) else None if body is None else json.dumps(body).encode()
    address = f"{base}/xrpc/{name}" + (f"?{urlencode(query, doseq=True)}" if query else "")
    request = urllib.request.Request(address, content, {"Content-Type": "application/json", **headers}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.loads(answer.read() or b"null")
    except urllib.error.HTTPError as error:
        with error:
            said = json.loads(error.read() or b"{}")
        raise Refused(error.code, said.get("error", ""), said.get("message", "")) from None


def eventually(look: Callable[[], T | None], what: str) -> T:
    """Return what `look` finds as soon as it finds something."""
    deadline = time.monotonic() + PATIENCE
    while (found := look()) is None:
        if time.monotonic() > deadline:
            raise AssertionError(f"in vain: {what}")
        time.sleep(0.05)  # each look costs the network about as much
    return found


@dataclass
class Person:
    """An account on the network, signed in with its own password."""

    base: str
    did: str
    handle: str
    token: str

    def get(self, name: str, *, through: str = "", **query: str | list[str]) -> Any:
        """Ask as this person; `through` is the service that the data server passes it on to."""
        return call(self.base, "GET", name, headers=self._headers(through), **query)

    def do(self, name: str, body: object, *, through: str = "") -> Any:
        """Do something as this person."""
        return call(self.base, "POST", name, body, headers=self._headers(through))

    def _headers(self, through: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"} | ({"atproto-proxy": through} if through else {})

    # Records ---------------------------------------------------------------------------------------------------------

    def create(self, collection: str, record: Mapping[str, object]) -> dict[str, str]:
        """Write a record; return its address and content id."""
        record = {"$type": collection, "createdAt": date(), **record}
        made = self.do("com.atproto.repo.createRecord", {"repo": self.did, "collection": collection, "record": record})
        return {"uri": made["uri"], "cid": made["cid"]}

    def post(self, text: str, **more: object) -> dict[str, str]:
        """Publish a post."""
        return self.create(POST, {"text": text, **more})

    def mention(self, who: "Person", text: str, **more: object) -> dict[str, str]:
        """Publish a post that begins with somebody's handle, as clients mark it."""
        return self.post(f"@{who.handle} {text}", facets=[mark(who)], **more)

    def reply(self, to: Mapping[str, str], text: str, **more: object) -> dict[str, str]:
        """Answer a post."""
        above = self.record(to["uri"])["value"].get("reply")
        return self.post(text, reply={"root": above["root"] if above else to, "parent": to}, **more)

    def quote(self, of: Mapping[str, str], text: str, **more: object) -> dict[str, str]:
        return self.post(text, embed={"$type": "app.bsky.embed.record", "record": of}, **more)

    def like(self, what: Mapping[str, str]) -> dict[str, str]:
        return self.create("app.bsky.feed.like", {"subject": what})

    def repost(self, what: Mapping[str, str]) -> dict[str, str]:
        return self.create("app.bsky.feed.repost", {"subject": what})

    def follow(self, who: "Person") -> dict[str, str]:
        return self.create("app.bsky.graph.follow", {"subject": who.did})

    def block(self, who: "Person") -> dict[str, str]:
        return self.create("app.bsky.graph.block", {"subject": who.did})

    def upload(self, content: bytes, media_type: str) -> Any:
        """Upload a file; return what a record calls it."""
        headers = {**self._headers(""), "Content-Type": media_type}
        return call(self.base, "POST", "com.atproto.repo.uploadBlob", content, headers=headers)["blob"]

    def record(self, uri: str) -> Any:
        """Return a record with its address and content id."""
        repo, collection, rkey = uri.removeprefix("at://").split("/")
        return self.get("com.atproto.repo.getRecord", repo=repo, collection=collection, rkey=rkey)

    def ref(self, uri: str) -> dict[str, str]:
        """Return how records refer to a record."""
        return {"uri": uri, "cid": self.record(uri)["cid"]}

    def records(self, collection: str, *, of: "Person | None" = None) -> list[Any]:
        """Return all records of a kind in a repository, oldest key first."""
        found: list[Any] = []
        more: dict[str, str] = {}
        while True:
            page = self.get(
                "com.atproto.repo.listRecords",
                repo=(of or self).did,
                collection=collection,
                limit="100",
                reverse="true",
                **more,
            )
            found += page["records"]
            if not page.get("cursor") or not page["records"]:
                return found
            more = {"cursor": page["cursor"]}

    def delete(self, uri: str) -> None:
        repo, collection, rkey = uri.removeprefix("at://").split("/")
        self.do("com.atproto.repo.deleteRecord", {"repo": repo, "collection": collection, "rkey": rkey})

    def set_profile(self, **profile: object) -> None:
        """Write the whole profile."""
        record = {"$type": "app.bsky.actor.profile", **profile}
        body = {"repo": self.did, "collection": "app.bsky.actor.profile", "rkey": "self", "record": record}
        self.do("com.atproto.repo.putRecord", body)

    # The account -----------------------------------------------------------------------------------------------------

    def app_password(self, *, direct: bool = True) -> tuple[str, str]:
        """Make an app password; return its name and itself."""
        name = f"bot {secrets.token_hex(4)}"
        made = self.do("com.atproto.server.createAppPassword", {"name": name, "privileged": direct})
        return name, made["password"]

    def revoke(self, name: str) -> None:
        self.do("com.atproto.server.revokeAppPassword", {"name": name})

    # What the AppView has --------------------------------------------------------------------------------------------

    def wait_until_known(self) -> None:
        """Return when the AppView has heard of this person."""

        def known() -> Any | None:
            try:
                return self.get("app.bsky.actor.getProfile", actor=self.did)
            except Refused:
                return None

        eventually(known, f"the AppView knows {self.handle}")

    def seen(self, uri: str) -> Any | None:
        """Return a post as the AppView shows it to this person."""
        posts = self.get("app.bsky.feed.getPosts", uris=[uri])["posts"]
        return posts[0] if posts else None

    def notified_of(self, uri: str) -> bool:
        """Say whether there is a notification of this record."""
        told = self.get("app.bsky.notification.listNotifications", limit="100")["notifications"]
        return any(one["uri"] == uri for one in told)

    def wait_for(self, uri: str) -> None:
        """Return when the AppView has a post."""
        eventually(lambda: self.seen(uri), f"the AppView has {uri}")

    def wait_for_notification(self, uri: str) -> None:
        """Return when the AppView has told this person of a record."""
        eventually(lambda: self.notified_of(uri) or None, f"a notification of {uri}")

    def wait_until_gone(self, uri: str) -> None:
        """Return when the AppView has a post no more."""
        eventually(lambda: self.seen(uri) is None or None, f"the end of {uri}")


def register(base: str, name: str) -> Person:
    """Make an account; return when the AppView knows it."""
    person = join(base, name)
    person.wait_until_known()
    return person


def join(base: str, name: str) -> Person:
    """Make an account, of which the AppView hears a moment later."""
    handle = f"{name}{next(numbers)}-{secrets.token_hex(3)}.test"
    wanted = {"handle": handle, "email": f"{handle}@example.com", "password": PASSWORD}
    made = call(base, "POST", "com.atproto.server.createAccount", wanted, headers={})
    return Person(base, made["did"], handle, made["accessJwt"])


def mark(who: Person) -> dict[str, object]:
    """Return the facet of a handle at the beginning of a text."""
    return {
        "index": {"byteStart": 0, "byteEnd": len(who.handle) + 1},
        "features": [{"$type": "app.bsky.richtext.facet#mention", "did": who.did}],
    }


def date(moment: datetime | None = None) -> str:
    """Return a date as clients write it."""
    return (moment or datetime.now(UTC)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def texts(records: Sequence[Any]) -> list[str]:
    """Return the texts of posts."""
    return [record["value"]["text"] for record in records]
