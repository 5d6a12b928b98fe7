"""Which tools a persona may use, by how far the author of what it reads is trusted."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator

from greenroom.settings.model import Model, Text, one_or_many, wrong
from greenroom_adapters.contract import Trust

__all__ = ["RANKS", "Allowed"]

RANKS: Mapping[Trust, int] = MappingProxyType({Trust.BLOCKED: 0, Trust.ANYONE: 1, Trust.MODERATOR: 2, Trust.OWNER: 3})
"""Who is trusted further than whom."""
NOT_YET = frozenset({"knowledge", "react", "like", "repost", "poll", "post"})
"""Tools that come with the finished product."""


def _there(names: tuple[str, ...]) -> tuple[str, ...]:
    for name in names:
        if name in NOT_YET:
            raise wrong(f"`{name}` is not there yet as a tool")
    return names


Names = Annotated[tuple[Text, ...], one_or_many, AfterValidator(_there)]


class Allowed(Model):
    """Names of tools as the bot file has them: `tides` for all that a server offers, `tides/high_water` for one."""

    section: ClassVar[str] = "`tools` of a persona"

    anyone: Names = ()
    """For whoever writes to it."""
    moderators: Names = ()
    """For moderators, in the rooms that they keep order in, and for owners."""
    owner: Names = ()
    """For owners alone, and for posts, which follow the owner's words."""

    def of(self, trust: Trust) -> frozenset[str]:
        """Return what may be used for the text of somebody who is trusted so far."""
        by_rank: list[tuple[int, Any]] = [(1, self.anyone), (2, self.moderators), (3, self.owner)]
        return frozenset(name for rank, names in by_rank if rank <= RANKS[trust] for name in names)
