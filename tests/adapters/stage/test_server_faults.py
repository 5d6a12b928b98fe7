"""What can be ordered to go wrong with a request."""

import http.client
import json
import time
import urllib.error
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from greenroom_adapters.stage.faults import Fault, FaultKind, Faults
from greenroom_adapters.testing.stage import RunningStage

Handles = Callable[[str], str]


@pytest.fixture
def ada(stage: RunningStage, fresh_handle: Handles) -> Iterator[str]:
    """Sign somebody in; clear all orders afterwards."""
    yield stage.sign_in(fresh_handle("ada"))
    stage.clear_orders()
    assert "Traceback" not in stage.log


def own_texts(stage: RunningStage, token: str) -> list[str]:
    return [post["text"] for post in stage.call("GET", "/api/me/posts", token=token)["posts"]]


def test_an_answer_can_be_lost_after_the_commit(stage: RunningStage, ada: str) -> None:
    stage.order("lose_answer", path="/api/posts")

    with pytest.raises((http.client.RemoteDisconnected, ConnectionResetError)):
        stage.call("POST", "/api/posts", {"text": "once"}, token=ada, headers={"Idempotency-Key": "k"})

    again = stage.call("POST", "/api/posts", {"text": "once"}, token=ada, headers={"Idempotency-Key": "k"})
    assert own_texts(stage, ada) == ["once"]
    assert again["text"] == "once"


def test_a_connection_can_be_cut_before_the_commit(stage: RunningStage, ada: str) -> None:
    stage.order("refuse", path="/api/posts")

    with pytest.raises((http.client.RemoteDisconnected, ConnectionResetError)):
        stage.say(ada, "never")

    assert own_texts(stage, ada) == []


def test_a_commit_can_come_after_the_cut(stage: RunningStage, ada: str) -> None:
    stage.order("commit_late", path="/api/posts", seconds=0.5)

    with pytest.raises((http.client.RemoteDisconnected, ConnectionResetError)):
        stage.say(ada, "late")

    assert own_texts(stage, ada) == []
    deadline = time.monotonic() + 10
    while not (texts := own_texts(stage, ada)):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert texts == ["late"]


def test_an_answer_can_be_late(stage: RunningStage, ada: str) -> None:
    stage.order("delay", path="/api/me", seconds=0.4)
    before = time.monotonic()

    stage.call("GET", "/api/me", token=ada)

    assert time.monotonic() - before >= 0.4


def test_a_status_can_be_ordered_with_true_headers(stage: RunningStage, ada: str) -> None:
    stage.order("status", path="/api/posts", status=429, retry_after=7)
    stage.order("status", path="/api/posts", status=503)

    with pytest.raises(urllib.error.HTTPError) as caught:
        stage.say(ada, "never")
    with caught.value as limited:
        assert (limited.code, json.loads(limited.read())["error"]) == (429, "rate_limited")
    headers = limited.headers
    assert (headers["Retry-After"], headers["X-RateLimit-Remaining"]) == ("7", "0")
    assert 5 <= int(headers["X-RateLimit-Reset"]) - time.time() <= 9
    with pytest.raises(urllib.error.HTTPError) as caught:
        stage.say(ada, "never")
    with caught.value as broken:
        assert (broken.code, broken.headers["Retry-After"]) == (503, None)
    assert own_texts(stage, ada) == []
    assert stage.say(ada, "now")


def test_nonsense_can_be_answered_after_acting(stage: RunningStage, ada: str) -> None:
    stage.order("garbage", path="/api/posts")

    with pytest.raises(json.JSONDecodeError):
        stage.say(ada, "done anyway")

    assert own_texts(stage, ada) == ["done anyway"]


def test_a_post_can_be_hidden_from_its_listing_for_a_while(stage: RunningStage, ada: str) -> None:
    stage.order("hide", seconds=0.5)
    post = stage.say(ada, "hidden")

    assert own_texts(stage, ada) == []
    assert stage.call("GET", f"/api/posts/{post['id']}", token=ada) == post
    deadline = time.monotonic() + 10
    while not own_texts(stage, ada):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_orders_are_for_whom_and_where_they_say(stage: RunningStage, ada: str, fresh_handle: Handles) -> None:
    handle = fresh_handle("bob")
    bob = stage.sign_in(handle)
    order = stage.order("status", status=500, account=handle.upper(), path="/api/posts", method="post", count=2)

    assert stage.say(ada, "not me")
    assert stage.call("GET", "/api/me/posts", token=bob) == {"posts": [], "deleted": []}
    assert [(left["id"], left["count"]) for left in stage.ordered()] == [(order, 2)]
    with pytest.raises(urllib.error.HTTPError) as caught:
        stage.say(bob, "me")
    caught.value.close()
    assert [left["count"] for left in stage.ordered()] == [1]
    stage.clear_orders()
    assert stage.ordered() == []
    assert stage.say(bob, "now")


@pytest.mark.parametrize(
    "order",
    [
        {},
        {"kind": "magic"},
        {"kind": "status", "status": 200},
        {"kind": "delay", "seconds": -1},
        {"kind": "delay", "chance": 2},
        {"kind": "delay", "count": 0},
    ],
)
def test_an_order_without_sense_is_refused(stage: RunningStage, order: dict[str, Any]) -> None:
    with pytest.raises(urllib.error.HTTPError) as caught:
        stage.call("POST", "/api/admin/faults", order)
    with caught.value as answer:
        assert answer.code == 422


def test_a_stage_without_faults_takes_no_orders() -> None:
    with RunningStage() as stage:
        for path in ("faults", "tokens", "limit", "revoke"):
            with pytest.raises(urllib.error.HTTPError) as caught:
                stage.call("POST", f"/api/admin/{path}", {})
            with caught.value as answer:
                assert answer.code == 404


def test_a_chance_is_taken_each_time_until_it_is_cleared() -> None:
    dice = iter([0.2, 0.9, 0.1, 0.3])
    faults = Faults(chance=lambda: next(dice), on_order=lambda: None)
    faults.order(Fault(id="f", kind=FaultKind.REFUSE, left=None, chance=0.3))

    taken = [faults.take(FaultKind.REFUSE, account=None) is not None for _ in range(4)]

    assert taken == [True, False, True, False]
    assert len(faults.ordered) == 1
