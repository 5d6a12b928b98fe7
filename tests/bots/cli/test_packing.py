"""`greenroom pack` and `unpack` move a bot: never two of it, and nothing said twice."""

import contextlib
import json
import os
import re
import secrets
import shutil
import signal
import sqlite3
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from greenroom.settings import store_login
from greenroom.storage import State
from greenroom_adapters.contract import Credentials, Secret
from greenroom_adapters.testing.stage import RunningStage

Greenroom = Callable[..., Any]


def said_by(stage: RunningStage, handle: str) -> list[str]:
    token = stage.sign_in("reader")
    return sorted(post["text"] for post in stage.call("GET", f"/api/accounts/{handle}/posts", token=token)["posts"])


@pytest.mark.skipif(sys.platform == "win32", reason="sends signals that Windows has not")
def test_what_was_packed_runs_there_and_not_here_and_says_nothing_twice(
    running: Callable[..., Any], write_bot: Callable[..., Path], stage: RunningStage, greenroom: Greenroom, home: Path
) -> None:
    handle = f"mover{secrets.token_hex(3)}"
    write_bot(server=stage.url, handle=handle, more="approve: never\n")
    ben = stage.sign_in("ben")
    bot = running()
    stage.say(ben, f"@{handle} is the lamp lit?")
    assert bot.read_until("turn")["state"] == "sent"
    refused = greenroom("pack")
    assert refused.code == 1
    assert "stop it first" in refused.err
    assert greenroom("pack", "--copy", "--to", "backup.greenroom").code == 0
    bot.signal(signal.SIGTERM)
    assert bot.wait()[0] == 0

    packed = greenroom("pack")
    assert packed.code == 0
    assert "greenroom unpack ada.greenroom" in packed.out
    stage.say(ben, f"@{handle} and the fog horn?")
    here = greenroom("run")
    assert here.code == 1
    assert "was packed into" in here.err
    assert "does not run here" in here.err
    assert greenroom("post", "Good night.").code == 1, "what cannot go out is not put down"

    there = greenroom("unpack", "ada.greenroom", "--folder", "there", "--json").json
    assert there["start"] == "greenroom run there/bot.yaml --take-over"
    moved = running("there/bot.yaml", "--take-over")
    assert moved.read_until("turn")["state"] == "sent", "what was said on the way is answered"
    assert len(said_by(stage, handle)) == 2
    moved.signal(signal.SIGTERM)
    assert moved.wait()[0] == 0
    # an old copy in the same place: it does not know of the second answer
    assert greenroom("unpack", "backup.greenroom", "--folder", "old").code == 0
    shutil.copyfile("old/data/ada.db", "there/data/ada.db")
    again = running("there/bot.yaml")
    assert "packed" in next(one for one in again.entries if one["event"] == "running")["strayed"]
    again.signal(signal.SIGTERM)
    assert again.wait()[0] == 0
    last = running("there/bot.yaml", "--take-over")
    stage.say(ben, f"@{handle} good night")
    assert last.read_until("turn")["state"] == "sent"
    assert len(said_by(stage, handle)) == 3


def test_no_secret_is_packed_and_what_is_to_be_set_is_listed(
    greenroom: Greenroom, write_bot: Callable[..., Path], ledger_with: Callable[..., None], home: Path
) -> None:
    path = write_bot(more='engines: {text: {model: "m", server: "http://127.0.0.1:9/v1", key: {env: MY_KEY}}}\n')
    ledger_with(State.SENT)
    credentials = Credentials(handle="ada", settings={}, secrets={"token": Secret("very-secret-token")})
    store_login(home / "data" / "ada.accounts" / "home", "stage", credentials)
    (home / "beside.txt").write_text("not the bot's", encoding="utf-8")
    said = greenroom("pack")
    assert said.code == 0
    assert "account `home`: sign in with `greenroom login home`" in said.out
    assert "the environment variable MY_KEY" in said.out
    with zipfile.ZipFile("ada.greenroom") as archive:
        names = set(archive.namelist())
        assert not any(b"very-secret-token" in archive.read(name) for name in names)
    assert names == {"greenroom.json", "ledger.db", f"files/{path.name}", "files/persona.yaml"}
    assert Path("ada.greenroom").stat().st_mode & 0o077 == 0


def test_pictures_that_wait_go_along_and_are_found_where_they_are_now(
    greenroom: Greenroom, write_bot: Callable[..., Path], home: Path
) -> None:
    write_bot()
    (home / "pictures").mkdir()
    for name in ("lamp", "horn"):
        Image.new("RGB", (8, 8)).save(home / "pictures" / f"{name}.png")
    calendar = "id,when,text,picture,alt\n1,2099-01-01 08:00,The horn.,pictures/horn.png,A horn\n"
    (home / "plan.csv").write_text(calendar, encoding="utf-8")
    bot = (home / "bot.yaml").read_text(encoding="utf-8")
    planned = re.sub(r"(?m)^post: .*$", "post: {from: {calendar: plan.csv}}", bot)
    (home / "bot.yaml").write_text(planned, encoding="utf-8")
    lamp = ("--picture", "pictures/lamp.png", "--alt", "A lamp")
    assert greenroom("post", "Lit.", *lamp, "--at", "in 5 hours").code == 0
    (home / "data" / "ada-media").mkdir()
    (home / "data" / "ada-media" / "made.png").touch()
    assert greenroom("pack").code == 0
    assert greenroom("unpack", "ada.greenroom", "--folder", "there").code == 0
    there = home / "there"
    for place in (there / "data", *(there / "data").rglob("*")):
        assert sys.platform == "win32" or place.stat().st_mode & 0o077 == 0
    assert (there / "data" / "ada-media" / "made.png").is_file()
    assert {path.name for path in (there / "pictures").iterdir()} == {"lamp.png", "horn.png"}
    assert (there / "plan.csv").is_file()
    assert str(there / "pictures" / "lamp.png").encode() in (there / "data" / "ada.db").read_bytes()
    again = greenroom("unpack", "ada.greenroom", "--folder", "there")
    assert again.code == 1
    assert "is there already" in again.err


@pytest.mark.skipif(sys.platform == "win32", reason="sends signals that Windows has not")
@pytest.mark.parametrize("store", ["{outside}/bot.db", "../state/bot.db"])
def test_a_ledger_that_lies_elsewhere_is_the_one_that_runs_where_it_is_unpacked(
    running: Callable[..., Any],
    write_bot: Callable[..., Path],
    stage: RunningStage,
    greenroom: Greenroom,
    home: Path,
    tmp_path_factory: pytest.TempPathFactory,
    store: str,
) -> None:
    handle = f"mover{secrets.token_hex(3)}"
    place = store.format(outside=tmp_path_factory.mktemp("volume"))
    write_bot(server=stage.url, handle=handle, more=f"approve: never\nstore: {place}  # a volume\n")
    (home / "bots").mkdir()
    for name in ("bot.yaml", "persona.yaml"):
        (home / name).rename(home / "bots" / name)
    ben = stage.sign_in("ben")
    bot = running("bots/bot.yaml")
    stage.say(ben, f"@{handle} is the lamp lit?")
    assert bot.read_until("turn")["state"] == "sent"
    bot.signal(signal.SIGTERM)
    assert bot.wait()[0] == 0
    packed = greenroom("pack", "bots/bot.yaml")
    assert packed.code == 0
    assert "Its ledger lies elsewhere" in packed.out
    told = greenroom("unpack", "ada.greenroom", "--folder", "there")
    assert told.code == 0, told.err
    there = (home / "there" / "bot.yaml").read_text(encoding="utf-8")
    assert "# a volume" in there
    assert place not in there
    stage.say(ben, f"@{handle} and the fog horn?")
    moved = running("there/bot.yaml", "--take-over")
    began = next(one for one in moved.entries if one["event"] == "running")
    assert Path(began["ledger"]).resolve().is_relative_to(home / "there")
    assert moved.read_until("turn")["state"] == "sent", "what was said on the way is answered, for it knows since when"
    moved.signal(signal.SIGTERM)
    assert moved.wait()[0] == 0
    assert len(said_by(stage, handle)) == 2


def test_of_a_folder_of_drafts_the_drafts_are_packed_and_nothing_else_that_lies_there(
    greenroom: Greenroom, write_bot: Callable[..., Path], ledger_with: Callable[..., None], home: Path
) -> None:
    path = write_bot()
    text = path.read_text(encoding="utf-8")
    path.write_text(re.sub(r"(?m)^post: .*$", "post: {at: 13:00, from: {folder: .}}", text), encoding="utf-8")
    ledger_with(State.SENT)
    Image.new("RGB", (8, 8)).save(home / "lamp.png")
    Image.new("RGB", (8, 8)).save(home / "private.png")
    for name in ("first.md", "_later.txt"):
        (home / name).write_text("The lamp is lit.\n\n![A lamp](lamp.png)\n", encoding="utf-8")
    for name in ("ada.env", ".hidden.md", "token.txt.env", "notes.csv"):
        (home / name).write_text("very-secret-token", encoding="utf-8")
    credentials = Credentials(handle="ada", settings={}, secrets={"token": Secret("very-secret-token")})
    store_login(home / "data" / "ada.accounts" / "home", "stage", credentials)
    packed = greenroom("pack", "--json").json
    assert set(packed["files"]) == {"bot.yaml", "persona.yaml", "first.md", "_later.txt", "lamp.png"}
    with zipfile.ZipFile("ada.greenroom") as archive:
        assert not any(b"very-secret-token" in archive.read(name) for name in archive.namelist())


def test_a_file_that_holds_a_secret_is_not_packed_though_it_lies_among_the_drafts(
    greenroom: Greenroom, write_bot: Callable[..., Path], ledger_with: Callable[..., None], home: Path
) -> None:
    engine = 'engines: {text: {model: "m", server: "http://127.0.0.1:9/v1", key: {file: drafts/key.txt}}}\n'
    path = write_bot(more=engine)
    text = path.read_text(encoding="utf-8")
    path.write_text(re.sub(r"(?m)^post: .*$", "post: {at: 13:00, from: {folder: drafts}}", text), encoding="utf-8")
    (home / "drafts").mkdir()
    (home / "drafts" / "key.txt").write_text("very-secret-token", encoding="utf-8")
    (home / "drafts" / "first.md").write_text("The lamp is lit.\n", encoding="utf-8")
    ledger_with(State.SENT)
    assert set(greenroom("pack", "--json").json["files"]) == {"bot.yaml", "persona.yaml", "drafts/first.md"}


def test_a_pack_that_is_unpacked_once_more_is_a_copy(
    greenroom: Greenroom, write_bot: Callable[..., Path], ledger_with: Callable[..., None], home: Path
) -> None:
    write_bot()
    ledger_with(State.SENT)
    assert greenroom("pack").code == 0
    first = greenroom("unpack", "ada.greenroom", "--folder", "first")
    assert "copy" not in first.out
    shutil.copyfile("ada.greenroom", "kept.greenroom")
    again = greenroom("unpack", "kept.greenroom", "--folder", "again")
    assert "It is a copy" in again.out
    for folder, is_copy in (("first", False), ("again", True)):
        told = greenroom("status", f"{folder}/bot.yaml")
        assert "it was packed" in told.out
        with contextlib.closing(sqlite3.connect(home / folder / "data" / "ada.db")) as db:
            (place,) = db.execute("SELECT value FROM meta WHERE name='home'").fetchone()
        assert json.loads(place)["packed"] is not is_copy


@pytest.mark.skipif(
    sys.platform == "win32" or os.geteuid() == 0, reason="needs files that their owner himself cannot write"
)
def test_a_pack_that_can_only_be_read_is_unpacked_and_its_owner_warned(
    greenroom: Greenroom, write_bot: Callable[..., Path], ledger_with: Callable[..., None]
) -> None:
    write_bot()
    ledger_with(State.SENT)
    assert greenroom("pack").code == 0
    Path("ada.greenroom").chmod(0o400)
    told = greenroom("unpack", "ada.greenroom", "--folder", "there")
    assert told.code == 0
    assert "do not unpack it once more" in told.out


def test_what_was_unpacked_and_not_taken_over_does_not_run(
    greenroom: Greenroom, write_bot: Callable[..., Path], ledger_with: Callable[..., None]
) -> None:
    write_bot()
    ledger_with(State.SENT)
    assert greenroom("pack").code == 0
    assert greenroom("unpack", "ada.greenroom", "--folder", "there").code == 0
    refused = greenroom("run", "there/bot.yaml")
    assert refused.code == 1
    assert "was not taken over here yet" in refused.err
    assert "`greenroom run ada --take-over`" in refused.err


def test_files_of_any_age_are_packed(
    greenroom: Greenroom, write_bot: Callable[..., Path], ledger_with: Callable[..., None], home: Path
) -> None:
    write_bot()
    ledger_with(State.SENT)
    os.utime(home / "persona.yaml", (0, 0))
    assert greenroom("pack").code == 0


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no folders that can be synced")
def test_that_there_is_a_pack_is_on_disk_when_it_is_done(
    greenroom: Greenroom,
    write_bot: Callable[..., Path],
    ledger_with: Callable[..., None],
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    write_bot()
    ledger_with(State.SENT)
    sync, synced = os.fsync, list[tuple[int, bool]]()

    def noted(handle: int) -> None:
        synced.append((os.fstat(handle).st_ino, Path("ada.greenroom").exists()))
        sync(handle)

    monkeypatch.setattr("os.fsync", noted)
    assert greenroom("pack").code == 0
    assert (home.stat().st_ino, True) in synced


LINK = 0o120777 << 16
"""The attributes of a member that stands for a link."""


def evil_pack(*members: str | zipfile.ZipInfo, **facts: object) -> None:
    """Write what says that it is a pack, with more in it than a bot and its ledger."""
    manifest: dict[str, object] = {"format": 1, "bot": "ada", "file": "bot.yaml", "turns": 0, "moves": True}
    manifest |= {"to_set": [], "left_out": [], "root": "/r", "media": "/m", "ledger": "data/ada.db", **facts}
    with zipfile.ZipFile("evil.greenroom", "w") as archive:
        archive.writestr("greenroom.json", json.dumps(manifest))
        archive.writestr("ledger.db", "")
        archive.writestr(f"files/{manifest['file']}", "")
        for member in members:
            archive.writestr(member, "evil")


def is_refused_whole(
    greenroom: Greenroom, home: Path, *, name: str | None = None, why: str = "a pack is a zip file"
) -> bool:
    """Say whether nothing is unpacked and the owner is told why, with the `name` of what is refused."""
    before = {path for path in home.rglob("*") if path.suffix != ".log"}
    said = greenroom("unpack", "evil.greenroom", "--folder", "there")
    is_refused = said.code == 1 and why in said.err and (name is None or repr(name) in said.err)
    return is_refused and {path for path in home.rglob("*") if path.suffix != ".log"} == before


@pytest.mark.parametrize("name", ["../evil.txt", "/elsewhere/evil.txt", "C:\\evil.txt", "a/../../evil.txt"])
def test_nothing_is_unpacked_outside_of_the_folder(greenroom: Greenroom, home: Path, name: str) -> None:
    evil_pack(f"files/{name}")
    assert is_refused_whole(greenroom, home, name=f"files/{name}")


@pytest.mark.parametrize(
    "name",
    [
        "files/.git/hooks/post-checkout",
        "files/drafts/.bashrc",
        "files/ada.env",
        "files/data/ada.accounts/home/secrets.json",
        "files/data/ada-observe/password",
        "files/data/ada.db-wal",
        "files/NUL",
        "files/drafts/com1.md",
        "files/trailing./dot.md",
        "files/drafts//twice.md",
        "files/line\nbreak.md",
        "files/drafts/",
        "files/pics/10:30.png",
        "files/.ab12.part",
        "media/.hidden.png",
        "media/.git/ab12.part",
        "elsewhere.txt",
    ],
)
def test_a_pack_is_refused_that_holds_what_is_never_packed(greenroom: Greenroom, home: Path, name: str) -> None:
    evil_pack(name)
    assert is_refused_whole(greenroom, home, name=name)


def test_what_a_crash_left_unfinished_beside_the_pictures_is_left_out_of_a_pack_that_holds_it(
    greenroom: Greenroom, write_bot: Callable[..., Path], ledger_with: Callable[..., None], home: Path
) -> None:
    write_bot()
    ledger_with(State.SENT)
    assert greenroom("pack").code == 0
    with zipfile.ZipFile("ada.greenroom", "a") as archive:
        for name in (".ab12.part", "made.png"):
            archive.writestr(f"media/{name}", "")
    assert greenroom("unpack", "ada.greenroom", "--folder", "there").code == 0
    assert [path.name for path in (home / "there" / "data" / "ada-media").iterdir()] == ["made.png"]


@pytest.mark.parametrize(
    ("name", "why"),
    [(".bots/ada.yaml", "is hidden or"), ("aux.yaml", "is hidden or"), ("ada.env", "could be a secret's")],
)
def test_a_bot_under_a_name_that_is_not_packed_is_told_why(
    greenroom: Greenroom,
    write_bot: Callable[..., Path],
    ledger_with: Callable[..., None],
    home: Path,
    name: str,
    why: str,
) -> None:
    path = write_bot()
    ledger_with(State.SENT)
    text = path.read_text(encoding="utf-8")
    (home / name).parent.mkdir(exist_ok=True)
    persona = home / "persona.yaml"
    persona.rename(home / name)
    path.write_text(text.replace("persona.yaml", name), encoding="utf-8")
    told = greenroom("pack")
    assert told.code == 1
    assert why in told.err


@pytest.mark.parametrize("facts", [{"ledger": ".git/hooks/post-checkout"}, {"bot": ".git/x"}, {"file": ".bashrc"}])
def test_a_pack_is_refused_that_says_of_its_own_files_what_is_never_packed(
    greenroom: Greenroom, home: Path, facts: dict[str, object]
) -> None:
    evil_pack(**facts)
    assert is_refused_whole(greenroom, home)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_pack_with_a_link_or_with_two_files_of_one_name_is_refused(greenroom: Greenroom, home: Path) -> None:
    link = zipfile.ZipInfo("files/link.md")
    link.external_attr = LINK
    evil_pack(link)
    assert is_refused_whole(greenroom, home)
    evil_pack("files/data/ledger.db", ledger="data/ledger.db")
    assert is_refused_whole(greenroom, home)
    evil_pack("files/twice.md", "files/twice.md")
    assert is_refused_whole(greenroom, home, why="nothing that `greenroom pack` wrote")


def test_what_unpack_would_refuse_is_not_packed_and_named(
    greenroom: Greenroom, write_bot: Callable[..., Path], ledger_with: Callable[..., None], home: Path
) -> None:
    path = write_bot()
    text = path.read_text(encoding="utf-8")
    path.write_text(re.sub(r"(?m)^post: .*$", "post: {at: 13:00, from: {folder: drafts}}", text), encoding="utf-8")
    (home / "drafts").mkdir()
    for name in ("con.md", "first.md"):
        (home / "drafts" / name).write_text("The lamp is lit.\n", encoding="utf-8")
    ledger_with(State.SENT)
    packed = greenroom("pack", "--copy", "--json").json
    assert set(packed["files"]) == {"bot.yaml", "persona.yaml", "drafts/first.md"}
    assert [Path(one).name for one in packed["left_out"]] == ["con.md"]
    assert greenroom("unpack", "ada.greenroom", "--folder", "there").code == 0


def test_a_ledger_in_a_hidden_folder_is_unpacked_beside_the_bot(
    greenroom: Greenroom, write_bot: Callable[..., Path], ledger_with: Callable[..., None], home: Path
) -> None:
    write_bot(more="store: .state/ada.db\n")
    ledger_with(State.SENT)
    (home / ".state").mkdir(exist_ok=True)
    (home / "data" / "ada.db").rename(home / ".state" / "ada.db")
    packed = greenroom("pack", "--copy")
    assert "unpacked it is data/ada.db" in packed.out, packed.err
    assert greenroom("unpack", "ada.greenroom", "--folder", "there").code == 0
    assert "store: data/ada.db" in (home / "there" / "bot.yaml").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "manifest",
    [
        "[" * 100_000,
        '{"format": 1, "bot": "ada", "file": "mine.yaml", "turns": 0, "to_set": [], "left_out": [], "moves": false, '
        '"ledger": "data/ada.db", "root": "/r", "media": "/m"}',
    ],
)
def test_a_pack_without_a_bot_of_its_own_touches_nothing(greenroom: Greenroom, home: Path, manifest: str) -> None:
    mine = home / "mine.yaml"
    mine.write_text("bot: mine\nstore: elsewhere/mine.db\n", encoding="utf-8")
    with zipfile.ZipFile("evil.greenroom", "w") as archive:
        archive.writestr("greenroom.json", manifest)
        archive.writestr("ledger.db", "")
    said = greenroom("unpack", "evil.greenroom", "--folder", ".")
    assert said.code == 1
    assert "nothing that `greenroom pack` wrote" in said.err
    assert mine.read_text(encoding="utf-8") == "bot: mine\nstore: elsewhere/mine.db\n"
    assert not (home / "data").exists()


@pytest.mark.parametrize("name", ["greenroom.json", "ledger.db", "files/bot.yaml"])
def test_of_a_pack_that_was_damaged_on_its_way_no_file_is_left_and_a_good_one_is_unpacked_there(
    greenroom: Greenroom, write_bot: Callable[..., Path], ledger_with: Callable[..., None], home: Path, name: str
) -> None:
    write_bot()
    ledger_with(State.SENT)
    assert greenroom("pack").code == 0
    packed = bytearray(Path("ada.greenroom").read_bytes())
    with zipfile.ZipFile("ada.greenroom") as archive:
        begins = archive.getinfo(name).header_offset + 30 + len(name)
    packed[begins : begins + 2] = bytes(~byte & 0xFF for byte in packed[begins : begins + 2])
    Path("bad.greenroom").write_bytes(packed)
    said = greenroom("unpack", "bad.greenroom", "--folder", "there")
    assert said.code == 1
    assert "nothing that `greenroom pack` wrote, or not the whole of it" in said.err
    assert not [path for path in home.glob("there/**/*") if path.is_file()]
    assert greenroom("unpack", "ada.greenroom", "--folder", "there").code == 0


def test_a_pack_that_cannot_be_written_moves_nothing(
    greenroom: Greenroom, write_bot: Callable[..., Path], ledger_with: Callable[..., None], home: Path
) -> None:
    write_bot()
    ledger_with(State.SENT)
    (home / "file").write_text("", encoding="utf-8")
    assert greenroom("pack", "--to", "file/ada.greenroom").code == 1
    assert greenroom("post", "Good night.").code == 0, "it runs here as before"


@pytest.mark.skipif(sys.platform == "win32", reason="sends signals that Windows has not")
def test_a_running_bot_is_asked_whether_it_rehearses(
    running: Callable[..., Any],
    write_bot: Callable[..., Path],
    stage: RunningStage,
    greenroom: Greenroom,
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    write_bot(server=stage.url, handle=f"mover{secrets.token_hex(3)}")
    bot = running()
    # as from outside of the container in which it runs
    (home / "data" / "ada.db-home").unlink()
    monkeypatch.setattr("greenroom.storage.sqlite.home.CONTAINERS", ())
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    monkeypatch.setattr("socket.gethostname", lambda: "outside")
    told = greenroom("status")
    assert "running" in told.out
    assert "rehearses" not in told.out
    bot.signal(signal.SIGTERM)
    assert bot.wait()[0] == 0
    assert "rehearses" in greenroom("status").out


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has other exit codes for what is killed")
def test_a_pack_that_is_killed_leaves_no_two_bots(
    greenroom: Greenroom, write_bot: Callable[..., Path], ledger_with: Callable[..., None], home: Path
) -> None:
    write_bot()
    ledger_with(State.SENT)
    dies = "import os, zipfile; zipfile.ZipFile.writestr = lambda *a, **k: os.kill(os.getpid(), 9)"
    program = f"{dies}; import sys; sys.argv = ['greenroom', 'pack']; from greenroom.cli import main; main()"
    assert subprocess.run([sys.executable, "-c", program], check=False, timeout=120).returncode == -signal.SIGKILL  # noqa: S603
    assert not Path("ada.greenroom").exists()
    refused = greenroom("run")
    assert refused.code == 1
    assert "take it back with `greenroom run ada --take-over`" in refused.err
