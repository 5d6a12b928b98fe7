"""A calendar from a table: its rows, and every mistake with its row and its column."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from greenroom.origins import Item, read_calendar
from greenroom.origins.calendar import at_once, with_ids
from greenroom.settings import BotFile, Mistakes
from greenroom.settings.loader import load_model

BOT = """\
bot: ada
persona: ada.yaml
timezone: Europe/Lisbon
accounts: {home: stage, masto: stage}
rooms: {lounge: {is: home/lounge}}
"""


@pytest.fixture
def file(tmp_path: Path) -> BotFile:
    (tmp_path / "ada.yaml").write_text("persona: Ada\nwho: x\n")
    (tmp_path / "bot.yaml").write_text(BOT)
    return load_model(BotFile, tmp_path / "bot.yaml")


def read(text: str, file: BotFile) -> tuple[Item, ...]:
    assert file.file is not None
    return read_calendar(file.file.parent / "plan.csv", text.encode(), file=file)


def mistakes(text: str, file: BotFile) -> list[str]:
    with pytest.raises(Mistakes) as raised:
        read(text, file)
    return [str(one).partition("plan.csv:")[2] for one in raised.value.mistakes]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_rows_are_read_by_their_times_in_the_zone_of_the_file_or_their_own(file: BotFile, delimiter: str) -> None:
    rows = [
        ["id", "when", "text", "zone", "in"],
        ["b", "2026-12-24 18:00", "Lights.", "Asia/Tokyo", "lounge"],
        ["a", "2026-07-01 08:00", "Summer.", "", "masto"],
    ]
    summer, lights = read("\ufeff" + "\r\n".join(delimiter.join(row) for row in rows), file)
    assert (summer.text, summer.when) == ("Summer.", datetime(2026, 7, 1, 7, tzinfo=UTC))
    assert [place.account for place in summer.places] == ["masto"]
    assert lights.when == datetime(2026, 12, 24, 9, tzinfo=UTC)
    assert [(place.account, place.room) for place in lights.places] == [("home", "lounge")]


def test_a_text_may_have_lines_and_a_row_a_picture(file: BotFile, tmp_path: Path) -> None:
    (tmp_path / "lamp.png").write_bytes(b"")
    (row,) = read('when,text,picture,alt\n2026-12-24 18:00,"One,\ntwo.",lamp.png,A lamp\n', file)
    assert (row.text, row.media[0].alt) == ("One,\ntwo.", "A lamp")


@pytest.mark.parametrize(
    ("row", "mistake"),
    [
        ("24.12.2026,Hi,,", "2:1: when: `24.12.2026` is no moment: write it like 2026-12-24 18:00"),
        (",Hi,,", "2:1: when: write it like 2026-12-24 18:00"),
        ("18:00,Hi,,", "2:1: when: `18:00` is no moment: write it like 2026-12-24 18:00"),
        ("2026-12-24 18:00,,,", "2:1: text: there is nothing to say"),
        ("2026-12-24 18:00,Hi,gone.png,x", "2:21: picture: there is no picture"),
        ("2026-12-24 18:00,Hi,,words", "2:22: alt: it describes a picture, and there is none"),
        ("2026-12-24 18:00,Hi,,,extra", "2:23: the row has 5 cells and the table 4 columns: put the text in quotes"),
        ('2026-12-24 18:00,"Hi,,', "2:1: this row cannot be read: unexpected end of data"),
    ],
)
def test_a_bad_row_is_named_by_line_and_column(file: BotFile, row: str, mistake: str) -> None:
    (found,) = mistakes(f"when,text,picture,alt\n{row}\n", file)
    assert found.startswith(mistake)


def test_all_mistakes_are_told_at_once(file: BotFile) -> None:
    text = "when,text,in,id\nx,One,mastto,a\n2026-12-24 18:00,Two,,a\n2026-12-24 19:00,Three,home,b c\n"
    assert mistakes(text, file) == [
        "2:1: when: `x` is no moment: write it like 2026-12-24 18:00",
        "2:7: in: there is no account `mastto`. Did you mean `masto`?",
        "3:23: id: `a` stands in line 2 already",
        "4:29: id: `b c` has more than letters, digits, dots and dashes",
    ]


@pytest.mark.parametrize(
    ("head", "mistake"),
    [
        ("date,text", "1:1: `date` is not a column of a calendar. Did you mean `when`?"),
        ("when,texd", "1:6: `texd` is not a column of a calendar. Did you mean `text`?"),
        ("when,text,text", "1:6: there are two columns `text`: keep one of them"),
        ("when,alt", "1:1: there is no column `text`"),
    ],
)
def test_a_column_of_another_name_is_told_with_the_nearest_right_one(file: BotFile, head: str, mistake: str) -> None:
    assert mistakes(f"{head}\n", file)[0] == mistake


def test_a_misspelt_column_is_told_without_a_mistake_for_each_row_that_lacks_it(file: BotFile) -> None:
    assert mistakes("when,texd\n2026-12-24 18:00,One\n2026-12-24 19:00,Two\n", file) == [
        "1:6: `texd` is not a column of a calendar. Did you mean `text`?"
    ]


def test_a_table_that_is_empty_or_not_utf8_is_said_to_be_so(file: BotFile) -> None:
    (empty,) = mistakes("\n", file)
    assert empty == "1:1: the table is empty: its first row names the columns, when and text among them"
    assert file.file is not None
    with pytest.raises(Mistakes, match=r"plan.csv:2:1: this is not UTF-8"):
        read_calendar(file.file.parent / "plan.csv", "when,text\nx,caf\xe9".encode("latin-1"), file=file)


def test_a_row_is_told_again_by_its_id_else_by_its_time(file: BotFile) -> None:
    (one,) = read("id,when,text\na,2026-12-24 18:00,Hi\n", file)
    (edited,) = read("id,when,text\na,2026-12-25 18:00,Ho\n", file)
    assert one.marks == edited.marks
    twins = read("when,text\n2026-12-24 18:00,Hi\n2026-12-24 18:00,Ho\n", file)
    assert len({row.marks for row in twins}) == 2
    assert twins[0].marks == read("when,text\n2026-12-24 18:00,Edited\n", file)[0].marks


def test_ids_are_added_once_and_what_stands_there_stays(file: BotFile) -> None:
    text = 'when,text\n2026-12-24 18:00,"Hi, you"\n2026-12-24 19:00,Ho\n'
    once = with_ids(text)
    assert once == 'when,text,id\n2026-12-24 18:00,"Hi, you",row-1\n2026-12-24 19:00,Ho,row-2\n'
    assert with_ids(once) == once
    more = once + "2026-12-24 20:00,Ha,\n2026-12-24 21:00,He\n"
    assert [row.marks[0] for row in read(with_ids(more), file)] == ["row:row-1", "row:row-2", "row:row-3", "row:row-4"]


def test_what_may_not_be_meant_is_said(file: BotFile) -> None:
    rows = read(
        "when,text,in\n2026-11-01 08:00,Past,\n2026-12-01 08:00,One,home\n2026-12-01 08:20,Two,masto\n"
        "2026-12-01 08:40,Three,masto\n",
        file,
    )
    assert list(at_once(rows, now=datetime(2026, 11, 24, tzinfo=UTC))) == [
        "1 row lies in the past: what was not posted then is not made up for",
        "`Two` and `Three` come within half an hour of each other",
    ]


@pytest.mark.parametrize("when", ["9999-12-31 23:59", "0001-01-01 00:00"])
def test_a_moment_at_the_end_of_all_calendars_is_a_mistake_with_its_place(file: BotFile, when: str) -> None:
    assert mistakes(f"when,text\n{when},One.\n", file)[0].startswith("2:1: when: ")
