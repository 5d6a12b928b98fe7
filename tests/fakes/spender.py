"""A process that has texts written as fast as it can, for tests that kill it: `spender.py LEDGER SERVER LIMIT`."""

import asyncio
import sys
from datetime import UTC
from pathlib import Path

from greenroom.clock import SystemClock
from greenroom.generation import Brief, GenerationError, Price
from greenroom.generation.openai_engine import OpenAIEngine
from greenroom.generation.reach import Reach
from greenroom.personas.persona import Persona
from greenroom.policy import Budget
from greenroom.storage import SqliteLedger
from greenroom_adapters.contract import Surface, TextLimit

PRICE = Price(input=1_000_000, output=1_000_000)
ADA = Persona(persona="Ada", who="keeps the lighthouse")


def brief(turn: str) -> Brief:
    return Brief(persona=ADA, surface=Surface.POST, limits=(TextLimit(length=500),), seed=turn, turn=turn)


async def spend(ledger_file: Path, server: str, limit: int) -> None:
    clock = SystemClock()
    async with SqliteLedger(ledger_file, bot="ada", clock=clock) as ledger:
        purse = Budget(ledger, clock=clock, zone=UTC, limit=limit)
        engine = OpenAIEngine(
            Reach(model="m", server=server),
            name="m",
            purse=purse,
            clock=clock,
            price=PRICE,
            most_tokens=100,
            at_once=8,
        )

        async def write(number: int) -> None:
            try:
                await engine.generate(brief(f"t{number}"))
            except GenerationError as error:
                print(error, flush=True)  # noqa: T201  the test reads it

        await asyncio.gather(*map(write, range(1000)))
        await engine.aclose()


if __name__ == "__main__":
    asyncio.run(spend(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])))
