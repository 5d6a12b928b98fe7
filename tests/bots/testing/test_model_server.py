"""The model server for tests: driven by the vendor's SDK, judged by the vendor's contract, as strict as the vendor."""

import base64
import io
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import httpx2
import openai
import pytest
import pytest_asyncio
from jsonschema import ValidationError
from openai_contract import Contract, contract_in
from PIL import Image

from greenroom.testing.models import (
    Breaks,
    Calls,
    CutsOff,
    Endpoint,
    Fails,
    Filters,
    ModelServer,
    Order,
    Refuses,
    Says,
    Sends,
)

HELLO: list[Any] = [{"role": "user", "content": "Hello there"}]
TIDE: Any = {
    "type": "function",
    "function": {
        "name": "tide",
        "strict": True,
        "parameters": {
            "type": "object",
            "properties": {"port": {"type": "string"}},
            "required": ["port"],
            "additionalProperties": False,
        },
    },
}
CALL: Any = {"id": "c1", "type": "function", "function": {"name": "tide", "arguments": "{}"}}


@pytest.fixture(scope="session")
def contract(specs: Path) -> Contract:
    return contract_in(specs)


@pytest_asyncio.fixture
async def server(contract: Contract) -> AsyncIterator[ModelServer]:
    async with ModelServer() as server:
        yield server
        contract.judge_all(server.exchanges)


@pytest_asyncio.fixture
async def client(server: ModelServer) -> AsyncIterator[openai.AsyncOpenAI]:
    async with client_of(server) as client:
        yield client


def client_of(server: ModelServer, key: str = "sk-test") -> openai.AsyncOpenAI:
    # loading certificates takes longer than any of these tests
    http = httpx2.AsyncClient(trust_env=False, verify=False)
    return openai.AsyncOpenAI(api_key=key, base_url=server.url, max_retries=0, http_client=http)


def png(size: tuple[int, int] = (64, 48), kind: str = "png") -> bytes:
    written = io.BytesIO()
    Image.new("RGB", size, "red").save(written, kind)
    return written.getvalue()


def data_url(data: bytes, kind: str = "png") -> str:
    return f"data:image/{kind};base64,{base64.b64encode(data).decode()}"


async def raw(server: ModelServer, body: object, *, on: str = "/chat/completions") -> tuple[int, dict[str, Any]]:
    written = body if isinstance(body, bytes) else json.dumps(body).encode()
    async with (
        aiohttp.ClientSession(headers={"Authorization": "Bearer sk"}) as http,
        http.post(server.url + on, data=written) as answer,
    ):
        return answer.status, await answer.json()


def test_the_contract_is_a_judge(contract: Contract) -> None:
    for schema, body in (
        ("CreateChatCompletionResponse", {"id": "x"}),
        ("CreateChatCompletionRequest", {"model": "m"}),
        ("CreateChatCompletionStreamResponse", {"id": "x"}),
        ("CreateEmbeddingResponse", {"object": "list"}),
        ("ErrorResponse", {"error": {"message": "x"}}),
    ):
        with pytest.raises(ValidationError):
            contract.judge(schema, body)


# Chat


@pytest.mark.asyncio
async def test_what_was_ordered_is_said_once_each_and_then_what_always_is(
    server: ModelServer, client: openai.AsyncOpenAI
) -> None:
    server.will(Says("One."), Says("Two."))
    said = [await _say(client) for _ in range(3)]
    server.always(Says("As always."))
    said += [await _say(client) for _ in range(2)]
    server.always(None)
    assert [*said, await _say(client)] == [
        "One.",
        "Two.",
        "This is answer 3.",
        "As always.",
        "As always.",
        "This is answer 6.",
    ]
    assert server.asked() == [{"model": "gpt-5-mini", "messages": HELLO}] * 6
    assert server.exchanges[0].authorization == "Bearer sk-test"


@pytest.mark.asyncio
async def test_an_author_of_bots_can_say_how_it_writes() -> None:
    def writes(body: dict[str, Any]) -> str | Order:
        asked = body["messages"][-1]["content"]
        return Refuses("No.") if asked == "bad" else f"You said: {asked}"

    async with ModelServer(writes=writes) as server, client_of(server) as client:
        assert await _say(client) == "You said: Hello there"
        refused = await client.chat.completions.create(model="m", messages=[{"role": "user", "content": "bad"}])
        assert (refused.choices[0].message.content, refused.choices[0].message.refusal) == (None, "No.")


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("order", "content", "finish"),
    [
        (CutsOff("Half a"), "Half a", "length"),
        (CutsOff(None), None, "length"),
        (Filters("Half a"), "Half a", "content_filter"),
        (Says("Whole. STOP and more"), "Whole. ", "stop"),
    ],
)
async def test_an_answer_ends_as_it_was_ordered(
    server: ModelServer, client: openai.AsyncOpenAI, order: Order, content: str | None, finish: str
) -> None:
    server.will(order, order)
    answer = await client.chat.completions.create(model="m", messages=HELLO, stop="STOP")
    streamed = await _streamed(client, stop="STOP")
    assert (answer.choices[0].message.content, answer.choices[0].finish_reason) == (content, finish)
    assert streamed == (content or "", finish)


@pytest.mark.asyncio
async def test_the_callers_own_limit_cuts_an_answer_off(client: openai.AsyncOpenAI, server: ModelServer) -> None:
    server.will(Says("one two three four"), Says("one two"))
    cut = await client.chat.completions.create(model="m", messages=HELLO, max_completion_tokens=2)
    whole = await client.chat.completions.create(model="m", messages=HELLO, max_completion_tokens=2)
    assert (cut.choices[0].message.content, cut.choices[0].finish_reason) == ("one two", "length")
    assert (whole.choices[0].message.content, whole.choices[0].finish_reason) == ("one two", "stop")
    assert cut.usage is not None
    assert (cut.usage.prompt_tokens, cut.usage.completion_tokens, cut.usage.total_tokens) == (6, 2, 8)


@pytest.mark.asyncio
async def test_a_stream_gives_the_same_words_and_the_count_where_it_is_wanted(
    server: ModelServer, client: openai.AsyncOpenAI
) -> None:
    server.always(Says("Wind west, 5. Lamp lit."))
    assert await _streamed(client) == ("Wind west, 5. Lamp lit.", "stop")
    stream = await client.chat.completions.create(
        model="m", messages=HELLO, stream=True, stream_options={"include_usage": True}
    )
    chunks = [chunk async for chunk in stream]
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.completion_tokens == 8
    assert all(chunk.usage is None for chunk in chunks[:-1])


@pytest.mark.asyncio
async def test_tools_are_called_whole_and_in_pieces(server: ModelServer, client: openai.AsyncOpenAI) -> None:
    order = Calls(("tide", {"port": "Cascais, by the sea"}), ("tide", "not json"), text="Let me look.")
    server.will(order, order)
    whole = await client.chat.completions.create(model="m", messages=HELLO, tools=[TIDE])
    assert whole.choices[0].finish_reason == "tool_calls"
    called = whole.choices[0].message.tool_calls or []
    spelled = [(call.id, call.function.name, call.function.arguments) for call in called if call.type == "function"]
    assert spelled == [("call_1_0", "tide", '{"port": "Cascais, by the sea"}'), ("call_1_1", "tide", "not json")]
    pieces: dict[int, str] = {}
    async for chunk in await client.chat.completions.create(model="m", messages=HELLO, tools=[TIDE], stream=True):
        for call in chunk.choices[0].delta.tool_calls or ():
            assert call.function is not None
            pieces[call.index] = pieces.get(call.index, "") + (call.function.arguments or "")
    assert list(pieces.values()) == [arguments for _, _, arguments in spelled]


@pytest.mark.asyncio
async def test_results_of_tools_are_taken_after_their_calls(server: ModelServer, client: openai.AsyncOpenAI) -> None:
    answered: list[Any] = [*HELLO, {"role": "assistant", "tool_calls": [CALL]}]
    answered.append({"role": "tool", "tool_call_id": "c1", "content": "High at nine."})
    assert (await client.chat.completions.create(model="m", messages=answered)).choices[0].message.content


@pytest.mark.asyncio
async def test_an_answer_by_a_schema_keeps_to_it(client: openai.AsyncOpenAI) -> None:
    schema = {
        "type": "object",
        "properties": {
            "kind": {"enum": ["calm", "rough"]},
            "knots": {"type": "integer", "minimum": 3},
            "places": {"type": "array", "items": {"$ref": "#/$defs/place"}},
            "why": {"type": ["string", "null"]},
        },
        "required": ["kind", "knots", "places", "why"],
        "additionalProperties": False,
        "$defs": {"place": {"anyOf": [{"const": "Cascais"}, {"type": "null"}]}},
    }
    answer = await client.chat.completions.create(
        model="m",
        messages=HELLO,
        response_format={"type": "json_schema", "json_schema": {"name": "sea", "schema": schema, "strict": True}},
    )
    assert answer.choices[0].message.content == '{"kind": "calm", "knots": 3, "places": ["Cascais"], "why": "words"}'
    asked: list[Any] = [{"role": "user", "content": "Answer in JSON"}]
    free = await client.chat.completions.create(model="m", messages=asked, response_format={"type": "json_object"})
    assert free.choices[0].message.content == '{"number": 2}'


@pytest.mark.asyncio
async def test_pictures_are_read(client: openai.AsyncOpenAI) -> None:
    shown: list[Any] = [
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "What is this?"},
                {"type": "image_url", "image_url": {"url": data_url(png()), "detail": "low"}},
                {"type": "image_url", "image_url": {"url": "https://example.org/cat.jpg"}},
            ],
        }
    ]
    assert (await client.chat.completions.create(model="m", messages=shown)).choices[0].message.content


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"messages": HELLO}, None),
        ({"model": "m"}, None),
        ({"model": "m", "messages": []}, "messages"),
        ({"model": "m", "messages": "Hello"}, "messages"),
        ({"model": "m", "messages": [{"role": "clown", "content": "x"}]}, "messages[0].role"),
        ({"model": "m", "messages": [{"role": "user", "content": "x", "mood": "y"}]}, "messages[0]"),
        ({"model": "m", "messages": HELLO, "colour": "blue"}, "colour"),
        ({"model": "m", "messages": HELLO, "max_completion_tokens": "9"}, "max_completion_tokens"),
        ({"model": "m", "messages": HELLO, "max_completion_tokens": 0}, "max_completion_tokens"),
        ({"model": "m", "messages": HELLO, "temperature": 3}, "temperature"),
        ({"model": "gpt-5-mini", "messages": HELLO, "max_tokens": 9}, "max_tokens"),
        ({"model": "o3", "messages": HELLO, "temperature": 0}, "temperature"),
        ({"model": "m", "messages": HELLO, "stream_options": {"include_usage": True}}, "stream_options"),
        ({"model": "m", "messages": HELLO, "tool_choice": "auto"}, "tool_choice"),
        ({"model": "m", "messages": HELLO, "tools": []}, "tools"),
        ({"model": "m", "messages": HELLO, "tools": [{"type": "function", "function": {"name": "a b"}}]}, "tools"),
        ({"model": "m", "messages": HELLO, "response_format": {"type": "json_object"}}, "messages"),
        ({"model": "m", "messages": [{"role": "assistant"}]}, "messages.[0].content"),
        ({"model": "m", "messages": [{"role": "tool", "tool_call_id": "c1", "content": "x"}]}, "messages.[0].role"),
        ({"model": "m", "messages": [{"role": "assistant", "tool_calls": [CALL]}]}, "messages"),
        ({"model": "m", "messages": [{"role": "assistant", "tool_calls": [CALL]}, *HELLO]}, "messages"),
        ([], None),
        (b"{", None),
        (b"\xff", None),
    ],
)
async def test_what_the_vendor_turns_away_is_turned_away(server: ModelServer, body: object, param: str | None) -> None:
    server.will(Says("It waits for a request that is right."))
    status, answer = await raw(server, body)
    assert status == 400
    assert answer["error"]["type"] == "invalid_request_error"
    if param is not None:
        assert answer["error"]["param"].startswith(param)
    _, answer = await raw(server, {"model": "m", "messages": HELLO})
    assert answer["choices"][0]["message"]["content"] == "It waits for a request that is right."


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "schema",
    [
        {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]},
        {"type": "object", "properties": {"a": {}}, "required": [], "additionalProperties": False},
        {"type": "array", "items": {"type": "object"}},
        {"anyOf": [{"type": "object"}]},
        {"$defs": {"a": {"type": "object"}}},
    ],
)
async def test_a_strict_schema_must_be_strict(server: ModelServer, schema: dict[str, Any]) -> None:
    tool = {"type": "function", "function": {"name": "tide", "strict": True, "parameters": schema}}
    status, answer = await raw(server, {"model": "m", "messages": HELLO, "tools": [tool]})
    assert (status, answer["error"]["code"]) == (400, "invalid_function_parameters")


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "url",
    ["file:///etc/passwd", "data:text/plain;base64,eA==", "data:image/png;base64,!", data_url(b"no picture"), "data:,"],
)
async def test_a_picture_that_is_none_is_turned_away(server: ModelServer, url: str) -> None:
    content = [{"type": "image_url", "image_url": {"url": url}}]
    for on, body in (
        ("/chat/completions", {"model": "m", "messages": [{"role": "user", "content": content}]}),
        ("/moderations", {"input": content}),
    ):
        assert (await raw(server, body, on=on))[0] == 400


@pytest.mark.asyncio
async def test_a_key_and_a_model_that_it_does_not_know_are_told(contract: Contract) -> None:
    async with ModelServer(key="sk-right", models=["gpt-5-mini"]) as server:
        async with client_of(server, "sk-wrong") as client:
            for call in (_say(client), client.models.list()):
                with pytest.raises(openai.AuthenticationError) as wrong:
                    await call
                assert wrong.value.code == "invalid_api_key"
        async with client_of(server, "sk-right") as client:
            assert await _say(client) == "This is answer 1."
            with pytest.raises(openai.NotFoundError) as unknown:
                await client.embeddings.create(model="nobody", input="x")
            assert unknown.value.code == "model_not_found"
            assert [model.id async for model in client.models.list()] == ["gpt-5-mini"]
        contract.judge_all(server.exchanges)


# Trouble


@pytest.mark.asyncio
@pytest.mark.parametrize("endpoint", list(Endpoint))
async def test_every_address_fails_as_ordered_and_works_again(server: ModelServer, endpoint: Endpoint) -> None:
    limited = Fails(429, code="rate_limit_exceeded", headers={"Retry-After": "7"})
    server.will(limited, Fails(500), on=endpoint)
    async with client_of(server) as client:
        with pytest.raises(openai.RateLimitError) as wait:
            await _ask(client, endpoint)
        assert wait.value.response.headers["retry-after"] == "7"
        assert wait.value.code == "rate_limit_exceeded"
        with pytest.raises(openai.InternalServerError):
            await _ask(client, endpoint)
        await _ask(client, endpoint)


@pytest.mark.asyncio
@pytest.mark.parametrize("endpoint", list(Endpoint))
@pytest.mark.parametrize("at", [0.0, 0.5])
async def test_every_address_can_be_cut(server: ModelServer, endpoint: Endpoint, at: float) -> None:
    server.will(Breaks(at), on=endpoint)
    async with client_of(server) as client:
        with pytest.raises(openai.APIConnectionError):
            await _ask(client, endpoint)
        await _ask(client, endpoint)


@pytest.mark.asyncio
async def test_a_stream_is_cut_in_the_middle(server: ModelServer, client: openai.AsyncOpenAI) -> None:
    server.will(Breaks(0.5, Says("one two three four five six")))
    heard: list[str] = []
    stream = await client.chat.completions.create(model="m", messages=HELLO, stream=True)

    async def listen() -> None:
        async for chunk in stream:
            heard.append(chunk.choices[0].delta.content or "")

    with pytest.raises((openai.APIConnectionError, httpx2.RemoteProtocolError)):
        await listen()
    assert 0 < len("".join(heard)) < len("one two three four five six")
    assert server.exchanges[0].chunks


@pytest.mark.asyncio
async def test_an_answer_waits_for_its_gate_and_the_end_of_the_block_lets_nobody_hang() -> None:
    async with ModelServer() as server, client_of(server) as client:
        server.gate.clear()
        with pytest.raises(openai.APITimeoutError):
            await _say(client.with_options(timeout=0.2))
        server.will(Says("late", wait=30))
        server.gate.set()
        with pytest.raises(openai.APITimeoutError):
            await _say(client.with_options(timeout=0.2))
        assert server.most_at_work == 1
    with pytest.raises(RuntimeError, match="does not run"):
        _ = ModelServer().url


@pytest.mark.asyncio
async def test_bytes_that_no_contract_knows_are_sent_as_they_are(server: ModelServer) -> None:
    server.will(Sends(b"<html>gateway</html>", status=502, headers={"Content-Type": "text/html"}))
    async with client_of(server) as client:
        with pytest.raises(openai.InternalServerError) as failed:
            await _say(client)
    assert failed.value.response.content == b"<html>gateway</html>"


# Pictures


@pytest.mark.asyncio
async def test_a_picture_is_a_file_of_the_size_asked_for_and_the_same_each_time(
    server: ModelServer, client: openai.AsyncOpenAI
) -> None:
    async def drawn(prompt: str, **more: Any) -> bytes:
        answer = await client.images.generate(model="gpt-image-1", prompt=prompt, **more)
        assert answer.data is not None
        return base64.b64decode(answer.data[0].b64_json or "")

    first, again, other = await drawn("a gull"), await drawn("a gull"), await drawn("a ship")
    assert first == again != other
    assert Image.open(io.BytesIO(first)).size == (1024, 1024)
    tall = Image.open(io.BytesIO(await drawn("a gull", size="1024x1536", output_format="webp", quality="low")))
    assert (tall.size, tall.format) == ((1024, 1536), "WEBP")
    assert server.exchanges[-1].answer["usage"]["output_tokens"] == 408
    clear = Image.open(io.BytesIO(await drawn("a gull", background="transparent")))
    assert clear.getchannel("A").getextrema() == (0, 255)


@pytest.mark.asyncio
async def test_an_older_model_gives_addresses_from_which_the_files_can_be_read(client: openai.AsyncOpenAI) -> None:
    answer = await client.images.generate(model="dall-e-2", prompt="a gull", size="256x256", n=2)
    assert answer.data is not None
    async with aiohttp.ClientSession() as http:
        files = [await (await http.get(one.url or "")).read() for one in answer.data]
        assert (await http.get(f"{answer.data[0].url}x")).status == 404
    assert [Image.open(io.BytesIO(file)).size for file in files] == [(256, 256)] * 2
    assert files[0] != files[1]


@pytest.mark.asyncio
async def test_an_edit_shows_what_was_edited(server: ModelServer, client: openai.AsyncOpenAI) -> None:
    answer = await client.images.edit(
        model="gpt-image-1", image=[("a.png", png(), "image/png")], prompt="at dusk", mask=("m.png", png()), n=1
    )
    assert answer.data is not None
    edited = Image.open(io.BytesIO(base64.b64decode(answer.data[0].b64_json or "")))
    assert edited.getpixel((512, 512)) == (255, 0, 0)
    assert edited.getpixel((2, 2)) != (255, 0, 0)
    assert server.asked(Endpoint.EDITS)[0]["image"] == [png()]
    assert server.exchanges[0].answer["usage"]["input_tokens_details"]["image_tokens"] > 0


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "body",
    [
        {"model": "gpt-image-1"},
        {"prompt": ""},
        {"prompt": "a", "model": "gpt-image-1", "size": "1000x1000"},
        {"prompt": "a", "model": "gpt-image-1-mini", "size": "256x256"},
        {"prompt": "a", "model": "gpt-image-2", "size": "1001x1000"},
        {"prompt": "a", "model": "gpt-image-2", "size": "3200x160"},
        {"prompt": "a", "model": "gpt-image-2", "size": "wide"},
        {"prompt": "a", "model": "dall-e-3", "size": "512x512"},
        {"prompt": "a", "model": "dall-e-3", "output_format": "png"},
        {"prompt": "a", "model": "gpt-image-1", "response_format": "url"},
        {"prompt": "a", "model": "gpt-image-1", "n": 11},
        {"prompt": "a", "model": "gpt-image-1", "background": "transparent", "output_format": "jpeg"},
        {"prompt": "a", "model": "gpt-image-1", "stream": True},
    ],
)
async def test_a_picture_that_the_vendor_would_not_draw_is_turned_away(
    server: ModelServer, body: dict[str, Any]
) -> None:
    assert (await raw(server, body, on="/images/generations"))[0] == 400


@pytest.mark.asyncio
async def test_an_edit_of_what_is_no_picture_is_turned_away(server: ModelServer, client: openai.AsyncOpenAI) -> None:
    cases: list[dict[str, Any]] = [
        {"image": ("a.png", b"no picture")},
        {"image": ("a.bmp", png(kind="bmp"))},
        {"image": [("a.png", png())] * 17},
        {"image": ("a.png", png()), "mask": ("m.png", png((3, 3)))},
    ]
    for case in cases:
        with pytest.raises(openai.BadRequestError):
            await client.images.edit(model="gpt-image-1", prompt="dusk", **case)
    assert (await raw(server, {"prompt": "dusk"}, on="/images/edits"))[0] == 400


# Vectors and judgements


@pytest.mark.asyncio
async def test_embeddings_are_the_same_each_time_and_nearer_the_more_they_share(client: openai.AsyncOpenAI) -> None:
    texts = ["the harbour at dawn", "harbours at dawn, the", "a recipe for soup", "the harbour at dawn"]
    answer = await client.embeddings.create(model="text-embedding-3-small", input=texts, dimensions=256)
    one, near, far, same = (item.embedding for item in answer.data)

    def likeness(a: list[float], b: list[float]) -> float:
        return sum(x * y for x, y in zip(a, b, strict=True))

    assert one == same
    assert len(one) == 256
    assert likeness(one, one) == pytest.approx(1, abs=1e-5)
    assert likeness(one, near) > 0.5 > likeness(one, far)
    plain = await client.embeddings.create(model="m", input=texts[0], dimensions=256, encoding_format="float")
    assert plain.data[0].embedding == pytest.approx(one, abs=1e-6)
    usual = await client.embeddings.create(model="text-embedding-3-large", input=[[1, 2], [3]])
    assert [len(item.embedding) for item in usual.data] == [3072, 3072]
    assert usual.usage.total_tokens == 3


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "body",
    [
        {"model": "m"},
        {"model": "m", "input": ""},
        {"model": "m", "input": []},
        {"model": "m", "input": ["a", ""]},
        {"model": "m", "input": ["a"] * 2049},
        {"model": "m", "input": "a", "dimensions": 0},
        {"model": "m", "input": "a", "dimensions": 9999},
        {"model": "text-embedding-ada-002", "input": "a", "dimensions": 9},
        {"model": "m", "input": "a", "encoding_format": "hex"},
    ],
)
async def test_what_cannot_be_embedded_is_turned_away(server: ModelServer, body: dict[str, Any]) -> None:
    assert (await raw(server, body, on="/embeddings"))[0] == 400


@pytest.mark.asyncio
async def test_a_moderation_flags_the_words_it_was_told(server: ModelServer, client: openai.AsyncOpenAI) -> None:
    server.flags["KNIFE"] = "violence"
    answer = await client.moderations.create(input=["a walk", "a knife"], model="omni-moderation-latest")
    assert [result.flagged for result in answer.results] == [False, True]
    assert answer.results[1].categories.violence
    assert not answer.results[1].categories.hate
    assert answer.results[1].category_scores.violence > 0.9
    server.flags["blade"] = ("violence", 0.3)
    (doubtful,) = (await client.moderations.create(input="a blade")).results
    assert (doubtful.flagged, doubtful.category_scores.violence) == (False, 0.3)
    parts: Any = [{"type": "text", "text": "knife"}, {"type": "image_url", "image_url": {"url": data_url(png())}}]
    assert [result.flagged for result in (await client.moderations.create(input=parts)).results] == [True]
    for wrong in ([], ["a", *parts], 3):
        assert (await raw(server, {"input": wrong}, on="/moderations"))[0] == 400


async def _say(client: openai.AsyncOpenAI) -> str | None:
    answer = await client.chat.completions.create(model="gpt-5-mini", messages=HELLO)
    return answer.choices[0].message.content


async def _streamed(client: openai.AsyncOpenAI, **more: Any) -> tuple[str, str | None]:
    text, finish = "", None
    stream: Any = await client.chat.completions.create(model="m", messages=HELLO, stream=True, **more)
    async for chunk in stream:
        text += chunk.choices[0].delta.content or ""
        finish = chunk.choices[0].finish_reason or finish
    return text, finish


async def _ask(client: openai.AsyncOpenAI, endpoint: Endpoint) -> object:
    match endpoint:
        case Endpoint.CHAT:
            return await _say(client)
        case Endpoint.IMAGES:
            return await client.images.generate(model="gpt-image-1", prompt="a gull")
        case Endpoint.EDITS:
            return await client.images.edit(model="gpt-image-1", prompt="dusk", image=("a.png", png()))
        case Endpoint.EMBEDDINGS:
            return await client.embeddings.create(model="m", input="a")
        case Endpoint.MODERATIONS:
            return await client.moderations.create(input="a")
