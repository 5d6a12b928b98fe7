"""One page of the web, read within bounds: its size, its time, its redirects, and where they may lead."""

from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import SplitResult, urljoin

from greenroom_adapters.contract import AdapterError, ConfigurationError, Unavailable
from greenroom_adapters.text import web_address
from greenroom_adapters.transport import Answer, Effect, Http, public_socket

__all__ = ["Page", "Seen", "read_page"]

MOST_REDIRECTS = 5
REDIRECTS = frozenset({301, 302, 303, 307, 308})
LONGEST_MARK = 1024
"""Characters of what a server wants to be told the next time; a longer one is not kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What a server said of the page when it was read last, in its own words: shown to it, it need not send the same
    again."""

    etag: str = ""
    modified: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What lies at an address."""

    address: str
    """Where it was found, behind all redirects."""
    body: bytes | None
    """None: the same as when it was seen."""
    media_type: str
    """As the server calls it, with its parameters; empty: it does not say."""
    seen: Seen


async def read_page(
    address: str, *, called: str, most: int, seen: Seen | None = None, is_private: bool = False, patience: timedelta
) -> Page:
    """Return what lies at `address`, at most so many bytes of it (unpacked), within `patience` for each redirect.

    `called` is what it is called in errors. Redirects are followed, from https never to http. Each of them, like the
    address itself, must lead to a public machine, unless `is_private`: then all may lie in this house.

    :raises RateLimited: it asks us to wait
    :raises AdapterError: it is not there, not public, too large, or cannot be read now
    """
    headers = {"Accept": "application/atom+xml, application/rss+xml, application/xml;q=0.9, */*;q=0.5"}
    if seen is not None and seen.etag:
        headers["If-None-Match"] = seen.etag
    if seen is not None and seen.modified:
        headers["If-Modified-Since"] = seen.modified
    for _ in range(MOST_REDIRECTS + 1):
        answer = await _ask(_web_address(address, called), headers, called, most, patience, is_private=is_private)
        if answer.status in REDIRECTS and (target := answer.headers.get("Location")):
            before, address = address, _joined(address, target, called)
            if before.startswith("https:") and not address.startswith("https:"):
                raise Unavailable(f"{called}: it redirects from https to http, which is not followed")
            continue
        if answer.status == 304 and seen is not None:
            return Page(address=address, body=None, media_type="", seen=seen)
        if not 200 <= answer.status < 300:
            raise Unavailable(f"{called}: it answered {answer.status}")
        return Page(
            address=address,
            body=answer.body,
            media_type=answer.headers.get("Content-Type", ""),
            seen=Seen(etag=_mark(answer, "ETag"), modified=_mark(answer, "Last-Modified")),
        )
    raise Unavailable(f"{called}: it redirects more than {MOST_REDIRECTS} times")


async def _ask(
    parts: SplitResult, headers: dict[str, str], called: str, most: int, patience: timedelta, *, is_private: bool
) -> Answer:
    """Return the answer, whichever below 400 it is."""
    heard: list[Answer] = []
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    try:
        way = Http(
            f"{parts.scheme}://{parts.netloc}",
            platform=called,
            account="",
            body_cap=most,
            connections=1,
            sockets=None if is_private else public_socket,
            deadline=patience,
            heard=lambda method, path, answer: heard.append(answer),
        )
    except ConfigurationError:
        # some of what one reader of addresses takes, the other does not
        raise Unavailable(f"{called}: it lies at no address of the web") from None
    async with way:
        try:
            return await way.call("GET", path, effect=Effect.REPEATABLE, headers=headers)
        except AdapterError:
            # a redirect, and what is the same as before, is no failure here
            if heard and 300 <= heard[0].status < 400:
                return heard[0]
            raise


def _joined(address: str, target: str, called: str) -> str:
    try:
        return urljoin(address, target)
    except ValueError:
        raise Unavailable(f"{called}: it redirects to what is no address") from None


def _web_address(address: str, called: str) -> SplitResult:
    """Return the parts of an address of the web; nobody signs in with it."""
    parts = web_address(address)
    if parts is None or "@" in parts.netloc:
        raise Unavailable(f"{called}: it lies at no address of the web")
    return parts


def _mark(answer: Answer, name: str) -> str:
    value = answer.headers.get(name, "")
    return value if len(value) <= LONGEST_MARK and value.isprintable() else ""
