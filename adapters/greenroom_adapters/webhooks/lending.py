"""Gives a post's files out while a platform fetches them: under names that nobody guesses, at the owner's address."""

import hashlib
import hmac
import re
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import unquote

from greenroom_adapters.contract import ConfigurationError, Media, Secret
from greenroom_adapters.webhooks.server import Lent, Webhooks, address_of

__all__ = ["Lending", "lending_of"]

ADDRESS = re.compile(r"https?://[A-Za-z0-9.\[\]:-]+(?P<path>(?:/[!-\"$->@-~]*)?)", re.ASCII)
SUFFIXES = {"image/jpeg": ".jpg", "image/png": ".png", "image/webp": ".webp", "video/mp4": ".mp4"}


def lending_of(address: str, *, platform: str, listen: str, secret: Secret) -> "Lending | None":
    """Return the counter of an account as `Lending` says; None: it has no address where the world fetches."""
    return Lending(platform=platform, address=address, listen=listen, secret=secret) if address else None


class Lending:
    """The counter at which one account's files are given out."""

    def __init__(self, *, platform: str, address: str, listen: str, secret: Secret) -> None:
        """`address` is where the world fetches, and `listen` where this program gives out; between them is a proxy.
        Names are made with the `secret`.

        :raises ConfigurationError: the one is no address, or nothing can listen on the other
        """
        match = ADDRESS.fullmatch(address)
        if match is None:
            raise ConfigurationError(
                f"{platform}: `media_url: {address}`: an address like https://bot.example.com/shelf is needed"
            )
        address_of(listen)
        self._address = address.rstrip("/")
        # as a server names what is called: `%41` is an A
        self._path = unquote(match["path"].rstrip("/"))
        self._listen = listen
        self._secret = secret
        self._webhooks = Webhooks()

    def receive_at(self, webhooks: Webhooks) -> None:
        """Use the servers that the bot's accounts share."""
        self._webhooks = webhooks

    @asynccontextmanager
    async def lent(self, key: str, media: Sequence[Media]) -> AsyncGenerator[tuple[str, ...], None]:
        """Give the files out while the block runs; yield their addresses, the same for the same key each time.

        :raises ConfigurationError: nothing can listen there
        """
        names = [f"/{self._name(key, number, one.media_type)}" for number, one in enumerate(media)]
        files = {
            self._path + name: Lent(file=Path(one.path), media_type=one.media_type)
            for name, one in zip(names, media, strict=True)
        }
        async with self._webhooks.lending(self._listen, files):
            yield tuple(self._address + name for name in names)

    def _name(self, key: str, number: int, media_type: str) -> str:
        digest = hmac.new(self._secret.reveal().encode(), f"{key}\0{number}".encode(), hashlib.sha256).hexdigest()
        return f"{digest[:48]}{SUFFIXES.get(media_type, '')}"
