"""Small tables of an owner: a name and a number in each line of a CSV file."""

import csv
import io
import math
from pathlib import Path

__all__ = ["MOST_ROWS", "TableError", "read_table"]

LARGEST = 64 * 1024
"""Bytes of a table."""
MOST_ROWS = 60
LONGEST_NAME = 80


class TableError(ValueError):
    """A table cannot be drawn; the message names the file, the line and what to write."""


def read_table(file: Path) -> dict[str, float]:
    """Return the numbers of a table by their names, in the order of its lines.

    Fields stand between commas, semicolons or tabs; where it is not the comma, a number may have one for its point. A
    first line without a number is the heading.

    :raises TableError: it cannot be read, or a line is not a name and a number
    """
    try:
        with file.open("rb") as opened:
            content = opened.read(LARGEST + 1)
        text = content.decode("utf-8-sig")
    except OSError as error:
        raise TableError(f"{file.name} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise TableError(f"{file.name} is no text in UTF-8: save it as CSV, UTF-8") from None
    if len(content) > LARGEST or "\0" in text:
        raise TableError(f"{file.name} is no small table: at most {MOST_ROWS} lines are drawn")
    delimiter = max(";\t,", key=text.partition("\n")[0].count)
    found: dict[str, float] = {}
    reader = csv.reader(io.StringIO(text), delimiter=delimiter)
    try:
        for fields in reader:
            if not any(field.strip() for field in fields):
                continue
            if len(fields) < 2:
                raise _wrong(file, reader.line_num, "it has no number: write name,number")
            name, number = fields[0].strip()[:LONGEST_NAME], _number(fields[1], delimiter)
            if number is None:
                if not found and reader.line_num == 1:
                    continue
                raise _wrong(file, reader.line_num, f"`{fields[1].strip()[:40]}` is no number")
            if not name:
                raise _wrong(file, reader.line_num, "its number has no name")
            if name in found:
                raise _wrong(file, reader.line_num, f"`{name}` stands there twice")
            found[name] = number
            if len(found) > MOST_ROWS:
                raise _wrong(file, reader.line_num, f"at most {MOST_ROWS} lines are drawn")
    except csv.Error as error:
        raise _wrong(file, reader.line_num, str(error)) from None
    if not found:
        raise TableError(f"{file.name} is empty: write a name and a number in each line")
    return found


def _number(text: str, delimiter: str) -> float | None:
    text = text.strip()
    if delimiter != "," and text.count(",") == 1 and "." not in text:
        text = text.replace(",", ".")
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) and abs(number) < 1e15 else None


def _wrong(file: Path, line: int, reason: str) -> TableError:
    return TableError(f"{file.name}, line {line}: {reason}")
