"""The live stream, and what can be done to it."""

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

import aiohttp
import pytest

from greenroom_adapters.testing.stage import RunningStage

Handles = Callable[[str], str]
Streamed = aiohttp.ClientWebSocketResponse


@pytest.fixture
def people(stage: RunningStage, fresh_handle: Handles) -> tuple[str, str, str]:
    """Return the bot's handle and token, and a person's token."""
    handle = fresh_handle("ada")
    return handle, stage.sign_in(handle, bot=True), stage.sign_in(fresh_handle("bob"))


@contextlib.asynccontextmanager
async def listening(
    stage: RunningStage, token: str, after: str | None = None, **options: Any
) -> AsyncIterator[Streamed]:
    query = "" if after is None else f"?after={after}"
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(
            f"{stage.url}/api/stream{query}", headers={"Authorization": f"Bearer {token}"}, **options
        ) as websocket,
    ):
        yield websocket


async def next_event(websocket: Streamed) -> Mapping[str, Any]:
    event: Mapping[str, Any] = json.loads(await websocket.receive_str(timeout=10))
    return event


async def next_texts(websocket: Streamed, number: int) -> list[str]:
    return [(await next_event(websocket))["post"]["text"].partition(" ")[2] for _ in range(number)]


def cursor(stage: RunningStage, token: str) -> str:
    newest: str = stage.call("GET", "/api/events", token=token)["cursor"]
    return newest


@pytest.mark.asyncio
async def test_what_was_missed_comes_first_then_what_comes(stage: RunningStage, people: tuple[str, str, str]) -> None:
    handle, bot, person = people
    after = cursor(stage, bot)
    for number in range(3):
        stage.say(person, f"@{handle} {number}")

    async with listening(stage, bot, after) as stream:
        assert await next_texts(stream, 3) == ["0", "1", "2"]
        await asyncio.to_thread(stage.say, person, f"@{handle} 3")
        event = await next_event(stream)

    assert event["post"]["text"] == f"@{handle} 3"
    async with listening(stage, bot, event["cursor"]) as stream:
        await asyncio.to_thread(stage.say, person, f"@{handle} 4")
        assert await next_texts(stream, 1) == ["4"]


@pytest.mark.asyncio
async def test_without_a_cursor_the_stream_begins_now(stage: RunningStage, people: tuple[str, str, str]) -> None:
    handle, bot, person = people
    stage.say(person, f"@{handle} before")

    async with listening(stage, bot) as stream:
        await asyncio.to_thread(stage.say, person, f"@{handle} after")
        assert await next_texts(stream, 1) == ["after"]


@pytest.mark.asyncio
async def test_several_streams_of_one_account_all_hear(stage: RunningStage, people: tuple[str, str, str]) -> None:
    handle, bot, person = people
    async with listening(stage, bot) as old, listening(stage, bot) as new:
        await asyncio.sleep(2.5)  # beyond the ping rule: both answer, so both live
        await asyncio.to_thread(stage.say, person, f"@{handle} both")

        assert await next_texts(old, 1) == await next_texts(new, 1) == ["both"]


@pytest.mark.asyncio
async def test_a_stream_without_a_token_or_with_a_wrong_cursor_is_refused(
    stage: RunningStage, people: tuple[str, str, str]
) -> None:
    for token, after, status in (("wrong", None, 401), (people[1], "x", 422)):
        with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
            async with listening(stage, token, after):
                pass
        assert caught.value.status == status


@pytest.mark.asyncio
async def test_a_revoked_token_ends_its_streams(stage: RunningStage, people: tuple[str, str, str]) -> None:
    handle, bot, _ = people
    async with listening(stage, bot) as stream:
        await asyncio.to_thread(stage.call, "POST", "/api/admin/revoke", {"handle": handle})

        message = await stream.receive(timeout=10)

    assert (message.type, message.data) == (aiohttp.WSMsgType.CLOSE, 1008)


@pytest.mark.asyncio
async def test_a_peer_that_sends_nonsense_is_ignored(stage: RunningStage, people: tuple[str, str, str]) -> None:
    handle, bot, person = people
    async with listening(stage, bot) as stream:
        for _ in range(20):
            await stream.send_str("nonsense")
            await stream.send_bytes(b"\xff\x00")
        await asyncio.to_thread(stage.say, person, f"@{handle} still here")

        assert await next_texts(stream, 1) == ["still here"]


@pytest.mark.asyncio
async def test_a_peer_that_does_not_answer_pings_loses_its_stream(
    stage: RunningStage, people: tuple[str, str, str]
) -> None:
    async with listening(stage, people[1], autoping=False) as stream:
        seen = []
        async with asyncio.timeout(10):
            while (message := await stream.receive()).type is aiohttp.WSMsgType.PING:
                seen.append(message.type)

    assert seen
    assert message.type in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED)


@pytest.mark.asyncio
async def test_a_stopped_process_loses_its_stream(stage: RunningStage, people: tuple[str, str, str]) -> None:
    program = (
        "import asyncio, aiohttp, sys\n"
        "async def main():\n"
        "    async with aiohttp.ClientSession() as session:\n"
        "        async with session.ws_connect(sys.argv[1], headers={'Authorization': sys.argv[2]}) as stream:\n"
        "            print('open', flush=True)\n"
        "            print((await stream.receive()).type.name, flush=True)\n"
        "asyncio.run(main())\n"
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        program,
        f"{stage.url}/api/stream",
        f"Bearer {people[1]}",
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert await process.stdout.readline() == b"open\n"

    process.send_signal(signal.SIGSTOP)
    await asyncio.sleep(3.5)  # longer than the ping interval and the time to answer together
    process.send_signal(signal.SIGCONT)

    assert (await asyncio.wait_for(process.stdout.readline(), 10)).strip() in (b"CLOSE", b"CLOSED", b"CLOSING")
    await process.wait()


class TestFaults:
    @pytest.mark.asyncio
    async def test_a_stream_can_be_cut(self, stage: RunningStage, people: tuple[str, str, str]) -> None:
        handle, bot, person = people
        after = cursor(stage, bot)
        async with listening(stage, bot, after) as stream:
            await asyncio.to_thread(stage.order, "drop_stream", account=handle)
            message = await stream.receive(timeout=10)
        assert message.type is aiohttp.WSMsgType.CLOSED

        stage.say(person, f"@{handle} again")
        async with listening(stage, bot, after) as stream:
            assert await next_texts(stream, 1) == ["again"]

    @pytest.mark.asyncio
    async def test_a_stream_can_fall_silent_and_stay_open(
        self, stage: RunningStage, people: tuple[str, str, str]
    ) -> None:
        handle, bot, person = people
        async with listening(stage, bot, autoping=False) as stream:
            await asyncio.to_thread(stage.order, "silent_stream", account=handle, seconds=3)
            await asyncio.to_thread(stage.say, person, f"@{handle} hush")
            with contextlib.suppress(TimeoutError):
                # One ping may have been under way when the silence began.
                assert (await stream.receive(timeout=0.5)).type is aiohttp.WSMsgType.PING
            await stream.ping()
            with pytest.raises(TimeoutError):
                await stream.receive(timeout=1.5)
            assert not stream.closed

            while (message := await stream.receive(timeout=10)).type is not aiohttp.WSMsgType.TEXT:
                assert message.type is aiohttp.WSMsgType.PING
                await stream.pong(message.data)

        assert json.loads(message.data)["post"]["text"] == f"@{handle} hush"

    @pytest.mark.asyncio
    async def test_an_event_can_come_twice(self, stage: RunningStage, people: tuple[str, str, str]) -> None:
        handle, bot, person = people
        stage.order("redeliver", account=handle)
        async with listening(stage, bot) as stream:
            await asyncio.to_thread(stage.say, person, f"@{handle} twice")
            await asyncio.to_thread(stage.say, person, f"@{handle} once")
            events = [await next_event(stream) for _ in range(3)]

        assert events[0] == events[1] != events[2]

    @pytest.mark.asyncio
    async def test_an_event_can_come_after_its_successor(
        self, stage: RunningStage, people: tuple[str, str, str]
    ) -> None:
        handle, bot, person = people
        stage.order("reorder", account=handle)
        async with listening(stage, bot) as stream:
            await asyncio.to_thread(stage.say, person, f"@{handle} 0")
            await asyncio.to_thread(stage.say, person, f"@{handle} 1")
            await asyncio.to_thread(stage.say, person, f"@{handle} 2")

            assert await next_texts(stream, 3) == ["1", "0", "2"]

    @pytest.mark.asyncio
    async def test_a_held_event_comes_when_no_other_does(
        self, stage: RunningStage, people: tuple[str, str, str]
    ) -> None:
        handle, bot, person = people
        stage.order("reorder", account=handle)
        async with listening(stage, bot) as stream:
            await asyncio.to_thread(stage.say, person, f"@{handle} alone")

            assert await next_texts(stream, 1) == ["alone"]

    def test_pages_of_events_are_disturbed_as_well(self, stage: RunningStage, people: tuple[str, str, str]) -> None:
        handle, bot, person = people
        after = cursor(stage, bot)
        for number in range(3):
            stage.say(person, f"@{handle} {number}")
        stage.order("reorder", account=handle)
        stage.order("redeliver", account=handle)

        page = stage.call("GET", f"/api/events?after={after}", token=bot)

        assert [event["post"]["text"].partition(" ")[2] for event in page["events"]] == ["1", "0", "1", "2"]


@pytest.mark.asyncio
async def test_streams_end_when_the_stage_stops() -> None:
    with RunningStage() as stage:
        async with listening(stage, stage.sign_in("ada")) as stream:
            os.kill(stage.pid, signal.SIGTERM)
            message = await stream.receive(timeout=10)
        assert message.type in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED)
        assert await asyncio.to_thread(stage.stop) == 0
        assert "Traceback" not in stage.log
