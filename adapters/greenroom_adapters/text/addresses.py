"""What is an address of the web."""

from urllib.parse import SplitResult, urlsplit

__all__ = ["web_address"]


def web_address(text: str) -> SplitResult | None:
    """Return the parts of an address of the web: http or https, a host, and a port that can be; None: it is none.

    Somebody may sign in with it: then `@` stands in its `netloc`.
    """
    try:
        parts = urlsplit(text)
        is_one = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return None
    return parts if is_one else None
