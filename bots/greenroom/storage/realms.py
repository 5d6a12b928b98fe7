"""Where the ids of each account's people mean them: its platform, or one server of it."""

from collections.abc import Mapping

from greenroom.storage.ledger import Ledger

__all__ = ["REALM", "accounts_in", "realms_of"]

REALM = "realm:"
"""Beginning of the facts that keep it, with the account behind it."""


async def realms_of(ledger: Ledger, platforms: Mapping[str, str]) -> dict[str, str]:
    """Return account → its realm, for accounts of these platforms, as the bot found them when it ran last; of one that
    has not run yet its platform. For who reads the ledger beside a bot."""
    known = await ledger.facts(REALM)
    return {account: known.get(f"{REALM}{account}", platform) for account, platform in platforms.items()}


def accounts_in(realms: Mapping[str, str], realm: str) -> list[str]:
    """Return the accounts on which a person of this realm is the same."""
    return [account for account, one in realms.items() if one == realm]
