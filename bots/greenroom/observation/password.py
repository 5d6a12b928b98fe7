"""The password of an address that others can reach: made once, told once, kept as a digest."""

from collections.abc import Mapping
from pathlib import Path

from greenroom.private import write_private
from greenroom_adapters.contract import ConfigurationError
from greenroom_adapters.webhooks import Password

__all__ = ["VARIABLE", "password_for"]

VARIABLE = "GREENROOM_OBSERVE_PASSWORD"
"""Environment variable with a password of the owner's choice, for machines that set up machines."""
SHORTEST = 16
"""Characters of a password of the owner's choice."""


def password_for(path: Path, environ: Mapping[str, str]) -> tuple[Password, str | None]:
    """Return the password of the environment, else the one whose digest lies at `path`, else a new one; with it the
    words of a new one, which are to be told now and are known to nobody later.

    :raises ConfigurationError: that of the environment is too short to keep anybody out
    :raises OSError: the file cannot be read or written
    """
    if given := environ.get(VARIABLE, ""):
        if len(given) < SHORTEST:
            raise ConfigurationError(f"{VARIABLE} has {len(given)} characters: take {SHORTEST} or more")
        return Password.of(given), None
    try:
        return Password(path.read_text(encoding="ascii").strip()), None
    except FileNotFoundError:
        password, words = Password.made()
        write_private(path, password.digest.encode())
        return password, words
