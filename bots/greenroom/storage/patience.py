"""How long who works on a ledger in a database may say nothing before others take it for gone, and when they ask."""

from dataclasses import dataclass

__all__ = ["Patience"]

WITHOUT_TIME = 1000
"""Milliseconds in which the network must have taken what the server sent, and after which it looks for a client that
hung up."""
WAITING = 30
"""Seconds that one transaction beside the writer's waits for another one; each ends, or is ended, sooner."""
WORKING = 60
"""Seconds that a statement of such a transaction may take."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """In seconds. The less, the sooner another worker takes the bot, and the less is borne with of a slow network."""

    answer: float = 2.0
    """Within which the connection that writes must answer, else the ledger is lost; what was noted longer ago is not
    acted on. Less than `session`, so that a worker knows that it is out before another one begins."""
    session: float = 3.0
    """After which the server ends the session of a worker that says nothing, and with it the lock."""
    aside: float = 1.0
    """After which the server ends a worker's transaction beside the writer's that is not gone on with. Less than
    `answer`: who takes over must not lose the bot again over rows that it finds locked."""
    beside: float = 20.0
    """The same for a transaction of a command, which changes nothing that the writer does."""
    settled: float = 60.0
    """After a bot was moved to a host that had less to do, and after a worker began to stand by, before it asks for
    one. The more, the less often a bot pauses for the spread."""

    @property
    def of_writer(self) -> str:
        """What ends the session of a worker that is stopped or cut off, and with it the lock. It beats every second."""
        session = _milliseconds(self.session)
        return (
            f"SET idle_session_timeout={session}; SET idle_in_transaction_session_timeout={session}; "
            f"SET statement_timeout={session}; SET tcp_user_timeout={WITHOUT_TIME}; "
            f"SET client_connection_check_interval={WITHOUT_TIME}; SET synchronous_commit=on"
        )

    def of_aside(self, *, is_workers: bool) -> str:
        """What ends a transaction beside the writer's whose client is stopped or cut off, and with it its locks."""
        return (
            f"SET idle_in_transaction_session_timeout={_milliseconds(self.aside if is_workers else self.beside)}; "
            f"SET lock_timeout='{WAITING}s'; SET statement_timeout='{WORKING}s'; SET tcp_user_timeout={WITHOUT_TIME}; "
            f"SET client_connection_check_interval={WITHOUT_TIME}"
        )


def _milliseconds(seconds: float) -> int:
    return round(seconds * 1000)
