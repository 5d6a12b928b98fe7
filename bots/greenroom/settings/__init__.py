"""The bot file: its spelling, its models, its mistakes and its secrets."""

from greenroom.settings.accounts import (
    Platforms,
    can_log_in,
    secret_keys,
    settings_for,
    text_of,
    written_settings,
)
from greenroom.settings.answering import AnswerRule, Do
from greenroom.settings.approve import Approve
from greenroom.settings.bot import Account, BotFile, Limits, People
from greenroom.settings.embed import EmbedEntry
from greenroom.settings.engines import BuiltIn, EngineRef, Engines, ModelRef, Price
from greenroom.settings.errors import Mistake, Mistakes, SecretMissing
from greenroom.settings.expand import expanded
from greenroom.settings.loader import load_bot
from greenroom.settings.logins import Login, account_folder, read_login, store_login
from greenroom.settings.mending import mend, outdated
from greenroom.settings.model import Model
from greenroom.settings.moderating import ModeratorRef, Unjudged
from greenroom.settings.origin import Origin
from greenroom.settings.picture import CardEntry, PainterRef, Paints, Picture, Shape, WithoutModel
from greenroom.settings.poll import PollEntry
from greenroom.settings.posting import PostEntry
from greenroom.settings.rooms import RoomMode, RoomRule
from greenroom.settings.secrets import SecretRef, resolve
from greenroom.settings.spelling import Money, MoneyRate, Person, Place, Range, Rate, Span
from greenroom.settings.wanted import rooms_of, wanted_of

__all__ = [
    "Account",
    "AnswerRule",
    "Approve",
    "BotFile",
    "BuiltIn",
    "CardEntry",
    "Do",
    "EmbedEntry",
    "EngineRef",
    "Engines",
    "Limits",
    "Login",
    "Mistake",
    "Mistakes",
    "Model",
    "ModelRef",
    "ModeratorRef",
    "Money",
    "MoneyRate",
    "Origin",
    "PainterRef",
    "Paints",
    "People",
    "Person",
    "Picture",
    "Place",
    "Platforms",
    "PollEntry",
    "PostEntry",
    "Price",
    "Range",
    "Rate",
    "RoomMode",
    "RoomRule",
    "SecretMissing",
    "SecretRef",
    "Shape",
    "Span",
    "Unjudged",
    "WithoutModel",
    "account_folder",
    "can_log_in",
    "expanded",
    "load_bot",
    "mend",
    "outdated",
    "read_login",
    "resolve",
    "rooms_of",
    "secret_keys",
    "settings_for",
    "store_login",
    "text_of",
    "wanted_of",
    "written_settings",
]
