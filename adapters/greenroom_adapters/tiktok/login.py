"""Walks a person through getting an account's credentials: every step in TikTok's portal by its name."""

import hashlib
import secrets
from collections.abc import Mapping
from datetime import timedelta
from urllib.parse import urlencode

from greenroom_adapters.contract import AuthenticationFailed, Clerk, ConfigurationError, Credentials, Secret
from greenroom_adapters.tiktok.api import ask_for_tokens
from greenroom_adapters.tiktok.errors import refusal, wait
from greenroom_adapters.tiktok.settings import TikTokSettings
from greenroom_adapters.tiktok.wire import CREATORS
from greenroom_adapters.transport import Effect, Http, bearer

__all__ = ["SCOPES", "log_in"]

SCOPES = ("user.info.basic", "video.publish", "video.list")
"""What a bot does, and no more."""
DEADLINE = timedelta(seconds=20)
BEGINNING = """\
Open https://developers.tiktok.com/apps with the account that shall own the app, and press "Connect an app". Under \
"Platforms" choose Desktop. Add the products "Login Kit" and "Content Posting API", and switch on "Direct Post" in the \
second. Under "Scopes" add user.info.basic, video.publish and video.list. While the app is not live, add the bot's \
account under "Sandbox", "Target users"."""
KEYS = 'On the page of the app, under "Credentials", stand its client key and its client secret.'
NOTES = (
    "until TikTok has audited the app, its posts are for the account alone (`privacy: me`), and the account has to be "
    "private while it posts. Apply for the audit on the page of the app; after it, write `privacy: everyone`.",
    "TikTok hears no comments through this: a bot posts there, and answers nobody.",
)
PICTURES = (
    "pictures are fetched by TikTok from an address of yours: write `media_url` below the account, and verify it under "
    "*URL properties* of the app. Videos need none."
)


async def log_in(clerk: Clerk, known: Mapping[str, str], *, platform: str) -> Credentials:
    """Let the person say yes with the bot's account in a browser, and try what comes of it.

    :raises AuthenticationFailed: TikTok does not take it
    """
    usual = TikTokSettings(client_key="", client_secret=Secret(""), refresh_token=Secret(""))
    base_url, login_url = known.get("base_url", usual.base_url), known.get("login_url", usual.login_url)
    clerk.tell(BEGINNING)
    clerk.tell(KEYS)
    key = known.get("client_key") or await clerk.ask("Client key")
    if not key:
        raise ConfigurationError("without the client key nobody can be asked: it stands on the page of the app")
    secret = await clerk.ask_secret("Client secret")
    async with Http(
        base_url, platform=platform, account="", secrets=[secret], refusal=refusal, wait=wait, deadline=DEADLINE
    ) as http:
        refresh, handle = await _by_browser(clerk, http, login_url, key, secret)
    usual_places = {"base_url": (base_url, usual.base_url), "login_url": (login_url, usual.login_url)}
    return Credentials(
        settings={
            "client_key": key,
            **{name: here for name, (here, there) in usual_places.items() if here != there},
        },
        secrets={"client_secret": secret, "refresh_token": refresh},
        handle=handle,
        notes=NOTES if known.get("media_url") else (*NOTES, PICTURES),
    )


async def _by_browser(clerk: Clerk, http: Http, login_url: str, key: str, secret: Secret) -> tuple[Secret, str]:
    verifier, state = secrets.token_urlsafe(48), secrets.token_urlsafe(24)
    # in hexadecimal digits, unlike everywhere else
    challenge = hashlib.sha256(verifier.encode()).hexdigest()
    callbacks: list[str] = []

    async def address(callback: str) -> str:
        if callback not in callbacks:
            clerk.tell(
                f'TikTok comes back only to addresses that it knows. Put {callback} under "Redirect URI" of the Login '
                "Kit, for Desktop, and save. Then sign in to TikTok in your browser as the bot's account."
            )
            await clerk.ask("Press Enter when that is done")
            callbacks.append(callback)
        asked = {
            "client_key": key,
            "scope": ",".join(SCOPES),
            "response_type": "code",
            "redirect_uri": callback,
            "state": state,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        return f"{login_url.rstrip('/')}/v2/auth/authorize/?{urlencode(asked)}"

    said = await clerk.visit(address)
    if not secrets.compare_digest(said.get("state", "").encode(), state.encode()):
        raise AuthenticationFailed("the browser came back from another sign-in: begin again", platform=http.platform)
    if "code" not in said:
        words = f"TikTok did not let the app in: {said.get('error', 'without a reason')}"
        raise AuthenticationFailed(words, platform=http.platform)
    form = {
        "client_key": key,
        "client_secret": secret.reveal(),
        "code": said["code"],
        "grant_type": "authorization_code",
        "redirect_uri": callbacks[-1],
        "code_verifier": verifier,
    }
    told = await ask_for_tokens(http, form)
    if not told.refresh_token:
        raise AuthenticationFailed("TikTok gave no refresh token", platform=http.platform)
    http.redactor.learn(Secret(told.refresh_token))
    answer = await http.call(
        "POST",
        "/v2/post/publish/creator_info/query/",
        effect=Effect.REPEATABLE,
        json={},
        headers=bearer(told.access_token),
    )
    return Secret(told.refresh_token), http.decode(answer, CREATORS).data.creator_username
