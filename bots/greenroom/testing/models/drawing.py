"""The answers of the two addresses for pictures: real files of the size that was asked for."""

import base64
import hashlib
import io
from typing import Any

from PIL import Image, ImageDraw

from greenroom.testing.models.asked import Drawing
from greenroom.testing.models.chatting import BORN, count
from greenroom.testing.models.checks import opened

__all__ = ["draw", "pictures"]

NAMED_SIZES = {"1024x1024", "1024x1536", "1536x1024"}
"""Only these stand in an answer's `size`."""
TOKENS = {"low": 272, "medium": 1056, "high": 4160}
"""Of a square picture, by its quality."""
READ_FOR_PICTURE = 323
"""Tokens for one picture that is read."""
BORDER = 32


def draw(asked: Drawing) -> list[bytes]:
    """Return the files: in colours that follow from the prompt; an edit shows what was edited within a border."""
    kind = (asked.output_format or "png") if asked.is_gpt else "png"
    return [_file(asked, index, kind) for index in range(asked.n or 1)]


def pictures(asked: Drawing, files: list[bytes], *, number: int, address: str) -> dict[str, Any]:
    """Return the body of an answer; `address` is where the files lie, each under its number."""
    if not asked.is_gpt and asked.response_format != "b64_json":
        return {"created": BORN + number, "data": [{"url": f"{address}/{index}.png"} for index in range(len(files))]}
    body: dict[str, Any] = {
        "created": BORN + number,
        "data": [{"b64_json": base64.b64encode(file).decode()} for file in files],
    }
    if not asked.is_gpt:
        return body
    quality = asked.quality if asked.quality in TOKENS else "medium"
    width, height = asked.pixels
    text, read = count(asked.prompt), READ_FOR_PICTURE * len(asked.image)
    written = len(files) * TOKENS[quality] * width * height // (1024 * 1024)
    body |= {
        "background": "transparent" if asked.background == "transparent" else "opaque",
        "output_format": asked.output_format or "png",
        "quality": quality,
        "usage": {
            "input_tokens": text + read,
            "input_tokens_details": {"text_tokens": text, "image_tokens": read},
            "output_tokens": written,
            "total_tokens": text + read + written,
        },
    }
    if f"{width}x{height}" in NAMED_SIZES:
        body["size"] = f"{width}x{height}"
    return body


def _file(asked: Drawing, index: int, kind: str) -> bytes:
    width, height = asked.pixels
    drop = hashlib.blake2b(f"{asked.prompt}\0{index}".encode(), digest_size=6).digest()
    is_clear = asked.background == "transparent"
    picture = Image.new("RGBA" if is_clear else "RGB", (width, height), (*drop[:3], 0) if is_clear else tuple(drop[:3]))
    if asked.image:
        source = opened(asked.image[0], param="image").convert(picture.mode)
        picture.paste(source.resize((width - 2 * BORDER, height - 2 * BORDER)), (BORDER, BORDER))
    else:
        disc = (width // 4, height // 4, width * 3 // 4, height * 3 // 4)
        ImageDraw.Draw(picture).ellipse(disc, fill=tuple(drop[3:]))
    written = io.BytesIO()
    picture.save(written, kind)
    return written.getvalue()
