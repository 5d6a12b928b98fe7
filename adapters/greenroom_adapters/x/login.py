"""Walks a person through getting an account's credentials: every switch in X's developer console by its name."""

import base64
import hashlib
import secrets
from collections.abc import Mapping
from datetime import timedelta
from urllib.parse import urlencode

from greenroom_adapters.contract import AuthenticationFailed, Clerk, ConfigurationError, Credentials, Secret
from greenroom_adapters.transport import Effect, Http
from greenroom_adapters.x.api import Api
from greenroom_adapters.x.dialect import DIALECTS
from greenroom_adapters.x.errors import refusal, wait
from greenroom_adapters.x.settings import XSettings
from greenroom_adapters.x.signing import Keys, ask_for_tokens
from greenroom_adapters.x.wire import PERSONS, TOKENS

__all__ = ["SCOPES", "log_in"]

SCOPES = (
    *("tweet.read", "tweet.write", "users.read", "dm.read", "dm.write", "media.write"),
    "offline.access",
)
"""What a bot does, and no more; `offline.access` is for the refresh token."""
USUAL = "https://api.x.com"
DEADLINE = timedelta(seconds=20)
YES, NO = ("y", "yes"), ("n", "no")
TRIES = 5
BEGINNING = """\
Sign in at https://console.x.com with the account that shall own the app, and make an app in a project. Then open the \
app's "User authentication settings" and choose:
  App permissions: Read and write and Direct message
  Type of App: Web App, Automated App or Bot
  Callback URI and Website URL: any address of yours for now, for example https://example.org
X asks money for each call: buy credits under "Billing" first, or nothing will work."""
KEYS = """\
Open the app's "Keys and tokens". Under "Consumer Keys" make the API Key and Secret, under "Authentication Tokens" the \
Access Token and Secret. Make them now, after the permissions: older ones keep the permissions of their day."""
CLIENT = """\
Open the app's "Keys and tokens" and look for "OAuth 2.0 Client ID and Client Secret"."""
NOTES = (
    "X wants automated accounts to say so: switch on the label under Settings, Your account, Account information, "
    "Automation, and say in the bio that it is a bot and whose.",
)
UNAPPROVED = (
    "replies that a machine writes are held for you until X has approved them; posts are not. When X has, write "
    "`ai_replies_approved: true` below the account."
)
APPROVED = "write `ai_replies_approved: true` below the account in the bot file: without that line replies are held."


async def log_in(clerk: Clerk, known: Mapping[str, str], *, platform: str) -> Credentials:
    """Ask for the four secrets of OAuth 1.0a where the bot's account owns the app, or let the person say yes with the
    bot's account in a browser (OAuth 2 with PKCE), and try them.

    :raises AuthenticationFailed: X does not take them
    """
    base_url = known.get("base_url", USUAL)
    clerk.tell(BEGINNING)
    owns = await _is_yes(clerk, "Does the app belong to the very account that the bot will use?", usual=True)
    async with Http(base_url, platform=platform, account="", refusal=refusal, wait=wait, deadline=DEADLINE) as http:
        settings: dict[str, str] = {} if base_url == USUAL else {"base_url": base_url}
        if owns:
            given, handle = await _by_keys(clerk, http, base_url)
        else:
            client, given, handle = await _by_browser(clerk, http, base_url, known)
            settings["client_id"] = client
    approved = await _is_yes(clerk, "Has X approved that this account's replies are written by a machine?", usual=False)
    return Credentials(
        settings=settings, secrets=given, handle=handle, notes=(*NOTES, APPROVED if approved else UNAPPROVED)
    )


async def _by_keys(clerk: Clerk, http: Http, base_url: str) -> tuple[dict[str, Secret], str]:
    clerk.tell(KEYS)
    given = {
        "api_key": await clerk.ask_secret("API Key"),
        "api_secret": await clerk.ask_secret("API Key Secret"),
        "token": await clerk.ask_secret("Access Token"),
        "token_secret": await clerk.ask_secret("Access Token Secret"),
    }
    for secret in given.values():
        http.redactor.learn(secret)
    api = Api(http, Keys(**given), base_url=base_url, dialect=DIALECTS[XSettings().dialect])
    return given, (await api.me()).username


async def _by_browser(
    clerk: Clerk, http: Http, base_url: str, known: Mapping[str, str]
) -> tuple[str, dict[str, Secret], str]:
    clerk.tell(CLIENT)
    client = known.get("client_id") or await clerk.ask("Client ID")
    if not client:
        raise ConfigurationError("without the Client ID nobody can be asked: it stands under `Keys and tokens`")
    secret = await clerk.ask_secret("Client Secret")
    http.redactor.learn(secret)
    verifier, state = secrets.token_urlsafe(64), secrets.token_urlsafe(24)
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
    callbacks: list[str] = []

    async def address(callback: str) -> str:
        if callback not in callbacks:
            clerk.tell(
                f'X comes back only to addresses that it knows. Put {callback} under "Callback URI" of the app\'s user '
                "authentication settings, and save. Then sign in to X in your browser as the bot's account."
            )
            await clerk.ask("Press Enter when that is done")
            callbacks.append(callback)
        asked = {
            "response_type": "code",
            "client_id": client,
            "redirect_uri": callback,
            "scope": " ".join(SCOPES),
            "state": state,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        return f"{base_url.rstrip('/')}/2/oauth2/authorize?{urlencode(asked)}"

    said = await clerk.visit(address)
    if not secrets.compare_digest(said.get("state", "").encode(), state.encode()):
        raise AuthenticationFailed("the browser came back from another sign-in: begin again", platform=http.platform)
    if "code" not in said:
        words = f"X did not let the app in: {said.get('error', 'without a reason')}"
        raise AuthenticationFailed(words, platform=http.platform)
    form = {
        "grant_type": "authorization_code",
        "code": said["code"],
        "redirect_uri": callbacks[-1],
        "client_id": client,
        "code_verifier": verifier,
    }
    confidential = secret if secret.reveal() else None
    told = http.decode(await ask_for_tokens(http, form, client_id=client, secret=confidential), TOKENS)
    if not told.refresh_token:
        words = "X gave no refresh token: the app lacks the scope offline.access"
        raise AuthenticationFailed(words, platform=http.platform)
    bearer = {"Authorization": f"Bearer {told.access_token}"}
    answer = await http.call("GET", "/2/users/me", effect=Effect.REPEATABLE, headers=bearer)
    person = http.decode(answer, PERSONS).data
    given = {"refresh_token": Secret(told.refresh_token)}
    if confidential is not None:
        given["client_secret"] = confidential
    return client, given, person.username if person is not None else ""


async def _is_yes(clerk: Clerk, question: str, *, usual: bool) -> bool:
    """Ask until the answer is a yes or a no; nothing is the usual one.

    :raises ConfigurationError: it is neither, again and again
    """
    for _ in range(TRIES):
        answer = await clerk.ask(f"{question} [{'Y/n' if usual else 'y/N'}]")
        if not answer:
            return usual
        if answer.casefold() in YES:
            return True
        if answer.casefold() in NO:
            return False
        clerk.tell("Answer y for yes or n for no.")
    raise ConfigurationError(f"neither a yes nor a no: {question}")
