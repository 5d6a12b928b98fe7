"""Pays for what a platform charges: set aside before each try, settled by what came of it."""

from datetime import timedelta

from greenroom.clock import MICROSECOND, Clock, to_micros
from greenroom.policy import USD, Budget, Lack, is_command, is_stop_or_start, is_word
from greenroom.storage import Cause, Part, Turn, cause_of
from greenroom_adapters.contract import Adapter, SupportsPrices

__all__ = ["Payments", "given_back"]

ASKED_AGAIN = timedelta(minutes=10)
"""How long a post waits until it is seen whether the money is enough now: its owner may have raised the limit."""


class Payments:
    """The purse of one account, out of the day's money of the whole bot.

    What is set aside is on disk before the first byte of a try, and stays so until it is known what became of the try:
    over restarts, and as long as an outcome is unknown. So the limit is never passed by a post. A platform that charges
    nothing costs no write. What answers a person comes out of his share, and has to fit into it unless it did before: a
    thread that has begun is ended, and words that were paid for go out.
    """

    def __init__(self, adapter: Adapter, *, account: str, budget: Budget, clock: Clock) -> None:
        self._platform = adapter.realm
        self._prices = adapter if isinstance(adapter, SupportsPrices) else None
        self.can_be_due = self._prices is not None
        """The platform may charge something."""
        self._account = account
        self._budget = budget
        self._clock = clock

    def is_due(self, part: Part) -> bool:
        """Say whether money must be set aside before this part can be tried."""
        return not part.spend and self._price_of(part) > 0

    async def reserve(self, turn: Turn, part: Part) -> str | None:
        """Set aside what the part costs, on disk when this returns; return why that cannot be, None: it is done.

        Before the first part of a thread all of it has to fit into what is left, so that none stops half-way.
        """
        price = self._price_of(part)
        rest = sum(self._price_of(one) for one in turn.outbox if not one.is_over and one is not part)
        is_first = part is turn.outbox[0]
        reserved = await self._budget.reserve(
            price,
            turn=part.key,
            model=f"post on {self._account}",
            cause=cause_of(turn, platform=self._platform, is_spared=not is_first or _is_admitted(turn)),
            beside=rest if is_first else 0,
        )
        if isinstance(reserved, Lack):
            whole = price + rest if is_first else price
            if reserved is Lack.PERSON:
                return (
                    f"it costs {_usd(whole)}, and what is left of what one person may cost on a day "
                    f"({_usd(self._budget.share or 0)}, limits: spend_per_person) is less: it waits until tomorrow"
                )
            return (
                f"it costs {_usd(whole)}, and what is left of today's limit of {_usd(self._budget.limit)} is less: it "
                "waits until tomorrow, or until `limits: {spend: … USD/day}` in the bot file is more"
            )
        part.spend, part.price = reserved.id, price
        return None

    def _price_of(self, part: Part) -> int:
        """Return what a try of this part costs beforehand; what an act costs is among the charges when it is done."""
        return 0 if self._prices is None or part.act is not None else self._prices.price_of(part.post)

    def again_at(self) -> int:
        """Return when there may be money again, in microseconds since 1970."""
        soon = self._clock.micros() + ASKED_AGAIN // MICROSECOND
        return min(soon, to_micros(self._budget.tomorrow))

    async def settle(self, spend: int, price: int) -> None:
        """Note that what was set aside under `spend` was spent as `price`; 0: it is there again. 0 as `spend`: nothing
        was set aside."""
        if spend:
            await self._budget.settle(spend, price)

    async def note_charges(self) -> None:
        """Note what reading has cost since the last time: it is paid already, whatever is left of the limit."""
        if self._prices is not None and (micros := self._prices.take_charges()) > 0:
            await self._budget.charge(
                micros, turn="", model=f"reading on {self._account}", cause=Cause(account=self._account)
            )


def given_back(part: Part) -> int:
    """Take from a part what was set aside for it, to be settled with 0 once that is queued for the ledger."""
    spend, part.spend, part.price = part.spend, 0, 0
    return spend


def _is_admitted(turn: Turn) -> bool:
    """Say whether what is said to a person is beyond his share's say: it is paid in part, or it is what everybody can
    have said to him."""
    was_paid = turn.draft is not None and turn.draft.cost > 0
    return was_paid or is_command(turn) or is_stop_or_start(turn) or is_word(turn)


def _usd(micros: int) -> str:
    return f"{micros / USD:.4f}".rstrip("0").rstrip(".") + " USD"
