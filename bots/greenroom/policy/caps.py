"""How much a bot says: so many posts and replies of an account, replies to a person, replies in a thread."""

import bisect
from collections import deque
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

from typing_extensions import override

from greenroom.clock import MICROSECOND, Clock
from greenroom.policy.guard import STOP, Guard, Terms, is_owners_words, is_stop_or_start, is_unasked, is_word
from greenroom.policy.verdict import ALLOW, Later, Refuse, Verdict
from greenroom.settings import AnswerRule, Rate
from greenroom.storage import CLOCK, TELL, Past, State, Turn, asked_at, author_of, room_of
from greenroom_adapters.contract import Surface

__all__ = ["POSTS_OF_REAL_ACCOUNTS", "Caps"]

GLANCE = 1_000_000
"""Microseconds after which a turn looks for its place again that has let a newer one go first."""
MANY = 10_000
"""Windows at which those that have nothing in them are thrown away; later at twice as many as were left then, so that
a day with a million people costs each of them no more than the first."""

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
POSTS_OF_REAL_ACCOUNTS = Rate(count=12, per=DAY)
REPLIES = Rate(count=60, per=HOUR)
PER_PERSON = Rate(count=5, per=HOUR)
PER_THREAD = Rate(count=10, per=DAY)
"""What holds on a real account where the owner has written nothing else."""
UNDECIDED = frozenset({State.HELD, State.UNKNOWN})
"""Where a turn keeps its places until a person, or its time, decides whether it has spoken."""


class _Limit:
    """A rate, with its time in microseconds, as the windows count it."""

    __slots__ = ("count", "micros", "per")

    def __init__(self, rate: Rate) -> None:
        self.count = rate.count
        self.per = rate.per
        self.micros = rate.per // MICROSECOND


class _Window:
    """When places of one kind were taken, oldest first."""

    __slots__ = ("times",)

    def __init__(self) -> None:
        self.times: deque[int] = deque()

    def free(self, limit: _Limit, now: int) -> int:
        """Return how many places there are; zero and less: none."""
        times, before = self.times, now - limit.micros
        while times and times[0] <= before:
            times.popleft()
        return limit.count - len(times)

    def free_at(self, limit: _Limit, number: int = 0) -> int:
        """Return when there will be a place, when there is none now: the next one, or the one after `number` others, of
        which no more than are known of today are looked ahead."""
        first = len(self.times) - limit.count
        return self.times[min(first + number, len(self.times) - 1)] + limit.micros

    def forget(self, before: int) -> None:
        times = self.times
        while times and times[0] <= before:
            times.popleft()


class Caps(Guard):
    """Counts in rolling windows, which are filled again from the ledger at a start.

    A place is taken when work on a turn begins, so that no engine is paid for what could not be said, and given back
    when nothing comes of it, also of a draft that was held. Over the limit of an account posts and replies wait, the
    newest first, as long as they are worth it; over that of a person or of a thread a reply is left alone. In a room
    that is slow, what was asked for waits, and what was not is left alone. What the
    owner says himself, what the bot tells him, and an answer to "stop" is not counted. This guard is asked
    last: whoever it lets through has his place.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._windows: dict[tuple[str, ...], _Window] = {}
        self._many = MANY
        self._taken: dict[int, tuple[int, Sequence[_Window]]] = {}
        """Seq of a turn that is worked on, held or unknown → when it took its places, and which."""
        self._waiting: dict[str, list[tuple[int, int]]] = {}
        """Account → (when it was asked for, backwards; seq) of the replies that wait, the newest first."""

    @override
    def use(self, terms: Terms) -> None:
        self._terms = terms
        limits, local = terms.file.limits, terms.local
        self._limits = {
            account: (
                _limit(limits.posts or (None if account in local else POSTS_OF_REAL_ACCOUNTS)),
                _limit(limits.replies or (None if account in local else REPLIES)),
                _limit(limits.replies_per_person or (None if account in local else PER_PERSON)),
                _limit(limits.replies_per_thread or (None if account in local else PER_THREAD)),
            )
            for account in terms.file.accounts
        }
        self._of_accounts = {account: self._window(("replies", account)) for account in terms.file.accounts}
        """Those that every answer needs; never thrown away."""
        self._rooms = {
            name: (_limit(room.per_person), _limit(room.slow))
            for name, room in terms.file.rooms.items()
            if room.per_person is not None or room.slow is not None
        }

    @override
    def asked(self, question: str, rule: AnswerRule | None) -> Callable[..., Any] | None:
        if question == "may_answer" and rule is not None:
            return self._may_be_answered
        return super().asked(question, rule)

    @override
    def recall(self, past: Past) -> None:
        places: list[tuple[str, ...]] = [("posts" if past.kind == CLOCK else "replies", past.account)]
        if past.kind != CLOCK:
            if past.person is not None:
                places.append(("person", past.account, past.person))
            if past.surface is Surface.REPLY:
                places.append(("thread", past.lane))
        if past.room is not None and (name := self._terms.room_name(past.account, past.room)) is not None:
            places.append(("room", name))
            if past.kind != CLOCK and past.person is not None:
                places.append(("room", name, past.account, past.person))
        windows = tuple(map(self._window, places))
        for window in windows:
            window.times.append(past.changed)
        if past.state is not State.SENT:
            self._taken[past.seq] = (past.changed, windows)

    @override
    def may_answer(self, turn: Turn) -> Verdict:
        if turn.seq in self._taken or is_word(turn) or (is_stop_or_start(turn) and turn.rule == STOP):
            # drafted anew, it has its places
            return ALLOW
        return self._post(turn) if turn.kind == CLOCK else self._may_be_answered(turn)

    def _may_be_answered(self, turn: Turn) -> Verdict:
        if turn.seq in self._taken:
            return ALLOW
        _, replies, per_person, per_thread = self._limits[turn.account]
        now = self._clock.micros()
        windows: list[_Window] = []
        if self._rooms and (verdict := self._in_room(turn, windows, now)) is not ALLOW:
            return verdict
        if per_person is not None and (author := author_of(turn.event)) is not None:
            window = self._window(("person", turn.account, author.id))
            if window.free(per_person, now) <= 0:
                return Refuse(f"@{author.handle} has had {_words(per_person)} (limits: replies_per_person)")
            windows.append(window)
        if per_thread is not None and turn.surface is Surface.REPLY:
            window = self._window(("thread", turn.lane))
            if window.free(per_thread, now) <= 0:
                return Refuse(f"this thread has had {_words(per_thread)} (limits: replies_per_thread)")
            windows.append(window)
        if replies is not None:
            window = self._of_accounts[turn.account]
            free = window.free(replies, now)
            if (free <= 0 or self._waiting) and (wait := self._place(turn, window, replies, now, free)) is not None:
                return wait
            windows.append(window)
        self._take(turn, windows, now)
        return ALLOW

    @override
    def rested(self, turn: Turn) -> None:
        if self._waiting and self._waiting.get(turn.account):
            self._wait_no_longer(turn)
        if turn.state in UNDECIDED or (taken := self._taken.pop(turn.seq, None)) is None or turn.state is State.SENT:
            return
        at, windows = taken
        for window in windows:
            if at in window.times:
                window.times.remove(at)

    def _post(self, turn: Turn) -> Verdict:
        limit = None if is_owners_words(turn) else self._limits[turn.account][0]
        now = self._clock.micros()
        windows: list[_Window] = []
        if self._rooms and (verdict := self._in_room(turn, windows, now)) is not ALLOW:
            return verdict
        if limit is not None:
            window = self._window(("posts", turn.account))
            if window.free(limit, now) <= 0:
                return Later(window.free_at(limit), f"{_words(limit, 'posts')} went out already (limits: posts)")
            windows.append(window)
        if windows:
            self._take(turn, windows, now)
        return ALLOW

    def _in_room(self, turn: Turn, windows: list[_Window], now: int) -> Verdict:
        """Say whether there is a place in the room, and put what would be taken for it into `windows`."""
        room = None if turn.rule == TELL else room_of(turn.event)
        name = None if room is None else self._terms.room_name(turn.account, room)
        limits = None if name is None else self._rooms.get(name)
        if name is None or limits is None:
            return ALLOW
        per_person, slow = limits
        if per_person is not None and (author := author_of(turn.event)) is not None:
            window = self._window(("room", name, turn.account, author.id))
            if window.free(per_person, now) <= 0:
                return Refuse(f"@{author.handle} has had {_words(per_person)} in this room (rooms: per_person)")
            windows.append(window)
        if slow is not None:
            window = self._window(("room", name))
            if window.free(slow, now) <= 0:
                why = f"the bot has said {_words(slow, 'messages')} in this room (rooms: slow)"
                return Refuse(why) if is_unasked(turn) else Later(window.free_at(slow), why)
            windows.append(window)
        return ALLOW

    def _place(self, turn: Turn, window: _Window, limit: _Limit, now: int, free: int) -> Later | None:
        """Say whether a reply has to wait for one of the `free` places of its account. The newest goes first: it is
        worth most."""
        if not (waiting := self._waiting.get(turn.account)):
            if free > 0:
                return None
            waiting = self._waiting.setdefault(turn.account, [])
        mine = (-asked_at(turn), turn.seq)
        newer = bisect.bisect_left(waiting, mine)
        if newer < free:
            self._wait_no_longer(turn)
            return None
        if not (newer < len(waiting) and waiting[newer] == mine):
            waiting.insert(newer, mine)
        until = window.free_at(limit, newer) if free <= 0 else now + GLANCE
        return Later(until, f"the account has given {_words(limit)} (limits: replies)")

    def _wait_no_longer(self, turn: Turn) -> None:
        waiting, mine = self._waiting[turn.account], (-asked_at(turn), turn.seq)
        place = bisect.bisect_left(waiting, mine)
        if place < len(waiting) and waiting[place] == mine:
            del waiting[place]

    def _take(self, turn: Turn, windows: list[_Window], now: int) -> None:
        for window in windows:
            window.times.append(now)
        self._taken[turn.seq] = (now, windows)

    def _window(self, place: tuple[str, ...]) -> _Window:
        if (window := self._windows.get(place)) is None:
            if len(self._windows) >= self._many:
                self._sweep()
            window = self._windows[place] = _Window()
        return window

    def _sweep(self) -> None:
        yesterday = self._clock.micros() - DAY // MICROSECOND
        for window in self._windows.values():
            window.forget(yesterday)
        kept = set(map(id, self._of_accounts.values()))
        self._windows = {place: window for place, window in self._windows.items() if window.times or id(window) in kept}
        self._many = max(MANY, 2 * len(self._windows))


_UNITS = {timedelta(seconds=1): "a second", timedelta(minutes=1): "a minute", HOUR: "an hour", DAY: "a day"}


def _limit(rate: Rate | None) -> _Limit | None:
    return None if rate is None else _Limit(rate)


def _words(limit: _Limit, what: str = "answers") -> str:
    return f"{limit.count} {what if limit.count > 1 else what[:-1]} in {_UNITS[limit.per]}"
