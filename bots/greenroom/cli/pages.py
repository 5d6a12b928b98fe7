"""Pages that commands write for a browser: one file each, for its owner alone."""

import os
from pathlib import Path

__all__ = ["may_be_written", "write_page"]


def may_be_written(path: Path | None, *, overwrite: bool) -> None:
    """See to it, before anything is worked on, that nothing would be lost.

    :raises ConfigurationError: there is such a file
    """
    from greenroom_adapters.contract import ConfigurationError

    if path is not None and path.exists() and not overwrite:
        raise ConfigurationError(f"{path} is there already: give another name, or write over it with --replace")


def write_page(path: Path, text: str) -> None:
    """Write a page so that its owner alone reads it.

    :raises ConfigurationError: it cannot be written
    """
    from greenroom_adapters.contract import ConfigurationError

    try:
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be written: {error.strerror}") from error
