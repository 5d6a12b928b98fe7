"""Where a database is: its address as it is written, as it may be shown, and the part of it that is one bot's."""

import hashlib
import re
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

__all__ = ["schema_of", "shown"]

_PLAIN = re.compile(r"[a-z0-9_]{1,40}")


def shown(url: str) -> str:
    """Return the address without its password."""
    parts = urlsplit(url)
    user, at, host = parts.netloc.rpartition("@")
    netloc = f"{user.partition(':')[0]}{at}{host}"
    query = [(name, value) for name, value in parse_qsl(parts.query) if name.lower() not in ("password", "passfile")]
    return urlunsplit((parts.scheme, netloc, parts.path, urlencode(query, safe="/"), ""))


def schema_of(bot: str) -> str:
    """Return the name of the schema that holds the tables of a bot: another one for every name."""
    if _PLAIN.fullmatch(bot):
        return f"greenroom_{bot}"
    plain = re.sub(r"[^a-z0-9_]+", "-", bot.lower())[:30]
    return f"greenroom_{plain}-{hashlib.blake2b(bot.encode(), digest_size=6).hexdigest()}"
