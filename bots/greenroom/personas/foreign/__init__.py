"""Characters that were written for other systems, as far as they have a place in a persona file."""

from greenroom.personas.foreign.character import Character, Left, Talk
from greenroom.personas.foreign.reading import read_character

__all__ = ["Character", "Left", "Talk", "read_character"]
