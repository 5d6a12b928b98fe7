"""What X charges self-serve apps for a call."""

from collections.abc import Mapping
from decimal import Decimal

__all__ = ["PRICES"]

PRICES: Mapping[str, Decimal] = {
    "post": Decimal("0.015"),
    "post with a link": Decimal("0.200"),
    "reply to who called for the bot": Decimal("0.010"),
    "mention read": Decimal("0.001"),
    "direct message read": Decimal("0.010"),
}
"""Kind of call → USD (X, "Pricing", August 2026). An enterprise app pays by contract."""
