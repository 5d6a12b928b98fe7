"""`greenroom reset`: begin anew, with the old ledger moved aside."""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from greenroom.cli.choosing import BotArgument, choose
from greenroom.cli.failing import for_owners
from greenroom.cli.showing import AsJson, Yes, money, say, write_json

if TYPE_CHECKING:
    from greenroom.settings import BotFile

__all__ = ["reset"]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """What a ledger knows that a new one will not."""

    turns: int
    waiting: int
    held: int
    to_come: int
    spent: int
    accounts: tuple[str, ...]


@for_owners
def reset(
    bot: BotArgument = None,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Begin anew: move the bot's ledger aside.

    Says first what would be forgotten, then asks. Nothing is deleted: the ledger, with all texts and the last good
    versions of the files, stays beside the new one under a name with the date. Put it back by that name and nothing
    was forgotten. What was posted stays on the platforms.

    Example: greenroom reset config/bots/ada.yaml
    """
    from greenroom.cli.asking import runs
    from greenroom.cli.confirming import confirm
    from greenroom.storage import move_aside
    from greenroom_adapters.contract import ConfigurationError

    file = choose(bot).file()
    if not isinstance(file.store, Path):
        raise ConfigurationError(
            f"{file.store}: a ledger in a database is not moved aside: give the bot another name, or drop its schema"
        )
    if runs(file):
        raise ConfigurationError("the bot runs: stop it first (Ctrl-C where it runs), then reset it")
    if not file.store.exists():
        raise ConfigurationError(f"{file.store}: there is no ledger, so there is nothing to forget")
    known = asyncio.run(_known(file))
    confirm("Move the ledger aside?", tell=lambda: _tell(file, known), yes=yes, as_json=as_json)
    moved = move_aside(file.store, stamp=f"{datetime.now(file.timezone):%Y-%m-%d-%H%M%S}")
    if as_json:
        write_json({"moved": str(file.store), "to": str(moved), "forgotten": _as_object(known)})
        return
    say(f"Moved to {moved}. The next `greenroom run` begins anew.")


async def _known(file: "BotFile") -> _Known | None:
    """Return what would be forgotten; None: the ledger cannot be read."""
    from greenroom.cli.asking import reading
    from greenroom.cli.costs import spent_today
    from greenroom.storage import State, StorageError

    try:
        async with reading(file) as ledger:
            counts = await ledger.counts()
            return _Known(
                turns=sum(counts.values()),
                waiting=sum(counts.get(state, 0) for state in (State.HELD, State.UNKNOWN, State.DEAD)),
                held=counts.get(State.HELD, 0),
                to_come=len(await ledger.agenda(limit=1_000_000)),
                spent=await spent_today(file, ledger),
                accounts=tuple(await ledger.accounts()),
            )
    except StorageError:
        return None


def _tell(file: "BotFile", known: _Known | None) -> None:
    if known is None:
        say(f"{file.store} cannot be read; whatever it knows would be forgotten.")
        return
    say(f"{file.store} would be moved aside, and the bot would forget:")
    say(f"  {known.turns:,} {'turn' if known.turns == 1 else 'turns'}: whom it answered, what it said and where")
    if known.waiting:
        say(f"  {known.waiting:,} of them {'waits' if known.waiting == 1 else 'wait'} for you ({_where(known)})")
    if known.to_come:
        say(f"  {known.to_come:,} {'post' if known.to_come == 1 else 'posts'} put down by hand (`greenroom queue`)")
    if known.spent:
        say(f"  {money(known.spent)} spent today: the day's limit would begin anew")
    for account in known.accounts:
        say(f"  on {account}: what was answered could be answered again if its platform brings it again")


def _where(known: _Known) -> str:
    """Return the commands that show what waits."""
    commands = ["`greenroom held`"] if known.held else []
    if known.waiting > known.held:
        commands.append("`greenroom dead list`")
    return ", ".join(commands)


def _as_object(known: _Known | None) -> dict[str, Any] | None:
    if known is None:
        return None
    return {
        "turns": known.turns,
        "waiting": known.waiting,
        "posts_to_come": known.to_come,
        "spent_micros": known.spent,
        "accounts": list(known.accounts),
    }
