"""From a persona and an occasion to words: engines, their prices, and the bounds that every text must keep."""

from greenroom.generation.bounds import Bound, Fault, Rules
from greenroom.generation.build import build_embedder, build_voice
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
    no_documents,
    no_history,
)
from greenroom.generation.fixed import FixedWords
from greenroom.generation.prices import PRICES, Price, price_of
from greenroom.generation.purse import Purse, Reservation
from greenroom.generation.voice import Ending, Held, Outcome, Silent, Spoken, Voice

__all__ = [
    "PRICES",
    "Bound",
    "Brief",
    "BudgetSpent",
    "Ending",
    "Engine",
    "EngineUnavailable",
    "Fault",
    "FixedWords",
    "Generated",
    "GenerationError",
    "Held",
    "Line",
    "NothingToAdd",
    "Outcome",
    "Overlong",
    "Price",
    "Purse",
    "Refused",
    "Reservation",
    "Rules",
    "ShareSpent",
    "Silent",
    "Spoken",
    "Voice",
    "build_embedder",
    "build_voice",
    "no_documents",
    "no_history",
    "price_of",
]
