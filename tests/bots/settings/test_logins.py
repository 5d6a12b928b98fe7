"""A sign-in takes the place of the one before whole, or leaves it as it was, whatever stops it."""

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import keyring
import keyring.backend
import keyring.backends.fail
import keyring.errors
import pytest
from typing_extensions import override

from greenroom.lock import hold
from greenroom.settings import Login, logins, read_login, store_login
from greenroom_adapters.contract import ConfigurationError, Credentials, Secret

STORING = """\
import os, sys
from pathlib import Path
from greenroom import private
from greenroom.settings import store_login
from greenroom_adapters.contract import Credentials, Secret

left = int(sys.argv[2])
sync = os.fsync

def die_later(handle):
    global left
    left -= 1
    if left < 0:
        os._exit(137)
    sync(handle)

private.os.fsync = die_later
secrets = {"token": Secret("new"), "other": Secret("new")}
store_login(Path(sys.argv[1]), "p", Credentials(settings={}, secrets=secrets, handle="ben"))
"""


def credentials(word: str, handle: str) -> Credentials:
    return Credentials(settings={}, secrets={"token": Secret(word), "other": Secret(word)}, handle=handle)


class Ring(keyring.backend.KeyringBackend):
    """The system's keyring, in memory; it takes `room` entries."""

    priority = 1

    def __init__(self, room: int) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # keyring is not annotated
        self.room = room
        self.entries: dict[str, str] = {}

    @override
    def get_password(self, service: str, username: str) -> str | None:
        return self.entries.get(username)

    @override
    def set_password(self, service: str, username: str, password: str) -> None:
        if len(self.entries) >= self.room:
            raise keyring.errors.PasswordSetError
        self.entries[username] = password

    @override
    def delete_password(self, service: str, username: str) -> None:
        if self.entries.pop(username, None) is None:
            raise keyring.errors.PasswordDeleteError


@pytest.fixture
def ring() -> Iterator[Ring]:
    before, ours = keyring.get_keyring(), Ring(room=3)
    keyring.set_keyring(ours)
    yield ours
    keyring.set_keyring(before)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "ada.accounts" / "quay"


def words(login: Login | None) -> list[str]:
    """Return the secrets of a sign-in that lie in files."""
    assert login is not None
    return [Path(place["file"]).read_text() for place in login.secrets.values()]


def left_in(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir() if not path.name.startswith(".lock")]


@pytest.mark.usefixtures("ring")
def test_a_sign_in_that_finds_no_keyring_leaves_the_one_before(folder: Path) -> None:
    keyring.set_keyring(keyring.backends.fail.Keyring())  # type: ignore[no-untyped-call]  # keyring is not annotated
    store_login(folder, "p", credentials("old", "ada"))
    with pytest.raises(ConfigurationError, match="no keyring works here"):
        store_login(folder, "p", credentials("new", "ben"), in_keyring="ada/quay")
    assert words(read_login(folder)) == ["old", "old"]


def test_a_keyring_that_is_full_half_way_keeps_the_sign_in_before_and_nothing_of_this_one(
    folder: Path, ring: Ring
) -> None:
    store_login(folder, "p", credentials("old", "ada"), in_keyring="ada/quay")
    with pytest.raises(ConfigurationError, match="no keyring works here"):
        store_login(folder, "p", credentials("new", "ben"), in_keyring="ada/quay")
    login = read_login(folder)
    assert login is not None
    assert {place["keyring"] for place in login.secrets.values()} == {f"greenroom/{name}" for name in ring.entries}
    assert list(ring.entries.values()) == ["old", "old"]


def test_what_a_sign_in_kept_in_the_keyring_goes_with_it(folder: Path, ring: Ring) -> None:
    store_login(folder, "p", credentials("old", "ada"), in_keyring="ada/quay")
    store_login(folder, "p", credentials("new", "ben"))
    assert words(read_login(folder)) == ["new", "new"]
    assert not ring.entries


@pytest.mark.parametrize("after", range(6))
def test_a_disk_that_fails_leaves_one_whole_sign_in(folder: Path, monkeypatch: pytest.MonkeyPatch, after: int) -> None:
    store_login(folder, "p", credentials("old", "ada"))
    sync, left = os.fsync, [after]

    def full(handle: int) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise OSError(28, "No space left on device")
        sync(handle)

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="No space left"):
            store_login(folder, "p", credentials("new", "ben"))
    login = read_login(folder)
    assert login is not None
    assert words(login) == (["new", "new"] if login.handle == "ben" else ["old", "old"])
    assert len(left_in(folder)) == 3, "a record and two secrets"


@pytest.mark.parametrize("after", range(7))
def test_a_kill_leaves_one_whole_sign_in_and_the_next_one_leaves_nothing_else(folder: Path, after: int) -> None:
    store_login(folder, "p", credentials("old", "ada"))
    killed = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", STORING, str(folder), str(after)], check=False, timeout=60
    )
    assert killed.returncode == 137
    login = read_login(folder)
    assert login is not None
    assert words(login) == (["new", "new"] if login.handle == "ben" else ["old", "old"])
    store_login(folder, "p", credentials("last", "eve"))
    assert words(read_login(folder)) == ["last", "last"]
    assert len(left_in(folder)) == 3, "a record and two secrets"


def test_two_sign_ins_at_the_same_time_are_kept_one_after_the_other(folder: Path) -> None:
    signing_in = [
        subprocess.Popen([sys.executable, "-c", STORING, str(folder), "99"])  # noqa: S603 - our own interpreter
        for _ in range(3)
    ]
    assert [process.wait(60) for process in signing_in] == [0, 0, 0]
    assert words(read_login(folder)) == ["new", "new"]
    assert len(left_in(folder)) == 3, "a record and two secrets"


def test_a_sign_in_that_is_being_kept_is_not_disturbed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logins, "PATIENCE", 0.0)
    store_login(folder, "p", credentials("old", "ada"))
    held = hold(folder / ".lock", patience=0)
    assert held is not None
    with contextlib.closing(held), pytest.raises(ConfigurationError, match="another sign-in of this account"):
        store_login(folder, "p", credentials("new", "ben"))
    assert words(read_login(folder)) == ["old", "old"]


@pytest.mark.skipif(os.name == "nt", reason="links need rights there")
def test_nothing_is_deleted_behind_a_link(tmp_path: Path, folder: Path) -> None:
    store_login(tmp_path / "his", "p", credentials("his", "ben"))
    folder.parent.mkdir()
    folder.symlink_to(tmp_path / "his")
    with pytest.raises(ConfigurationError, match="is no folder"):
        store_login(folder, "p", credentials("new", "ada"))
    assert words(read_login(tmp_path / "his")) == ["his", "his"]
