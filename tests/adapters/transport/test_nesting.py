"""An answer in which one part is nested too deep stays readable but for that part."""

import json
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from greenroom_adapters.contract import Unavailable
from greenroom_adapters.transport import Answer, Effect, Http
from greenroom_adapters.transport.nesting import flattened, levelled


def nested(depth: int, innermost: str = "1") -> str:
    return '{"a": [' * (depth // 2) + innermost + "]}" * (depth // 2)


@pytest.mark.parametrize(
    "value",
    [
        {"a": [1, {"b": "]}"}, '"[{\\', ["\\\\", "\\"], {}], "c": None},
        [],
        "[[[",
        [[[[]]], {"x": {"y": {"z": []}}}],
    ],
)
def test_what_is_not_too_deep_stays_as_it_is(value: Any) -> None:
    text = json.dumps(value).encode()
    assert flattened(text, deepest=5) == text


def test_what_is_too_deep_is_null_and_its_neighbours_stay() -> None:
    text = b'{"a": [[1, [2, "]"]], {"b": {"c": {}}}], "d": "e"}'
    assert json.loads(flattened(text, deepest=2)) == {"a": [None, None], "d": "e"}
    assert json.loads(flattened(text, deepest=3)) == {"a": [[1, None], {"b": None}], "d": "e"}
    assert json.loads(flattened(text, deepest=4)) == {"a": [[1, [2, "]"]], {"b": {"c": None}}], "d": "e"}


def test_it_takes_time_in_proportion_to_its_length_however_deep() -> None:
    assert json.loads(flattened((nested(2_000_000) + " ").encode(), deepest=2)) == {"a": [None]}


@pytest.mark.parametrize("text", [b"", b"[", b"]]]]", b'"', b'{"a": "\\', b"[[[[", b"}{"])
def test_what_is_no_json_stays_none(text: bytes) -> None:
    with pytest.raises(json.JSONDecodeError):
        json.loads(flattened(text, deepest=2))


def test_one_item_of_an_answer_does_not_take_the_others_away() -> None:
    items = [{"n": 1}, {"n": 2, "deep": "DEEP"}, {"n": 3}]
    body = json.dumps({"items": items}).replace('"DEEP"', nested(20_000)).encode()
    decoder = msgspec.json.Decoder(dict[str, list[dict[str, Any]]])
    http = Http("http://localhost", platform="x", account="y")
    found = http.decode(Answer(status=200, headers={}, body=body, effect=Effect.REPEATABLE), decoder)
    assert [item["n"] for item in found["items"]] == [1, 2, 3]
    spoilt = Answer(status=200, headers={}, body=body[:-1], effect=Effect.REPEATABLE)
    with pytest.raises(Unavailable):
        http.decode(spoilt, decoder)


@pytest.mark.parametrize("encode", [str, str.encode])
def test_a_frame_is_levelled_only_where_it_is_too_deep(encode: Callable[[str], Any]) -> None:
    wide = encode(json.dumps([{"a": ["\ud83e", "[" * 300]}] * 300))
    assert levelled(wide) == wide
    deep = encode(f'{{"a": "ä", "b": {nested(150)}, "c": [{nested(20)}]}}')
    read = json.loads(levelled(deep))
    assert (read["a"], read["c"]) == ("ä", json.loads(f"[{nested(20)}]"))
    assert read["b"] != json.loads(nested(150))
    assert levelled(levelled(deep)) == levelled(deep)


def test_half_a_character_stands_in_the_way_of_nothing() -> None:
    assert json.loads(levelled(f'["\ud83e", {nested(150)}]'))[0] == "\ud83e"
