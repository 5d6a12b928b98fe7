"""A bot that is observed, and who asks how it is, over HTTP."""

from pathlib import Path
from typing import Any

import aiohttp

from greenroom.observation.server import Observation
from greenroom.observation.tally import Tally
from greenroom.testing import ManualClock, Trial

__all__ = ["Observed"]


class Observed:
    """A bot that is not started yet, and the address that tells of it."""

    def __init__(self, folder: Path) -> None:
        self.clock = ManualClock()
        self.tally = Tally(self.clock)
        self.trial = Trial(folder, clock=self.clock, watches=(self.tally.watch,))
        self.environ: dict[str, str] = {}
        self.observation = self.listening_on("127.0.0.1:0")

    def listening_on(self, listen: str) -> Observation:
        """Return another address, beside the same ledger."""
        beside = self.trial.path.parent / "data" / "ada.db"
        return Observation(listen, name="ada", beside=beside, tally=self.tally, clock=self.clock, environ=self.environ)

    async def start(self) -> None:
        """Start the bot, and tell of it."""
        self.observation.show(await self.trial.start())

    async def ask(self, path: str, *, of: Observation | None = None, **headers: str) -> tuple[int, str]:
        """Return the status and the text of an answer."""
        asked = of or self.observation
        address = asked.url.replace("0.0.0.0", "127.0.0.1")  # noqa: S104 - the other way round
        async with aiohttp.ClientSession() as session, session.get(address + path, headers=headers) as answer:
            return answer.status, await answer.text()

    async def figures(self) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
        """Return every sample of the metrics: (name, labels other than the bot's) → value."""
        from prometheus_client.parser import text_string_to_metric_families

        status, text = await self.ask("/metrics")
        assert status == 200
        samples: dict[Any, float] = {}
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                samples[sample.name, frozenset((k, v) for k, v in sample.labels.items() if k != "bot")] = sample.value
        return samples
