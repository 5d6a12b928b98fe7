"""How long a text may be on each account, as its platform said when the account was connected last."""

from collections.abc import Mapping

import msgspec

from greenroom.storage import Ledger
from greenroom_adapters.contract import Limits, Surface, TextLimit

__all__ = ["Measures", "measures_of", "remember_measures"]

Measures = Mapping[Surface, tuple[TextLimit, ...]]

_FACT = "takes:"
"""Beginning of the facts that keep it."""


def remember_measures(ledger: Ledger, account: str, platform: str, limits: Limits) -> None:
    """Note, with the next commit, what a connected account on this platform takes."""
    measures = {surface: limits.text_on(surface) for surface in Surface}
    ledger.remember(_fact(account, platform), msgspec.json.encode(measures).decode())


async def measures_of(ledger: Ledger, account: str, platform: str) -> Measures | None:
    """Return what an account took when it was connected last; None: it never was to this platform.

    :raises StorageError: the ledger cannot be read
    """
    fact = _fact(account, platform)
    known = (await ledger.facts(fact)).get(fact)
    return None if known is None else msgspec.json.decode(known, type=dict[Surface, tuple[TextLimit, ...]])


def _fact(account: str, platform: str) -> str:
    return f"{_FACT}{account}/{platform}"
