"""With a certificate that `greenroom certificate` made, what a running bot publishes carries a manifest that holds."""

import asyncio
import io
import json
import secrets
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import c2pa
import pytest

from greenroom.testing.models import ModelServer
from greenroom_adapters.media import Source, source_in
from greenroom_adapters.testing.stage import RunningStage

Greenroom = Callable[..., Any]


def downloaded(url: str) -> bytes:
    with urllib.request.urlopen(url) as answer:  # noqa: S310 - the Stage, on loopback
        return bytes(answer.read())


@pytest.mark.asyncio
async def test_a_picture_that_a_running_bot_has_drawn_is_published_with_a_manifest_that_holds(
    greenroom: Greenroom, write_bot: Callable[..., Path], running: Callable[..., Any], stage: RunningStage
) -> None:
    made = greenroom("certificate", "Cabo Raso Lighthouse", "--folder", "certificates")
    assert made.code == 0
    # as the command says it
    provenance = made.out.splitlines()[-1]
    handle = f"painter{secrets.token_hex(3)}"
    async with ModelServer() as models:
        image = f"{{image: {{model: gpt-image-1-mini, server: '{models.url}', price: 0.02 USD}}}}"
        path = write_bot(server=stage.url, handle=handle, more=f"approve: never\nengines: {image}\n{provenance}\n")
        whole = path.read_text(encoding="utf-8")
        path.write_text(
            whole.replace("answer: [mentions, replies, direct_messages]", "answer: {to: mentions, pictures: draw}"),
            encoding="utf-8",
        )
        bot = await asyncio.to_thread(running)
        ben = stage.sign_in("ben")
        stage.say(ben, f"@{handle} draw the harbour in fog")
        assert (await asyncio.to_thread(bot.read_until, "turn"))["state"] == "sent"
    (said,) = stage.call("GET", f"/api/accounts/{handle}/posts", token=ben)["posts"]
    (shown,) = said["media"]
    published = await asyncio.to_thread(downloaded, shown["url"])
    assert source_in(published) is Source.MODEL
    with c2pa.Reader(shown["media_type"], io.BytesIO(published)) as reader:
        told = json.loads(reader.json())
        assert reader.get_validation_state() == "Valid"
    signed = told["manifests"][told["active_manifest"]]
    assert signed["signature_info"]["common_name"] == "Cabo Raso Lighthouse"
    broken = bytearray(published)
    broken[len(broken) // 2] ^= 1
    with c2pa.Reader(shown["media_type"], io.BytesIO(broken)) as reader:
        assert reader.get_validation_state() == "Invalid", "a byte that was changed shows"
