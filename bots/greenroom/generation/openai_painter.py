"""A model that makes pictures, behind any server that speaks OpenAI's images protocol.

Answers are bounded while they are read, and nothing that a server says about its picture is believed: whoever takes
the bytes opens them as those of a stranger.
"""

import base64
import binascii
import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Literal

import msgspec
import openai
from typing_extensions import override

from greenroom.clock import Clock
from greenroom.generation.engine import EngineUnavailable, Refused
from greenroom.generation.openai_server import OpenAIServer
from greenroom.generation.painting import Canvas, Painted, Painter
from greenroom.generation.prices import PicturePrice
from greenroom.generation.purse import Purse
from greenroom.generation.reach import OPENAI, Reach

__all__ = ["OpenAIPainter"]

TIMEOUT = timedelta(seconds=180)
AT_ONCE = 4
"""Pictures that are waited for side by side: each is in memory, some of them twice."""
LARGEST_ANSWER = 48 * 1024 * 1024
"""Bytes of an answer; a longer one is not read to its end."""
LONGEST_PROMPT = 2000
"""Characters: what a stranger writes cannot run up the bill."""

GPT = re.compile(r"(?:.*/)?(?:chat)?gpt-image")
"""Models that know qualities, whoever serves them."""

Quality = Literal["low", "medium", "high"]
Size = Literal["1024x1024", "1536x1024", "1024x1536"]
SIZES: Mapping[str, Size] = {"square": "1024x1024", "wide": "1536x1024", "tall": "1024x1536"}


class _Image(msgspec.Struct):
    b64_json: str | None = None


class _Usage(msgspec.Struct):
    input_tokens: int = 0
    output_tokens: int = 0


class _Answer(msgspec.Struct):
    data: list[_Image] = []
    usage: _Usage | None = None


_decode = msgspec.json.Decoder(_Answer).decode


class OpenAIPainter(Painter):
    """One model on one server. Opens its connections at the first picture, in that loop; close it with `aclose`."""

    def __init__(
        self,
        reach: Reach,
        *,
        name: str,
        purse: Purse,
        clock: Clock,
        quality: Quality,
        price: PicturePrice | int | None,
        timeout: timedelta = TIMEOUT,
        at_once: int = AT_ONCE,
    ) -> None:
        """Take what the bot file says; the rest as `OpenAIServer` says. `price`: of its tokens, or of a picture in
        millionths of a US dollar; None: nothing, only right for a server of one's own."""
        self._name = name
        self._quality: Quality = quality
        self._price = price
        # these always send the picture itself, and refuse to be asked for it; others send an address unless asked
        self._is_gpt = reach.server == OPENAI or bool(GPT.match(reach.model))
        self._server = OpenAIServer(reach, purse=purse, clock=clock, timeout=timeout, at_once=at_once)

    @property
    @override
    def name(self) -> str:
        return self._name

    @override
    async def paint(self, canvas: Canvas) -> Painted:
        prompt = canvas.prompt.strip()[:LONGEST_PROMPT]
        if not prompt:
            raise Refused("there is nothing to paint")

        async def call(client: openai.AsyncOpenAI) -> bytes:
            return await self._asked(client, canvas, prompt)

        answer = await self._server.ask(call, most=self._dearest(canvas, prompt), turn=canvas.turn, cause=canvas.cause)
        try:
            said = _decode(answer.body)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise EngineUnavailable("its answer cannot be read") from error
        if isinstance(self._price, PicturePrice) and said.usage is not None:
            await answer.settle(self._price.of(said.usage.input_tokens, said.usage.output_tokens))
        elif isinstance(self._price, int):
            await answer.settle(self._price)
        packed = said.data[0].b64_json if said.data else None
        if not packed:
            raise EngineUnavailable("its answer holds no picture", permanent=True)
        try:
            content = base64.b64decode(packed, validate=True)
        except (binascii.Error, ValueError) as error:
            raise EngineUnavailable("its picture cannot be unpacked") from error
        return Painted(content=content, engine=self._name, cost=answer.cost)

    @override
    async def aclose(self) -> None:
        await self._server.aclose()

    def _dearest(self, canvas: Canvas, prompt: str) -> int | None:
        if isinstance(self._price, PicturePrice):
            size = SIZES[canvas.shape]
            return self._price.dearest(prompt, quality=self._quality, size=size, edits=canvas.original is not None)
        return self._price

    async def _asked(self, client: openai.AsyncOpenAI, canvas: Canvas, prompt: str) -> bytes:
        size, model = SIZES[canvas.shape], self._server.model
        images = client.images.with_streaming_response
        if canvas.original is not None:
            file = ("picture.png", canvas.original, "image/png")
            asked = (
                images.edit(image=file, prompt=prompt, model=model, n=1, size=size, quality=self._quality)
                if self._is_gpt
                else images.edit(image=file, prompt=prompt, model=model, n=1, size=size, response_format="b64_json")
            )
        elif self._is_gpt:
            asked = images.generate(prompt=prompt, model=model, n=1, size=size, quality=self._quality)
        else:
            asked = images.generate(prompt=prompt, model=model, n=1, size=size, response_format="b64_json")
        body = bytearray()
        async with asked as response:
            async for part in response.iter_bytes():
                body += part
                if len(body) > LARGEST_ANSWER:
                    raise EngineUnavailable("its answer is longer than any picture", permanent=True)
        return bytes(body)
