"""What an account keeps: whole or not at all, for its own eyes, and for one process at a time."""

import asyncio
import dataclasses
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from greenroom.app.keeping import FolderKeep, kept_folder
from greenroom.settings import Login, Platforms
from greenroom_adapters.contract import ConfigurationError, Keep, Secret, Unavailable

HOLDER = """\
import sys, time
from pathlib import Path
from greenroom.app.keeping import FolderKeep
keep = FolderKeep(Path(sys.argv[1]), account="quay", platform="harbour")
print("held" if keep.take() else "busy", flush=True)
time.sleep(60)
"""
KILLED = """\
import os, sys
from pathlib import Path
from greenroom import private
private.os.fsync = lambda handle: os._exit(137)
private.write_private(Path(sys.argv[1]) / "tokens", b"two")
"""
LOGIN = Login(platform="harbour", handle="ada", settings={}, secrets={}, mark="first")


@dataclass(frozen=True, kw_only=True)
class Settings:
    place: str
    token: Secret
    more: tuple[Secret, ...] = ()
    server: str = ""
    lamp: str = "green"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "ada.accounts" / "quay" / "kept-0"


@pytest.fixture
def keep(folder: Path) -> Iterator[FolderKeep]:
    made = FolderKeep(folder, account="quay", platform="harbour")
    yield made
    made.close()


@pytest.fixture
def other_process(folder: Path) -> Iterator["subprocess.Popen[str]"]:
    """Another process that uses the same place."""
    command = [sys.executable, "-c", HOLDER, str(folder)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)  # noqa: S603 - our own interpreter
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.communicate()


@pytest.mark.asyncio
async def test_what_was_stored_is_there_for_the_next_process(folder: Path, keep: FolderKeep) -> None:
    place: Keep = keep
    assert await place.load("session") is None
    await place.store("session", b"one")
    await place.store("session", b"two")
    keep.close()
    assert await FolderKeep(folder, account="quay", platform="harbour").load("session") == b"two"


@pytest.mark.asyncio
@pytest.mark.parametrize("name", ["../../out", "/etc/passwd", ".lock", "a/b", "", "x" * 300, "ü", "\0"])
async def test_a_name_never_leads_out_of_the_folder(tmp_path: Path, folder: Path, keep: FolderKeep, name: str) -> None:
    await keep.store(name, b"kept")
    await keep.store("other", b"another")
    assert await keep.load(name) == b"kept"
    written = [path for path in tmp_path.rglob("*") if path.is_file() and not path.name.startswith(".lock")]
    assert len(written) == 2
    assert all(path.parent == folder for path in written)


@pytest.mark.asyncio
@pytest.mark.skipif(os.name == "nt", reason="Windows has no such permissions")
async def test_nobody_else_can_read_it(folder: Path, keep: FolderKeep) -> None:
    await keep.store("session", b"one")
    assert stat.S_IMODE((folder / "session").stat().st_mode) == 0o600
    for place in (folder, folder.parent, folder.parent.parent):
        assert stat.S_IMODE(place.stat().st_mode) == 0o700
    folder.chmod(0o755)
    await keep.store("session", b"two")
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


@pytest.mark.asyncio
@pytest.mark.skipif(os.name == "nt", reason="links need rights there")
async def test_a_link_in_its_place_is_refused(tmp_path: Path, folder: Path, keep: FolderKeep) -> None:
    folder.parent.mkdir(parents=True)
    (tmp_path / "elsewhere").mkdir()
    folder.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ConfigurationError, match="is no folder"):
        await keep.store("session", b"one")
    assert not list((tmp_path / "elsewhere").iterdir())


@pytest.mark.asyncio
async def test_a_write_that_fails_leaves_what_was_there(
    folder: Path, keep: FolderKeep, monkeypatch: pytest.MonkeyPatch
) -> None:
    await keep.store("session", b"one")

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(Unavailable, match="No space left") as told:
        await keep.store("session", b"two")
    assert "two" not in str(told.value)
    monkeypatch.undo()
    assert await keep.load("session") == b"one"
    assert {path.name for path in folder.iterdir() if not path.name.startswith(".lock")} == {"session"}


@pytest.mark.asyncio
async def test_what_a_killed_write_left_is_deleted_at_the_next_use_and_nothing_else(
    folder: Path, keep: FolderKeep
) -> None:
    await keep.store("tokens", b"one")
    await keep.store("other.abcdefgh", b"mine")
    keep.close()
    killed = await asyncio.to_thread(subprocess.run, [sys.executable, "-c", KILLED, str(folder)], check=False)
    assert killed.returncode == 137
    assert any(path.name.startswith(".tokens.") for path in folder.iterdir())
    assert await keep.load("tokens") == b"one"
    left = {path.name for path in folder.iterdir() if not path.name.startswith(".lock")}
    assert left == {"tokens", "other.abcdefgh"}


@pytest.mark.asyncio
async def test_a_second_process_is_told_to_wait_and_goes_on_when_the_first_is_killed(
    keep: FolderKeep, other_process: "subprocess.Popen[str]"
) -> None:
    assert not keep.take()
    with pytest.raises(Unavailable, match="another process is signed in as account `quay`"):
        await keep.load("session")
    with pytest.raises(Unavailable, match="another process is signed in"):
        await keep.store("session", b"mine")
    other_process.send_signal(signal.SIGKILL)
    other_process.wait()
    await keep.store("session", b"mine")
    assert await keep.load("session") == b"mine"


def test_other_credentials_have_another_place_and_other_settings_have_not(tmp_path: Path) -> None:
    settings = Settings(place="harbour", token=Secret("one"), more=(Secret("a"),), server="https://a.example")
    places = {
        kept_folder(tmp_path, settings, LOGIN),
        kept_folder(tmp_path, replace(settings, token=Secret("two")), LOGIN),
        kept_folder(tmp_path, replace(settings, more=(Secret("b"),)), LOGIN),
        kept_folder(tmp_path, replace(settings, server="https://b.example"), LOGIN),
        kept_folder(tmp_path, replace(settings, place="pier"), LOGIN),
        kept_folder(tmp_path, settings, replace(LOGIN, mark="second")),
        kept_folder(tmp_path, settings, None),
    }
    assert len(places) == 7
    assert kept_folder(tmp_path, replace(settings, lamp="red"), LOGIN) in places
    assert all("one" not in str(place.relative_to(tmp_path)) for place in places)


@pytest.mark.parametrize("fields", [frozenset({"place", "token"}), frozenset({"token", "lamp"})])
def test_what_does_not_make_the_session_may_be_added_and_renewed(tmp_path: Path, fields: frozenset[str]) -> None:
    settings = Settings(place="harbour", token=Secret("one"), server="https://a.example")
    others = {
        "place": replace(settings, place="pier"),
        "token": replace(settings, token=Secret("two")),
        "more": replace(settings, more=(Secret("a"),)),
        "server": replace(settings, server="https://b.example"),
        "lamp": replace(settings, lamp="red"),
    }
    place = kept_folder(tmp_path, settings, LOGIN, fields=fields)
    moved = {name for name, other in others.items() if kept_folder(tmp_path, other, LOGIN, fields=fields) != place}
    assert moved == fields
    assert kept_folder(tmp_path, settings, replace(LOGIN, mark="second"), fields=fields) != place


@pytest.mark.parametrize("renewed", ["bearer", "client_secret", "api_secret"])
def test_on_x_no_other_secret_loses_the_refresh_token_that_is_good_once(tmp_path: Path, renewed: str) -> None:
    x = Platforms.installed().adapter("x")
    settings = x.Settings(client_id="c", client_secret=Secret("s"), refresh_token=Secret("r"))
    place = kept_folder(tmp_path, settings, LOGIN, fields=x.session_fields)
    with_another = replace(settings, **{renewed: Secret("another")})
    assert kept_folder(tmp_path, with_another, LOGIN, fields=x.session_fields) == place
    for mine in ({"refresh_token": Secret("another")}, {"client_id": "another"}):
        assert kept_folder(tmp_path, replace(settings, **mine), LOGIN, fields=x.session_fields) != place


def test_an_adapter_names_fields_of_its_settings_as_those_of_its_session() -> None:
    adapters = [Platforms.installed().adapter(name) for name in Platforms.installed().names]
    for adapter in adapters:
        assert (adapter.session_fields or set()) <= {field.name for field in dataclasses.fields(adapter.Settings)}
    assert any(adapter.session_fields for adapter in adapters)


@pytest.mark.asyncio
async def test_what_was_kept_under_other_credentials_is_deleted_when_it_is_old_and_unused(folder: Path) -> None:
    def another(name: str) -> FolderKeep:
        return FolderKeep(folder.with_name(name), account="quay", platform="harbour")

    places = {name: another(name) for name in ("kept-0", "kept-old", "kept-new", "kept-used")}
    for keep in places.values():
        await keep.store("session", b"one")
    places["kept-old"].close()
    for name in ("kept-0", "kept-old", "kept-used"):
        os.utime(folder.with_name(name), (0, 0))
    (folder.parent / "token").write_text("stays")
    await asyncio.to_thread(places["kept-0"].forget_others)
    assert {path.name for path in folder.parent.iterdir()} == {"kept-0", "kept-new", "kept-used", "token"}
    for keep in places.values():
        keep.close()
