"""A model behind any server that speaks OpenAI's chat completions."""

import os
from collections.abc import Mapping, Sequence
from datetime import UTC, timedelta, tzinfo
from functools import partial

import msgspec
import openai
from openai.types.chat import ChatCompletionMessageParam
from typing_extensions import override

from greenroom.clock import Clock
from greenroom.generation.engine import Brief, Engine, EngineUnavailable, Generated, Overlong, Refused
from greenroom.generation.openai_server import OPENAI, OpenAIServer
from greenroom.generation.prices import Price
from greenroom.generation.prompt import compose
from greenroom.generation.purse import Purse
from greenroom_adapters.contract import Secret

__all__ = ["OpenAIEngine"]

TIMEOUT = timedelta(seconds=60)
MOST_TOKENS = 4096
"""For the text and the thinking before it, which models that think bill as output."""
AT_ONCE = 16
TOKENS_PER_MESSAGE = 16
"""More than any chat format puts around a message."""


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
        """Take what the bot file says; the rest as `OpenAIServer` says.

        `price` None means that calls cost nothing: only right for a server of one's own.
        """
        self._name = name
        self._clock = clock
        self._zone = zone
        self._price = price
        self._most_tokens = most_tokens
        self._server = OpenAIServer(
            model=model,
            purse=purse,
            clock=clock,
            timeout=timeout,
            at_once=at_once,
            server=server,
            key=key,
            no_paid_calls=no_paid_calls,
            environ=environ,
        )

    @property
    @override
    def name(self) -> str:
        return self._name

    @override
    async def generate(self, brief: Brief) -> Generated:
        self._server.must_be_callable()
        day = self._clock.now().astimezone(self._zone).date()
        found = None if brief.persona.knowledge is None else await brief.documents()
        prompt = compose(brief, await brief.history(), day=day, found=found)
        messages: list[ChatCompletionMessageParam] = [
            {"role": "system", "content": prompt.system},
            {"role": "user", "content": prompt.user},
        ]
        answer = await self._server.ask(
            partial(self._complete, messages),
            most=self._dearest([prompt.system, prompt.user]),
            turn=brief.turn,
            cause=brief.cause,
        )
        try:
            completion = _decode(answer.body)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise EngineUnavailable("its answer cannot be read") from error
        if self._price is not None and (usage := completion.usage) is not None:
            counted = max(0, usage.prompt_tokens), max(0, usage.completion_tokens)
            await answer.settle(self._price.of(prompt_tokens=counted[0], completion_tokens=counted[1]))
        model = completion.model or self._server.model
        return Generated(
            text=_text_of(completion),
            engine=self._name,
            model=model,
            cost=answer.cost,
            found=found,
            notes=prompt.notes,
        )

    @override
    async def aclose(self) -> None:
        await self._server.aclose()

    async def _complete(self, messages: list[ChatCompletionMessageParam], client: openai.AsyncOpenAI) -> bytes:
        response = await client.chat.completions.with_raw_response.create(
            model=self._server.model, messages=messages, max_completion_tokens=self._most_tokens
        )
        return response.content

    def _dearest(self, texts: Sequence[str]) -> int | None:
        """Return what a call can cost at most; None: nothing.

        A token is at least one byte, so the bytes of the prompt are an upper bound for its tokens.
        """
        if self._price is None:
            return None
        tokens = sum(len(text.encode(errors="replace")) + TOKENS_PER_MESSAGE for text in texts)
        return self._price.of(prompt_tokens=tokens, completion_tokens=self._most_tokens)


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
