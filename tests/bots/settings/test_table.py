"""Small tables of an owner: what is read, and what is said of a line that cannot be."""

import contextlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenroom.settings.table import MOST_ROWS, TableError, read_table


def table(folder: Path, content: str | bytes) -> Path:
    path = folder / "boats.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


@pytest.mark.parametrize(
    ("content", "rows"),
    [
        ("day,boats\nMon,3\nTue,5.5\n", {"Mon": 3.0, "Tue": 5.5}),
        ("Mon,3\n\nTue,5\n", {"Mon": 3.0, "Tue": 5.0}),
        ("Tag;Boote\nMo;3,5\nDi;-2\n", {"Mo": 3.5, "Di": -2.0}),
        ("\ufeffMon\t3\n", {"Mon": 3.0}),
        ('"a, b",3,ignored\n', {"a, b": 3.0}),
    ],
)
def test_names_and_numbers_are_read_in_their_order(tmp_path: Path, content: str, rows: dict[str, float]) -> None:
    assert list(read_table(table(tmp_path, content)).items()) == list(rows.items())


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "boats.csv is empty"),
        ("day,boats\n", "boats.csv is empty"),
        ("Mon,3\nTue,five\n", "line 2: `five` is no number"),
        ("Mon,3\nTue,inf\n", "line 2: `inf` is no number"),
        ("Mon,3\nTue\n", "line 2: it has no number"),
        ("Mon,3\n,4\n", "line 2: its number has no name"),
        ("Mon,3\nMon,4\n", "line 2: `Mon` stands there twice"),
        ("".join(f"{n},1\n" for n in range(MOST_ROWS + 1)), f"line {MOST_ROWS + 1}: at most"),
        (b"\xff\xfe\x00", "no text in UTF-8"),
        ("x" * 70_000, "no small table"),
    ],
)
def test_a_line_that_cannot_be_drawn_is_told_with_its_place(tmp_path: Path, content: str | bytes, reason: str) -> None:
    with pytest.raises(TableError, match=reason):
        read_table(table(tmp_path, content))


@given(content=st.binary(max_size=300))
def test_no_bytes_are_more_than_a_mistake(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = table(tmp_path_factory.getbasetemp(), content)
    rows: dict[str, float] = {"refused": 0}
    with contextlib.suppress(TableError):
        rows = read_table(path)
    assert 0 < len(rows) <= MOST_ROWS
