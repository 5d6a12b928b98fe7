"""What a character of another system is called."""

from pathlib import Path

from greenroom_adapters.contract import ConfigurationError
from greenroom_adapters.text import plain

__all__ = ["name_of"]

LONGEST = 80


def name_of(given: str | None, written: object, path: Path) -> str:
    """Return the name that its owner gave, else the one that stands in the file.

    :raises ConfigurationError: neither is one
    """
    for name in (given, written if isinstance(written, str) else None):
        if name is not None and (short := " ".join(plain(name, one_line=True).split())[:LONGEST].strip()):
            return short
    raise ConfigurationError(f"{path} does not say what it is called: write --name")
