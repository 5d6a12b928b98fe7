"""The rules of the Stage: who may do what, whom it concerns, and what each of them sees.

One `StageState` belongs to one event loop; its methods are plain calls that return when the change is durable (about
a tenth of a millisecond), so call them from coroutines, never from threads. All of them raise `Refused` when the rules
say no; nothing has changed then. Ids in arguments that do not exist are `Refusal.GONE` unless said otherwise.
"""

from greenroom_adapters.stage.rules.posting import Posting
from greenroom_adapters.stage.rules.rooms import Rooms

__all__ = ["StageState"]


class StageState(Posting, Rooms):
    """The network."""
