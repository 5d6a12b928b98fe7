"""`greenroom undo` on a real Stage, beside a running bot."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from greenroom_adapters.testing.stage import RunningStage


@pytest.mark.skipif(sys.platform == "win32", reason="ends bots by signals that Windows has not")
def test_a_post_is_shown_taken_back_and_gone_from_the_platform(
    running: Callable[..., Any],
    write_bot: Callable[..., Path],
    stage: RunningStage,
    greenroom: Callable[..., Any],
) -> None:
    handle = f"undo{uuid4().hex[:8]}"
    write_bot(server=stage.url, handle=handle)
    reader = stage.sign_in(f"reader{uuid4().hex[:8]}")

    def posts() -> list[str]:
        return [post["text"] for post in stage.call("GET", f"/api/accounts/{handle}/posts", token=reader)["posts"]]

    bot = running()
    greenroom("post", "The lamp is out.")
    assert bot.read_until("turn")["state"] == "sent"
    greenroom("post", "The lamp is lit.")
    bot.read_until("turn")
    assert posts() == ["The lamp is lit.", "The lamp is out."]
    asked = greenroom("undo")
    assert asked.code == 1
    assert "add --yes" in asked.err
    assert "> The lamp is lit." in asked.out, "what it would take back is shown all the same"
    said = greenroom("undo", "--yes")
    assert said.code == 0, said.err
    assert "> The lamp is lit." in said.out
    assert "Taken back: home." in said.out
    assert posts() == ["The lamp is out."]
    address = greenroom("log", "--json").json[0]["posts"][0]["url"]
    assert greenroom("undo", address, "--yes", "--json").json["left"] == []
    assert posts() == []
    again = greenroom("undo", address, "--yes")
    assert (again.code, "taken back already" in again.err) == (1, True)
    assert greenroom("week", "--json").json["taken_back"] == 2


def test_without_a_running_bot_it_says_how_to_start_it(
    greenroom: Callable[..., Any], write_bot: Callable[..., Path]
) -> None:
    write_bot()
    said = greenroom("undo")
    assert said.code == 1
    assert "start it with `greenroom run bot.yaml`" in said.err
