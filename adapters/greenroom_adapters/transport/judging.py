"""What an answer means that is none: by the platform's own reading of it, by its status, by what may have gone out."""

import asyncio
import enum
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from greenroom_adapters.contract import (
    AdapterError,
    AuthenticationFailed,
    Forbidden,
    MediaRefused,
    OutcomeUnknown,
    PostRejected,
    RateLimited,
    TargetGone,
    Unavailable,
)
from greenroom_adapters.transport.limits import LONGEST_WAIT, read_http_date, read_quota, read_retry_after
from greenroom_adapters.transport.redaction import Redactor

__all__ = [
    "Answer",
    "Effect",
    "Judge",
    "Refusal",
    "Wait",
    "answered_at",
    "doubted",
    "no_refusal",
    "no_wait",
    "system_now",
]

DOUBT = 1.0
"""Seconds after which a platform that refused the credentials is asked once more. One refusal would pause an account
until a person acts, and servers know nobody for a moment: while they start, while one of several is behind, and snac2
while it writes an account down (a changed profile, the mark of a bot)."""
EXCERPT = 200
"""How much of a platform's own words a message of ours repeats, in characters."""


class Effect(enum.Enum):
    """What it means when the answer to a request is lost."""

    REPEATABLE = "repeatable"
    """Doing it twice is doing it once (reads, uploads, likes, deletions): a lost answer is `Unavailable`."""
    KEYED = "keyed"
    """Doing it twice shows, and it carries a key by which the platform knows it again for a while: a lost answer is
    `OutcomeUnknown`."""
    ONCE = "once"
    """Doing it twice shows: a lost answer is `OutcomeUnknown`."""

    @property
    def shows(self) -> bool:
        """Doing it twice may show, so that nothing here does it again after its answer was lost."""
        return self is not Effect.REPEATABLE


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back, read to its end."""

    status: int
    headers: Mapping[str, str]
    """Names compare without regard to case."""
    body: bytes
    effect: Effect
    """Of the request, so that an unreadable body can be judged."""


Refusal = Callable[[Answer], tuple[type[AdapterError], str] | None]
"""A platform's own reading of a 4xx answer, after which nothing went out: a `PostRejected`, `AuthenticationFailed` or
`Unavailable` (`RateLimited`, where it asks us to wait without a 429), in the platform's words; `OutcomeUnknown`, where
it says that something broke on its side; None: judge by status."""

Wait = Callable[[Answer], timedelta | None]
"""A platform's own reading of how long an answer asks us to wait, where no usual header says it; None: it does not
say."""

REFUSALS: Mapping[int, type[PostRejected]] = {
    403: Forbidden,
    404: TargetGone,
    410: TargetGone,
    415: MediaRefused,
}
NOT_ACTED_UPON = frozenset({408, 425})
"""Client errors that ask for the same request again: it was not read to its end, or too early."""


def answered_at(answer: Answer, now: Callable[[], datetime]) -> datetime:
    """Return when an answer was given, by the clock of who gave it."""
    return read_http_date(answer.headers.get("Date", "")) or now()


def system_now() -> datetime:
    """Return the machine's present moment, aware, in UTC."""
    return datetime.fromtimestamp(time.time(), UTC)


async def doubted(effect: Effect) -> bool:
    """Say, after a moment, whether what was refused for its credentials is worth another question: a refusal has had no
    effect, and yet nothing is sent again that no key protects."""
    if effect is Effect.ONCE:
        return False
    await asyncio.sleep(DOUBT)
    return True


def no_refusal(answer: Answer) -> None:
    """Leave every refusal to its status."""


def no_wait(answer: Answer) -> None:
    """Leave every wait to the headers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judge:
    """Says which errors answers, and missing ones, are on one account. None of them has a secret in its words."""

    platform: str
    account: str
    redactor: Redactor
    refusal: Refusal
    wait: Wait
    quota_prefix: str
    wait_without_hint: timedelta
    """After an answer that asks us to wait and does not say how long."""
    now: Callable[[], datetime]

    def error(self, kind: type[AdapterError], words: str) -> AdapterError:
        """Return an error of this account, its words without secrets."""
        return kind(self.redactor.clean(words), platform=self.platform, account=self.account)

    def excerpt(self, text: str) -> str:
        """Return the beginning of somebody else's words, on one line, without control characters and without secrets:
        what is cut off in the middle of one would not be known as that any more."""
        return _excerpt(self.redactor.clean(text))

    def inconclusive(self, words: str, *, once: bool) -> AdapterError:
        """Return what it means that the answer is lost, or says nothing; `once`: to a request that may have had an
        effect which shows."""
        return self.error(OutcomeUnknown if once else Unavailable, words)

    def rate_limited(self, words: str, answer: Answer) -> RateLimited:
        """Return what an answer means that asks us to wait."""
        retry_after = self._wait(answer)
        return RateLimited(
            self.redactor.clean(words), retry_after=retry_after, platform=self.platform, account=self.account
        )

    def is_doubtful(self, answer: Answer) -> bool:
        """Say whether an answer refuses the credentials and is not to be believed yet. A platform that names a kind of
        refusal knows what it says, and whoever reads that what to do about it."""
        if answer.status != 401:
            return False
        known = self.refusal(answer)
        return known is None or known[0] is AuthenticationFailed or not issubclass(known[0], AuthenticationFailed)

    def refused(self, method: str, path: str, answer: Answer) -> AdapterError:
        """Return what an answer that is not 2xx means."""
        status = answer.status
        called = f"{self.platform}: {method} {path} answered {status}"
        if status == 401:
            known = self.refusal(answer)
            if known is None:
                return self.error(AuthenticationFailed, called)
            kind, said = known
            failed = kind if issubclass(kind, AuthenticationFailed) else AuthenticationFailed
            return self.error(failed, f"{called}: {self.excerpt(said)}")
        if status == 429:
            return self.rate_limited(called, answer)
        if status in NOT_ACTED_UPON:
            return self.error(Unavailable, called)
        if not 400 <= status < 500:
            return self.inconclusive(called, once=answer.effect.shows)
        known = self.refusal(answer)
        if known is not None:
            kind, said = known
            words = f"{called}: {self.excerpt(said)}"
            return self.rate_limited(words, answer) if issubclass(kind, RateLimited) else self.error(kind, words)
        said = answer.body.decode("utf-8", "replace")
        return self.error(REFUSALS.get(status, PostRejected), f"{called}: {self.excerpt(said)}")

    def _wait(self, answer: Answer) -> timedelta:
        # by the clock of who says it: ours may be wrong
        now = answered_at(answer, self.now)
        asked = read_retry_after(answer.headers, now=now)
        if asked is not None:
            return asked
        quota = read_quota(answer.headers, prefix=self.quota_prefix, now=now)
        if quota is not None and quota.remaining == 0:
            return min(max(timedelta(0), quota.resets_at - now), LONGEST_WAIT)
        said = self.wait(answer)
        return self.wait_without_hint if said is None else said


def _excerpt(text: str) -> str:
    line = "".join(character if character.isprintable() else " " for character in text[: 2 * EXCERPT])
    line = " ".join(line.split())
    return line if len(line) <= EXCERPT else line[: EXCERPT - 1] + "…"
