"""The Stage's API over a real socket: what docs/stage-api.md promises."""

import json
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from greenroom_adapters.testing.stage import RunningStage

Handles = Callable[[str], str]
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 32
POST_FIELDS = {
    "id",
    "url",
    "author",
    "text",
    "created_at",
    "edited_at",
    "in_reply_to",
    "conversation",
    "quote",
    "room",
    "direct_to",
    "media",
    "language",
    "content_warning",
    "by_moderator",
    "likes",
    "reposts",
    "replies",
    "quotes",
}


def refused(stage: RunningStage, method: str, path: str, body: object = None, **more: Any) -> tuple[int, str]:
    """Return status and code of a refusal, whose shape is checked."""
    with pytest.raises(urllib.error.HTTPError) as caught:
        stage.call(method, path, body, **more)
    with caught.value as answer:
        error = json.loads(answer.read())
    assert set(error) == {"error", "message"}
    assert error["message"]
    return answer.code, error["error"]


def upload(stage: RunningStage, token: str, content: bytes, alt: str) -> Mapping[str, Any]:
    body = (
        b'--edge\r\nContent-Disposition: form-data; name="alt"\r\n\r\n' + alt.encode() + b"\r\n"
        b'--edge\r\nContent-Disposition: form-data; name="file"; filename="x"\r\n'
        b"Content-Type: text/html\r\n\r\n" + content + b"\r\n--edge--\r\n"
    )
    request = urllib.request.Request(  # noqa: S310 - a Stage on loopback
        f"{stage.url}/api/media",
        body,
        {"Authorization": f"Bearer {token}", "Content-Type": "multipart/form-data; boundary=edge"},
    )
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - a Stage on loopback
        stored: Mapping[str, Any] = json.loads(answer.read())
    return stored


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such permissions")
def test_what_it_writes_is_its_owners_alone_and_a_file_of_before_becomes_so(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir(mode=0o755)
    (folder / "stage.db").touch(mode=0o644)
    with RunningStage(data=folder / "stage.db") as stage:
        token = stage.sign_in("ben")
        stage.say(token, "Is the lamp lit?")
        upload(stage, token, PNG, "A lamp")
        modes = {path.name: path.stat().st_mode for path in folder.rglob("*")}
    assert modes.keys() > {"stage.db", "stage.db-wal", "stage.db.lock", "stage.db.media"}
    assert [name for name, mode in modes.items() if mode & 0o077] == []


def test_the_instance_says_what_kind_of_platform_it_is(stage: RunningStage) -> None:
    instance = stage.call("GET", "/api/instance")

    assert datetime.fromisoformat(instance.pop("now")).utcoffset() is not None
    assert instance == {
        "name": "Stage",
        "idempotency": {"kind": "keyed", "window_s": None},
        "visible_after_s": 0,
        "listing_reach": 5000,
        "limits": {
            "text": [{"length": 500, "rule": "code points"}],
            "media": {
                "count": 4,
                "types": ["image/gif", "image/jpeg", "image/png", "image/webp", "video/mp4"],
                "bytes": 8388608,
                "alt_length": 1500,
            },
        },
    }


def test_signing_in_registers_on_first_sight_and_signing_out_ends_one_token(
    stage: RunningStage, fresh_handle: Handles
) -> None:
    handle = fresh_handle("ada")
    first = stage.call("POST", "/api/session", {"handle": handle, "name": "Ada", "bio": "lamps", "bot": True})
    second = stage.call("POST", "/api/session", {"handle": handle})

    assert first["account"] == second["account"] == stage.call("GET", "/api/me", token=first["token"])
    assert {key: first["account"][key] for key in ("handle", "name", "bio", "bot", "url")} == {
        "handle": handle,
        "name": "Ada",
        "bio": "lamps",
        "bot": True,
        "url": f"{stage.url}/@{handle}",
    }
    stage.call("DELETE", "/api/session", token=first["token"])
    assert refused(stage, "GET", "/api/me", token=first["token"]) == (401, "unauthorized")
    assert stage.call("PATCH", "/api/me", {"bio": "tides"}, token=second["token"])["bio"] == "tides"


def test_everything_else_needs_a_token(stage: RunningStage) -> None:
    for method, path in (
        ("GET", "/api/me"),
        ("POST", "/api/posts"),
        ("GET", "/api/events"),
        ("GET", "/api/rooms"),
        ("DELETE", "/api/posts/x"),
    ):
        assert refused(stage, method, path) == (401, "unauthorized")
        assert refused(stage, method, path, headers={"Authorization": "Basic eA=="}) == (401, "unauthorized")


def test_a_post_has_every_documented_field(stage: RunningStage, fresh_handle: Handles) -> None:
    ada, bob = fresh_handle("ada"), fresh_handle("bob")
    token = stage.sign_in(ada)
    stage.sign_in(bob)
    picture = upload(stage, token, PNG, "A lamp.")

    post = stage.say(token, f"@{bob} look", media=[picture["id"]], language="en", content_warning="light")

    assert set(post) == POST_FIELDS
    assert post["media"] == [{"url": picture["url"], "media_type": "image/png", "alt": "A lamp."}]
    assert (post["conversation"], post["room"], post["direct_to"]) == (post["id"], None, None)
    assert (post["language"], post["content_warning"]) == ("en", "light")
    assert datetime.fromisoformat(post["created_at"]).utcoffset() is not None
    assert stage.call("GET", f"/api/posts/{post['id']}", token=token) == post


def test_media_are_served_as_what_they_are_and_as_nothing_else(stage: RunningStage, fresh_handle: Handles) -> None:
    picture = upload(stage, stage.sign_in(fresh_handle("ada")), PNG, "")

    with urllib.request.urlopen(picture["url"], timeout=10) as answer:  # noqa: S310 - a Stage on loopback
        assert answer.read() == PNG
        assert answer.headers["Content-Type"] == "image/png"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "sandbox" in answer.headers["Content-Security-Policy"]


def test_the_same_key_returns_the_first_post(stage: RunningStage, fresh_handle: Handles) -> None:
    token = stage.sign_in(fresh_handle("ada"))
    headers = {"Idempotency-Key": "key-1"}

    first = stage.call("POST", "/api/posts", {"text": "once"}, token=token, headers=headers)
    again = stage.call("POST", "/api/posts", {"text": "once"}, token=token, headers=headers)

    assert again == first
    listing = stage.call("GET", "/api/me/posts", token=token)
    assert listing == {"posts": [first], "deleted": []}


def test_a_conversation_over_the_wire(stage: RunningStage, fresh_handle: Handles) -> None:
    ada, bob = fresh_handle("ada"), fresh_handle("bob")
    bot, person = stage.sign_in(ada, bot=True), stage.sign_in(bob)
    start = stage.call("GET", "/api/events", token=bot)
    assert start["events"] == []

    question = stage.say(person, f"@{ada} is the lamp lit?")
    page = stage.call("GET", f"/api/events?after={start['cursor']}", token=bot)
    (mention,) = page["events"]
    answer = stage.say(bot, "It is.", in_reply_to=question["id"])
    for path in (f"/api/posts/{answer['id']}/like", f"/api/posts/{answer['id']}/repost", f"/api/accounts/{ada}/follow"):
        assert stage.call("POST", path, token=person) is None
    stage.call("PATCH", f"/api/posts/{question['id']}", {"text": f"@{ada} lit?"}, token=person)
    stage.call("DELETE", f"/api/posts/{question['id']}", token=person)
    stage.call("DELETE", f"/api/posts/{question['id']}", token=person)
    later = stage.call("GET", f"/api/events?after={page['cursor']}", token=bot)["events"]

    assert set(mention) == {"id", "cursor", "kind", "occurred_at", "post", "also"}
    assert (mention["kind"], mention["post"], mention["also"]) == ("mention", question, [])
    assert mention["cursor"] == page["cursor"]
    own, *later = later
    assert (own["kind"], own["post"]["id"], own["key"]) == ("own_post", answer["id"], None)
    assert [event["kind"] for event in later] == ["reaction", "repost", "follow", "edit", "deletion"]
    assert later[0]["post_id"] == later[1]["post_id"] == answer["id"]
    assert later[0]["reaction"] == "like"
    assert {event["account"]["handle"] for event in later[:3]} == {bob}
    assert later[3] == {**later[3], "post_id": question["id"]}
    assert set(later[4]) == {"id", "cursor", "kind", "occurred_at", "post_id", "account"}
    assert refused(stage, "GET", f"/api/posts/{question['id']}", token=bot) == (404, "gone")
    assert refused(stage, "POST", "/api/posts", {"text": "x", "in_reply_to": question["id"]}, token=bot) == (
        410,
        "target_gone",
    )


def test_rooms_over_the_wire(stage: RunningStage, fresh_handle: Handles) -> None:
    ada, bob = stage.sign_in(fresh_handle("ada")), stage.sign_in(fresh_handle("bob"))
    room = stage.call("POST", "/api/rooms", {"name": fresh_handle("Harbour")}, token=ada)
    assert refused(stage, "POST", "/api/posts", {"text": "hi", "room": room["id"]}, token=bob) == (403, "forbidden")

    joined = stage.call("POST", f"/api/rooms/{room['id']}/join", token=bob)
    post = stage.say(bob, "hi", room=room["id"])

    assert joined == {**room, "members": 2}
    assert joined in stage.call("GET", "/api/rooms", token=ada)["rooms"]
    assert post["room"] == {"id": room["id"], "name": room["name"]}
    assert stage.call("GET", f"/api/rooms/{room['id']}/posts", token=ada) == {"posts": [post]}
    join, message = stage.call("GET", "/api/events?after=0", token=ada)["events"]
    assert (join["kind"], join["room"]["id"], message["kind"]) == ("join", room["id"], "message")


def test_refusals_have_their_codes(stage: RunningStage, fresh_handle: Handles) -> None:
    ada = stage.sign_in(fresh_handle("ada"))
    other = stage.say(stage.sign_in(fresh_handle("bob")), "mine")

    assert refused(stage, "POST", "/api/posts", {"text": "x" * 501}, token=ada) == (413, "too_long")
    assert refused(stage, "POST", "/api/posts", {"text": "x", "media": ["?"]}, token=ada) == (415, "media_refused")
    assert refused(stage, "DELETE", f"/api/posts/{other['id']}", token=ada) == (403, "forbidden")
    assert refused(stage, "POST", "/api/posts", {"text": "\x00"}, token=ada) == (422, "invalid")
    assert refused(stage, "POST", "/api/containers", {"text": "x"}, token=ada) == (404, "gone")
    assert refused(stage, "GET", "/api/accounts/nobody", token=ada) == (404, "gone")
    assert refused(stage, "GET", "/api/nothing", token=ada) == (404, "gone")
    assert refused(stage, "PUT", "/api/posts", {}, token=ada)[0] == 405


def test_writes_tell_what_is_left_and_the_limit_holds(stage: RunningStage, fresh_handle: Handles) -> None:
    stage.call("POST", "/api/admin/limit", {"writes": 3, "seconds": 60})
    token = stage.sign_in(fresh_handle("ada"))
    try:
        left = []
        for _ in range(3):
            request = urllib.request.Request(  # noqa: S310 - a Stage on loopback
                f"{stage.url}/api/posts",
                b'{"text": "hi"}',
                {"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
            )
            with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - a Stage on loopback
                headers = answer.headers
            left.append(headers["X-RateLimit-Remaining"])
            assert (headers["X-RateLimit-Limit"], headers["X-RateLimit-Bucket"]) == ("3", "writes")
        assert left == ["2", "1", "0"]
        with pytest.raises(urllib.error.HTTPError) as caught:
            stage.say(token, "one too many")
        with caught.value as limited:
            assert (limited.code, json.loads(limited.read())["error"]) == (429, "rate_limited")
        assert 1 <= int(limited.headers["Retry-After"]) <= 60
        assert limited.headers["X-RateLimit-Remaining"] == "0"
        assert (
            int(limited.headers["X-RateLimit-Reset"])
            >= datetime.fromisoformat(stage.call("GET", "/api/instance")["now"]).timestamp()
        )
        assert stage.call("GET", "/api/me", token=token)
    finally:
        stage.call("POST", "/api/admin/limit", {"writes": 60000, "seconds": 60})


def test_a_two_phase_stage_publishes_containers_and_nothing_else() -> None:
    with RunningStage("--idempotency", "two_phase") as stage:
        token = stage.sign_in("ada")
        assert stage.call("GET", "/api/instance")["idempotency"] == {"kind": "two_phase", "window_s": None}
        assert refused(stage, "POST", "/api/posts", {"text": "x"}, token=token)[0] == 405

        container = stage.call("POST", "/api/containers", {"text": "in two steps"}, token=token)
        assert stage.call("GET", f"/api/containers/{container['id']}", token=token) == {
            "id": container["id"],
            "state": "open",
            "post": None,
        }
        post = stage.call("POST", f"/api/containers/{container['id']}/publish", token=token)
        stage.restart()
        assert stage.call("POST", f"/api/containers/{container['id']}/publish", token=token) == post
        assert stage.call("GET", f"/api/containers/{container['id']}", token=token)["post"] == post
        assert stage.call("GET", "/api/me/posts", token=token)["posts"] == [post]


def test_a_closed_stage_registers_nobody_by_itself() -> None:
    with RunningStage("--closed", "--name", "Quay", "--text-limit", "300:graphemes") as stage:
        instance = stage.call("GET", "/api/instance")
        assert (instance["name"], instance["limits"]["text"]) == ("Quay", [{"length": 300, "rule": "graphemes"}])
        assert refused(stage, "POST", "/api/session", {"handle": "ada"}) == (403, "forbidden")

        token = stage.call("POST", "/api/admin/tokens", {"handle": "ada"})["token"]
        assert stage.call("GET", "/api/me", token=token)["handle"] == "ada"
        stage.call("POST", "/api/admin/revoke", {"handle": "ada"})
        assert refused(stage, "GET", "/api/me", token=token) == (401, "unauthorized")
        assert refused(stage, "POST", "/api/admin/faults", {"kind": "refuse"}) == (404, "gone")
