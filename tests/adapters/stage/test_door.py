"""A Stage that other machines can reach asks them for a password; this machine, and who has signed in, needs none."""

import base64
import http.client
import json
import re
import socket
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from greenroom_adapters.testing.stage import RunningStage


def read(stage: RunningStage, path: str, *, host: str, **headers: str) -> str:
    """Return a page as it is shown to who calls the Stage by this name."""
    place = urlsplit(stage.url)
    connection = http.client.HTTPConnection("127.0.0.1", place.port, timeout=60)
    try:
        connection.request("GET", path, None, {"Host": f"{host}:{place.port}", **headers})
        return connection.getresponse().read().decode()
    finally:
        connection.close()


def ask(
    stage: RunningStage, path: str, *, host: str, method: str = "GET", body: str | None = None, **headers: str
) -> int:
    """Return the status of an answer to who calls the Stage by this name."""
    place = urlsplit(stage.url)
    connection = http.client.HTTPConnection("127.0.0.1", place.port, timeout=60)
    try:
        connection.request(
            method, path, body, {"Host": f"{host}:{place.port}", "Content-Type": "application/json", **headers}
        )
        return connection.getresponse().status
    finally:
        connection.close()


def basic(words: str) -> str:
    return "Basic " + base64.b64encode(f"me:{words}".encode()).decode()


def test_other_machines_bring_the_password_that_was_told_once(tmp_path: Path) -> None:
    elsewhere = socket.gethostname()
    with RunningStage("--host", "0.0.0.0", data=tmp_path / "stage.db") as stage:  # noqa: S104 - what is tested
        # a first request is answered behind what was written to the log before it
        assert ask(stage, "/", host="127.0.0.1") == 200
        stage.stop()
        words = re.findall(r"password: (\S+) ", stage.log)
        assert len(words) == 1
        stage.start()
        for path in (
            "/",
            "/people/new",
            "/live",
            "/api/instance",
            "/api/admin/faults",
            "/media/x",
            "/static/stage.css",
        ):
            assert ask(stage, path, host=elsewhere) == 401, path
        assert ask(stage, "/api/session", host=elsewhere, method="POST", body='{"handle": "eve"}') == 401
        assert ask(stage, "/api/admin/tokens", host=elsewhere, method="POST", body='{"handle": "eve"}') == 401
        assert ask(stage, "/", host=elsewhere, Authorization=basic("wrong")) == 401
        assert ask(stage, "/", host=elsewhere, Authorization=basic(words[0])) == 200
        assert ask(stage, "/api/instance", host=elsewhere, Authorization=basic(words[0])) == 200
        token = stage.sign_in("ada")
        assert ask(stage, "/api/me", host=elsewhere, Authorization=f"Bearer {token}") == 200
        assert ask(stage, "/api/me", host=elsewhere, Authorization="Bearer nobody") == 401
        here = read(stage, "/", host="127.0.0.1", Cookie="greenroom_person=ada")
        there = read(stage, "/", host=elsewhere, Authorization=basic(words[0]), Cookie="greenroom_person=ada")
        assert "/people/switch" in here
        assert "/people/new" in here
        assert "/people/" not in there, "nobody on another machine can be somebody else"
        assert re.search(r"You are</small><b[^>]*>([^<]*)<", there)[1] == "You"  # type: ignore[index]  # it is there
        for name, allowed in (("127.0.0.1", True), (elsewhere, False)):
            mine = {"Authorization": basic(words[0]), "Cookie": "greenroom_session=mine"}
            (form,) = set(re.findall(r'name="token" value="([^"]+)"', read(stage, "/", host=name, **mine)))
            written = f"token={form}&handle=ada"
            mine["Content-Type"] = "application/x-www-form-urlencoded"
            status = ask(stage, "/people/switch", host=name, method="POST", body=written, **mine)
            assert status == (303 if allowed else 403)
        stage.stop()
        assert len(re.findall("password: ", stage.log)) == 1, "it is told once"
    kept = tmp_path / "stage.db.password"
    assert words[0] not in kept.read_text(encoding="ascii")
    assert kept.stat().st_mode & 0o077 == 0


def test_from_elsewhere_nobody_keeps_the_stage_or_becomes_another_account_by_his_own_token(tmp_path: Path) -> None:
    elsewhere, ada = socket.gethostname(), '{"handle": "ada"}'
    with RunningStage("--host", "0.0.0.0", "--faults", data=tmp_path / "stage.db") as stage:  # noqa: S104 - what is tested
        eve = f"Bearer {stage.sign_in('eve')}"
        assert ask(stage, "/api/me", host=elsewhere, Authorization=eve) == 200
        assert ask(stage, "/api/session", host=elsewhere, method="POST", body=ada, Authorization=eve) == 401
        for path in ("/api/admin/tokens", "/api/admin/revoke"):
            assert ask(stage, path, host=elsewhere, method="POST", body=ada, Authorization=eve) == 403
            assert ask(stage, path, host="127.0.0.1", method="POST", body=ada) < 300
        assert ask(stage, "/api/admin/faults", host=elsewhere, Authorization=eve) == 403
        assert "in a container" in read(stage, "/api/admin/faults", host=elsewhere, Authorization=eve)
        assert ask(stage, "/api/session", host=elsewhere, method="DELETE", Authorization=eve) == 204


def test_on_this_machine_alone_there_is_no_password(tmp_path: Path) -> None:
    with RunningStage(data=tmp_path / "stage.db") as stage:
        assert ask(stage, "/", host="localhost") == 200
        assert ask(stage, "/", host="stage.example") == 400
    assert not (tmp_path / "stage.db.password").exists()


@pytest.mark.parametrize("upgrade", [True, False])
def test_a_stream_from_elsewhere_is_not_opened_without_it(tmp_path: Path, upgrade: bool) -> None:
    with RunningStage("--host", "0.0.0.0", data=tmp_path / "stage.db") as stage:  # noqa: S104 - what is tested
        headers = {
            "Connection": "Upgrade",
            "Upgrade": "websocket",
            "Sec-WebSocket-Key": base64.b64encode(b"0123456789abcdef").decode(),
            "Sec-WebSocket-Version": "13",
        }
        status = ask(stage, "/api/stream", host=socket.gethostname(), **(headers if upgrade else {}))
        assert status == (403 if upgrade else 401), json.dumps(status)
