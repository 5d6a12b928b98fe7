"""How long a text may be on each account, as its platform said when the account was connected last."""

from collections.abc import Mapping

import msgspec

from greenroom.settings import BotFile
from greenroom.storage import Ledger
from greenroom_adapters.contract import Limits, Surface, TextLimit

__all__ = ["Measures", "measures_of", "remember_measures"]

Measures = Mapping[Surface, tuple[TextLimit, ...]]

_FACT = "takes:"
"""Beginning of the facts that keep it."""


def remember_measures(ledger: Ledger, account: str, file: BotFile, limits: Limits) -> None:
    """Note, with the next commit, what a connected account of this file takes."""
    measures = {surface: limits.text_on(surface) for surface in Surface}
    ledger.remember(_fact(account, file), msgspec.json.encode(measures).decode())


async def measures_of(ledger: Ledger, account: str, file: BotFile) -> Measures | None:
    """Return what an account took when it was connected last, by surface; None: it never was where the file has it now.
    A surface that a later version knows is not among them.

    :raises StorageError: the ledger cannot be read
    """
    fact = _fact(account, file)
    known = (await ledger.facts(fact)).get(fact)
    return None if known is None else msgspec.json.decode(known, type=dict[Surface, tuple[TextLimit, ...]])


def _fact(account: str, file: BotFile) -> str:
    where = file.accounts[account]
    server = where.settings.get("server")
    # servers of one platform take more or less of a text
    return f"{_FACT}{account}/{where.platform}" + (f"@{server}" if isinstance(server, str) else "")
