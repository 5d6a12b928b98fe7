"""What X charges self-serve apps for a call, and how much of that a post is."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Literal

from greenroom_adapters.contract import ConfigurationError, Post
from greenroom_adapters.text import find_links

__all__ = ["PRICES", "Priced", "Prices"]

Priced = Literal[
    "post",
    "post_with_link",
    "reply",
    "message",
    "own_read",
    "message_read",
    "post_read",
    "person_read",
    "repost",
    "delete",
]
"""A kind of call that costs."""

PRICES: Mapping[Priced, Decimal] = {
    "post": Decimal("0.015"),
    "post_with_link": Decimal("0.200"),
    "reply": Decimal("0.010"),
    "message": Decimal("0.015"),
    "own_read": Decimal("0.001"),
    "message_read": Decimal("0.010"),
    "post_read": Decimal("0.005"),
    "person_read": Decimal("0.010"),
    "repost": Decimal("0.015"),
    "delete": Decimal("0.010"),
}
"""USD for each (X, "Pricing", August 2026): `reply` is one to who called for the bot, `own_read` a post that mentions
the bot or is its own."""
MICROS = 1_000_000
MOST = 1000.0


class Prices:
    """What one account pays, in millionths of a US dollar."""

    def __init__(self, written: Mapping[Priced, float], *, is_charged: bool) -> None:
        """Take what the owner has written; it goes before the table. Not `is_charged`, the table costs nothing: an
        enterprise app pays by contract.

        :raises ConfigurationError: something that was written is no price
        """
        for kind, price in written.items():
            if not 0 <= price < MOST:
                raise ConfigurationError(f"x: `prices: {{{kind}: {price}}}`: a price is a number of USD from 0 on")
        listed: Mapping[Priced, Decimal] = PRICES if is_charged else dict.fromkeys(PRICES, Decimal(0))
        # by its digits: 0.1 is no number of a computer
        dollars = {**listed, **{kind: Decimal(str(price)) for kind, price in written.items()}}
        self._micros = {kind: int((price * MICROS).to_integral_value()) for kind, price in dollars.items()}

    def of(self, kind: Priced) -> int:
        """Return the price of one call, or of one thing that is read."""
        return self._micros[kind]

    def of_post(self, post: Post, *, goes_on: bool = False) -> int:
        """Return what a post costs. One that `goes_on` below a post of the account itself is no answer to a summons. Of
        an answer with a link X does not say which of the two prices holds: the higher is taken."""
        if post.direct_to is not None:
            return self.of("message")
        answers = post.in_reply_to is not None and not goes_on
        plain = self.of("reply" if answers else "post")
        return max(plain, self.of("post_with_link")) if "://" in post.text or find_links(post.text) else plain
