"""Nothing is left behind: no task, no connection, no secret."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

import pytest

from greenroom_adapters.contract import (
    AdapterError,
    AuthenticationFailed,
    Post,
)
from greenroom_adapters.testing.conformance.tools import (
    PATIENCE,
    Intent,
    no_new_task,
    shown,
    take,
    texts_of,
    wait_until,
)
from greenroom_adapters.testing.conformance.world import World

__all__ = ["Leaving"]


class Leaving:
    """Nothing is left behind."""

    @pytest.mark.asyncio
    async def test_leaving_leaves_no_task_and_no_connection(self, world: World) -> None:
        tasks = asyncio.all_tasks()
        async with world.connect() as adapter:
            await adapter.publish(Intent(adapter, Post(text="hi")).next_try())
            after = await adapter.now()
            await world.mention_bot("one")
            await take(adapter, 1, after=after)
        await no_new_task(tasks)

        async def closed() -> bool:
            return world.open_connections() == 0

        await wait_until(closed, "the end of every connection")

    @pytest.mark.asyncio
    async def test_leaving_while_listening_leaves_no_task(self, world: World) -> None:
        tasks = asyncio.all_tasks()
        async with world.connect() as adapter:
            after = await adapter.now()
            await world.mention_bot("one")
            stream = adapter.events(after=after)
            async with asyncio.timeout(PATIENCE):
                await anext(stream)
        await no_new_task(tasks)
        await stream.aclose()

    @pytest.mark.asyncio
    async def test_leaving_twice_is_fine(self, world: World) -> None:
        adapter = world.connect()
        await adapter.__aenter__()
        await adapter.__aexit__(None, None, None)
        await adapter.__aexit__(None, None, None)

    @pytest.mark.asyncio
    async def test_a_publication_that_is_cancelled_leaves_no_task_and_a_working_adapter(self, world: World) -> None:
        async with world.connect() as adapter:
            await adapter.check()
            tasks = asyncio.all_tasks()
            await world.delay_next(2.0)
            publication = asyncio.create_task(
                adapter.publish(Intent(adapter, Post(text="cancelled"), key="k1").next_try())
            )
            await asyncio.sleep(0.2)
            publication.cancel()
            with pytest.raises(asyncio.CancelledError):
                await publication
            await no_new_task(tasks)
            await adapter.publish(Intent(adapter, Post(text="goes on"), key="k2").next_try())
        assert (await texts_of(world))[-1] == "goes on"

    @pytest.mark.asyncio
    async def test_secrets_are_in_no_log_no_message_and_no_representation(
        self, world: World, caplog: pytest.LogCaptureFixture
    ) -> None:
        secrets = world.secrets()
        seen: list[str] = []
        with caplog.at_level(logging.DEBUG):
            async with world.connect() as adapter:
                seen.append(f"{adapter!r}{adapter.me!r}{await adapter.check()!r}{vars(adapter)!r}")
                after = await adapter.now()
                orders: tuple[Callable[[], Awaitable[None]], ...] = (
                    lambda: world.answer_next(500),
                    lambda: world.answer_next(429, retry_after=1),
                    world.garble_next,
                    world.lose_next_answer,
                    world.revoke_token,
                )
                for order in orders:
                    await order()
                    intent = Intent(adapter, Post(text="hush"))
                    seen.append(repr(intent.next_try()))
                    with pytest.raises(AdapterError) as caught:
                        await adapter.publish(intent.next_try())
                    seen.append(shown(caught.value))
                with pytest.raises(AuthenticationFailed) as refused:
                    await take(adapter, 1, after=after)
                seen.append(shown(refused.value))
        seen.extend(f"{record.getMessage()}{record.exc_text}{record.args}" for record in caplog.records)
        for secret in secrets:
            assert secret
            assert not any(secret in text for text in seen)
