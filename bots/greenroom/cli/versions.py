"""The versions of a persona: those that the ledger has, and the one that stands in the file."""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from greenroom.settings import BotFile
    from greenroom.storage import PersonaVersion

__all__ = ["SHOWN", "version_meant", "version_of", "versions_of"]

SHOWN = 12
"""So many digits of a version are shown."""
SHORTEST = 4
"""So few digits may name a version."""


def version_meant(word: str, versions: "list[PersonaVersion]") -> "PersonaVersion":
    """Return the one version that begins so.

    :raises ConfigurationError: none does, or several do
    """
    from greenroom_adapters.contract import ConfigurationError

    beginning = word.strip().casefold()
    if len(beginning) < SHORTEST:
        raise ConfigurationError(f"write at least {SHORTEST} digits of the version")
    found = [one for one in versions if one.version.startswith(beginning)]
    if len(found) == 1:
        return found[0]
    if found:
        raise ConfigurationError(f"several versions begin with {beginning}: write more of its digits")
    there = ", ".join(one.version[:SHOWN] for one in versions) or "none"
    raise ConfigurationError(f"no version begins with {beginning[:64]}. There are: {there}")


def version_of(path: Path) -> str | None:
    """Return the version that stands in the file now, whether it is valid or not; None: nothing does."""
    import hashlib

    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return None


async def versions_of(file: "BotFile") -> "list[PersonaVersion]":
    """Return the versions that the bot's ledger has, the one that was put in force last first."""
    from greenroom.cli.asking import reading

    async with reading(file) as ledger:
        return await ledger.persona_versions()
