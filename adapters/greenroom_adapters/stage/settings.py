"""What an owner writes below an account on the Stage."""

from dataclasses import dataclass

from greenroom_adapters.contract import Address, Secret

__all__ = ["StageSettings"]


@dataclass(frozen=True, slots=True, kw_only=True)
class StageSettings:
    """An account on the Stage, the local social network. Nothing is needed: it registers itself."""

    server: Address = "http://127.0.0.1:8766"
    """Address of the Stage."""
    handle: str = ""
    """Name that people address the bot by, without @; empty: the account's name in the bot file."""
    name: str = ""
    """Display name; empty: as it is on the Stage."""
    bio: str = ""
    """What the profile says; empty: as it is on the Stage."""
    token: Secret | None = None
    """A token of the account, for a Stage that does not let everybody in; without it the bot signs in by its handle."""
