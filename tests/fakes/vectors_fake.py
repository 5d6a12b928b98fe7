"""A server that speaks the vendor's embeddings: always the same vector for the same text."""

import hashlib
import math
import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from aiohttp import web

from greenroom_adapters.testing.serving import serving

__all__ = ["VectorServer", "vector_of", "vectors_served"]

DIMENSIONS = 256
ALIKE = {
    "dinner": "food",
    "faking": "pretended",
    "greed": "greedily",
    "illness": "sick",
    "insects": "flies",
    "sweets": "honey",
    "supper": "food",
}
"""What the server takes for the same: as much of meaning as a test needs."""
_WORD = re.compile(r"[^\W\d_]{3,}")


def vector_of(text: str) -> list[float]:
    """Return the beginnings of a text's words, hashed into so many numbers."""
    vector = [0.0] * DIMENSIONS
    for word in _WORD.findall(text.casefold()):
        digest = hashlib.blake2b(ALIKE.get(word, word)[:5].encode(), digest_size=4).digest()
        vector[int.from_bytes(digest[:2]) % DIMENSIONS] += 1.0 if digest[2] & 1 else -1.0
    length = math.hypot(*vector)
    return [part / length for part in vector] if length else [1.0, *vector[1:]]


class VectorServer:
    """Speaks the vendor's embeddings; fails with `status` while that is not 200."""

    def __init__(self) -> None:
        self.url = ""
        self.status = 200
        self.asked: list[list[str]] = []
        """The texts of each call."""

    async def answer(self, request: web.Request) -> web.Response:
        body = await request.json()
        self.asked.append(body["input"])
        if self.status != 200:
            error = {"message": "no", "type": "error", "param": None, "code": None}
            return web.json_response({"error": error}, status=self.status)
        data = [
            {"object": "embedding", "index": index, "embedding": vector_of(text)}
            for index, text in enumerate(body["input"])
        ]
        tokens = sum(len(text) // 4 for text in body["input"])
        usage = {"prompt_tokens": tokens, "total_tokens": tokens}
        return web.json_response({"object": "list", "model": body["model"], "data": data, "usage": usage})


@asynccontextmanager
async def vectors_served() -> AsyncGenerator[VectorServer, None]:
    """Serve vectors while the block runs."""
    server = VectorServer()
    app = web.Application()
    app.router.add_post("/v1/embeddings", server.answer)
    async with serving(app) as served:
        server.url = f"http://127.0.0.1:{served.port}/v1"
        yield server
