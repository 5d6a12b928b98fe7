"""Gives a post's files out while Meta fetches them: under names that nobody guesses, behind the owner's address."""

import hashlib
import hmac
import re
import secrets
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import unquote, urlsplit

from greenroom_adapters.contract import AdapterError, ConfigurationError, Media, Secret
from greenroom_adapters.transport import Effect, Http
from greenroom_adapters.webhooks import Lent, Webhooks, address_of

__all__ = ["Lending", "lending_of", "not_fetched"]

ADDRESS = re.compile(r"https?://[A-Za-z0-9.\[\]:-]+(?P<path>(?:/[!-\"$->@-~]*)?)", re.ASCII)
SUFFIXES = {"image/jpeg": ".jpg", "image/png": ".png", "video/mp4": ".mp4"}
PROXY = (
    "It is reached through your proxy: `media_url` leads to it, and it passes that path on to `media_listen`, also "
    "while the bot is checked."
)


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
        self.platform = platform
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


async def not_fetched(lending: Lending) -> str | None:
    """Say why a file that is lent does not come when it is fetched as Meta would; None: it comes."""
    word = secrets.token_hex(16)
    with TemporaryDirectory(prefix="greenroom-") as folder:
        file = Path(folder) / "probe.jpg"
        file.write_text(word, encoding="utf-8")
        media = Media(path=str(file), media_type="image/jpeg", alt="a probe")
        try:
            async with lending.lent(word, [media]) as (address,):
                parts = urlsplit(address)
                way = Http(f"{parts.scheme}://{parts.netloc}", platform=lending.platform, account="", body_cap=4096)
                async with way:
                    answer = await way.call("GET", parts.path, effect=Effect.REPEATABLE)
        except (AdapterError, ConfigurationError) as error:
            return f"files cannot be fetched under `media_url`: {error}. {PROXY}"
    return None if answer.body == word.encode() else f"something else than the file comes under `media_url`. {PROXY}"
