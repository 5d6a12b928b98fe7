"""How the X of the tests finds out whose request it is: signatures of OAuth 1.0a, tokens of OAuth 2."""

import base64
import hashlib
import hmac
import re
import secrets
import time
from collections.abc import Mapping, Sequence
from urllib.parse import parse_qsl, quote, unquote, urlencode

from x_state import State

__all__ = ["consent", "person_behind", "tokens_for"]

CLIENT = "client-of-tests"
LASTS = 7200.0


def person_behind(
    state: State, *, method: str, bases: Sequence[str], path: str, query: str, headers: Mapping[str, str]
) -> int | None:
    """Return whose request it is; None: nobody's who is known. `bases` are the addresses under which X is known."""
    written = headers.get("Authorization", "")
    if written.startswith("Bearer "):
        row = state.one("SELECT * FROM bearers WHERE token = ?", written.removeprefix("Bearer "))
        return int(row["person"]) if row is not None and row["ends_at"] > time.time() else None
    if not written.startswith("OAuth "):
        return None
    given = {name: unquote(value) for name, value in re.findall(r'(\w+)="([^"]*)"', written)}
    row = state.one("SELECT * FROM keys WHERE token = ?", given.get("oauth_token", ""))
    if row is None or given.get("oauth_consumer_key") != state.api_key:
        return None
    if given.get("oauth_signature_method") != "HMAC-SHA1" or abs(int(given["oauth_timestamp"]) - time.time()) > 300:
        return None
    parameters = [(name, value) for name, value in given.items() if name.startswith("oauth_")]
    parameters = [(name, value) for name, value in parameters if name != "oauth_signature"]
    parameters += parse_qsl(query, keep_blank_values=True)
    encoded = "&".join(sorted(f"{_escaped(name)}={_escaped(value)}" for name, value in parameters))
    key = f"{_escaped(state.api_secret)}&{_escaped(row['secret'])}"
    for base in bases:
        signed = f"{method}&{_escaped(base + path)}&{_escaped(encoded)}"
        wanted = base64.b64encode(hmac.digest(key.encode(), signed.encode(), hashlib.sha1)).decode()
        if hmac.compare_digest(wanted, given.get("oauth_signature", "")):
            return int(row["person"])
    return None


def consent(state: State, query: Mapping[str, str], *, callbacks: Sequence[str], person: int | None) -> str | None:
    """Return where the page of consent leads; None: X shows an error of its own, and leads nowhere."""
    callback = query.get("redirect_uri", "")
    if query.get("client_id") != CLIENT or callback not in callbacks or query.get("response_type") != "code":
        return None
    if query.get("code_challenge_method") != "S256" or "offline.access" not in query.get("scope", ""):
        return None
    if person is None:
        return f"{callback}?{urlencode({'error': 'access_denied', 'state': query['state']})}"
    code = secrets.token_urlsafe(20)
    state.do("INSERT INTO codes VALUES (?, ?, ?, ?)", code, person, query["code_challenge"], callback)
    return f"{callback}?{urlencode({'code': code, 'state': query['state']})}"


def tokens_for(state: State, form: Mapping[str, str], *, lasts: float = LASTS) -> dict[str, object] | None:
    """Return a new pair for a refresh token or a code, which is spent by it; None: it is not good."""
    if form.get("client_id") != CLIENT:
        return None
    with state.at_once():
        if form.get("grant_type") == "authorization_code":
            row = state.one("SELECT * FROM codes WHERE code = ?", form.get("code", ""))
            digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
            proof = base64.urlsafe_b64encode(digest).decode().rstrip("=")
            if row is None or row["challenge"] != proof or row["callback"] != form.get("redirect_uri"):
                return None
            state.do("DELETE FROM codes WHERE code = ?", row["code"])
        else:
            row = state.one("SELECT * FROM refreshers WHERE token = ?", form.get("refresh_token", ""))
            if row is None or form.get("grant_type") != "refresh_token":
                return None
            state.do("DELETE FROM refreshers WHERE token = ?", row["token"])
        access = secrets.token_urlsafe(40)
        state.do("INSERT INTO bearers VALUES (?, ?, ?)", access, row["person"], time.time() + lasts)
        return {
            "token_type": "bearer",
            "expires_in": int(lasts),
            "access_token": access,
            "refresh_token": state.refresher_for(row["person"]),
            "scope": "tweet.read tweet.write users.read dm.read dm.write media.write offline.access",
        }


def _escaped(text: str) -> str:
    return quote(text, safe="-._~")
