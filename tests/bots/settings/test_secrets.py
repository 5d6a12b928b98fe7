"""Following references to secrets."""

import os
from collections.abc import Iterator
from pathlib import Path

import keyring
import keyring.backend
import keyring.backends.fail
import pytest
from typing_extensions import override

from greenroom.settings import SecretMissing, SecretRef, resolve


class DictKeyring(keyring.backend.KeyringBackend):
    """The system's keyring, in memory."""

    priority = 1

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # keyring is not annotated
        self.entries = {("greenroom", "home"): "from the keyring"}

    @override
    def get_password(self, service: str, username: str) -> str | None:
        return self.entries.get((service, username))

    @override
    def set_password(self, service: str, username: str, password: str) -> None:
        self.entries[service, username] = password


@pytest.fixture
def warnings_told() -> list[str]:
    return []


@pytest.fixture
def system_keyring() -> Iterator[None]:
    before = keyring.get_keyring()
    yield
    keyring.set_keyring(before)


def follow(ref: SecretRef, warned: list[str], environ: dict[str, str] | None = None) -> str:
    return resolve(ref, owner="account `home`", environ=environ or {}, warn=warned.append).reveal()


def test_a_secret_comes_from_the_environment(warnings_told: list[str]) -> None:
    assert follow(SecretRef(env="TOKEN"), warnings_told, {"TOKEN": " abc\n"}) == "abc"


def test_a_secret_comes_from_a_file_without_its_last_newline(tmp_path: Path, warnings_told: list[str]) -> None:
    path = tmp_path / "token"
    path.write_text("abc\n", encoding="utf-8")
    path.chmod(0o600)
    assert follow(SecretRef(file=path), warnings_told) == "abc"
    assert warnings_told == []


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such permissions")
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644])
def test_a_file_that_others_can_read_is_used_with_a_warning(
    tmp_path: Path, warnings_told: list[str], mode: int
) -> None:
    path = tmp_path / "token"
    path.write_text("abc", encoding="utf-8")
    path.chmod(mode)
    assert follow(SecretRef(file=path), warnings_told) == "abc"
    assert warnings_told == [
        f"the secret of account `home` in {path} can be read by others on this machine: chmod 600 {path}"
    ]


@pytest.mark.usefixtures("system_keyring")
def test_a_secret_comes_from_the_keyring(warnings_told: list[str]) -> None:
    keyring.set_keyring(DictKeyring())
    assert follow(SecretRef(keyring="greenroom/home"), warnings_told) == "from the keyring"


@pytest.mark.usefixtures("system_keyring")
def test_a_secret_that_is_nowhere_is_told_with_its_place_and_its_account(
    tmp_path: Path, warnings_told: list[str]
) -> None:
    keyring.set_keyring(DictKeyring())
    path = tmp_path / "token"
    told = {
        SecretRef(env="TOKEN"): "account `home` needs a secret from the environment variable TOKEN, which is not "
        "set or empty: set it, for example with: export TOKEN=…",
        SecretRef(file=path): f"account `home` needs a secret from the file {path}, which is not set or empty: "
        "put the secret into it",
        SecretRef(keyring="greenroom/x"): "account `home` needs a secret from the keyring entry greenroom/x, which is "
        "not set or empty: store it with: keyring set greenroom x",
    }
    for ref, sentence in told.items():
        with pytest.raises(SecretMissing) as caught:
            follow(ref, warnings_told, {"TOKEN": "  "})
        assert str(caught.value) == sentence


def test_a_file_that_is_no_text_is_told_without_its_bytes(tmp_path: Path, warnings_told: list[str]) -> None:
    path = tmp_path / "token"
    path.write_bytes(b"hunter2\xff")
    with pytest.raises(SecretMissing) as caught:
        follow(SecretRef(file=path), warnings_told)
    assert "it is not UTF-8 text" in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


def test_a_folder_in_place_of_a_file_is_told(tmp_path: Path, warnings_told: list[str]) -> None:
    with pytest.raises(SecretMissing, match="cannot be read"):
        follow(SecretRef(file=tmp_path), warnings_told)


@pytest.mark.usefixtures("system_keyring")
def test_a_machine_without_a_keyring_is_told_what_else_works(warnings_told: list[str]) -> None:
    keyring.set_keyring(keyring.backends.fail.Keyring())  # type: ignore[no-untyped-call]  # not annotated
    with pytest.raises(SecretMissing, match=r"no keyring works here \(NoKeyringError\): use \{env: NAME\}"):
        follow(SecretRef(keyring="greenroom/home"), warnings_told)


def test_a_secret_shows_itself_nowhere() -> None:
    secret = resolve(SecretRef(env="T"), owner="account `home`", environ={"T": "hunter2"}, warn=lambda _: None)
    assert "hunter2" not in f"{secret} {secret!r} {[secret]}"
