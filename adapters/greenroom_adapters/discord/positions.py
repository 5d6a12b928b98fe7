"""In each channel the last message that was heard, and which channels' history is to be read."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from greenroom_adapters.discord.wire import WireChannel

__all__ = ["START", "Mark", "Positions"]

START = "start"
"""Source whose cursor says where listening begins in channels that have no cursor of their own."""


@dataclass(slots=True)
class Mark:
    """How far one channel was heard."""

    last: int
    """The largest id of its messages that was heard, or where listening begins."""
    is_direct: bool
    is_behind: bool = False
    """Its history is to be read."""
    hints: int = 0
    """How often the gateway said that there is more to read."""


class Positions:
    """Where listening stands. A channel without a mark is current, and nothing was heard in it yet."""

    def __init__(self, after: Mapping[str, str], *, begins: int) -> None:
        """Begin at the cursors (source → id of a message), and at `begins` where they do not say."""
        self._start = _number(after.get(START)) or begins
        self._marks: dict[str, Mark] = {}
        self._behind: dict[str, None] = {}
        self._from_cursors: list[str] = []
        """Channels of servers that had a cursor."""
        for source, cursor in after.items():
            kind, _, channel = source.partition(":")
            last = _number(cursor)
            if kind in ("channel", "dm") and channel and last is not None:
                self._marks[channel] = Mark(last, is_direct=kind == "dm")
                if kind == "channel":
                    self._from_cursors.append(channel)

    def get(self, channel: str) -> Mark | None:
        """Return how far a channel was heard; None: nothing was yet, or it is gone."""
        return self._marks.get(channel)

    def begin(self, channel: str, *, is_direct: bool, at: int | None = None) -> Mark:
        """Make the mark of a channel: right at a message, or else where listening begins."""
        mark = self._marks[channel] = Mark(self._start if at is None else at, is_direct=is_direct)
        return mark

    def compare(self, channel: WireChannel, *, floor: int) -> None:
        """See whether more was said in a channel than was heard. Nothing in it is older than itself, and what was said
        before `floor`, when the bot came, is not for it."""
        mark = self._marks.get(channel.id)
        last = max(floor, max(self._start, int(channel.id) - 1) if mark is None else mark.last)
        if (_number(channel.last_message_id) or 0) > last:
            mark = mark or self.begin(channel.id, is_direct=False)
            mark.last = last
            self.fall_behind(channel.id, mark)

    def fall_behind(self, channel: str, mark: Mark) -> None:
        """Note that there is more to read in a channel's history."""
        mark.is_behind = True
        mark.hints += 1
        self._behind.setdefault(channel, None)

    def all_direct_fall_behind(self) -> None:
        """Note that there may be more to read in every direct conversation."""
        for channel, mark in self._marks.items():
            if mark.is_direct:
                self.fall_behind(channel, mark)

    def untold_fall_behind(self, told: Collection[str], *, most: int) -> None:
        """Note, once, that there may be more to read in channels that had a cursor and are not among the `told`: at
        most in so many, those that were spoken in last."""
        untold = [channel for channel in self._from_cursors if channel not in told and channel in self._marks]
        self._from_cursors = []
        for channel in sorted(untold, key=lambda one: self._marks[one].last)[-most:]:
            self.fall_behind(channel, self._marks[channel])

    def behind(self) -> str | None:
        """Return a channel whose history is to be read, in turn; None: all are current."""
        channel = next(iter(self._behind), None)
        if channel is not None:  # to the end: a long history must not keep the others waiting
            del self._behind[channel]
            self._behind[channel] = None
        return channel

    def caught_up(self, channel: str) -> None:
        """Let a channel be current: its history was read to the end, after the last hint."""
        self._behind.pop(channel, None)
        if (mark := self._marks.get(channel)) is not None:
            mark.is_behind = False

    def forget(self, channel: str) -> None:
        """Forget a channel that is gone."""
        self._marks.pop(channel, None)
        self._behind.pop(channel, None)

    def direct(self) -> list[str]:
        """Return the direct conversations that are known."""
        return [channel for channel, mark in self._marks.items() if mark.is_direct]

    @property
    def newest(self) -> int:
        """The largest id that was heard anywhere."""
        return max((mark.last for mark in self._marks.values()), default=self._start)


def _number(text: str | None) -> int | None:
    return int(text) if text is not None and text.isdecimal() and len(text) <= 20 else None
