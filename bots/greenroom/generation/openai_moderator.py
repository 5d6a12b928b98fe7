"""Judging words with any server that speaks OpenAI's moderations."""

from datetime import timedelta
from math import ceil

import msgspec
import openai
from typing_extensions import override

from greenroom.clock import Clock
from greenroom.generation.busy import Busy
from greenroom.generation.engine import GenerationError
from greenroom.generation.moderating import Moderator
from greenroom.generation.openai_server import OpenAIServer
from greenroom.generation.purse import Purse
from greenroom.generation.reach import Reach
from greenroom.storage import NOBODYS, Cause, Judgement

__all__ = ["OpenAIModerator"]

TIMEOUT = timedelta(seconds=20)
AT_ONCE = 16
MOST_SCORES = 100
"""OpenAI has 13 categories; a server of others may have any, and each is stored with the draft."""
LEAST_SCORE = 0.01
"""Scores below it are not kept: no owner's limit is lower."""


class _Result(msgspec.Struct):
    flagged: bool
    categories: dict[str, bool | None]
    category_scores: dict[str, float | None]


class _Answer(msgspec.Struct):
    results: list[_Result]


_decode = msgspec.json.Decoder(_Answer).decode


class OpenAIModerator(Moderator):
    """One model on one server. Opens its connections at the first call; close it with `aclose`."""

    def __init__(
        self,
        reach: Reach,
        *,
        name: str,
        purse: Purse,
        clock: Clock,
        price: int | None = None,
        timeout: timedelta = TIMEOUT,
    ) -> None:
        """Take what the bot file says; the rest as `OpenAIServer` says. `price`: of one call, in millionths of a US
        dollar; None: nothing."""
        self._name = name
        self._price = price
        self._judging = Busy()
        self._server = OpenAIServer(reach, purse=purse, clock=clock, timeout=timeout, at_once=AT_ONCE)

    @property
    @override
    def name(self) -> str:
        return self._name

    @override
    async def judge(self, text: str, *, turn: str, cause: Cause = NOBODYS) -> Judgement:
        async def call(client: openai.AsyncOpenAI) -> bytes:
            response = await client.moderations.with_raw_response.create(model=self._server.model, input=text)
            return response.content

        with self._judging:
            try:
                answer = await self._server.ask(call, most=self._price, turn=turn, cause=cause)
            except GenerationError as error:
                return Judgement(by=self.name, missing=str(error))
        if self._price is not None:
            await answer.settle(self._price)
        try:
            (result,) = _decode(answer.body).results
        except (msgspec.DecodeError, UnicodeDecodeError, ValueError):
            return Judgement(by=self.name, missing="its answer cannot be read")
        scores = sorted(((score or 0.0, name) for name, score in result.category_scores.items()), reverse=True)
        flagged = tuple(sorted(name for name, shown in result.categories.items() if shown))
        return Judgement(
            by=self.name,
            # never rounded down, below a limit
            scores={name: ceil(score * 1000) / 1000 for score, name in scores[:MOST_SCORES] if score >= LEAST_SCORE},
            # one that names no category means all of the text
            flagged=flagged or (("flagged",) if result.flagged else ()),
        )

    @override
    async def finish(self) -> None:
        try:
            await self._judging.over()
        finally:
            await self.aclose()

    @override
    async def aclose(self) -> None:
        await self._server.aclose()
