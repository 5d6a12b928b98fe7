"""People on a snac2, and what they do there: plain requests past the adapter."""

import json
import re
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.client import HTTPMessage
from pathlib import Path
from typing import IO, Any

from typing_extensions import override

BACK = "http://127.0.0.1:9/back"
PATIENCE = 60.0


class Refused(Exception):
    """The server refused."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(f"{status} {words[:200]}")
        self.status = status


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    @override
    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> None:
        return None


OPENER = urllib.request.build_opener(_NoRedirects)


def call(
    base: str,
    method: str,
    path: str,
    body: object = None,
    *,
    token: str = "",
    form: Mapping[str, str] | None = None,
) -> Any:
    """Send one request; return the answer's JSON, the address that it leads to, or its text."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    content: bytes | None = None
    if form is not None:
        content = urllib.parse.urlencode(form).encode()
    elif body is not None:
        content = json.dumps(body).encode()
        headers["Content-Type"] = "application/json"
    request = urllib.request.Request(base + path, content, headers, method=method)
    try:
        with OPENER.open(request, timeout=30) as answer:
            said = answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            said = error.read().decode("utf-8", "replace")
        if error.code in (302, 303):
            return error.headers["location"]
        raise Refused(error.code, said) from None
    try:
        return json.loads(said)
    except ValueError:
        return said


def say_yes(base: str, page: str, name: str, password: str) -> dict[str, str]:
    """Do what a person does on the page that asks whether an application may act for him; return the query of the
    address at which his browser ends."""
    shown: str = call(base, "GET", page.removeprefix(base))
    action = re.search(r'action="([^"]+)"', shown)
    assert action is not None, shown
    form = dict(re.findall(r'name="([^"]+)"[^>]*value="([^"]*)"', shown))
    form |= {"login": name, "passwd": password}
    ended: str = call(base, "POST", urllib.parse.urlparse(action[1]).path, form=form)
    return dict(urllib.parse.parse_qsl(urllib.parse.urlparse(ended).query))


@dataclass
class Person:
    """An account on the server, signed in."""

    base: str
    name: str
    password: str
    id: str = ""
    token: str = ""
    client: tuple[str, str] = ("", "")

    @property
    def handle(self) -> str:
        """As everybody writes it, without a leading @."""
        return f"{self.name}@{urllib.parse.urlparse(self.base).hostname}"

    def sign_in(self) -> "Person":
        """Return this person with a new token."""
        wanted = {"client_name": "tests", "redirect_uris": BACK, "scopes": "read write follow"}
        made = call(self.base, "POST", "/api/v1/apps", form=wanted)
        query = {"client_id": made["client_id"], "redirect_uri": BACK, "response_type": "code", "scope": "read write"}
        page = f"/oauth/authorize?{urllib.parse.urlencode(query)}"
        code = say_yes(self.base, page, self.name, self.password)["code"]
        client = (made["client_id"], made["client_secret"])
        form = {"client_id": client[0], "client_secret": client[1], "code": code, "redirect_uri": BACK}
        token = call(self.base, "POST", "/oauth/token", form={**form, "grant_type": "authorization_code"})
        signed_in = Person(self.base, self.name, self.password, token=token["access_token"], client=client)
        signed_in.id = signed_in.call("GET", "/api/v1/accounts/verify_credentials")["id"]
        return signed_in

    def sign_out(self) -> None:
        """Make the token worthless."""
        form = {"client_id": self.client[0], "client_secret": self.client[1], "token": self.token}
        call(self.base, "POST", "/oauth/revoke", form=form)

    def call(self, method: str, path: str, body: object = None) -> Any:
        """Send one request as this person."""
        return call(self.base, method, path, body, token=self.token)

    def say(self, text: str, **wanted: object) -> str:
        """Publish a status and return its id; `wanted` as the API has it."""
        status: str = self.call("POST", "/api/v1/statuses", {"status": text, **wanted})["id"]
        return status

    def notifications(self) -> list[dict[str, Any]]:
        """Return what came in, newest first."""
        found: list[dict[str, Any]] = self.call("GET", "/api/v1/notifications")
        return found

    def seen_home(self) -> list[dict[str, Any]]:
        """Return the home timeline, own statuses among it, newest first."""
        found: list[dict[str, Any]] = self.call("GET", "/api/v1/timelines/home?limit=100")
        return found


def join(base: str, snac: str, data: str, name: str) -> Person:
    """Make an account and sign in."""
    made = subprocess.run([snac, "adduser", data, name], text=True, check=True, capture_output=True)
    found = re.search(r"password is (\S+)", made.stdout + made.stderr)
    assert found is not None, made
    # the server writes it for its own people alone
    (Path(data) / "user" / name).chmod(0o755)
    return Person(base, name, found[1]).sign_in()


def follow(snac: str, data: str, who: Person, whom: Person) -> None:
    """Let one person follow another; return when both sides know it."""
    command = [snac, "follow", data, who.name, f"{whom.base}/{whom.name}"]
    followers = Path(data) / "user" / whom.name / "followers"
    before = len(list(followers.glob("*.json")))
    subprocess.run(command, check=True, capture_output=True)
    until(lambda: len(list(followers.glob("*.json"))) > before, "a follower")


def until(happened: Callable[[], bool], what: str) -> None:
    """Return when it happened; fail after a while."""
    deadline = time.monotonic() + PATIENCE
    while not happened():
        assert time.monotonic() < deadline, f"in vain: {what}"
        time.sleep(0.01)
