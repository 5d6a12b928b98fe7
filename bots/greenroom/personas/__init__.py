"""Who a bot is: the persona file as a model, and its loader."""

from greenroom.personas.agreeing import must_agree, offered
from greenroom.personas.cases import Case
from greenroom.personas.loader import load_persona
from greenroom.personas.persona import (
    Bounds,
    Disclosure,
    Examples,
    Exchange,
    IfBroken,
    Lines,
    Persona,
    Say,
    SurfaceVoice,
    Talkative,
    TooLong,
    Voice,
)

__all__ = [
    "Bounds",
    "Case",
    "Disclosure",
    "Examples",
    "Exchange",
    "IfBroken",
    "Lines",
    "Persona",
    "Say",
    "SurfaceVoice",
    "Talkative",
    "TooLong",
    "Voice",
    "load_persona",
    "must_agree",
    "offered",
]
