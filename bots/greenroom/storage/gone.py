"""What its author has deleted: noted at once, and soon none of its words is kept any more."""

from greenroom.clock import Clock
from greenroom.storage.ledger import Ledger

__all__ = ["empty_gone", "note_gone"]

GONE = "gone:"
"""Beginning of the facts that name a deleted post: account, `/`, the platform's id."""
IN_VIEW = "gone-in-view:"
"""Beginning of the facts that name an emptied turn whose words a draft repeats that is still needed."""
SLICE = 1000
PAUSE = 0.05
"""Seconds between two slices of turns that are looked through."""


def note_gone(ledger: Ledger, account: str, post_id: str) -> None:
    """Queue that a post on the platform is gone: `empty_gone` takes its words out of the ledger."""
    ledger.remember(f"{GONE}{account}/{post_id}", "")


async def empty_gone(ledger: Ledger, *, clock: Clock) -> int:
    """Empty the texts of every turn that is about a post which is gone; return how many there were.

    A turn on which work is to be done is left for the next time: its own end comes first. So is the draft of another
    that was written with those texts in view. One walk over the turns that have texts for all that is gone, so no index
    on their posts is needed, and none when nothing is gone.
    """
    gone: set[tuple[str, str]] = set()
    for name in await ledger.facts(GONE):
        account, _, post_id = name.removeprefix(GONE).partition("/")
        gone.add((account, post_id))
    if in_view := [int(name.removeprefix(IN_VIEW)) for name in await ledger.facts(IN_VIEW)]:
        for seq in set(in_view).difference(await ledger.empty(in_view)):
            ledger.forget_fact(f"{IN_VIEW}{seq}")
    if not gone:
        return 0
    left: set[tuple[str, str]] = set()
    after = count = 0
    while stored := await ledger.stored_posts(after=after, limit=SLICE):
        after = stored[-1].seq
        found = [one for one in stored if (one.account, one.post_id) in gone]
        left |= {(one.account, one.post_id) for one in found if not one.rests}
        if seqs := [one.seq for one in found if one.rests]:
            count += len(seqs)
            for seq in await ledger.empty(seqs):
                ledger.remember(f"{IN_VIEW}{seq}", "")
        await clock.sleep(PAUSE)
    for account, post_id in gone - left:
        ledger.forget_fact(f"{GONE}{account}/{post_id}")
    await ledger.committed()
    return count
