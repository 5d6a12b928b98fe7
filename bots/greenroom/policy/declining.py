"""Who asks bots to stay away in the profile is left alone, until he himself says otherwise."""

from typing_extensions import override

from greenroom.policy.guard import Guard, is_stop_or_start, is_word
from greenroom.policy.verdict import ALLOW, Refuse, Verdict
from greenroom.storage import Turn, author_of
from greenroom_adapters.contract import TextEvent, Trust

__all__ = ["NoBots"]


class NoBots(Guard):
    """Looks for `#nobot` and its like in the profile of whoever would be answered, as his platform shows it. The bot's
    owner is answered whatever his profile says to others, and so is who says stop or start: that he was understood."""

    @override
    def may_answer(self, turn: Turn) -> Verdict:
        event = turn.event
        author = event.author if isinstance(event, TextEvent) else author_of(event)
        if author is None or not author.declines_bots or turn.trust is Trust.OWNER:
            return ALLOW
        if is_stop_or_start(turn) or is_word(turn):
            return ALLOW
        return Refuse(f"@{author.handle} asks bots to stay away, in the profile")
