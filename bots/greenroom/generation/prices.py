"""What models cost, as data.

A table ages: it holds only models whose list price several independent sources agreed on when it was written, always
the standard tier. An owner's `price:` wins over it, and a model that is in neither is refused before the first call.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

__all__ = ["PRICES", "Price", "price_of"]

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
