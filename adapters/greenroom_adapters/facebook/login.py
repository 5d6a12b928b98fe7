"""Walks a person through getting a page's token: every step in Meta's dashboard by its name."""

from collections.abc import Mapping
from datetime import datetime

from greenroom_adapters.contract import AuthenticationFailed, Clerk, ConfigurationError, Credentials, Secret
from greenroom_adapters.facebook.api import Api
from greenroom_adapters.facebook.checking import PERMISSIONS, about_the_end
from greenroom_adapters.facebook.settings import FacebookSettings
from greenroom_adapters.facebook.wire import ACCOUNTS, WireAccount
from greenroom_adapters.meta.login import way
from greenroom_adapters.meta.wire import TOKENS
from greenroom_adapters.transport import system_now

__all__ = ["log_in"]

BEGINNING = """\
Open https://developers.facebook.com/apps and make an app with the use case "Manage everything on your Page". Under \
"App settings", "Basic" stand its App ID and App Secret."""
TOKEN = f"""\
Open https://developers.facebook.com/tools/explorer, choose the app, and add these permissions:
  pages_show_list, {", ".join(PERMISSIONS)}
Press "Generate Access Token", sign in as somebody who looks after the page, and choose the page. The token that is \
shown there lasts an hour; here it becomes one that lasts."""


async def log_in(clerk: Clerk, known: Mapping[str, str], *, platform: str) -> Credentials:
    """Ask for the app and a token of the person, make it last, and take the token of one page with it.

    :raises AuthenticationFailed: Facebook does not take them
    """
    clerk.tell(BEGINNING)
    app_id = known.get("app_id") or await clerk.ask("App ID")
    if not app_id.isdigit():
        raise ConfigurationError(f"{app_id!r} is no App ID: that is a number")
    app_secret = await clerk.ask_secret("App Secret")
    clerk.tell(TOKEN)
    short = await clerk.ask_secret("Access Token")
    usual = FacebookSettings(token=Secret(""))
    graph, settings = way(known, usual, platform=platform, token=short, app_secret=app_secret)
    async with graph:
        lasting = await graph.get(
            "/oauth/access_token",
            TOKENS,
            grant_type="fb_exchange_token",
            client_id=app_id,
            client_secret=app_secret.reveal(),
            fb_exchange_token=short.reveal(),
        )
        graph.use(Secret(lasting.access_token))
        accounts = (await graph.get("/me/accounts", ACCOUNTS, fields="id,name,access_token", limit="100")).data
        for account in accounts:
            graph.http.redactor.learn(Secret(account.access_token))
        page = await _chosen(clerk, accounts, platform)
        token = Secret(page.access_token)
        graph.use(token)
        api = Api(graph)
        profile = await api.profile()
        facts = await api.inspect(app=f"{app_id}|{app_secret.reveal()}")
    return Credentials(
        settings={**settings, "app_id": app_id},
        secrets={"token": token, "app_secret": app_secret},
        handle=profile.username or profile.name or profile.id,
        notes=_notes(facts.expires_at, facts.scopes, now=system_now()),
    )


async def _chosen(clerk: Clerk, accounts: "tuple[WireAccount, ...]", platform: str) -> WireAccount:
    if not accounts:
        words = "this token looks after no page: choose the page when you generate it, with pages_show_list"
        raise AuthenticationFailed(words, platform=platform)
    if len(accounts) == 1:
        return accounts[0]
    clerk.tell("\n".join(["It looks after these pages:", *(f"  {one.id}  {one.name}" for one in accounts)]))
    wanted = await clerk.ask("Id of the page", default=accounts[0].id)
    for account in accounts:
        if account.id == wanted:
            return account
    raise ConfigurationError(f"{wanted!r} is none of these pages")


def _notes(expires_at: int, scopes: "tuple[str, ...]", *, now: datetime) -> tuple[str, ...]:
    lasts = about_the_end(expires_at, now) or (
        "the token lasts until somebody changes the password or takes the app away; `greenroom check` tells ahead "
        "when it will end."
    )
    lacking = sorted(set(PERMISSIONS) - set(scopes))
    return (lasts, *((f"the token lacks {', '.join(lacking)}.",) if lacking else ()))
