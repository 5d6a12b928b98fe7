"""A calendar: a table whose rows say when something is posted, and what."""

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, time, timedelta
from itertools import islice, pairwise
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from greenroom.origins.item import Item, is_of_our_time
from greenroom.origins.pictures import picture_beside
from greenroom.settings import BotFile, Mistake, Mistakes, Place
from greenroom.settings.names import nearest
from greenroom.settings.spelling import PLACE, WHEN, SpellingError
from greenroom_adapters.contract import Media, Visibility

__all__ = ["COLUMNS", "at_once", "has_ids", "read_calendar", "with_ids"]

COLUMNS = ("when", "text", "picture", "alt", "in", "id", "zone", "warning", "visibility")
"""All that a table may have; `when` and `text` it must have."""
LARGEST = 2 * 1024 * 1024
MOST_ROWS = 5000
NEAR = timedelta(minutes=30)
_ID = re.compile(r"[\w.-]{1,64}")
_THEIRS = {
    "date": "when",
    "time": "when",
    "datetime": "when",
    "post": "text",
    "content": "text",
    "message": "text",
    "say": "text",
    "image": "picture",
    "media": "picture",
    "alt text": "alt",
    "account": "in",
    "accounts": "in",
    "timezone": "zone",
    "cw": "warning",
}
"""What others call a column → what it is called here."""


def read_calendar(path: Path, body: bytes, *, file: BotFile) -> tuple[Item, ...]:
    """Return the rows of the table, by their times. `body` is what stands in it, and `file` the bot's, whose time zone
    and accounts it is about. Columns are parted by commas, semicolons or tabs.

    A row is told again by its `id`; in a table without that column by its `when` (of several at the same time by
    their order).

    :raises Mistakes: with every mistake, as file:line:column
    """
    if len(body) > LARGEST:
        raise Mistakes([Mistake(path=path, line=None, column=None, reason="the table is larger than 2 MB")])
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = body.count(b"\n", 0, error.start) + 1
        reason = "this is not UTF-8: save the table as CSV UTF-8"
        raise Mistakes([Mistake(path=path, line=line, column=1, reason=reason)]) from error
    table = _Table(path, text, file)
    items = sorted(table.items(), key=lambda item: item.when or datetime.max.replace(tzinfo=UTC))
    if table.mistakes:
        raise Mistakes(table.mistakes)
    return tuple(items)


def at_once(items: Sequence[Item], *, now: datetime) -> Iterator[str]:
    """Yield what of the rows is perhaps not meant: those that have passed, and those within half an hour of another."""
    past = sum(1 for item in items if item.when is not None and item.when < now)
    if past:
        rows = "1 row lies" if past == 1 else f"{past} rows lie"
        yield f"{rows} in the past: what was not posted then is not made up for"
    coming = [item for item in items if item.when is not None and item.when >= now]
    for one, next_one in pairwise(coming):
        meet = not one.places or not next_one.places or any(place in next_one.places for place in one.places)
        if meet and one.when is not None and next_one.when is not None and next_one.when - one.when < NEAR:
            yield f"`{one.text[:30]}` and `{next_one.text[:30]}` come within half an hour of each other"


def has_ids(text: str) -> bool:
    """Say whether the table has a column `id`."""
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text))
    return any("id" in [name.strip().casefold() for name in row] for row in islice(rows, 1))


def with_ids(text: str) -> str:
    """Return the table with a column `id` at its end that tells every row again; one that has it keeps it."""
    delimiter = _delimiter(text)
    rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    head = [name.strip().casefold() for name in rows[0]] if rows else []
    at = head.index("id") if "id" in head else len(head)
    known = {row[at].strip() for row in rows[1:] if len(row) > at}
    number = 0
    for place, row in enumerate(rows):
        if not any(cell.strip() for cell in row):
            continue
        row.extend([""] * (at + 1 - len(row)))
        if place == 0:
            row[at] = "id"
        elif not row[at].strip():
            while (number := number + 1) and f"row-{number}" in known:
                pass
            row[at] = f"row-{number}"
    written = io.StringIO(newline="")
    csv.writer(written, delimiter=delimiter, lineterminator="\n").writerows(rows)
    return written.getvalue()


def _delimiter(text: str) -> str:
    """Return what parts the columns: whichever of the three stands in the first line most often."""
    head = text.partition("\n")[0]
    return max(",;\t", key=head.count)


class _Table:
    def __init__(self, path: Path, text: str, file: BotFile) -> None:
        self.mistakes: list[Mistake] = []
        self._path = path
        self._lines = text.splitlines()
        self._text = text
        self._file = file
        self._seen: dict[str, int] = {}

    def items(self) -> Iterator[Item]:
        """Yield the rows that are in order; what is wrong with the others is among the mistakes."""
        reader = csv.reader(io.StringIO(self._text, newline=""), delimiter=_delimiter(self._text), strict=True)
        head: list[str] | None = None
        line = 1
        try:
            for cells in reader:
                if not any(cell.strip() for cell in cells):
                    pass
                elif head is None:
                    head = self._head(cells, line)
                    if self.mistakes:
                        return  # every row would lack what a misspelt column has
                elif reader.line_num and len(self._seen) >= MOST_ROWS:
                    self._wrong(line, "", f"a table has at most {MOST_ROWS} rows")
                    return
                elif len(cells) > len(head) and any(cell.strip() for cell in cells[len(head) :]):
                    reason = f"the row has {len(cells)} cells and the table {len(head)} columns: put the text in quotes"
                    self._wrong(line, cells[len(head)], reason)
                else:
                    row = {name: cell.strip() for name, cell in zip(head, cells, strict=False) if name}
                    if (item := self._item(row, line)) is not None:
                        yield item
                line = reader.line_num + 1
        except csv.Error as error:
            self._wrong(line, "", f"this row cannot be read: {error}")
            return
        if head is None:
            self._wrong(1, "", "the table is empty: its first row names the columns, when and text among them")

    def _head(self, cells: Sequence[str], line: int) -> list[str]:
        names: list[str] = []
        for cell in cells:
            name = " ".join(cell.split()).casefold()
            if name and name not in COLUMNS:
                meant = _THEIRS.get(name) or nearest(name, COLUMNS)
                mend = f"Did you mean `{meant}`?" if meant else f"There are: {', '.join(COLUMNS)}"
                self._wrong(line, cell, f"`{name[:40]}` is not a column of a calendar. {mend}")
            elif name and name in names:
                self._wrong(line, cell, f"there are two columns `{name}`: keep one of them")
            names.append(name)
        for needed in ("when", "text"):
            if needed not in names and not self.mistakes:
                self._wrong(line, "", f"there is no column `{needed}`")
        return names

    def _item(self, row: Mapping[str, str], line: int) -> Item | None:
        before = len(self.mistakes)
        when = self._when(row, line)
        if not row.get("text"):
            self._wrong(line, "", "text: there is nothing to say")
        media: tuple[Media, ...] = ()
        if name := row.get("picture"):
            try:
                media = (picture_beside(self._path.parent, name, row.get("alt", "")),)
            except ValueError as error:
                self._wrong(line, name, f"picture: {error}")
        elif alt := row.get("alt"):
            self._wrong(line, alt, "alt: it describes a picture, and there is none")
        visibility = row.get("visibility") or None
        if visibility is not None and visibility not in [*Visibility]:
            self._wrong(line, visibility, f"visibility: `{visibility[:40]}` is none of {', '.join(Visibility)}")
        places = tuple(self._places(row.get("in", ""), line))
        identity = self._identity(row, when, line)
        if len(self.mistakes) > before or when is None:
            return None
        return Item(
            marks=(identity,),
            text=row.get("text", ""),
            when=when,
            media=media,
            warning=row.get("warning") or None,
            visibility=None if visibility is None else Visibility(visibility),
            places=places,
        )

    def _when(self, row: Mapping[str, str], line: int) -> datetime | None:
        written = row.get("when", "")
        zone = self._file.timezone
        if name := row.get("zone"):
            try:
                zone = ZoneInfo(name)
            except (ZoneInfoNotFoundError, ValueError, OSError):
                self._wrong(line, name, f"zone: `{name[:40]}` is not a time zone. Write one like Europe/Lisbon")
        try:
            when = WHEN.read(written)
        except SpellingError:
            when = None
        if when is None or isinstance(when, time) or not is_of_our_time(when):
            said = f"`{written[:40]}` is no moment: write" if written else "write"
            self._wrong(line, written, f"when: {said} it like 2026-12-24 18:00")
            return None
        return when.replace(tzinfo=zone).astimezone(UTC)

    def _identity(self, row: Mapping[str, str], when: datetime | None, line: int) -> str:
        identity = row.get("id", "")
        if identity and not _ID.fullmatch(identity):
            self._wrong(line, identity, f"id: `{identity[:40]}` has more than letters, digits, dots and dashes")
        if identity and identity in self._seen:
            self._wrong(line, identity, f"id: `{identity}` stands in line {self._seen[identity]} already")
        if identity:
            self._seen[identity] = line
            return f"row:{identity}"
        moment = "" if when is None else f"{when:%Y-%m-%dT%H:%MZ}"
        number = 1
        while (name := moment if number == 1 else f"{moment}.{number}") in self._seen:
            number += 1
        self._seen[name] = line
        return f"at:{name}"

    def _places(self, written: str, line: int) -> Iterator[Place]:
        for part in re.split(r"[;,]", written):
            if not (name := part.strip()):
                continue
            room = self._file.rooms.get(name)
            if room is not None:
                yield from room.is_
                continue
            try:
                place = PLACE.read(name)
            except SpellingError as error:
                self._wrong(line, name, f"in: {error}")
                continue
            if place.account not in self._file.accounts:
                near = nearest(place.account, [*self._file.accounts, *self._file.rooms])
                mend = f"Did you mean `{near}`?" if near else f"There are: {', '.join(sorted(self._file.accounts))}"
                self._wrong(line, name, f"in: there is no account `{place.account}`. {mend}")
                continue
            yield place

    def _wrong(self, line: int, cell: str, reason: str) -> None:
        shown = self._lines[line - 1] if 0 < line <= len(self._lines) else ""
        column = max(0, shown.find(cell)) + 1 if cell else 1
        self.mistakes.append(Mistake(path=self._path, line=line, column=column, reason=reason))
