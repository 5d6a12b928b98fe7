"""Keys are written as they are called, and all the rest stays; renamed keys are understood for a while."""

from importlib.metadata import version
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from greenroom.personas import Persona
from greenroom.settings import BotFile, Limits, Mistakes, Platforms, load_bot, mend, outdated
from greenroom.settings.names import FOREIGN, RENAMED, Renamed, is_clear

BOT = """\
# the harbour's bot
name: ada            # what it is called
"persona": ada.yaml
accounts: {home: {platform: stage, live: true}}   # at home
anwser: mentions
limits:
  quiet_hours: 22:00-06:00   # they sleep
post: {every: 6 hours, topic: the sea, misfire_grace_time: 2 hours}
"""
MENDED = """\
# the harbour's bot
bot: ada            # what it is called
"persona": ada.yaml
accounts: {home: {platform: stage, live: true}}   # at home
answer: mentions
limits:
  quiet: 22:00-06:00   # they sleep
post: {every: 6 hours, about: the sea, late_ok: 2 hours}
"""
PERSONA = "persona: Ada\nwho: keeps the lighthouse\n"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "ada.yaml").write_text(PERSONA, encoding="utf-8")
    path = tmp_path / "bot.yaml"
    path.write_text(BOT, encoding="utf-8")
    return path


def test_keys_are_written_as_they_are_called_and_all_the_rest_stays(path: Path) -> None:
    with pytest.raises(Mistakes):
        load_bot(path)
    changed = mend(BotFile, path, platforms=Platforms.installed())
    assert path.read_text(encoding="utf-8") == MENDED
    assert changed[0] == f"{path}:2:1: `name` is written `bot` now"
    assert len(changed) == 5
    assert load_bot(path).bot == "ada"
    assert mend(BotFile, path) == [], "what is mended needs no mending"


@pytest.mark.parametrize("written", ["\N{ZERO WIDTH NO-BREAK SPACE}" + BOT, BOT.replace("\n", "\r\n")])
def test_what_an_editor_put_around_the_lines_stays(path: Path, written: str) -> None:
    path.write_bytes(written.encode())
    mend(BotFile, path)
    mended = path.read_bytes().decode()
    assert mended.replace("\r\n", "\n").strip("\N{ZERO WIDTH NO-BREAK SPACE}") == MENDED
    assert mended.count("\r\n") == written.count("\r\n")


def test_a_key_that_nobody_can_guess_stays(path: Path) -> None:
    path.write_text(BOT + "zebra: 1\n", encoding="utf-8")
    mend(BotFile, path)
    assert path.read_text(encoding="utf-8") == MENDED + "zebra: 1\n"


@pytest.mark.parametrize("written", ["spend_per_post", "pst", "quiets", "repplies"])
def test_a_key_that_may_have_been_meant_otherwise_stays_and_is_asked_about(path: Path, written: str) -> None:
    clear = {"quiets": "quiet", "repplies": "replies"}
    text = MENDED.replace("  quiet: 22", f"  {written}: 22")
    path.write_text(text, encoding="utf-8")
    mend(BotFile, path, platforms=Platforms.installed())
    left = text if written not in clear else text.replace(written, clear[written])
    assert path.read_text(encoding="utf-8") == left


@given(st.sampled_from(sorted(Limits.written_keys())), st.data())
def test_one_slip_is_clear_where_it_leads_to_one_key(key: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(key) - 2))
    slips = (key[:at] + key[at + 1 :], key[:at] + key[at] + key[at:], key[:at] + key[at + 1] + key[at] + key[at + 2 :])
    names = tuple(Limits.written_keys())
    for slip in slips:
        assert is_clear(slip, key, section=Limits.section, names=names)
        assert not is_clear(slip + "zz", key, section=Limits.section, names=names)


def test_where_the_right_key_stands_as_well_both_stay(path: Path) -> None:
    both = MENDED + "posts: {every: 1 hour, about: ships}\n"
    path.write_text(both, encoding="utf-8")
    assert mend(BotFile, path) == []
    assert path.read_text(encoding="utf-8") == both


@settings(max_examples=30)
@given(comment=st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), max_size=20), gap=st.integers(1, 9))
def test_whatever_stands_behind_a_key_stays(tmp_path_factory: pytest.TempPathFactory, comment: str, gap: int) -> None:
    path = tmp_path_factory.mktemp("persona") / "ada.yaml"
    space = " " * gap
    path.write_text(f"persona: Ada #{comment}\nbio:{space}keeps the lighthouse{space}# {comment}\n", encoding="utf-8")
    mend(Persona, path)
    told = f"persona: Ada #{comment}\nwho:{space}keeps the lighthouse{space}# {comment}\n"
    assert path.read_text(encoding="utf-8") == told


def test_a_renamed_key_is_understood_and_told_with_its_place(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(RENAMED, "the bot file", {"replies_to": Renamed(to="answer", since=(0, 2))})
    path.write_text(MENDED.replace("answer:", "replies_to:"), encoding="utf-8")
    assert load_bot(path).answer[0].to, "it is no mistake"
    (told,) = outdated(BotFile, path)
    assert told == (
        f"{path}:5:1: `replies_to` is called `answer` since 0.2, and is not understood any more in 0.4: "
        "`greenroom check --fix` rewrites it"
    )
    mend(BotFile, path)
    assert path.read_text(encoding="utf-8") == MENDED
    assert outdated(BotFile, path) == []


def test_a_renamed_key_beside_its_new_name_is_a_mistake(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(RENAMED, "the bot file", {"replies_to": Renamed(to="answer", since=(0, 2))})
    path.write_text(MENDED + "replies_to: replies\n", encoding="utf-8")
    with pytest.raises(Mistakes, match="`replies_to` is called `answer` now, which stands here as well"):
        load_bot(path)


def test_no_renamed_key_is_understood_for_longer_than_was_promised() -> None:
    major, minor, *_ = map(int, version("greenroom").split("."))
    over = {key for keys in RENAMED.values() for key, one in keys.items() if (major, minor) >= one.until}
    assert over == set(), "take them out: their two minor versions are over"
    assert not {key for section, keys in RENAMED.items() for key in keys} & {
        key for section in RENAMED for key in FOREIGN.get(section, {})
    }, "one name has one meaning"
