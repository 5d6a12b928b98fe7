"""From a persona and an occasion to words: engines, their prices, and the bounds that every text must keep."""

from greenroom.generation.bounds import Bound, Fault, Rules
from greenroom.generation.build import build_embedder, build_moderator, build_studio, build_voice
from greenroom.generation.choosing import REPLY
from greenroom.generation.engine import (
    Brief,
    BudgetSpent,
    Engine,
    EngineUnavailable,
    Generated,
    GenerationError,
    Line,
    NothingToAdd,
    Overlong,
    Refused,
    ShareSpent,
    Sight,
    no_documents,
    no_history,
    no_pictures,
)
from greenroom.generation.fixed import FixedWords
from greenroom.generation.moderating import Moderator
from greenroom.generation.outcome import Held, Outcome, Silent, Spoken
from greenroom.generation.painting import Canvas, Painted, Painter, Painting, Studio
from greenroom.generation.prices import PRICES, Price, price_of
from greenroom.generation.purse import Purse, Reservation
from greenroom.generation.voice import Ending, Voice

__all__ = [
    "PRICES",
    "REPLY",
    "Bound",
    "Brief",
    "BudgetSpent",
    "Canvas",
    "Ending",
    "Engine",
    "EngineUnavailable",
    "Fault",
    "FixedWords",
    "Generated",
    "GenerationError",
    "Held",
    "Line",
    "Moderator",
    "NothingToAdd",
    "Outcome",
    "Overlong",
    "Painted",
    "Painter",
    "Painting",
    "Price",
    "Purse",
    "Refused",
    "Reservation",
    "Rules",
    "ShareSpent",
    "Sight",
    "Silent",
    "Spoken",
    "Studio",
    "Voice",
    "build_embedder",
    "build_moderator",
    "build_studio",
    "build_voice",
    "no_documents",
    "no_history",
    "no_pictures",
    "price_of",
]
