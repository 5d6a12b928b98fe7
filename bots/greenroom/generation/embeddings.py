"""Vectors of texts from any server that speaks OpenAI's embeddings."""

from collections.abc import Sequence
from datetime import timedelta
from functools import partial

import msgspec
import openai
from typing_extensions import override

from greenroom.clock import Clock
from greenroom.generation.engine import GenerationError
from greenroom.generation.openai_server import OpenAIServer
from greenroom.generation.prices import Price
from greenroom.generation.purse import Purse
from greenroom.generation.reach import Reach
from greenroom.memory import Embedder, EmbeddingFailed
from greenroom.storage import NOBODYS, Cause

__all__ = ["OpenAIEmbedder"]

TIMEOUT = timedelta(seconds=30)
AT_ONCE = 8
LONGEST_TEXT = 4000
"""Characters of one text that count."""
SHORTEST_REST = 15.0
LONGEST_REST = 900.0
"""Seconds in which a server that failed is not asked again; doubled from the first to the second."""


class _Vector(msgspec.Struct):
    index: int
    embedding: list[float]


class _Usage(msgspec.Struct):
    prompt_tokens: int = 0


class _Vectors(msgspec.Struct):
    data: list[_Vector]
    usage: _Usage | None = None


_decode = msgspec.json.Decoder(_Vectors).decode


class OpenAIEmbedder(Embedder):
    """One embedding model on one server. Opens its connections at the first call; close it with `aclose`.

    After a failure it rests for a while and fails at once, so that a server that is away keeps nobody waiting.
    """

    def __init__(
        self,
        reach: Reach,
        *,
        purse: Purse,
        clock: Clock,
        price: Price | None,
        timeout: timedelta = TIMEOUT,
    ) -> None:
        """Take what the bot file says; the rest as `OpenAIServer` says. `price` None: calls cost nothing."""
        self._name = f"{reach.model} at {reach.server}"
        self._clock = clock
        self._price = price
        self._server = OpenAIServer(reach, purse=purse, clock=clock, timeout=timeout, at_once=AT_ONCE)
        self._rests_until = 0
        self._failures = 0
        self._why = ""

    @property
    @override
    def name(self) -> str:
        return self._name

    @override
    async def embed(self, texts: Sequence[str], *, turn: str, cause: Cause = NOBODYS) -> list[Sequence[float]]:
        if not texts:
            return []
        if self._clock.micros() < self._rests_until:
            raise EmbeddingFailed(self._why)
        try:
            vectors = await self._embed([text[:LONGEST_TEXT] or " " for text in texts], turn, cause)
        except GenerationError as error:
            self._rest(str(error))
            raise EmbeddingFailed(self._why) from error
        except EmbeddingFailed as error:
            self._rest(str(error))
            raise
        self._failures = 0
        return vectors

    @override
    async def aclose(self) -> None:
        await self._server.aclose()

    def _rest(self, why: str) -> None:
        rest = min(LONGEST_REST, SHORTEST_REST * 2 ** min(10, self._failures))
        self._failures += 1
        self._rests_until, self._why = self._clock.micros() + int(rest * 1e6), why

    async def _embed(self, inputs: list[str], turn: str, cause: Cause) -> list[Sequence[float]]:
        # a token is at least one byte
        bytes_of_all = sum(len(text.encode(errors="replace")) + 1 for text in inputs)
        most = None if self._price is None else self._price.of(prompt_tokens=bytes_of_all, completion_tokens=0)
        answer = await self._server.ask(partial(self._call, inputs), most=most, turn=turn, cause=cause)
        try:
            vectors = _decode(answer.body)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise EmbeddingFailed("the answer with the embeddings cannot be read") from error
        if self._price is not None and vectors.usage is not None:
            read = max(0, vectors.usage.prompt_tokens)
            await answer.settle(self._price.of(prompt_tokens=read, completion_tokens=0))
        found = {one.index: one.embedding for one in vectors.data}
        lengths = {len(vector) for vector in found.values()}
        if sorted(found) != list(range(len(inputs))) or len(lengths) != 1 or lengths == {0}:
            raise EmbeddingFailed("the answer does not hold one vector for each text")
        return [found[index] for index in range(len(inputs))]

    async def _call(self, inputs: list[str], client: openai.AsyncOpenAI) -> bytes:
        response = await client.embeddings.with_raw_response.create(
            model=self._server.model, input=inputs, encoding_format="float"
        )
        return response.content
