"""What is attached is made to fit before the first try, and stays the same from then on."""

import asyncio
import os
import random
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import pytest
from PIL import Image

from greenroom.clock import to_micros
from greenroom.delivery import Shelf
from greenroom.storage import Due, State, Turn
from greenroom.testing import ScriptedPlatform
from greenroom_adapters.contract import Absent, Attempt, Limits, Media, MediaLimit, OutcomeUnknown, TextLimit

if TYPE_CHECKING:
    from conftest import Door  # type: ignore[import-not-found]  # found by pytest alone
else:
    Door = object

LIMIT = MediaLimit(count=4, types=frozenset({"image/png", "image/jpeg"}), bytes=50_000, alt_length=100)


@pytest.fixture
def large(tmp_path: Path) -> Media:
    """A picture that is over the limit."""
    noise = random.Random(1).randbytes(300 * 200 * 3)  # noqa: S311 - a test's dice
    Image.frombytes("RGB", (300, 200), noise).save(tmp_path / "sea.png")
    return Media(path=str(tmp_path / "sea.png"), media_type="image/png", alt="the sea")


async def with_media(door: Door, media: Media) -> Turn:
    """Return a turn that is to go out with this, to a platform that takes pictures."""
    limits = Limits(text=(TextLimit(length=500),), media=LIMIT)
    door.platform.capabilities = replace(door.platform.capabilities, limits=limits)
    turn: Turn = await door.intended("Look.")
    turn.outbox[0].post = replace(turn.outbox[0].post, media=(media,))
    door.ledger.save(turn)
    await door.ledger.committed()
    return turn


@pytest.mark.asyncio
async def test_a_picture_that_is_too_large_goes_out_smaller_and_the_ledger_says_so(door: Door, large: Media) -> None:
    turn = await door.deliver(await with_media(door, large))
    assert turn.state is State.SENT
    ((_, post),) = door.platform.posts
    (sent,) = post.media
    assert os.path.getsize(sent.path) <= LIMIT.bytes
    for place in (Path(sent.path), Path(sent.path).parent):
        assert os.name == "nt" or place.stat().st_mode & 0o077 == 0
    assert (sent.media_type, sent.alt) == ("image/jpeg", "the sea")
    with closing(sqlite3.connect(door.path)) as ledger:
        ((note,),) = ledger.execute("SELECT why FROM journal WHERE seq = ? AND what = 'made to fit'", (turn.seq,))
    assert note.startswith("sea.png: image/png of 0.18 MB went out as image/jpeg of 0.0")


@pytest.mark.asyncio
async def test_a_later_try_carries_the_same_file_although_the_original_is_gone(door: Door, large: Media) -> None:
    turn = await with_media(door, large)

    def delete_and_lose(platform: ScriptedPlatform, attempt: Attempt) -> NoReturn:
        Path(large.path).unlink()
        raise OutcomeUnknown("no answer")

    door.platform.answers.append(delete_and_lose)
    door.platform.findings.append(Absent())
    assert (await door.deliver(turn)).state is State.SENT
    first, second = (attempt.post.media for attempt in door.platform.attempts)
    assert first == second


@pytest.mark.asyncio
async def test_a_picture_that_cannot_be_read_is_refused_before_anything_goes_out(door: Door, large: Media) -> None:
    turn = await with_media(door, replace(large, path=f"{large.path}.gone"))
    turn = await door.deliver(turn)
    assert (turn.state, turn.reason[:46]) == (State.DEAD, "refused before sending: sea.png.gone cannot be")
    assert door.platform.attempts == []


@pytest.mark.asyncio
async def test_a_picture_goes_out_under_its_filter_and_a_later_try_carries_the_same_bytes(
    door: Door, tmp_path: Path
) -> None:
    Image.linear_gradient("L").convert("RGB").resize((64, 64)).save(tmp_path / "sea.png")
    media = Media(path=str(tmp_path / "sea.png"), media_type="image/png", alt="the sea")
    turn = await with_media(door, media)
    turn.event = Due(name="morning", period="2026-11-24", due=door.clock.now(), say="Look.", filter="faded")
    bytes_sent: list[bytes] = []

    def lose(platform: ScriptedPlatform, attempt: Attempt) -> NoReturn:
        bytes_sent.append(Path(attempt.post.media[0].path).read_bytes())
        raise OutcomeUnknown("no answer")

    door.platform.answers.append(lose)
    door.platform.findings.append(Absent())
    assert (await door.deliver(turn)).state is State.SENT
    ((_, post),) = door.platform.posts
    (sent,) = post.media
    assert sent.alt == "the sea"
    assert Path(sent.path).read_bytes() == bytes_sent[0] != (tmp_path / "sea.png").read_bytes()
    assert len(list(door.path.parent.glob("media/*"))) == 1
    assert "made to fit: sea.png: under the filter faded" in await door.why(turn)


@pytest.mark.asyncio
async def test_a_filter_that_is_not_there_any_more_refuses_the_post_before_anything_goes_out(
    door: Door, large: Media
) -> None:
    turn = await with_media(door, large)
    turn.event = Due(name="morning", period="2026-11-24", due=door.clock.now(), say="Look.", filter="twilight")
    turn = await door.deliver(turn)
    assert turn.state is State.DEAD
    assert turn.reason.startswith("refused before sending: there is no filter twilight any more")
    assert door.platform.attempts == []


@pytest.mark.asyncio
async def test_what_is_set_aside_while_its_picture_is_made_to_fit_does_not_go_out(door: Door, large: Media) -> None:
    turn = await with_media(door, large)
    delivery = asyncio.create_task(door.dispatcher().deliver(turn))
    while not list(door.path.parent.glob("media/*")):
        await asyncio.sleep(0)
    turn.state = State.IGNORED
    await delivery
    assert door.platform.attempts == []


@pytest.mark.asyncio
async def test_what_was_used_of_late_stays_on_the_shelf(door: Door, large: Media, tmp_path: Path) -> None:
    turn = await door.deliver(await with_media(door, large))
    (file,) = [Path(media.path) for media in turn.outbox[0].post.media]
    now = to_micros(door.clock.now())
    shelf = Shelf(file.parent)
    os.utime(file, (now / 1e6, now / 1e6))
    shelf.clear(before=now - 1_000_000)
    assert file.exists()
    (file.parent / "of somebody else").mkdir()
    shelf.clear(before=now + 1_000_000)
    assert not file.exists()
    Shelf(tmp_path / "never made").clear(before=now)


@pytest.mark.asyncio
async def test_no_picture_waits_for_a_clip(tmp_path: Path, large: Media, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "bin" / "ffmpeg"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\nexec sleep 60\n", encoding="ascii")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    clip = tmp_path / "sea.mp4"
    clip.write_bytes(b"\0\0\0\x18ftypisom\0\0\0\0isommp41")
    shelf = Shelf(tmp_path / "shelf")
    work = asyncio.create_task(shelf.filtered(Media(path=str(clip), media_type="video/mp4", alt="the sea"), "mono"))
    for _ in range(20):
        await asyncio.sleep(0)
    made = await asyncio.wait_for(shelf.filtered(large, "mono"), 20)
    assert Path(made.path).is_file()
    assert not work.done()
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work


@pytest.mark.asyncio
async def test_what_a_crash_leaves_of_what_was_sent_is_cleared_and_is_for_its_owner_alone(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "shelf")
    kept = await shelf.kept(b"a stranger's photo")
    assert kept.read_bytes() == b"a stranger's photo"
    assert kept.stat().st_mode & 0o077 == 0
    os.utime(kept, (1, 1))
    shelf.clear(before=2_000_000)
    assert not kept.exists()


@pytest.mark.asyncio
async def test_a_file_is_found_by_a_bot_that_is_started_in_another_folder(
    tmp_path: Path, large: Media, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    made = await Shelf(Path("shelf")).filtered(large, "mono")
    monkeypatch.chdir("/")
    assert Path(made.path).is_file()
