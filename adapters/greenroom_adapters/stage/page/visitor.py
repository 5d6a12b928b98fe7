"""Who sits before the browser: the person of the cookie, what they have seen, and the token their forms carry."""

import hashlib
import hmac
import itertools
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import final

from starlette.requests import Request
from starlette.responses import Response

from greenroom_adapters.stage.door import ELSEWHERE
from greenroom_adapters.stage.objects import Account, Refusal, Refused
from greenroom_adapters.stage.state import StageState

__all__ = ["Seen", "Visitor", "Visitors"]

PERSON = "greenroom_person"
SESSION = "greenroom_session"
SEEN = "greenroom_seen"
YEAR = 365 * 24 * 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """Up to which cursor a person has looked at the notifications, and at the messages."""

    news: int = 0
    letters: int = 0


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """One browser, acting as one person."""

    me: Account
    seen: Seen
    session: str
    is_new: bool
    """True: the browser does not have the session cookie yet."""
    token: str
    """What every form of this browser carries."""
    is_elsewhere: bool = False
    """It is on another machine: there it is one person, and cannot be another."""


@final
class Visitors:
    """Recognises browsers by their cookies."""

    def __init__(self, state: StageState, *, key: bytes, new_session: Callable[[], str]) -> None:
        """`key` signs the forms' tokens; `new_session` makes names that nobody can guess."""
        self._state = state
        self._key = key
        self._new_session = new_session

    def recognise(self, request: Request) -> Visitor:
        """Return who asks. A browser without a person is the default one, who is made when there is none; so is every
        browser on another machine."""
        session = request.cookies.get(SESSION, "")
        is_new = not session
        session = session or self._new_session()
        is_elsewhere = ELSEWHERE in request.scope
        me = self._somebody() if is_elsewhere else self._person(request.cookies.get(PERSON, ""))
        return Visitor(
            me=me,
            seen=read_seen(request.cookies.get(SEEN, ""), me),
            session=session,
            is_new=is_new,
            token=self._token(session),
            is_elsewhere=is_elsewhere,
        )

    def check(self, request: Request, token: object) -> None:
        """Raise `Refused` unless a form with this token was made for this browser."""
        session = request.cookies.get(SESSION, "")
        given = token.encode(errors="replace") if isinstance(token, str) else b""
        # The emptiness matters: a browser without a session must not pass with a form without a token.
        if not session or not given or not secrets.compare_digest(given, self._token(session).encode()):
            raise Refused(Refusal.FORBIDDEN, "This page has grown old. Reload it and try again.")

    def _person(self, handle: str) -> Account:
        # The handle may be of another Stage, or of this one before it was emptied.
        account = self._state.find_account(handle) if handle else None
        return self._somebody() if account is None or account.bot else account

    def _somebody(self) -> Account:
        """Return the default person: the first `you`, `you2`, … that is not a bot."""
        for number in itertools.count(1):
            handle = "you" if number == 1 else f"you{number}"
            account = self._state.find_account(handle)
            if account is None:
                return self._state.ensure_account(handle, name="You")
            if not account.bot:
                return account
        raise AssertionError("counting does not end")

    def _token(self, session: str) -> str:
        return hmac.new(self._key, session.encode(), hashlib.sha256).hexdigest()


def read_seen(cookie: str, me: Account) -> Seen:
    """Return what the cookie tells about this person; nothing seen when it tells nothing readable."""
    for entry in cookie.split("&"):
        name, _, rest = entry.partition(":")
        news, _, letters = rest.partition(":")
        if name == me.id and news.isdecimal() and letters.isdecimal() and len(rest) < 40:
            return Seen(news=int(news), letters=int(letters))
    return Seen()


def remember_session(response: Response, visitor: Visitor) -> None:
    """Give a new browser its session cookie."""
    if visitor.is_new:
        set_cookie(response, SESSION, visitor.session)


def remember_person(response: Response, person: Account) -> None:
    """Let the browser be this person from now on."""
    set_cookie(response, PERSON, person.handle)


def remember_seen(response: Response, request: Request, me: Account, seen: Seen) -> None:
    """Note what this person has looked at, beside what the browser's other persons have."""
    others = [entry for entry in request.cookies.get(SEEN, "").split("&") if entry.partition(":")[0] != me.id]
    set_cookie(response, SEEN, "&".join([f"{me.id}:{seen.news}:{seen.letters}", *filter(None, others)][:20]))


def set_cookie(response: Response, name: str, value: str) -> None:
    """Set a cookie that no script and no other site can use."""
    response.set_cookie(name, value, max_age=YEAR, httponly=True, samesite="strict")
