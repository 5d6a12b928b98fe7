"""Looks once a day whether what was said to the bot is still there, where a platform tells nothing of deletions."""

from collections.abc import Mapping, Sequence

from greenroom.clock import Clock
from greenroom.policy import Budget, Lack
from greenroom.storage import Cause, Ledger
from greenroom.telemetry import get_log
from greenroom.turns import AccountDesk
from greenroom_adapters.contract import AdapterError, Kind, SupportsPresence

__all__ = ["Presence"]

EVERY = 600.0
"""Seconds between two looks at what is left to be done today."""
AT_ONCE = 100
"""Posts that are asked about at once."""
LOOKED = "looked:"
"""Beginning of the facts that say on which day (UTC) an account has looked through all."""
SAID = frozenset({Kind.MENTION, Kind.REPLY, Kind.QUOTE, Kind.MESSAGE})


class Presence:
    """The daily look of a bot's accounts. What is gone ends open turns about it, and its words are emptied."""

    def __init__(self, ledger: Ledger, desks: Mapping[str, AccountDesk], *, budget: Budget, clock: Clock) -> None:
        self._ledger = ledger
        self._desks = desks
        self._budget = budget
        self._clock = clock
        self._log = get_log()

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            for name, desk in self._desks.items():
                if isinstance(desk.adapter, SupportsPresence) and desk.is_connected:
                    await self._look(name, desk, desk.adapter)
            await self._clock.sleep(EVERY)

    async def _look(self, account: str, desk: AccountDesk, adapter: SupportsPresence) -> None:
        price = adapter.price_of_look()
        today = f"{self._clock.now():%Y-%m-%d}"
        if price is None or (await self._ledger.facts(f"{LOOKED}{account}")).get(f"{LOOKED}{account}") == today:
            return
        after, posts = 0, list[str]()
        while stored := await self._ledger.stored_posts(after=after, limit=1000):
            after = stored[-1].seq
            posts += [one.post_id for one in stored if one.account == account and one.kind in SAID]
        posts = list(dict.fromkeys(posts))
        for start in range(0, len(posts), AT_ONCE):
            some = posts[start : start + AT_ONCE]
            whole = price * len(some)
            cause, model = Cause(account=account), f"looking on {account}"
            reserved = await self._budget.reserve(whole, turn="", model=model, cause=cause) if whole else None
            if isinstance(reserved, Lack):
                left = len(posts) - start
                why = f"{left} posts were not looked for today: what is left of the day's money is too little"
                self._ledger.note(None, "budget", f"{account}: {why}")
                break
            has_answer = await self._see_to(desk, adapter, some)
            if reserved is not None:
                # what it really cost is in the books as reading by now
                await reserved.settle(0)
            if not has_answer:
                return
        self._ledger.remember(f"{LOOKED}{account}", today)
        await self._ledger.committed()

    async def _see_to(self, desk: AccountDesk, adapter: SupportsPresence, posts: Sequence[str]) -> bool:
        """Ask about some; say whether there was an answer."""
        try:
            gone = await adapter.gone(posts)
        except AdapterError as error:
            self._log.info("cannot look for what is gone now", account=desk.account, why=str(error))
            return False
        except Exception:  # noqa: BLE001 - an adapter's own bug must not end the bot
            self._log.exception("adapter failed", account=desk.account)
            return False
        # before the next are asked about: what is left of the day's money is less now
        await desk.note_charges()
        for post in gone:
            await desk.aftermath.gone(post)
        return True
