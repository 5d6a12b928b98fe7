"""What of a run is counted and traced, where its owner asks for that."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from importlib.util import find_spec
from typing import TYPE_CHECKING

from greenroom.app import Bot, Options
from greenroom.cli.live import Log
from greenroom.observation.health import UNOBSERVED
from greenroom_adapters.contract import ConfigurationError

if TYPE_CHECKING:
    from greenroom.generation import Engine
    from greenroom.observation.server import Observation
    from greenroom.observation.tally import Tally
    from greenroom.observation.tracing import Tracing

__all__ = ["Watching"]


@dataclass(slots=True, kw_only=True)
class Watching:
    """Counts and traces the turns of a bot; whoever does not ask for it imports nothing of it."""

    observe: str | None
    """Address at which it tells how it is."""
    traces: str | None
    """Address of a collector."""
    tally: "Tally | None" = None
    tracing: "Tracing | None" = None
    observation: "Observation | None" = None

    def options(self, options: Options, *, bot: str) -> Options:
        """Return options with which a bot of this name is watched.

        :raises ConfigurationError: traces are asked for and the library for them is not here, or their address is none
        """
        if self.observe is not None:
            from greenroom.observation.tally import Tally

            self.tally = tally = Tally(options.clock)
            options = replace(options, watches=(*options.watches, tally.watch), through=tally.through)
        if self.traces is not None:
            if find_spec("opentelemetry") is None or find_spec("opentelemetry.sdk") is None:
                raise ConfigurationError("traces need one more library: pip install 'greenroom[otel]'")
            from greenroom.observation.tracing import Tracing

            self.tracing = tracing = Tracing(self.traces, bot=bot, clock=options.clock)
            count = options.through

            def through(engine: "Engine") -> "Engine":
                return count(tracing.through(engine))

            options = replace(options, watches=(*options.watches, tracing.watch), through=through)
        return options

    @asynccontextmanager
    async def listening(self, bot: Bot, options: Options, log: Log) -> AsyncGenerator[None]:
        """Answer while the block runs, and send what is left of the traces in the end.

        :raises ConfigurationError: there is no such address here
        """
        try:
            if self.observe is None or self.tally is None:
                yield
                return
            from greenroom.observation.server import Observation

            async with Observation(
                self.observe,
                name=bot.file.bot,
                beside=bot.file.home,
                tally=self.tally,
                clock=options.clock,
                environ=options.environ,
            ) as self.observation:
                log.observed(self.observation)
                yield
        finally:
            if self.tracing is not None:
                await self.tracing.aclose()

    def stand_by(self) -> None:
        """Tell from now on that another worker runs the bot."""
        if self.observation is not None:
            self.observation.stand_by()

    def show(self, bot: Bot | None) -> None:
        """Tell of this bot from now on, which has been entered; None: it ends."""
        if bot is not None:
            # what an earlier run has left
            bot.ledger.forget_fact(UNOBSERVED)
        if self.observation is not None:
            self.observation.show(bot)
