"""A model behind any server that speaks OpenAI's chat completions.

Money: what the call may cost at most is reserved before its first byte and settled by the server's own count after
it. A call whose outcome is not known (a time-out, a cut connection, a crash) stays reserved, so it counts as spent.
"""

import asyncio
import os
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from email.utils import parsedate_to_datetime
from ipaddress import ip_address
from urllib.parse import urlsplit

import httpx2
import msgspec
import openai
from openai.types.chat import ChatCompletionMessageParam
from typing_extensions import override

from greenroom.clock import Clock
from greenroom.generation.engine import (
    Brief,
    BudgetSpent,
    Engine,
    EngineUnavailable,
    Generated,
    GenerationError,
    Overlong,
    Refused,
    ShareSpent,
)
from greenroom.generation.prices import Price
from greenroom.generation.prompt import compose
from greenroom.generation.purse import Purse, Reservation
from greenroom.policy import Lack
from greenroom_adapters.contract import Secret

__all__ = ["NO_PAID_CALLS", "OPENAI", "OpenAIEngine", "is_loopback"]

OPENAI = "https://api.openai.com/v1"
NO_PAID_CALLS = "GREENROOM_NO_PAID_CALLS"
"""Environment variable: set to anything but nothing or 0, only servers on this machine are called."""

TIMEOUT = timedelta(seconds=60)
CONNECT = timedelta(seconds=5)
MOST_TOKENS = 4096
"""For the text and the thinking before it, which models that think bill as output."""
AT_ONCE = 16
LONGEST_WAIT = timedelta(days=1)
"""A server that asks for more is not believed."""
TOKENS_PER_MESSAGE = 16
"""More than any chat format puts around a message."""

UNPAID = frozenset({503})
"""Of the server errors this one says that nothing was begun; any other may follow a finished generation."""
TRANSIENT = frozenset({408, 409, 425, 429})
CONTENT = frozenset({"content_filter", "content_policy_violation", "moderation_blocked"})
NO_MONEY = frozenset({"insufficient_quota", "billing_hard_limit_reached", "billing_not_active"})


class _Message(msgspec.Struct):
    content: str | None = None
    refusal: str | None = None


class _Choice(msgspec.Struct):
    message: _Message
    finish_reason: str | None = None


class _Usage(msgspec.Struct):
    prompt_tokens: int
    completion_tokens: int


class _Completion(msgspec.Struct):
    choices: list[_Choice]
    model: str | None = None
    usage: _Usage | None = None


_decode = msgspec.json.Decoder(_Completion).decode


def is_loopback(server: str) -> bool:
    """Tell whether the address of a server never leaves this machine."""
    host = (urlsplit(server).hostname or "").rstrip(".").casefold()
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


class OpenAIEngine(Engine):
    """One model on one server. Opens its connections at the first brief, in that loop; close it with `aclose`."""

    def __init__(
        self,
        *,
        name: str,
        model: str,
        purse: Purse,
        clock: Clock,
        zone: tzinfo = UTC,
        server: str = OPENAI,
        key: Secret | None = None,
        price: Price | None,
        no_paid_calls: bool = False,
        environ: Mapping[str, str] = os.environ,
        timeout: timedelta = TIMEOUT,
        most_tokens: int = MOST_TOKENS,
        at_once: int = AT_ONCE,
    ) -> None:
        """Take what the bot file says.

        `price` None means that calls cost nothing: only right for a server of one's own. `no_paid_calls`, or the
        variable `GREENROOM_NO_PAID_CALLS` in `environ`, forbids every call that leaves this machine; the variable is
        read before each call. `timeout` bounds one call as a whole, `at_once` how many run side by side.
        """
        self._name = name
        self._model = model
        self._purse = purse
        self._clock = clock
        self._zone = zone
        self._server = server
        self._key = key
        self._price = price
        self._is_local = is_loopback(server)
        self._no_paid_calls = no_paid_calls
        self._environ = environ
        self._timeout = timeout
        self._most_tokens = most_tokens
        self._gate = asyncio.Semaphore(at_once)
        self._opening = asyncio.Lock()
        self._client: openai.AsyncOpenAI | None = None
        self._closed = False

    @property
    @override
    def name(self) -> str:
        return self._name

    @override
    async def generate(self, brief: Brief) -> Generated:
        self._refuse_paid_call()
        if self._key is None and not self._is_local:
            raise EngineUnavailable("it has no key: set OPENAI_API_KEY, or write `key` with the engine", permanent=True)
        day = self._clock.now().astimezone(self._zone).date()
        prompt = compose(brief, await brief.history(), day=day)
        messages: list[ChatCompletionMessageParam] = [
            {"role": "system", "content": prompt.system},
            {"role": "user", "content": prompt.user},
        ]
        async with self._gate:
            reservation, reserved = await self._reserve(brief, [prompt.system, prompt.user])
            try:
                completion = await self._complete(messages)
            except _Unpaid as error:
                if reservation is not None:
                    await reservation.settle(0)
                raise error.reason from error.__cause__
            cost = reserved
            if reservation is not None and completion.usage is not None:
                cost = self._cost(completion.usage)
                await reservation.settle(cost)
        return Generated(text=_text_of(completion), engine=self._name, model=completion.model or self._model, cost=cost)

    @override
    async def aclose(self) -> None:
        async with self._opening:
            self._closed = True
            client, self._client = self._client, None
        if client is not None:
            await client.close()

    def _refuse_paid_call(self) -> None:
        """The first line of everything that may cost money."""
        off = self._no_paid_calls or self._environ.get(NO_PAID_CALLS, "") not in ("", "0")
        if off and not self._is_local:
            raise EngineUnavailable("paid calls are switched off", permanent=True)

    async def _reserve(self, brief: Brief, texts: Sequence[str]) -> tuple[Reservation | None, int]:
        """Set aside what the call can cost at most; (None, 0) for a free one.

        A token is at least one byte, so the bytes of the prompt are an upper bound for its tokens.
        """
        if self._price is None:
            return None, 0
        tokens = sum(len(text.encode(errors="replace")) + TOKENS_PER_MESSAGE for text in texts)
        micros = self._price.of(prompt_tokens=tokens, completion_tokens=self._most_tokens)
        reservation = await self._purse.reserve(micros, turn=brief.turn, model=self._model, cause=brief.cause)
        if isinstance(reservation, Lack):
            lacks = ShareSpent if reservation is Lack.PERSON else BudgetSpent
            raise lacks(f"the {_usd(micros)} that a call may cost do not fit into {reservation.value}")
        return reservation, micros

    def _cost(self, usage: _Usage) -> int:
        if self._price is None:
            return 0
        return self._price.of(
            prompt_tokens=max(0, usage.prompt_tokens), completion_tokens=max(0, usage.completion_tokens)
        )

    async def _complete(self, messages: list[ChatCompletionMessageParam]) -> _Completion:
        """Make the one call.

        :raises _Unpaid: the server said no before it generated anything
        :raises EngineUnavailable: nobody knows whether it did
        """
        try:
            async with asyncio.timeout(self._timeout.total_seconds()):
                client = await self._connected()
                response = await client.chat.completions.with_raw_response.create(
                    model=self._model, messages=messages, max_completion_tokens=self._most_tokens
                )
                body = response.content
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
        except openai.OpenAIError as error:
            raise EngineUnavailable("its answer cannot be read") from error
        try:
            return _decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
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
            api_key=self._key.reveal() if self._key else "none",
            base_url=self._server,
            timeout=timeout,
            max_retries=0,
            # A proxy of the environment has no business with a server on this machine.
            http_client=openai.DefaultAsyncHttpxClient(timeout=timeout, trust_env=not self._is_local),
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
            return EngineUnavailable(f"the key has no access to {self._model}", permanent=True)
        if status == 404:
            # An answer without a body of the protocol comes from something that is no model server.
            known = isinstance(error.body, dict)
            problem = f"its server does not know the model {self._model}" if known else "its server has no such address"
            return EngineUnavailable(problem, permanent=True)
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


def _text_of(completion: _Completion) -> str:
    """Return the words of an answer.

    :raises Refused: the model or a filter refused, or it had nothing to say
    :raises Overlong: it was cut off
    :raises EngineUnavailable: the answer makes no sense
    """
    if not completion.choices:
        raise EngineUnavailable("its answer holds no text")
    choice = completion.choices[0]
    if choice.message.refusal:
        raise Refused("the model refused")
    if choice.finish_reason == "content_filter":
        raise Refused("the provider's filter refused")
    if choice.finish_reason == "length":
        raise Overlong("it was cut off before it came to an end")
    if choice.finish_reason not in ("stop", None):
        raise EngineUnavailable("its answer holds no text")
    text = _unwrapped(choice.message.content or "")
    if not text:
        raise Refused("the model said nothing")
    return text


def _unwrapped(content: str) -> str:
    """Return the text that is meant: without the thinking that some servers leave in, without quotes around it."""
    text = content.strip()
    if text.startswith("<think>"):
        _, end, rest = text.partition("</think>")
        if not end:
            raise Overlong("it did not stop thinking")
        text = rest.strip()
    for opening, closing in ('""', "“”", "«»", "„“"):
        inner = text[1:-1]
        if len(text) > 1 and text[0] == opening and text[-1] == closing and not {opening, closing} & set(inner):
            return inner.strip()
    return text


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
