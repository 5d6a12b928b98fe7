"""Persona file to model: every mistake at once, each with file, line and column."""

from pathlib import Path

from greenroom.personas.persona import Persona
from greenroom.settings.loader import load_model

__all__ = ["load_persona"]


def load_persona(path: Path) -> Persona:
    """Return what the persona file at `path` says, with every default filled in, and the file's hash as `version`.

    :raises Mistakes: with every mistake that was found
    """
    return load_model(Persona, path)
