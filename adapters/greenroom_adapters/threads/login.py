"""Walks a person through getting an account's token: every step in Meta's dashboard by its name."""

from collections.abc import Mapping

from greenroom_adapters.contract import Clerk, Credentials, Secret
from greenroom_adapters.meta.login import way
from greenroom_adapters.threads.api import Api
from greenroom_adapters.threads.settings import ThreadsSettings

__all__ = ["PERMISSIONS", "log_in"]

PERMISSIONS = (
    *("threads_basic", "threads_content_publish", "threads_read_replies", "threads_manage_replies"),
    *("threads_manage_mentions", "threads_manage_insights", "threads_delete"),
)
BEGINNING = f"""\
Open https://developers.facebook.com/apps, make an app with the use case "Access the Threads API", and add these \
permissions to it:
  {", ".join(PERMISSIONS)}
Under "App roles", "Roles", add the bot's account as a Threads Tester, and accept that in the Threads app, under \
Settings, Account, Website permissions, Invites."""
MADE_THERE = """\
Under "Use cases", "Access the Threads API", "Settings", "User Token Generator", press "Generate access token" beside \
the account, say yes, and copy the token."""
BESIDE_IT = """\
Under "App settings", "Basic" stands the "Threads App secret". With it Meta's calls are known to be Meta's; a bot that \
has no webhook may do without it (leave it empty then)."""
LASTS = (
    "the token lasts 60 days. The bot renews it by itself from its second day on; one that does not run for 60 days "
    "needs a new one."
)
ADDRESS = (
    "for posts with pictures, Threads has to fetch these from an address of yours: write `media_url` below the "
    "account, and `greenroom check` tries it."
)


async def log_in(clerk: Clerk, known: Mapping[str, str], *, platform: str) -> Credentials:
    """Ask for the token and the app's secret, and try the token.

    :raises AuthenticationFailed: Threads does not take it
    """
    clerk.tell(BEGINNING)
    clerk.tell(MADE_THERE)
    token = await clerk.ask_secret("Token")
    clerk.tell(BESIDE_IT)
    app_secret = await clerk.ask_secret("Threads App secret")
    graph, settings = way(known, ThreadsSettings(token=Secret("")), platform=platform, token=token, app_secret=None)
    async with graph:
        profile = await Api(graph).profile()
    return Credentials(
        settings=settings,
        secrets={"token": token, **({"app_secret": app_secret} if app_secret.reveal() else {})},
        handle=profile.username,
        notes=(LASTS,) if known.get("media_url") else (LASTS, ADDRESS),
    )
