"""What the vendor turns away, wherever it stands in a request."""

import base64
import binascii
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from PIL import Image, UnidentifiedImageError

__all__ = ["BadRequest", "check_address", "check_strict", "opened"]

LARGEST_FILE = 50_000_000


class BadRequest(Exception):
    """The vendor would answer 400 (or `status`)."""

    def __init__(self, message: str, *, param: str | None = None, code: str | None = None, status: int = 400) -> None:
        super().__init__(message)
        self.param = param
        self.code = code
        self.status = status


def opened(data: bytes, *, param: str) -> Image.Image:
    """Return a picture that the vendor takes.

    :raises BadRequest: it is none
    """
    if len(data) > LARGEST_FILE:
        raise BadRequest("The file is too large.", param=param, status=413)
    try:
        picture = Image.open(io.BytesIO(data), formats=("PNG", "JPEG", "WEBP", "GIF"))
        picture.load()
    except (UnidentifiedImageError, OSError, ValueError, Image.DecompressionBombError) as error:
        raise BadRequest("You uploaded an unsupported image.", param=param, code="invalid_image_format") from error
    return picture


def check_address(url: str) -> None:
    """Judge where a picture lies that a request shows: on the net, or within the address.

    :raises BadRequest: the vendor would not read it
    """
    if not url.startswith("data:"):
        if not url.startswith(("https://", "http://")):
            raise BadRequest("Expected a URL or a data URL.", param="url", code="invalid_image_url")
        return
    head, _, data = url.partition(",")
    if not re.fullmatch(r"data:image/(png|jpeg|webp|gif);base64", head):
        raise BadRequest("Expected a base64-encoded data URL with an image.", param="url", code="invalid_image_url")
    try:
        opened(base64.b64decode(data, validate=True), param="url")
    except binascii.Error as error:
        raise BadRequest("The base64 of the image is broken.", param="url", code="invalid_base64") from error


def check_strict(schema: Mapping[str, Any], where: str) -> None:
    """A strict schema closes every object and requires all that stands in it.

    :raises BadRequest: this one does not
    """
    for inner in _parts(schema):
        check_strict(inner, where)
    if schema.get("type") != "object":
        return
    if schema.get("additionalProperties") is not False:
        problem = "'additionalProperties' is required to be supplied and to be false"
    elif set(schema.get("required", ())) != set(schema.get("properties", {})):
        problem = "'required' is required to be an array including every key in properties"
    else:
        return
    raise BadRequest(f"Invalid schema: {problem}.", param=where, code="invalid_function_parameters")


def _parts(schema: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Return the schemas that stand directly in a schema."""
    for name in ("properties", "$defs"):
        parts: Mapping[str, Mapping[str, Any]] = schema.get(name, {})
        yield from parts.values()
    several: Sequence[Mapping[str, Any]] = schema.get("anyOf", ())
    yield from several
    if "items" in schema:
        yield schema["items"]
