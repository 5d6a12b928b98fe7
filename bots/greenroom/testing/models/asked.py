"""Reads requests as strictly as the vendor does."""

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

import msgspec
from openai.types.chat.completion_create_params import CompletionCreateParamsBase
from openai.types.embedding_create_params import EmbeddingCreateParams
from openai.types.image_edit_params import ImageEditParamsBase
from openai.types.image_generate_params import ImageGenerateParamsBase
from openai.types.moderation_create_params import ModerationCreateParams

from greenroom.testing.models.checks import BadRequest, check_address, check_strict, opened
from greenroom.testing.models.exchange import Endpoint

__all__ = ["Chat", "Drawing", "Embedding", "Moderation", "read"]

PARAMETERS: Mapping[Endpoint, frozenset[str]] = {
    Endpoint.CHAT: frozenset(CompletionCreateParamsBase.__annotations__) | {"stream"},
    Endpoint.IMAGES: frozenset(ImageGenerateParamsBase.__annotations__) | {"stream"},
    Endpoint.EDITS: frozenset(ImageEditParamsBase.__annotations__) | {"stream"},
    Endpoint.EMBEDDINGS: frozenset(EmbeddingCreateParams.__annotations__),
    Endpoint.MODERATIONS: frozenset(ModerationCreateParams.__annotations__),
}
"""What each address takes, by the vendor's own SDK."""

THINKS = re.compile(r"(gpt-5|o\d)(?!.*chat)")
"""Models that think: they take neither `max_tokens` nor a temperature."""
SIZES = {
    "dall-e-2": {"256x256", "512x512", "1024x1024"},
    "dall-e-3": {"1024x1024", "1792x1024", "1024x1792"},
    "gpt-image-1": {"1024x1024", "1536x1024", "1024x1536", "auto"},
}

Count = Annotated[int, msgspec.Meta(ge=1)]
Name = Annotated[str, msgspec.Meta(pattern=r"^[a-zA-Z0-9_-]{1,64}$")]


class _Strict(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Nothing that is not described may stand in it."""


class _Text(_Strict, tag_field="type", tag="text"):
    text: str


class _Address(_Strict):
    url: str
    detail: Literal["auto", "low", "high", "original"] = "auto"


class _Picture(_Strict, tag_field="type", tag="image_url"):
    image_url: _Address


class _Function(_Strict):
    name: Name
    arguments: str


class _Call(_Strict, tag_field="type", tag="function"):
    id: str
    function: _Function


class _System(_Strict, tag_field="role", tag="system"):
    content: str | list[_Text]
    name: str | None = None


class _Developer(_Strict, tag_field="role", tag="developer"):
    content: str | list[_Text]
    name: str | None = None


class _User(_Strict, tag_field="role", tag="user"):
    content: str | list[_Text | _Picture]
    name: str | None = None


class _Assistant(_Strict, tag_field="role", tag="assistant"):
    content: str | list[_Text] | None = None
    refusal: str | None = None
    name: str | None = None
    tool_calls: Annotated[list[_Call], msgspec.Meta(min_length=1)] | None = None


class _Result(_Strict, tag_field="role", tag="tool"):
    content: str | list[_Text]
    tool_call_id: str


class _Declared(_Strict):
    name: Name
    description: str | None = None
    parameters: dict[str, Any] | None = None
    strict: bool | None = None


class _Tool(_Strict, tag_field="type", tag="function"):
    function: _Declared


class _Chosen(_Strict):
    name: Name


class _Choice(_Strict, tag_field="type", tag="function"):
    function: _Chosen


class _Plain(_Strict, tag_field="type", tag="text"):
    pass


class _AnyJson(_Strict, tag_field="type", tag="json_object"):
    pass


class _Schema(_Strict):
    name: Name
    description: str | None = None
    schema: dict[str, Any] | None = None
    strict: bool | None = None


class _BySchema(_Strict, tag_field="type", tag="json_schema"):
    json_schema: _Schema


class _StreamOptions(_Strict):
    include_usage: bool | None = None
    include_obfuscation: bool | None = None


_Message = _System | _Developer | _User | _Assistant | _Result


class Chat(msgspec.Struct, kw_only=True):
    """A request for a chat completion: of what it may say, what changes the answer."""

    model: str
    messages: Annotated[list[_Message], msgspec.Meta(min_length=1)]
    max_completion_tokens: Count | None = None
    max_tokens: Count | None = None
    temperature: Annotated[float, msgspec.Meta(ge=0, le=2)] | None = None
    top_p: Annotated[float, msgspec.Meta(ge=0, le=1)] | None = None
    n: Annotated[int, msgspec.Meta(ge=1, le=128)] | None = None
    stop: str | Annotated[list[str], msgspec.Meta(max_length=4)] | None = None
    stream: bool | None = None
    stream_options: _StreamOptions | None = None
    tools: Annotated[list[_Tool], msgspec.Meta(min_length=1, max_length=128)] | None = None
    tool_choice: Literal["none", "auto", "required"] | _Choice | None = None
    parallel_tool_calls: bool | None = None
    response_format: _Plain | _AnyJson | _BySchema | None = None
    reasoning_effort: Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"] | None = None

    @property
    def most_tokens(self) -> int | None:
        return self.max_completion_tokens or self.max_tokens

    @property
    def schema(self) -> dict[str, Any] | None:
        """The schema that the answer must keep to."""
        wanted = self.response_format
        return wanted.json_schema.schema if isinstance(wanted, _BySchema) else None

    @property
    def wants_json(self) -> bool:
        return isinstance(self.response_format, _AnyJson)

    @property
    def texts(self) -> Iterator[str]:
        """Every text that is read, for counting."""
        for message in self.messages:
            if isinstance(message.content, str):
                yield message.content
            elif message.content is not None:
                yield from (part.text for part in message.content if isinstance(part, _Text))
            if isinstance(message, _Assistant):
                yield from (call.function.arguments for call in message.tool_calls or ())

    def check(self) -> None:
        if self.stream_options is not None and not self.stream:
            raise BadRequest("The 'stream_options' parameter is only allowed with 'stream'.", param="stream_options")
        if self.tools is None and (self.tool_choice is not None or self.parallel_tool_calls is not None):
            raise BadRequest("'tool_choice' is only allowed when 'tools' are specified.", param="tool_choice")
        if THINKS.match(self.model):
            if self.max_tokens is not None:
                raise BadRequest(
                    "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead.",
                    param="max_tokens",
                    code="unsupported_parameter",
                )
            if self.temperature not in (None, 1):
                raise BadRequest(
                    "Unsupported value: 'temperature'. Only the default (1) is supported.",
                    param="temperature",
                    code="unsupported_value",
                )
        if self.wants_json and not any("json" in text.casefold() for text in self.texts):
            raise BadRequest("'messages' must contain the word 'json' in some form.", param="messages")
        self._check_schemas()
        self._check_calls()
        for message in self.messages:
            if isinstance(message, _User) and not isinstance(message.content, str):
                for part in message.content:
                    if isinstance(part, _Picture):
                        check_address(part.image_url.url)

    def _check_schemas(self) -> None:
        wanted = self.response_format
        if isinstance(wanted, _BySchema) and wanted.json_schema.strict:
            check_strict(wanted.json_schema.schema or {}, "response_format")
        for number, tool in enumerate(self.tools or ()):
            if tool.function.strict:
                check_strict(tool.function.parameters or {}, f"tools[{number}].function.parameters")

    def _check_calls(self) -> None:
        """Each call is answered by the messages that follow it, and nothing else is."""
        open_calls: set[str] = set()
        for number, message in enumerate(self.messages):
            if isinstance(message, _Result):
                if message.tool_call_id not in open_calls:
                    raise BadRequest(
                        "messages with role 'tool' must be a response to a preceding message with 'tool_calls'.",
                        param=f"messages.[{number}].role",
                    )
                open_calls.discard(message.tool_call_id)
                continue
            if open_calls:
                break
            if isinstance(message, _Assistant):
                if message.content is None and not message.tool_calls:
                    raise BadRequest("Expected 'content' or 'tool_calls'.", param=f"messages.[{number}].content")
                open_calls = {call.id for call in message.tool_calls or ()}
        if open_calls:
            raise BadRequest(
                "An assistant message with 'tool_calls' must be followed by tool messages responding to each "
                f"'tool_call_id'. These did not have response messages: {', '.join(sorted(open_calls))}",
                param="messages",
            )


class Drawing(msgspec.Struct, kw_only=True):
    """A request for pictures; for an edit with what is edited."""

    prompt: Annotated[str, msgspec.Meta(min_length=1, max_length=32_000)]
    model: str = "dall-e-2"
    n: Annotated[int, msgspec.Meta(ge=1, le=10)] | None = None
    size: str | None = None
    quality: Literal["standard", "hd", "low", "medium", "high", "auto"] | None = None
    response_format: Literal["url", "b64_json"] | None = None
    output_format: Literal["png", "jpeg", "webp"] | None = None
    output_compression: Annotated[int, msgspec.Meta(ge=0, le=100)] | None = None
    background: Literal["transparent", "opaque", "auto"] | None = None
    moderation: Literal["low", "auto"] | None = None
    style: Literal["vivid", "natural"] | None = None
    stream: bool | None = None
    user: str | None = None
    input_fidelity: Literal["low", "high"] | None = None
    image: list[bytes] = []
    mask: bytes | None = None

    @property
    def is_gpt(self) -> bool:
        return not self.model.startswith("dall-e")

    @property
    def pixels(self) -> tuple[int, int]:
        """Width and height of what is drawn."""
        if self.size is None or self.size == "auto":
            return 1024, 1024
        width, _, height = self.size.partition("x")
        return int(width), int(height)

    def check(self) -> None:
        if self.stream:
            raise BadRequest("This server of the tests does not stream pictures.", param="stream")
        if self.is_gpt and self.response_format is not None:
            raise BadRequest("Unknown parameter: 'response_format'.", param="response_format", code="unknown_parameter")
        if not self.is_gpt:
            for name in ("output_format", "output_compression", "background", "moderation", "input_fidelity"):
                if getattr(self, name) is not None:
                    raise BadRequest(f"Unknown parameter: '{name}'.", param=name, code="unknown_parameter")
        if self.background == "transparent" and self.output_format == "jpeg":
            raise BadRequest("Transparent background is not supported for jpeg.", param="background")
        self._check_size()

    def _check_size(self) -> None:
        if self.size is None:
            return
        fixed = SIZES.get(self.model)
        if fixed is None and self.model.startswith("gpt-image-1"):
            fixed = SIZES["gpt-image-1"]
        if fixed is not None:
            fits = self.size in fixed
        elif self.size == "auto":
            fits = True
        else:
            match = re.fullmatch(r"(\d{2,4})x(\d{2,4})", self.size)
            width, height = (int(match[1]), int(match[2])) if match else (1, 1)
            fits = width % 16 == height % 16 == 0 and max(width, height) <= 3840 and 3 * width >= height <= 3 * height
            fits = fits and width <= 3 * height
        if not fits:
            raise BadRequest(f"Invalid value: '{self.size}'.", param="size", code="invalid_value")

    def check_files(self) -> None:
        """What is edited must be pictures of a kind that the vendor takes."""
        if not self.image:
            raise BadRequest("Missing required parameter: 'image'.", param="image", code="missing_required_parameter")
        if len(self.image) > 16:
            raise BadRequest("At most 16 images are taken.", param="image")
        for data in self.image:
            opened(data, param="image")
        if self.mask is not None and opened(self.mask, param="mask").size != opened(self.image[0], param="image").size:
            raise BadRequest("The mask must have the size of the image.", param="mask")


class Embedding(msgspec.Struct, kw_only=True):
    """A request for vectors."""

    model: str
    input: str | list[str | int | list[int]]
    encoding_format: Literal["float", "base64"] | None = None
    dimensions: Count | None = None
    user: str | None = None

    @property
    def inputs(self) -> list[str | list[int]]:
        if isinstance(self.input, str):
            return [self.input]
        numbers = [one for one in self.input if isinstance(one, int)]
        if numbers:
            return [numbers]
        return [one for one in self.input if not isinstance(one, int)]

    def check(self) -> None:
        if not isinstance(self.input, str) and len({type(one) for one in self.input}) > 1:
            raise BadRequest("'$.input' is invalid: texts and tokens cannot stand side by side.", param="input")
        if not self.input or not all(self.inputs):
            raise BadRequest("'$.input' is invalid: an input must not be empty.", param="input")
        if len(self.inputs) > 2048:
            raise BadRequest("'$.input' is invalid: at most 2048 inputs are taken.", param="input")
        if self.dimensions is not None:
            if self.model == "text-embedding-ada-002":
                raise BadRequest("This model does not support specifying dimensions.", param="dimensions")
            if self.dimensions > 3072:
                raise BadRequest("Invalid value for 'dimensions'.", param="dimensions", code="invalid_value")


class Moderation(msgspec.Struct, kw_only=True):
    """A request for a judgement."""

    input: str | list[str | _Text | _Picture]
    model: str = "omni-moderation-latest"

    @property
    def inputs(self) -> list[str]:
        """The texts that are judged, one for each result: parts of several kinds are judged together."""
        if isinstance(self.input, str):
            return [self.input]
        if all(isinstance(one, str) for one in self.input):
            return [one for one in self.input if isinstance(one, str)]
        return ["\n".join(one.text for one in self.input if isinstance(one, _Text))]

    def check(self) -> None:
        if not self.input:
            raise BadRequest("'input' must not be empty.", param="input")
        parts = [] if isinstance(self.input, str) else [one for one in self.input if not isinstance(one, str)]
        if parts and len(parts) < len(self.input):
            raise BadRequest("Texts and parts cannot stand side by side.", param="input")
        for part in parts:
            if isinstance(part, _Picture):
                check_address(part.image_url.url)


_KINDS: Mapping[Endpoint, type[Chat | Drawing | Embedding | Moderation]] = {
    Endpoint.CHAT: Chat,
    Endpoint.IMAGES: Drawing,
    Endpoint.EDITS: Drawing,
    Endpoint.EMBEDDINGS: Embedding,
    Endpoint.MODERATIONS: Moderation,
}


def read(endpoint: Endpoint, body: dict[str, Any]) -> Chat | Drawing | Embedding | Moderation:
    """Return what is asked for.

    :raises BadRequest: the vendor would not take it
    """
    for name in body:
        if name not in PARAMETERS[endpoint]:
            raise BadRequest(f"Unknown parameter: '{name}'.", param=name, code="unknown_parameter")
    try:
        asked = msgspec.convert(body, _KINDS[endpoint], strict=endpoint is not Endpoint.EDITS)
    except msgspec.ValidationError as error:
        problem, _, place = str(error).partition(" - at ")
        raise BadRequest(f"Invalid request: {error}", param=place.strip("`$.") or None, code=_code(problem)) from error
    asked.check()
    if endpoint is Endpoint.EDITS and isinstance(asked, Drawing):
        asked.check_files()
    return asked


def _code(problem: str) -> str | None:
    return "missing_required_parameter" if "missing required field" in problem else "invalid_type"
