"""Walks a person through getting an access token: the server's own page asks him, and he says yes there."""

import base64
import hashlib
import secrets
from collections.abc import Mapping
from urllib.parse import urlencode

from greenroom_adapters.contract import (
    AuthenticationFailed,
    Clerk,
    ConfigurationError,
    Credentials,
    PostRejected,
    Secret,
    Unavailable,
)
from greenroom_adapters.mastodon.api import Api
from greenroom_adapters.mastodon.errors import refusal
from greenroom_adapters.mastodon.server import Server
from greenroom_adapters.mastodon.wire import APPLICATIONS, TOKENS, WireApplication, WireInstance
from greenroom_adapters.transport import Effect, Http

__all__ = ["NEEDED", "address_of", "log_in"]

NAME = "Greenroom"
NEEDED = (
    "read:accounts",
    "read:follows",
    "read:notifications",
    "read:statuses",
    "write:accounts",
    "write:favourites",
    "write:follows",
    "write:media",
    "write:statuses",
)
"""What a bot does, and no more (documentation, "OAuth Scopes"): `write:accounts` for the mark of a bot, and
`read:follows` for whether somebody blocks it."""
COARSE = ("read", "write", "follow")
"""For servers that do not know the finer ones."""
SETTING = "server"


async def log_in(clerk: Clerk, known: Mapping[str, str], *, platform: str) -> Credentials:
    """Ask for the server, make an application there, let the person say yes, and return the token.

    OAuth 2 with an authorisation code and PKCE, as the documentation wants it ("Authorize a user", RFC 7636).
    """
    server = address_of(
        known.get(SETTING) or await clerk.ask("On which server is the account? For example mastodon.example")
    )
    async with Http(server, platform=platform, account="", refusal=refusal) as http:
        api = Api(http)
        try:
            instance = await api.instance()
        except PostRejected as error:
            raise Unavailable(f"{server} does not answer as Mastodon does: {error}", platform=platform) from None
        clerk.tell(f"{server} runs {instance.version or 'software that does not say its version'}.")
        scopes = NEEDED if Server.of(instance, address=server).family == "mastodon" else COARSE
        token, handle, is_bot = await _token(clerk, api, server, scopes=scopes)
    notes = _notes(instance, is_bot=is_bot)
    return Credentials(settings={SETTING: server}, secrets={"token": token}, handle=handle, notes=notes)


def address_of(written: str) -> str:
    """Return a server's address for what a person writes: an address, a name, or a whole handle.

    :raises ConfigurationError: it is none
    """
    server = written.strip()
    if "://" not in server:
        server = f"https://{server.rpartition('@')[2]}"
    scheme, _, rest = server.partition("://")
    host = rest.partition("/")[0]
    if scheme not in ("https", "http") or not host or " " in host:
        raise ConfigurationError(f"{written!r} is no server: write its name, such as mastodon.example")
    return f"{scheme}://{host.lower()}"


async def _token(clerk: Clerk, api: Api, server: str, *, scopes: tuple[str, ...]) -> tuple[Secret, str, bool]:
    """Return the token, whose it is, and whether the account is marked as a bot."""
    verifier, state, scope = secrets.token_urlsafe(48), secrets.token_urlsafe(16), " ".join(scopes)
    made: dict[str, WireApplication] = {}
    back = ""

    async def address(to: str) -> str:
        nonlocal back
        back = to
        if to not in made:
            made[to] = await _application(api.http, back=to, scope=scope)
        query = {
            "response_type": "code",
            "client_id": made[to].client_id,
            "redirect_uri": to,
            "scope": scope,
            "state": state,
            "code_challenge": _challenge(verifier),
            "code_challenge_method": "S256",
            # The browser may be signed in as the owner himself; the page lets him change over.
            "force_login": "true",
        }
        return f"{server}/oauth/authorize?{urlencode(query)}"

    clerk.tell("Your browser opens the server's own page. Sign in there as the bot, not as yourself, and say yes.")
    came = await clerk.visit(address)
    if not secrets.compare_digest(came.get("state", ""), state):
        raise AuthenticationFailed("the answer belongs to another question: begin again", platform=api.http.platform)
    if "code" not in came:
        said = came.get("error_description") or came.get("error") or "nothing"
        raise AuthenticationFailed(f"the server gave no permission: {said}", platform=api.http.platform)
    token = await _exchange(api.http, made[back], code=came["code"], back=back, verifier=verifier)
    api.http.authorize(token)
    account = await api.me()
    return token, account.acct, bool(account.bot)


async def _application(http: Http, *, back: str, scope: str) -> WireApplication:
    wanted = {"client_name": NAME, "redirect_uris": [back], "scopes": scope}
    try:
        answer = await http.call("POST", "/api/v1/apps", effect=Effect.REPEATABLE, json=wanted)
    except PostRejected:  # before Mastodon 4.3 it was one address
        answer = await http.call(
            "POST", "/api/v1/apps", effect=Effect.REPEATABLE, json={**wanted, "redirect_uris": back}
        )
    made = http.decode(answer, APPLICATIONS)
    http.redactor.learn(Secret(made.client_secret))
    return made


async def _exchange(http: Http, made: WireApplication, *, code: str, back: str, verifier: str) -> Secret:
    http.redactor.learn(Secret(code))
    wanted = {
        "grant_type": "authorization_code",
        "client_id": made.client_id,
        "client_secret": made.client_secret,
        "redirect_uri": back,
        "code": code,
        "code_verifier": verifier,
    }
    try:
        answer = await http.call("POST", "/oauth/token", effect=Effect.REPEATABLE, json=wanted)
    except PostRejected as refused:
        raise AuthenticationFailed(f"the server gives no token: {refused}", platform=http.platform) from None
    return Secret(http.decode(answer, TOKENS).access_token)


def _notes(instance: WireInstance, *, is_bot: bool) -> tuple[str, ...]:
    notes: list[str] = []
    if not is_bot:
        notes.append("The account is not marked as a bot yet: Greenroom sets the mark when the bot first runs live.")
    if instance.rules:
        notes.append(f"The server has {len(instance.rules)} rules; read what they say about bots.")
    return tuple(notes)


def _challenge(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
