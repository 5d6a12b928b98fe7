"""The price file: what models cost, as their owner reads it at their makers."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, ClassVar

from greenroom.settings.bot import BotFile
from greenroom.settings.engines import BuiltIn, ModelRef, Price
from greenroom.settings.model import Model, Text
from greenroom.settings.picture import PainterRef
from greenroom.settings.spelling import MONEY, Money

__all__ = ["PriceFile", "priced"]

_SNAPSHOT = re.compile(r"-20\d\d-\d\d-\d\d$")


class PriceFile(Model):
    """What models cost."""

    section: ClassVar[str] = "the price file"
    computed: ClassVar[frozenset[str]] = frozenset({"file", "version"})

    tokens: Mapping[Text, Price] = {}
    """Model that writes, or makes vectors → what a million tokens cost."""
    pictures: Mapping[Text, Annotated[Money, MONEY]] = {}
    """Model that makes pictures → what one costs at the most."""
    file: Path | None = None
    """Where it was read from."""
    version: str = ""
    """Hash (sha256, hexadecimal) of the file's bytes."""


def priced(file: BotFile, prices: PriceFile) -> BotFile:
    """Return a bot file whose engines cost what the price file says, unless they say it themselves."""
    engines = file.engines
    embeddings = engines.embeddings
    changed = engines.model_copy(
        update={
            "text": tuple(one if isinstance(one, BuiltIn) else _model(one, prices) for one in engines.text),
            "image": tuple(_painter(one, prices) if isinstance(one, PainterRef) else one for one in engines.image),
            "embeddings": None if embeddings is None else _model(embeddings, prices),
        }
    )
    return file.model_copy(update={"engines": changed})


def _model(engine: ModelRef, prices: PriceFile) -> ModelRef:
    found = next((prices.tokens[name] for name in _names(engine.model) if name in prices.tokens), None)
    return engine if engine.price is not None or found is None else engine.model_copy(update={"price": found})


def _painter(engine: PainterRef, prices: PriceFile) -> PainterRef:
    found = next((prices.pictures[name] for name in _names(engine.model) if name in prices.pictures), None)
    return engine if engine.price is not None or found is None else engine.model_copy(update={"price": found})


def _names(model: str) -> tuple[str, ...]:
    """Return by what names a model may stand in the file, the most exact first: a dated one costs what its family
    does."""
    short = model.removeprefix("openai/")
    return model, short, _SNAPSHOT.sub("", model), _SNAPSHOT.sub("", short)
