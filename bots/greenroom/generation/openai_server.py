"""A server that speaks OpenAI's protocol, as one model on it is called: connection, errors, and the money for calls.

What a call may cost at most is reserved before its first byte and settled after it. A call whose outcome is not known
(a time-out, a cut connection, a crash) stays reserved, so it counts as spent.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import httpx2
import openai

from greenroom.clock import Clock
from greenroom.generation.engine import (
    BudgetSpent,
    EngineUnavailable,
    GenerationError,
    ModelUnknown,
    Refused,
    ShareSpent,
)
from greenroom.generation.purse import Purse, Reservation
from greenroom.generation.reach import Reach
from greenroom.policy import Lack
from greenroom.storage import NOBODYS, Cause

__all__ = ["Answer", "OpenAIServer"]

CONNECT = timedelta(seconds=5)
LONGEST_WAIT = timedelta(days=1)
"""A server that asks for more is not believed."""

UNPAID = frozenset({503})
"""Of the server errors this one says that nothing was begun; any other may follow a finished generation."""
TRANSIENT = frozenset({408, 409, 425, 429})
CONTENT = frozenset({"content_filter", "content_policy_violation", "moderation_blocked"})
NO_MONEY = frozenset({"insufficient_quota", "billing_hard_limit_reached", "billing_not_active"})


class Answer:
    """What a server answered, and what that costs as long as nobody has counted: all that was reserved."""

    def __init__(self, body: bytes, reservation: Reservation | None, reserved: int) -> None:
        self.body = body
        self.cost = reserved
        """In millionths of a US dollar."""
        self._reservation = reservation

    async def settle(self, micros: int) -> None:
        """Note what the call really cost. At most once; nothing for a call that costs nothing."""
        if self._reservation is not None:
            self.cost = micros
            await self._reservation.settle(micros)


class OpenAIServer:
    """One model on one server. Opens its connections at the first call, in that loop; close it with `aclose`."""

    def __init__(self, reach: Reach, *, purse: Purse, clock: Clock, timeout: timedelta, at_once: int) -> None:
        """`timeout` bounds one call as a whole, `at_once` how many run side by side."""
        self.model = reach.model
        self._reach = reach
        self._purse = purse
        self._clock = clock
        self._timeout = timeout
        self._gate = asyncio.Semaphore(at_once)
        self._opening = asyncio.Lock()
        self._client: openai.AsyncOpenAI | None = None
        self._closed = False

    def must_be_callable(self) -> None:
        """The first line of everything that may cost money.

        :raises EngineUnavailable: paid calls are switched off, or there is no key
        """
        if self._reach.is_switched_off:
            raise EngineUnavailable("paid calls are switched off", permanent=True)
        if self._reach.key is None and not self._reach.is_local:
            raise EngineUnavailable("it has no key: set OPENAI_API_KEY, or write `key` with the engine", permanent=True)

    async def ask(
        self,
        call: Callable[[openai.AsyncOpenAI], Awaitable[bytes]],
        *,
        most: int | None,
        turn: str,
        cause: Cause = NOBODYS,
    ) -> Answer:
        """Make one call, which can cost `most` millionths of a US dollar; None: it costs nothing.

        Whoever gets the answer settles it, where the server says what it counted.

        :raises BudgetSpent: that does not fit into what is left; a `ShareSpent`: of the asker's share
        :raises Refused: the provider turned the request down
        :raises EngineUnavailable: it cannot answer now (or ever, see `permanent`)
        """
        self.must_be_callable()
        async with self._gate:
            reservation = None if most is None else await self._reserve(most, turn, cause)
            try:
                body = await self._called(call)
            except _Unpaid as error:
                if reservation is not None:
                    await reservation.settle(0)
                raise error.reason from error.__cause__
        return Answer(body, reservation, most or 0)

    async def aclose(self) -> None:
        """Give connections back. Safe to call twice."""
        async with self._opening:
            self._closed = True
            client, self._client = self._client, None
        if client is not None:
            await client.close()

    async def _reserve(self, micros: int, turn: str, cause: Cause) -> Reservation:
        reservation = await self._purse.reserve(micros, turn=turn, model=self.model, cause=cause)
        if isinstance(reservation, Lack):
            lacks = ShareSpent if reservation is Lack.PERSON else BudgetSpent
            raise lacks(f"the {_usd(micros)} that a call may cost do not fit into {reservation.value}")
        return reservation

    async def _called(self, call: Callable[[openai.AsyncOpenAI], Awaitable[bytes]]) -> bytes:
        """Make the one call.

        :raises _Unpaid: the server said no before it generated anything
        :raises EngineUnavailable: nobody knows whether it did
        """
        try:
            async with asyncio.timeout(self._timeout.total_seconds()):
                return await call(await self._connected())
        except openai.APIStatusError as error:
            reason = self._refusal(error)
            if error.status_code < 500 or error.status_code in UNPAID:
                raise _Unpaid(reason) from error
            raise reason from error
        except openai.APIConnectionError as error:
            # Also the time-outs of the client: only a connection that never stood is known to have cost nothing.
            if isinstance(error.__cause__, (httpx2.ConnectError, httpx2.ConnectTimeout)):
                raise _Unpaid(EngineUnavailable("its server cannot be reached")) from error
            late = isinstance(error, openai.APITimeoutError)
            raise EngineUnavailable("it took too long" if late else "the connection was cut") from error
        except TimeoutError as error:
            raise EngineUnavailable("it took too long") from error
        except httpx2.HTTPError as error:
            # what fails while an answer is read piece by piece comes as it is
            raise EngineUnavailable("the connection was cut") from error
        except openai.OpenAIError as error:
            raise EngineUnavailable("its answer cannot be read") from error

    async def _connected(self) -> openai.AsyncOpenAI:
        async with self._opening:
            if self._closed:
                raise RuntimeError("the engine is closed")
            if self._client is None:
                # Loading certificates and the SDK's parts takes a third of a second, too long for the loop.
                self._client = await asyncio.to_thread(self._opened)
            return self._client

    def _opened(self) -> openai.AsyncOpenAI:
        seconds = self._timeout.total_seconds()
        timeout = httpx2.Timeout(seconds, connect=min(seconds, CONNECT.total_seconds()))
        client = openai.AsyncOpenAI(
            # Servers without keys want a header all the same.
            api_key=self._reach.key.reveal() if self._reach.key else "none",
            base_url=self._reach.server,
            timeout=timeout,
            max_retries=0,
            # A proxy of the environment has no business with a server on this machine.
            http_client=openai.DefaultAsyncHttpxClient(timeout=timeout, trust_env=not self._reach.is_local),
        )
        _ = client.chat.completions.with_raw_response  # imported by the SDK at the first touch
        return client

    def _refusal(self, error: openai.APIStatusError) -> GenerationError:
        """Return what an answer of 400 and above means. Texts of servers are not repeated: they may quote the key."""
        status, codes = error.status_code, {error.code, error.type}
        if codes & NO_MONEY or status == 402:
            return EngineUnavailable("there is no money at the provider: top up the account there", permanent=True)
        if codes & CONTENT:
            return Refused("the provider's filter refused")
        if status == 401:
            return EngineUnavailable("the key is unknown to the provider", permanent=True)
        if status == 403:
            return ModelUnknown(f"the key has no access to {self.model}", permanent=True)
        if status == 404:
            # An answer without a body of the protocol comes from something that is no model server.
            known = isinstance(error.body, dict)
            if known:
                return ModelUnknown(f"its server does not know the model {self.model}", permanent=True)
            return EngineUnavailable("its server has no such address", permanent=True)
        if status == 429:
            wait = _retry_after(error.response.headers, self._clock.now())
            return EngineUnavailable("the provider asks to wait", retry_after=wait)
        if "context_length_exceeded" in codes or status == 413:
            return Refused("the conversation is too long for it")
        if status >= 500 or status in TRANSIENT:
            wait = _retry_after(error.response.headers, self._clock.now())
            return EngineUnavailable(f"its server has trouble (status {status})", retry_after=wait)
        return EngineUnavailable(f"its server does not take our request (status {status})", permanent=True)


class _Unpaid(Exception):
    """The call failed for certain before anything was generated."""

    def __init__(self, reason: GenerationError) -> None:
        super().__init__(str(reason))
        self.reason = reason


def _retry_after(headers: Mapping[str, str], now: datetime) -> timedelta | None:
    """Return how long a server asked us to wait; None when it did not say, or nothing that can be believed."""
    try:
        if (milliseconds := headers.get("retry-after-ms")) is not None:
            wait = timedelta(milliseconds=float(milliseconds))
        elif (written := headers.get("retry-after")) is None:
            return None
        elif written.strip().replace(".", "", 1).isdigit():
            wait = timedelta(seconds=float(written))
        else:
            moment = parsedate_to_datetime(written)
            wait = moment.replace(tzinfo=moment.tzinfo or UTC) - now
    except (ValueError, TypeError, OverflowError):
        return None
    return min(max(wait, timedelta(0)), LONGEST_WAIT)


def _usd(micros: int) -> str:
    return f"{micros / 1_000_000:.4f} USD"
