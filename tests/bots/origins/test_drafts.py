"""A folder of drafts: what is posted of it, and what is said of one that cannot be."""

from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from greenroom.origins import Drafts, read_drafts
from greenroom.settings import Mistakes

LISBON = ZoneInfo("Europe/Lisbon")


def drafts(folder: Path, **files: str) -> Drafts:
    for name, text in files.items():
        (folder / name.replace("__", ".")).write_text(text, encoding="utf-8")
    return read_drafts(folder, timezone=LISBON)


def test_text_and_markdown_are_drafts_and_what_is_not_ready_is_none(tmp_path: Path) -> None:
    found = drafts(tmp_path, b__md="Two.\n", a__txt="One.", _c__md="Not yet.", d__html="No.")
    assert [item.text for item in found.items] == ["One.", "Two."]
    assert found.mistakes == ()


def test_a_head_says_when_and_how_and_pictures_are_taken_out_of_the_text(tmp_path: Path) -> None:
    (tmp_path / "quay.png").write_bytes(b"")
    (tmp_path / "lamp.jpg").write_bytes(b"")
    text = (
        "---\nwhen: 2026-07-24 18:00\npicture: lamp.jpg\nalt: A lamp\nwarning: food\nvisibility: unlisted\n---\n"
        "Soup.\n\n![The quay](quay.png)\n\nTonight.\n"
    )
    (item,) = drafts(tmp_path, soup__md=text).items
    assert item.text == "Soup.\n\nTonight."
    assert item.when == datetime(2026, 7, 24, 17, tzinfo=UTC)
    assert [(Path(one.path).name, one.alt) for one in item.media] == [("lamp.jpg", "A lamp"), ("quay.png", "The quay")]
    assert (item.warning, item.visibility) == ("food", "unlisted")


@pytest.mark.parametrize(
    ("text", "place", "why"),
    [
        ("---\nwhen: tomorrow\n---\nx", ":2:1", "2026-12-24 18:00"),
        ("---\nwhen: 18:00\n---\nx", ":2:1", "a day and a time"),
        ("---\nwhn: 2026-12-24 18:00\n---\nx", ":2:1", "Did you mean `when`"),
        ("---\npicture: lamp.jpg\nalt: x\n---\nx", "", "there is no picture"),
        ("---\npicture: ../lamp.jpg\nalt: x\n---\nx", "", "outside"),
        ("---\nalt: x\n---\nx", "", "write `picture` as well"),
        ("---\nwhen: 2026-12-24 18:00\nx", ":1:1", "no end"),
        ("![](quay.png)\nx", "", "no description"),
        ("![a](https://x.example/q.png) x", "", "lies on the web"),
        ("  \n", "", "nothing to say"),
    ],
)
def test_a_draft_that_cannot_be_posted_is_named_with_its_mend(tmp_path: Path, text: str, place: str, why: str) -> None:
    (tmp_path / "quay.png").write_bytes(b"")
    found = drafts(tmp_path, bad__md=text, good__md="Fine.")
    assert [item.text for item in found.items] == ["Fine."]
    (mistake,) = found.mistakes
    assert str(mistake).startswith(f"{tmp_path / 'bad.md'}{place}: ")
    assert why in str(mistake)


def test_a_draft_is_told_again_by_its_name_by_its_words_and_by_the_id_that_it_has(tmp_path: Path) -> None:
    (first,) = drafts(tmp_path, a__md="Words.").items
    (edited,) = drafts(tmp_path, a__md="Other words.").items
    (tmp_path / "a.md").rename(tmp_path / "b.md")
    (renamed,) = drafts(tmp_path).items
    assert set(first.marks) & set(edited.marks)
    assert set(edited.marks) & set(renamed.marks)
    assert not set(first.marks) & set(renamed.marks)


def test_a_folder_that_has_gone_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(Mistakes, match="there is no such folder"):
        read_drafts(tmp_path / "gone", timezone=LISBON)


@pytest.mark.parametrize("when", ["9999-12-31 23:59", "0001-01-01 00:00"])
def test_a_moment_at_the_end_of_all_calendars_is_a_mistake_with_its_place(tmp_path: Path, when: str) -> None:
    (mistake,) = drafts(tmp_path, a__md=f"---\nwhen: {when}\n---\nOne.").mistakes
    assert str(mistake).startswith(f"{tmp_path / 'a.md'}:2:")
