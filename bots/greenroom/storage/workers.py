"""Processes that run bots on a database."""

from dataclasses import dataclass
from datetime import datetime

__all__ = ["Worker"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker:
    """A process that runs bots on a database, or waits to."""

    name: str
    """Host and process."""
    address: str | None
    """Where it comes from; None: this machine, over a socket."""
    since: datetime
    """When it connected."""
    bot: str
    owns: bool
    """It runs the bot; False: it stands by."""

    @property
    def host(self) -> str:
        """The machine that it runs on, as it calls itself."""
        return self.name.rpartition(":")[0]
