"""A model behind any server that speaks OpenAI's chat completions."""

import base64
from collections.abc import Sequence
from datetime import UTC, timedelta, tzinfo
from functools import partial

import msgspec
import openai
from openai.types.chat import (
    ChatCompletionAssistantMessageParam,
    ChatCompletionContentPartParam,
    ChatCompletionFunctionToolParam,
    ChatCompletionMessageParam,
)
from typing_extensions import override

from greenroom.clock import Clock
from greenroom.generation.engine import Brief, Engine, EngineUnavailable, Generated, Overlong, Refused, Sight
from greenroom.generation.openai_server import OpenAIServer
from greenroom.generation.prices import Price
from greenroom.generation.prompt import ROOM, compose, words_for_sight
from greenroom.generation.purse import Purse
from greenroom.generation.reach import Reach
from greenroom.generation.using import RULE, Tools, Use, heard
from greenroom.personas.allowing import RANKS
from greenroom.storage import Cause
from greenroom.telemetry import Answer, tell_answer
from greenroom_adapters.contract import Trust

__all__ = ["OpenAIEngine"]

TIMEOUT = timedelta(seconds=60)
MOST_TOKENS = 4096
"""For the text and the thinking before it, which models that think bill as output."""
AT_ONCE = 16
MOST_ROUNDS = 4
"""How often it may call tools before it must answer."""
MOST_PICTURES = 2
"""Of those that come with one message."""
TOKENS_PER_PICTURE = 3000
"""More than any model counts for a picture that is looked at in low detail."""
TOKENS_PER_MESSAGE = 16
"""More than any chat format puts around a message."""


class _Function(msgspec.Struct):
    name: str
    arguments: str = ""


class _Call(msgspec.Struct):
    id: str
    function: _Function


class _Message(msgspec.Struct):
    content: str | None = None
    refusal: str | None = None
    tool_calls: list[_Call] | None = None


class _Choice(msgspec.Struct):
    message: _Message
    finish_reason: str | None = None


class _Usage(msgspec.Struct):
    prompt_tokens: int
    completion_tokens: int


class _Completion(msgspec.Struct):
    choices: list[_Choice]
    model: str | None = None
    id: str | None = None
    usage: _Usage | None = None


_decode = msgspec.json.Decoder(_Completion).decode


class OpenAIEngine(Engine):
    """One model on one server. Opens its connections at the first brief, in that loop; close it with `aclose`."""

    def __init__(
        self,
        reach: Reach,
        *,
        name: str,
        purse: Purse,
        clock: Clock,
        zone: tzinfo = UTC,
        price: Price | None,
        sees: bool = False,
        timeout: timedelta = TIMEOUT,
        most_tokens: int = MOST_TOKENS,
        room: int = ROOM,
        at_once: int = AT_ONCE,
        tools: Tools | None = None,
    ) -> None:
        """Take what the bot file says; the rest as `OpenAIServer` says. `tools`: what it may call, shared with the
        other engines of its voice.

        `price` None means that calls cost nothing: only right for a server of one's own. `sees`: the model can look at
        pictures. `room`: tokens that a prompt may have, about.
        """
        self._name = name
        self._clock = clock
        self._zone = zone
        self._price = price
        self._sees = sees
        self._most_tokens = most_tokens
        self._tools = tools
        self._room = room
        self._server = OpenAIServer(reach, purse=purse, clock=clock, timeout=timeout, at_once=at_once)

    @property
    @override
    def name(self) -> str:
        return self._name

    @override
    async def generate(self, brief: Brief) -> Generated:
        self._server.must_be_callable()
        day = (brief.at or self._clock.now()).astimezone(self._zone).date()
        found = None if brief.persona.knowledge is None else await brief.documents()
        toolbox = None if self._tools is None else self._tools.toolbox
        level, lines = heard(brief, await brief.history(), toolbox, found=found)
        prompt = compose(brief, lines, day=day, found=found, facts=await brief.facts(), room=self._room)
        use = await self._use(brief, level, prompt.fence)
        messages: list[ChatCompletionMessageParam] = [
            {"role": "system", "content": prompt.system if use is None else f"{prompt.system}\n{RULE}"},
            {"role": "user", "content": _content(prompt.user, await brief.pictures() if self._sees else ())},
        ]
        completion, cost = await self._ask(messages, use, turn=brief.turn, cause=brief.cause)
        for rounds_left in range(MOST_ROUNDS - 1, -1, -1):
            said = completion.choices[0].message if completion.choices else None
            if use is None or said is None or not said.tool_calls:
                break
            messages += await _answered(said, said.tool_calls, use)
            completion, paid = await self._ask(
                messages, use, turn=brief.turn, cause=brief.cause, may_call=rounds_left > 0
            )
            cost += paid
        return Generated(
            text=_text_of(completion),
            engine=self._name,
            model=completion.model or self._server.model,
            cost=cost + (0 if use is None else use.cost),
            found=found,
            notes=prompt.notes if use is None else (*prompt.notes, *use.notes),
            trust=min((level if use is None else use.level, *(line.trust for line in lines)), key=RANKS.__getitem__),
        )

    @override
    async def describe(self, sight: Sight) -> Generated:
        if not self._sees:
            return await super().describe(sight)
        self._server.must_be_callable()
        system, user = words_for_sight(sight)
        messages: list[ChatCompletionMessageParam] = [
            {"role": "system", "content": system},
            {"role": "user", "content": _content(user, (sight.picture,))},
        ]
        completion, cost = await self._ask(messages, None, turn=sight.turn, cause=sight.cause)
        model = completion.model or self._server.model
        return Generated(text=_text_of(completion), engine=self._name, model=model, cost=cost)

    async def _use(self, brief: Brief, level: Trust, fence: str) -> Use | None:
        """Return the tools of one text; None: nothing is offered for it."""
        if self._tools is None or not (offered := await self._tools.toolbox.tools(level)):
            return None
        return Use(self._tools, brief, offered, level, fence)

    async def _ask(
        self,
        messages: Sequence[ChatCompletionMessageParam],
        use: Use | None,
        *,
        turn: str,
        cause: Cause,
        may_call: bool = True,
    ) -> tuple[_Completion, int]:
        """Make one call, and return the answer and what it cost."""
        offered = [] if use is None else use.specs()
        answer = await self._server.ask(
            partial(self._complete, messages, offered if may_call else []),
            most=self._dearest(messages, offered),
            turn=turn,
            cause=cause,
        )
        try:
            completion = _decode(answer.body)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise EngineUnavailable("its answer cannot be read") from error
        usage = completion.usage
        tell_answer(
            Answer(
                model=self._server.model,
                answered_by=completion.model,
                id=completion.id,
                finish=completion.choices[0].finish_reason if completion.choices else None,
                read=None if usage is None else usage.prompt_tokens,
                written=None if usage is None else usage.completion_tokens,
            )
        )
        if self._price is not None and usage is not None:
            counted = max(0, usage.prompt_tokens), max(0, usage.completion_tokens)
            await answer.settle(self._price.of(prompt_tokens=counted[0], completion_tokens=counted[1]))
        return completion, answer.cost

    @override
    async def aclose(self) -> None:
        await self._server.aclose()

    async def _complete(
        self,
        messages: Sequence[ChatCompletionMessageParam],
        offered: Sequence[ChatCompletionFunctionToolParam],
        client: openai.AsyncOpenAI,
    ) -> bytes:
        response = await client.chat.completions.with_raw_response.create(
            model=self._server.model,
            messages=messages,
            max_completion_tokens=self._most_tokens,
            tools=offered or openai.omit,
        )
        return response.content

    def _dearest(
        self,
        messages: Sequence[ChatCompletionMessageParam],
        offered: Sequence[ChatCompletionFunctionToolParam],
    ) -> int | None:
        """Return what a call can cost at most; None: nothing.

        A token is at least one byte, so the bytes of what is read are an upper bound for its tokens.
        """
        if self._price is None:
            return None
        tokens = sum(_size(message) + TOKENS_PER_MESSAGE for message in messages)
        tokens += sum(len(msgspec.json.encode(one)) + TOKENS_PER_MESSAGE for one in offered)
        return self._price.of(prompt_tokens=tokens, completion_tokens=self._most_tokens)


def _size(message: ChatCompletionMessageParam) -> int:
    """Return the bytes of what a model reads of a message; a picture counts as what it can cost at most."""
    called = message.get("tool_calls")
    content = message.get("content")
    calls = len(msgspec.json.encode(called)) if called else 0
    if isinstance(content, list):
        words: int = sum(len(part["text"].encode(errors="replace")) for part in content if part["type"] == "text")
        pictures: int = sum(part["type"] == "image_url" for part in content)
        return words + calls + TOKENS_PER_PICTURE * pictures
    return len(str(content or "").encode(errors="replace")) + calls


def _content(words: str, pictures: Sequence[bytes]) -> str | list[ChatCompletionContentPartParam]:
    """Return what a message holds: words alone, or words and pictures."""
    if not pictures:
        return words
    parts: list[ChatCompletionContentPartParam] = [{"type": "text", "text": words}]
    for picture in pictures[:MOST_PICTURES]:
        address = f"data:image/jpeg;base64,{base64.b64encode(picture).decode()}"
        parts.append({"type": "image_url", "image_url": {"url": address, "detail": "low"}})
    return parts


async def _answered(message: _Message, calls: Sequence[_Call], use: Use) -> list[ChatCompletionMessageParam]:
    """Make the calls of a message, and return it with their results, as the wire has them."""
    said: ChatCompletionAssistantMessageParam = {
        "role": "assistant",
        "content": message.content,
        "tool_calls": [
            {
                "id": call.id,
                "type": "function",
                "function": {"name": call.function.name, "arguments": call.function.arguments},
            }
            for call in calls
        ],
    }
    results = await use.answer([(call.function.name, call.function.arguments) for call in calls])
    answered: list[ChatCompletionMessageParam] = [said]
    for call, result in zip(calls, results, strict=True):
        answered.append({"role": "tool", "tool_call_id": call.id, "content": result})
    return answered


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
