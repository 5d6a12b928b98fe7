"""Files that somebody attached, fetched from wherever he says that they lie: never from within this house."""

from datetime import timedelta
from urllib.parse import urlsplit

from greenroom_adapters.contract import ConfigurationError, MediaRefused, RemoteMedia, Secret
from greenroom_adapters.text import web_address
from greenroom_adapters.transport.http import Http
from greenroom_adapters.transport.judging import Effect
from greenroom_adapters.transport.sockets import public_socket

__all__ = ["fetch"]

PATIENCE = timedelta(seconds=60)


async def fetch(media: RemoteMedia, *, beside: Http, most: int, token: Secret | None = None) -> bytes:
    """Return what lies at the address of `media`, at most so many bytes of it. Nothing is sent along, and redirects are
    not followed.

    `beside` is the account's way to its platform. The server there, whose address the bot's owner wrote, may be on this
    machine or in this house, and alone is shown the `token`, where it wants one; everything else must be public.

    :raises MediaRefused: it lies at no address of the web
    :raises AdapterError: it is not there, not public, too large, or cannot be fetched now
    """
    nowhere = MediaRefused("it lies at no address of the web", platform=beside.platform, account=beside.account)
    parts = web_address(media.url)
    if parts is None or "@" in parts.netloc:
        raise nowhere
    origin = f"{parts.scheme}://{parts.netloc}"
    server = urlsplit(beside.base_url)
    is_own = origin == f"{server.scheme}://{server.netloc}"
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    try:
        way = Http(
            origin,
            platform=beside.platform,
            account=beside.account,
            body_cap=most,
            connections=1,
            sockets=None if is_own else public_socket,
            deadline=PATIENCE,
        )
    except ConfigurationError:
        # some of what one reader of addresses takes, the other does not
        raise nowhere from None
    if is_own and token is not None:
        way.authorize(token)
    async with way:
        return (await way.call("GET", path, effect=Effect.REPEATABLE)).body
