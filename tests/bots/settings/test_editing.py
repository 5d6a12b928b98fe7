"""`live` changed in place: one word, and nothing else of the file."""

import os
from pathlib import Path

import pytest

from greenroom.settings import Mistakes, load_bot
from greenroom.settings.editing import set_live
from greenroom_adapters.contract import ConfigurationError

REST = "persona: p.yaml   # who\nanswer: mentions\n"
# accounts as they are written → as they are written afterwards
GO_LIVE = {
    "flow": ("accounts: {home: {platform: stage, live: false}} # here\n", "{platform: stage, live: true}} # here"),
    "block": (
        "accounts:\n  home:\n    live: false # for now\n    platform: stage\n",
        "    live: true # for now\n    platform: stage",
    ),
    "among others": (
        "accounts:\n  # mine\n  away: {platform: stage, live: false}\n  home: {platform: stage, live: false}  # x\n",
        "  away: {platform: stage, live: false}\n  home: {platform: stage, live: true}  # x\n",
    ),
    "not ASCII": ("# müde 🎭\naccounts: {home: {platform: stage, handle: äö, live: false}}\n", "äö, live: true}}"),
    "windows": ("accounts:\r\n  home:\r\n    platform: stage\r\n    live: false\r\n", "stage\r\n    live: true\r\n"),
    "a mark": (
        "\ufeffaccounts: {home: {platform: stage, live: false}}\n",
        "\ufeffaccounts: {home: {platform: stage, live",
    ),
    "a question": (
        "rooms: {}\naccounts: {home: {platform: stage, name: what?, live: false}}\n",
        "name: what?, live: true}",
    ),
}
REHEARSE = {
    "short": ("accounts:\n  home: stage # here\n", "  home: {platform: stage, live: false} # here\n"),
    "short in quotes": ('accounts: {home: "stage"}\n', '{home: {platform: "stage", live: false}}'),
    "flow": ("accounts: {home: {platform: stage, handle: a,}}\n", "{platform: stage, live: false, handle: a,}"),
    "block": (
        "accounts:\n  home:\n    # which\n    platform: stage # this\n    handle: ada\n  away: stage\n",
        "    platform: stage # this\n    live: false\n    handle: ada\n  away: stage\n",
    ),
    "windows": (
        "accounts:\r\n  home:\r\n    platform: stage\r\n    handle: ada\r\n",
        "    platform: stage\r\n    live: false\r\n    handle: ada\r\n",
    ),
    "at the end without a newline": ("accounts:\n  home:\n    platform: stage", "    platform: stage\n    live: false"),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "p.yaml").write_text("persona: Ada\nwho: is here\n", encoding="utf-8")
    return tmp_path


def write(folder: Path, accounts: str, rest: str = REST) -> Path:
    path = folder / "bot.yaml"
    head = "\ufeff" if accounts.startswith("\ufeff") else ""
    path.write_bytes((head + "bot: ada\n" + rest + accounts.removeprefix("\ufeff")).encode())
    return path


@pytest.mark.parametrize(
    ("accounts", "after", "live"),
    [(*pair, True) for pair in GO_LIVE.values()] + [(*pair, False) for pair in REHEARSE.values()],
)
def test_only_that_word_changes(folder: Path, accounts: str, after: str, live: bool) -> None:
    path = write(folder, accounts)
    before = path.read_bytes()
    assert set_live(path, "home", live=live)
    assert load_bot(path).accounts["home"].live is live
    assert after.removeprefix("\ufeff") in path.read_bytes().decode() or "\ufeff" in after
    assert path.read_bytes().startswith(b"\xef\xbb\xbf") is before.startswith(b"\xef\xbb\xbf")
    assert set_live(path, "home", live=not live)
    assert set_live(path, "home", live=live)
    written = path.read_bytes()
    assert not set_live(path, "home", live=live), "it stands there already"
    assert path.read_bytes() == written
    assert [child.name for child in folder.iterdir() if child.name.startswith(".")] == []


def test_the_rest_of_the_file_is_the_same_byte_for_byte(folder: Path) -> None:
    accounts, _ = GO_LIVE["among others"]
    path = write(folder, accounts)
    before = path.read_bytes()
    set_live(path, "home", live=True)
    assert path.read_bytes() == before.replace(
        b"home: {platform: stage, live: false}", b"home: {platform: stage, live: true}"
    )


@pytest.mark.parametrize(
    "accounts",
    [
        "accounts: {home: &one {platform: stage, live: false}, away: *one}\n",
        "accounts: {away: &one {platform: stage, live: false}, home: *one}\n",
    ],
)
def test_what_would_change_more_than_that_is_left_to_a_person(folder: Path, accounts: str) -> None:
    path = write(folder, accounts)
    before = path.read_bytes()
    with pytest.raises(ConfigurationError, match="by hand"):
        set_live(path, "home", live=True)
    assert path.read_bytes() == before


def test_a_file_with_mistakes_is_left_as_it_is(folder: Path) -> None:
    path = write(folder, "accounts: {home: {platform: stage, live: false}}\nnonsense: 1\n")
    before = path.read_bytes()
    with pytest.raises(Mistakes, match="nonsense"):
        set_live(path, "home", live=True)
    assert path.read_bytes() == before


def test_a_link_stays_a_link_and_a_file_keeps_its_rights(folder: Path) -> None:
    path = write(folder, "accounts: {home: {platform: stage, live: false}}\n")
    path.chmod(0o640)
    link = folder / "link.yaml"
    try:
        link.symlink_to(path)
    except OSError:
        pytest.skip("this system makes no links")
    assert set_live(link, "home", live=True)
    assert link.is_symlink()
    assert load_bot(path).accounts["home"].live
    if os.name == "posix":
        assert path.stat().st_mode & 0o777 == 0o640


def test_an_unknown_account_is_told_with_those_there_are(folder: Path) -> None:
    with pytest.raises(ConfigurationError, match="it has: home"):
        set_live(write(folder, "accounts: {home: stage}\n"), "hme", live=True)
