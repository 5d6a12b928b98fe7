"""Persona file to model: every mistake at once, each with file, line and column."""

from pathlib import Path

from greenroom.personas.persona import Persona
from greenroom.settings.loader import load_model

__all__ = ["load_persona"]


def load_persona(path: Path, *, body: bytes | None = None, is_kept: bool = False) -> Persona:
    """Return what the persona file at `path` says, with every default filled in, and the file's hash as `version`.

    `body` is what stands in it, where that was read already. `is_kept`: it stood there earlier, and the script that it
    names may have gone since.

    :raises Mistakes: with every mistake that was found
    """
    return load_model(Persona, path, body=body, is_kept=is_kept)
