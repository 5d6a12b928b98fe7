"""What two personas are compared over: what a bot was asked and had to post, or the cases of the personas."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from greenroom.generation import Line
from greenroom.generation.history import lines_of, own_lines
from greenroom.personas import Case
from greenroom.rehearsal.trying import Occasion
from greenroom.settings import BotFile, Platforms
from greenroom.storage import Due, Ledger, Turn
from greenroom_adapters.contract import Surface, TextEvent, TextLimit

__all__ = ["Input", "inputs_of_cases", "inputs_of_turns"]

BEFORE = 20
"""Turns of the conversation before it."""
LOOKED_AT = 20_000
"""Turns of the ledger, the newest, among which inputs are looked for."""
PAGE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """One occasion, and what was said before it."""

    occasion: Occasion
    history: tuple[Line, ...] = ()
    turn: int | None = None
    """Number of the turn that it is from; None: it is a case."""


def inputs_of_cases(
    cases: Iterable[Case], *, times: int, platform: str, limits: Mapping[Surface, tuple[TextLimit, ...]]
) -> list[Input]:
    """Return each different occasion among `cases`, so many times with other seeds."""
    found: dict[tuple[Surface, str | None], None] = {}
    for case in cases:
        found.setdefault((case.where, case.about if case.asked is None else case.asked), None)
    return [
        Input(
            occasion=Occasion(
                surface=surface,
                seed=f"test {number}",
                text=text,
                platform=platform,
                limits=limits.get(surface, ()),
            )
        )
        for surface, text in found
        for number in range(times)
    ]


async def inputs_of_turns(ledger: Ledger, file: BotFile, *, limit: int) -> list[Input]:
    """Return the newest occasions for which an engine of the bot was asked and whose texts are still kept, at most
    `limit` of them, oldest first, each with the conversation before it."""
    found: list[Turn] = []
    before, looked_at = None, 0
    while len(found) < limit and looked_at < LOOKED_AT:
        turns = await ledger.turns(limit=PAGE, before=before)
        if not turns:
            break
        looked_at += len(turns)
        before = turns[-1].seq
        found += [turn for turn in turns if turn.account in file.accounts and _was_asked(turn)]
    return [await _input(ledger, file, turn) for turn in reversed(found[:limit])]


async def _input(ledger: Ledger, file: BotFile, turn: Turn) -> Input:
    platform = file.accounts[turn.account].platform
    usual = Platforms.installed().adapter(platform).usual_limits
    occasion = Occasion(
        surface=turn.surface,
        seed=turn.event_id,
        platform=platform,
        limits=() if usual is None else usual.text_on(turn.surface),
        account=turn.account,
    )
    event = turn.event
    if isinstance(event, TextEvent):
        more = () if turn.draft is None else turn.draft.read
        before = await ledger.in_lane(turn.lane, before=turn.seq, limit=BEFORE)
        occasion = replace(
            occasion,
            text="\n".join((event.text, *more)),
            author=replace(event.author, trust=turn.trust),
            language=event.language,
        )
        return Input(occasion=occasion, history=tuple(lines_of(before)), turn=turn.seq)
    assert isinstance(event, Due), event  # noqa: S101 - no other turn was asked for
    posts = await ledger.own_posts(turn.account, before=turn.seq, limit=BEFORE)
    mine = (line for post in posts for line in own_lines(post))
    occasion = replace(occasion, text=event.about, is_caption=bool(event.media))
    return Input(occasion=occasion, history=tuple(mine), turn=turn.seq)


def _was_asked(turn: Turn) -> bool:
    """Say whether an engine was asked for the turn and what it was asked for is still there."""
    if not turn.persona:
        return False
    return isinstance(turn.event, TextEvent) or (isinstance(turn.event, Due) and turn.event.say is None)
