"""What models cost, as data.

A table ages: it holds only models whose list price several independent sources agreed on when it was written, always
the standard tier. An owner's `price:` wins over it, and a model that is in neither is refused before the first call.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

__all__ = ["PICTURE_PRICES", "PRICES", "PicturePrice", "Price", "picture_price_of", "price_of"]

MILLION = 1_000_000

_SNAPSHOT = re.compile(r"-20\d\d-\d\d-\d\d$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """What a million tokens cost, in millionths of a US dollar: 2_000_000 is 2 USD."""

    input: int
    output: int
    """Thinking that the model does not show is billed as output."""

    def of(self, *, prompt_tokens: int, completion_tokens: int) -> int:
        """Return the price of one call in millionths of a US dollar, rounded up.

        Discounts for cached input are left aside: what we record is never less than the bill.
        """
        return -(-(prompt_tokens * self.input + completion_tokens * self.output) // MILLION)


PRICES: Mapping[str, Price] = MappingProxyType(
    {
        "gpt-4.1": Price(input=2_000_000, output=8_000_000),
        "gpt-4.1-mini": Price(input=400_000, output=1_600_000),
        "gpt-4.1-nano": Price(input=100_000, output=400_000),
        "gpt-4o": Price(input=2_500_000, output=10_000_000),
        "gpt-4o-mini": Price(input=150_000, output=600_000),
        "gpt-5": Price(input=1_250_000, output=10_000_000),
        "gpt-5-mini": Price(input=250_000, output=2_000_000),
        "gpt-5-nano": Price(input=50_000, output=400_000),
        "gpt-5.1": Price(input=1_250_000, output=10_000_000),
        "gpt-5.2": Price(input=1_750_000, output=14_000_000),
        "gpt-5.4": Price(input=2_500_000, output=15_000_000),
        "gpt-5.4-mini": Price(input=750_000, output=4_500_000),
        "gpt-5.4-nano": Price(input=200_000, output=1_250_000),
        "text-embedding-3-large": Price(input=130_000, output=0),
        "text-embedding-3-small": Price(input=20_000, output=0),
        "o3": Price(input=2_000_000, output=8_000_000),
        "o4-mini": Price(input=1_100_000, output=4_400_000),
    }
)
"""Standard list prices of OpenAI as of November 2026 (https://developers.openai.com/api/docs/pricing)."""


def price_of(model: str) -> Price | None:
    """Return the list price of an OpenAI model; a dated snapshot costs what its family costs. None: not known."""
    return PRICES.get(model) or PRICES.get(_SNAPSHOT.sub("", model))


@dataclass(frozen=True, slots=True, kw_only=True)
class PicturePrice:
    """What a million tokens of a model that makes pictures cost, in millionths of a US dollar."""

    input: int
    """Of the dearer kind: a picture that is to be changed, or words."""
    output: int

    def of(self, read: int, made: int) -> int:
        """Return the price of one call in millionths of a US dollar, rounded up."""
        return -(-(max(0, read) * self.input + max(0, made) * self.output) // MILLION)

    def dearest(self, prompt: str, *, quality: str, size: str, edits: bool) -> int:
        """Return what one picture can cost at most. A token is at least one byte of the prompt."""
        read = len(prompt.encode(errors="replace")) + TOKENS_AROUND + (MOST_TOKENS_READ if edits else 0)
        return self.of(read, TOKENS_MADE[size][quality])


TOKENS_AROUND = 64
MOST_TOKENS_READ = 8_000
"""Of one picture that is to be changed."""
TOKENS_MADE: Mapping[str, Mapping[str, int]] = MappingProxyType(
    {
        "1024x1024": MappingProxyType({"low": 272, "medium": 1056, "high": 4160}),
        "1024x1536": MappingProxyType({"low": 408, "medium": 1584, "high": 6240}),
        "1536x1024": MappingProxyType({"low": 400, "medium": 1568, "high": 6208}),
    }
)
"""Tokens of one picture, as OpenAI counts them."""

PICTURE_PRICES: Mapping[str, PicturePrice] = MappingProxyType(
    {
        "gpt-image-1-mini": PicturePrice(input=2_500_000, output=8_000_000),
        "gpt-image-1.5": PicturePrice(input=8_000_000, output=32_000_000),
    }
)
"""Standard list prices of OpenAI as of November 2026 (https://developers.openai.com/api/docs/pricing)."""


def picture_price_of(model: str) -> PicturePrice | None:
    """Return the list price of an OpenAI model that makes pictures. None: not known."""
    return PICTURE_PRICES.get(model) or PICTURE_PRICES.get(_SNAPSHOT.sub("", model))
