"""How bots are spread evenly over hosts: who stands by where there is less to do asks for one, and is given it."""

from collections import Counter
from collections.abc import Callable, Sequence

from greenroom.storage.postgres import owning
from greenroom.storage.postgres.bell import ASKED
from greenroom.storage.postgres.database import PostgresDatabase
from greenroom.storage.workers import Worker

__all__ = ["Asking", "why_here"]

LOOKS = 6
"""Looks at the other hosts in the time in which nothing is moved."""
PATIENCE = 60.0
"""Seconds in which whoever is asked lets go, or keeps the bot: it may be sending, or of an older version."""


def why_here(workers: Sequence[Worker], *, bot: str, host: str) -> str | None:
    """Return why a bot should run on `host`, where a worker stands by for it, and not where it does; None: it should
    not, or nobody runs it.

    Whoever has two more than the host with the fewest gives one away. So every move makes it more even, and none is
    ever taken back.
    """
    runs = Counter(one.host for one in workers if one.owns)
    owner = next((one.host for one in workers if one.bot == bot and one.owns), None)
    if owner is None or runs[owner] - runs[host] < 2:
        return None
    if any(runs[one.host] < runs[host] for one in workers if one.bot == bot and not one.owns):
        return None
    return f"{owner} runs {runs[owner]} bots of this database, {host} {runs[host] or 'none'}"


class Asking:
    """What a worker that stands by does for the spread. Used between two tries to own the bot, on its connection."""

    def __init__(
        self,
        writer: PostgresDatabase,
        *,
        bot: str,
        number: int,
        channel: str,
        host: str,
        settled: float,
        elapsed: Callable[[], float],
    ) -> None:
        """`channel`: where who runs the bot hears that it is asked for. `settled`: seconds after a move, and after this
        worker came, in which nothing is moved; `elapsed` is a clock of them."""
        self._run = writer.run
        self._connection = writer.connection
        self._bot = bot
        self._number = number
        self._channel = channel
        self._host = host
        self._settled = settled
        self._elapsed = elapsed
        self._next = elapsed() + settled
        self._since: float | None = None

    def go_on(self) -> None:
        """Ask for the bot where it should run here, or ask no more where nobody gives it."""
        now = self._elapsed()
        if self._since is not None:
            if now - self._since < PATIENCE:
                # again and again: who is sending something looks at it later
                self._run(self._connection.execute("SELECT pg_notify($1,$2)", self._channel, ASKED))
                return
            self._run(owning.leave_off(self._connection, self._number))
            self._since, self._next = None, now + self._settled
        elif now >= self._next:
            self._next = now + self._settled / LOOKS
            if self._is_wanted() and self._run(owning.ask_for(self._connection, self._number)):
                self._since = now
                if not self._is_wanted():
                    # another move has come in between
                    self._run(owning.leave_off(self._connection, self._number))
                    self._since = None

    def was_given(self) -> bool:
        """Note that the bot runs here from now on, if it was asked for; say whether it was."""
        if self._since is None:
            return False
        self._run(owning.moved(self._connection, self._number))
        self._run(owning.leave_off(self._connection, self._number))
        self._since = None
        return True

    def _is_wanted(self) -> bool:
        since = self._run(owning.since_a_move(self._connection, self._number))
        if since is not None and since < self._settled:
            return False
        workers = self._run(owning.workers_of(self._connection))
        return why_here(workers, bot=self._bot, host=self._host) is not None
