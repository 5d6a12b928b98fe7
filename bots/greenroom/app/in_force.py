"""Which version of the owner's files is in force."""

from dataclasses import dataclass

from greenroom.personas import Persona
from greenroom.settings import BotFile

__all__ = ["InForce"]


@dataclass(slots=True)
class InForce:
    """The files that hold at the moment: whoever reads one anew, each time, reads what was edited last."""

    file: BotFile
    persona: Persona
