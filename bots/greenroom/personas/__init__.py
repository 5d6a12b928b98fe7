"""Who a bot is: the persona file as a model, and its loader."""

from greenroom.personas.agreeing import must_agree, offered
from greenroom.personas.cases import Case
from greenroom.personas.knowing import Knowledge
from greenroom.personas.loader import load_persona
from greenroom.personas.persona import Disclosure, Lines, Persona, Say, Talkative
from greenroom.personas.relationships import Relationship
from greenroom.personas.silences import Silence
from greenroom.personas.sound import Bounds, Examples, Exchange, IfBroken, SurfaceVoice, TooLong, Voice

__all__ = [
    "Bounds",
    "Case",
    "Disclosure",
    "Examples",
    "Exchange",
    "IfBroken",
    "Knowledge",
    "Lines",
    "Persona",
    "Relationship",
    "Say",
    "Silence",
    "SurfaceVoice",
    "Talkative",
    "TooLong",
    "Voice",
    "load_persona",
    "must_agree",
    "offered",
]
