"""What holds for every platform whose server dies and comes back: nothing is lost, nothing is said twice."""

import asyncio
from contextlib import aclosing

from running import RunningServer

from greenroom_adapters.contract import Adapter, Found, MentionReceived, OutcomeUnknown, Post, Receipt, Unavailable
from greenroom_adapters.testing import Intent, World

__all__ = ["hears_across_a_death", "says_once_across_a_death"]


async def hears_across_a_death(adapter: Adapter, world: World, server: RunningServer, *, away: float) -> None:
    """Have the bot mentioned before and after the server was away for so many seconds: both are heard, once."""
    heard: list[str] = []

    async def listen() -> None:
        async with aclosing(adapter.events(after=await adapter.now())) as events:
            async for event in events:
                if isinstance(event, MentionReceived):
                    heard.append(event.text.rpartition(" ")[2])

    listener = asyncio.create_task(listen())
    try:
        await asyncio.sleep(0.5)
        await world.mention_bot("before")
        async with asyncio.timeout(10):
            while heard != ["before"]:
                await asyncio.sleep(0.05)
        await asyncio.to_thread(server.kill)
        await asyncio.sleep(away)
        await asyncio.to_thread(server.start)
        await world.mention_bot("afterwards")
        async with asyncio.timeout(60):
            while "afterwards" not in heard:
                await asyncio.sleep(0.05)
    finally:
        listener.cancel()
        await asyncio.gather(listener, return_exceptions=True)
    assert heard == ["before", "afterwards"]


async def says_once_across_a_death(adapter: Adapter, server: RunningServer) -> list[Receipt]:
    """Publish thirty posts, `post 0` and so on, while the server dies and comes back; return their receipts."""
    intents = [Intent(adapter, Post(text=f"post {number}"), key=f"k{number}") for number in range(30)]

    async def deliver(number: int, intent: Intent) -> Receipt:
        await asyncio.sleep(number * 0.02)
        while True:
            try:
                return await adapter.publish(intent.next_try())
            except Unavailable:
                await asyncio.sleep(0.3)
            except OutcomeUnknown:
                try:
                    verdict = await adapter.find(intent.last_try())
                except Unavailable:
                    await asyncio.sleep(0.3)
                    continue
                if isinstance(verdict, Found):
                    return verdict.receipt

    async def die() -> None:
        await asyncio.sleep(0.3)
        await asyncio.to_thread(server.kill)
        await asyncio.to_thread(server.start)

    death = asyncio.create_task(die())
    async with asyncio.timeout(60):
        receipts = await asyncio.gather(*(deliver(number, intent) for number, intent in enumerate(intents)))
        await death
    return receipts
