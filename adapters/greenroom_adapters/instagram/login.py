"""Walks a person through getting an account's token: every step in Meta's dashboard by its name."""

from collections.abc import Mapping

from greenroom_adapters.contract import Clerk, Credentials, Secret
from greenroom_adapters.instagram.api import Api
from greenroom_adapters.instagram.checking import PROFESSIONAL
from greenroom_adapters.instagram.settings import InstagramSettings
from greenroom_adapters.meta.login import way

__all__ = ["log_in"]

BEGINNING = """\
In the Instagram app, switch the bot's account to a professional one (Settings, Account type and tools). Then open \
https://developers.facebook.com/apps, make an app with the use case "Manage messaging & content on Instagram", and go \
to "API setup with Instagram login". Add the permissions that are listed there, press "Add account", and sign in as \
the bot's account."""
SHOWN_ONCE = """\
Press "Generate token" beside the account, say yes, and copy the token: it is shown once."""
BESIDE_IT = """\
On the same page stands the "Instagram app secret". With it Meta's calls are known to be Meta's; a bot that has no \
webhook may do without it (leave it empty then)."""
LASTS = (
    "the token lasts 60 days. The bot renews it by itself from its second day on; one that does not run for 60 days "
    "needs a new one."
)
ADDRESS = (
    "to post, Instagram has to fetch the pictures from an address of yours: write `media_url` below the account, and "
    "`greenroom check` tries it."
)


async def log_in(clerk: Clerk, known: Mapping[str, str], *, platform: str) -> Credentials:
    """Ask for the token and the app's secret, and try them.

    :raises AuthenticationFailed: Instagram does not take the token
    """
    clerk.tell(BEGINNING)
    clerk.tell(SHOWN_ONCE)
    token = await clerk.ask_secret("Token")
    clerk.tell(BESIDE_IT)
    app_secret = await clerk.ask_secret("Instagram app secret")
    given = {"token": token, **({"app_secret": app_secret} if app_secret.reveal() else {})}
    usual = InstagramSettings(token=Secret(""))
    graph, settings = way(known, usual, platform=platform, token=token, app_secret=given.get("app_secret"))
    async with graph:
        profile = await Api(graph).profile()
    notes = [LASTS] if known.get("media_url") else [LASTS, ADDRESS]
    if profile.account_type not in PROFESSIONAL:
        notes.insert(0, "it is no professional account, and others may not be used by programs: switch it first.")
    return Credentials(
        settings=settings,
        secrets=given,
        handle=profile.username,
        notes=tuple(notes),
    )
