"""What the surroundings of a bot decide, and its owner's files do not."""

import os
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from greenroom.clock import Clock, SystemClock
from greenroom.faults import FaultHook
from greenroom.generation import Engine
from greenroom.settings import Platforms
from greenroom.storage import Patience
from greenroom.turns import Watch

__all__ = ["Options"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the surroundings decide, not the owner's files."""

    clock: Clock = field(default_factory=SystemClock)
    faults: FaultHook | None = None
    chance: random.Random = field(default_factory=random.Random)
    """Source of jitter; nothing that must be repeatable comes from it."""
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)
    platforms: Platforms = field(default_factory=Platforms.installed)
    engines: tuple[Engine, ...] = ()
    """Engines of one's own, asked before those of the bot file. Whoever made them closes them."""
    watches: tuple[Watch, ...] = ()
    """What goes round the work on every turn, the first one innermost."""
    through: Callable[[Engine], Engine] = lambda engine: engine
    """What every engine that is a model is asked through."""
    take_over: bool = False
    """A ledger that has run elsewhere is at home here from now on; else all accounts rehearse on it."""
    admission: int = 500
    """Turns of one account in memory at the most; the rest waits on disk."""
    grace: float = 5.0
    """Seconds that a stop leaves to what is in flight."""
    flush_every: float = 5.0
    """Seconds after which cursors that moved in memory, past what is not for the bot, are on disk."""
    standing_by: Callable[[str], None] | None = None
    """With a ledger in a database: wait while another worker runs the bot; called, once, with who does."""
    host: str | None = None
    """How this machine is called among those whose workers share a database; None: as the system calls it."""
    patience: Patience = Patience()  # noqa: RUF009 - frozen
    """With the other workers of a database."""
