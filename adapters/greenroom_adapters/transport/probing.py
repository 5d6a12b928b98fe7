"""Whether what a bot gives out is to be had from outside: it is fetched as a platform would fetch it."""

import secrets
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

from greenroom_adapters.contract import AdapterError, ConfigurationError, Media
from greenroom_adapters.transport.http import Http
from greenroom_adapters.transport.judging import Effect
from greenroom_adapters.webhooks import Lending

__all__ = ["unfetched"]

PROXY = (
    "It is reached through your proxy: `media_url` leads to it, and it passes that path on to `media_listen`, also "
    "while the bot is checked."
)


async def unfetched(lending: Lending, *, platform: str) -> str | None:
    """Say why a file that is lent does not come when it is fetched under its address; None: it comes."""
    word = secrets.token_hex(16)
    with TemporaryDirectory(prefix="greenroom-") as folder:
        file = Path(folder) / "probe.jpg"
        file.write_text(word, encoding="utf-8")
        media = Media(path=str(file), media_type="image/jpeg", alt="a probe")
        try:
            async with lending.lent(word, [media]) as (address,):
                parts = urlsplit(address)
                way = Http(f"{parts.scheme}://{parts.netloc}", platform=platform, account="", body_cap=4096)
                async with way:
                    answer = await way.call("GET", parts.path, effect=Effect.REPEATABLE)
        except (AdapterError, ConfigurationError) as error:
            return f"files cannot be fetched under `media_url`: {error}. {PROXY}"
    return None if answer.body == word.encode() else f"something else than the file comes under `media_url`. {PROXY}"
