"""The bot file: its spelling, its models, its mistakes and its secrets."""

from greenroom.settings.accounts import Platforms, settings_for
from greenroom.settings.bot import (
    Account,
    AnswerRule,
    BotFile,
    BuiltIn,
    EngineRef,
    Engines,
    Limits,
    ModelRef,
    People,
    Picture,
    PostEntry,
    Price,
    RoomMode,
    RoomRule,
)
from greenroom.settings.errors import Mistake, Mistakes, SecretMissing
from greenroom.settings.expand import expanded
from greenroom.settings.loader import load_bot
from greenroom.settings.secrets import SecretRef, resolve
from greenroom.settings.spelling import Money, MoneyRate, Person, Place, Range, Rate, Span

__all__ = [
    "Account",
    "AnswerRule",
    "BotFile",
    "BuiltIn",
    "EngineRef",
    "Engines",
    "Limits",
    "Mistake",
    "Mistakes",
    "ModelRef",
    "Money",
    "MoneyRate",
    "People",
    "Person",
    "Picture",
    "Place",
    "Platforms",
    "PostEntry",
    "Price",
    "Range",
    "Rate",
    "RoomMode",
    "RoomRule",
    "SecretMissing",
    "SecretRef",
    "Span",
    "expanded",
    "load_bot",
    "resolve",
    "settings_for",
]
