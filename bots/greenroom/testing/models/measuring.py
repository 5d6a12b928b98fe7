"""The answers of the addresses for vectors and for judgements."""

import base64
import hashlib
import math
import re
import struct
from collections.abc import Iterator, Mapping
from typing import Any

from greenroom.testing.models.asked import Embedding, Moderation
from greenroom.testing.models.chatting import count

__all__ = ["CATEGORIES", "judgement", "vector", "vectors"]

DIMENSIONS = {"text-embedding-3-large": 3072}
USUAL_DIMENSIONS = 1536

CATEGORIES: Mapping[str, tuple[str, ...]] = {
    "harassment": ("text",),
    "harassment/threatening": ("text",),
    "hate": ("text",),
    "hate/threatening": ("text",),
    "illicit": ("text",),
    "illicit/violent": ("text",),
    "self-harm": ("text", "image"),
    "self-harm/instructions": ("text", "image"),
    "self-harm/intent": ("text", "image"),
    "sexual": ("text", "image"),
    "sexual/minors": ("text",),
    "violence": ("text", "image"),
    "violence/graphic": ("text", "image"),
}
"""What a judgement speaks of, and what it is judged by."""
SURE, FLAGGED, UNLIKELY = 0.97, 0.5, 0.0001

_WORD = re.compile(r"\w+")


def vector(text: str | list[int], dimensions: int) -> list[float]:
    """Return where a text stands: of length 1, and nearer to another the more words and parts of words they share."""
    sums = [0.0] * dimensions
    for feature, weight in _features(text):
        digest = hashlib.blake2b(feature.encode(), digest_size=8).digest()
        place = int.from_bytes(digest[:7], "big") % dimensions
        sums[place] += weight if digest[7] & 1 else -weight
    length = math.sqrt(sum(value * value for value in sums))
    if not length:
        sums[0] = length = 1.0
    return [value / length for value in sums]


def vectors(asked: Embedding) -> dict[str, Any]:
    """Return the body of an answer."""
    dimensions = asked.dimensions or DIMENSIONS.get(asked.model, USUAL_DIMENSIONS)
    data: list[dict[str, Any]] = []
    for index, text in enumerate(asked.inputs):
        values: list[float] | str = vector(text, dimensions)
        if asked.encoding_format == "base64":
            values = base64.b64encode(struct.pack(f"<{dimensions}f", *vector(text, dimensions))).decode()
        data.append({"object": "embedding", "index": index, "embedding": values})
    read = sum(count(text) if isinstance(text, str) else len(text) for text in asked.inputs)
    usage = {"prompt_tokens": read, "total_tokens": read}
    return {"object": "list", "model": asked.model, "data": data, "usage": usage}


def judgement(asked: Moderation, words: Mapping[str, str | tuple[str, float]], *, number: int) -> dict[str, Any]:
    """Return the body of an answer; `words` says which word shows which category, and perhaps how surely: as with the
    vendor's server, it is flagged from a half on."""
    results: list[dict[str, Any]] = []
    for text in asked.inputs:
        folded = text.casefold()
        said = [shows for word, shows in words.items() if word.casefold() in folded]
        found = [(shows, SURE) if isinstance(shows, str) else shows for shows in said]
        sure = dict(sorted(found, key=lambda pair: pair[1]))
        shown = {category for category, score in sure.items() if score >= FLAGGED}
        if unknown := sure.keys() - CATEGORIES.keys():
            raise ValueError(f"{', '.join(sorted(unknown))}: no such category; there are {', '.join(CATEGORIES)}")
        results.append(
            {
                "flagged": bool(shown),
                "categories": {name: name in shown for name in CATEGORIES},
                "category_scores": {name: sure.get(name, UNLIKELY) for name in CATEGORIES},
                "category_applied_input_types": {name: list(kinds) for name, kinds in CATEGORIES.items()},
            }
        )
    return {"id": f"modr-{number}", "model": asked.model, "results": results}


def _features(text: str | list[int]) -> Iterator[tuple[str, float]]:
    if not isinstance(text, str):
        yield from ((f"token {number}", 1.0) for number in text)
        return
    for word in _WORD.findall(text.casefold()):
        yield word, 1.0
        padded = f" {word} "
        for start in range(len(padded) - 2):
            yield padded[start : start + 3], 0.3
