"""What an owner writes below an account that is a page on Facebook."""

from dataclasses import dataclass

from greenroom_adapters.contract import Secret
from greenroom_adapters.meta.settings import MailingSettings

__all__ = ["FacebookSettings"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FacebookSettings(MailingSettings):
    """A page on Facebook."""

    token: Secret
    """Access token of the page, not of a person: `greenroom login` gets one that lasts."""
    app_id: str = ""
    """Id of the app that the token was made for. With `app_secret` `greenroom check` says how long the token lasts and
    what it may do."""
