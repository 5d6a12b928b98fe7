"""A picture that a model made is signed last of all: the manifest says so, and shows whether it was changed."""

import io
import json
import os
import random
from pathlib import Path
from typing import Any

import c2pa
import pytest
from PIL import Image
from typer.testing import CliRunner

from greenroom.app import Bot, Options
from greenroom.cli.entry import app
from greenroom.delivery import Sealer, Shelf
from greenroom.delivery.certificates import make_certificate
from greenroom_adapters.contract import ConfigurationError, Media, MediaLimit, Post, Secret
from greenroom_adapters.media import Source, source_in, written_png

LIMIT = MediaLimit(count=4, types=frozenset({"image/png", "image/jpeg"}), bytes=400_000, alt_length=100)


@pytest.fixture
def sealer(tmp_path: Path) -> Sealer:
    certificate, key = make_certificate("Cabo Raso", tmp_path / "certificates")
    return Sealer(certificate.read_bytes(), Secret(key.read_text(encoding="utf-8")), bot="ada")


LARGER = "with one it would be larger than the platform takes"


def picture(folder: Path, source: Source | None = Source.MODEL, *, side: int = 64) -> Media:
    noise = random.Random(1).randbytes(side * side * 3)  # noqa: S311 - a test's dice
    path = folder / f"sea-{side}-{source}.png"
    path.write_bytes(written_png(Image.frombytes("RGB", (side, side), noise), source))
    is_generated = source is not None and source.is_generated
    return Media(path=str(path), media_type="image/png", alt="the sea", is_generated=is_generated)


async def posted(
    folder: Path, sealer: Sealer | None, media: Media, limit: MediaLimit = LIMIT
) -> tuple[Path, list[str]]:
    shelf = Shelf(folder / "shelf", sealer=lambda: sealer)
    post, notes = await shelf.fit(Post(text="Look.", media=(media,)), limit)
    return Path(post.media[0].path), notes


def manifest_in(content: bytes, media_type: str = "image/png") -> tuple[dict[str, Any], str] | None:
    """Return what a reader of C2PA finds, and whether it holds; None: there is nothing."""
    reader = c2pa.Reader.try_create(media_type, io.BytesIO(content))
    if reader is None:
        return None
    with reader:
        told = json.loads(reader.json())
        return told["manifests"][told["active_manifest"]], reader.get_validation_state()


@pytest.mark.asyncio
@pytest.mark.parametrize("source", [Source.MODEL, Source.EDITED_BY_MODEL])
async def test_the_manifest_says_what_a_model_did_and_by_whom_it_is_signed(
    tmp_path: Path, sealer: Sealer, source: Source
) -> None:
    path, notes = await posted(tmp_path, sealer, picture(tmp_path, source))
    found = manifest_in(path.read_bytes())
    assert found is not None
    manifest, holds = found
    assert holds == "Valid"
    (actions,) = [one["data"]["actions"] for one in manifest["assertions"] if one["label"].startswith("c2pa.actions")]
    assert actions[0]["action"] == "c2pa.created"
    assert actions[0]["digitalSourceType"].endswith(f"/{source}")
    assert manifest["signature_info"]["common_name"] == "Cabo Raso"
    assert source_in(path.read_bytes()) is source, "IPTC's word stays as well"
    assert any("signed" in note for note in notes)
    with Image.open(path) as opened:
        opened.load()


@pytest.mark.asyncio
async def test_a_later_try_sends_the_same_bytes(tmp_path: Path, sealer: Sealer) -> None:
    media = picture(tmp_path)
    first, _ = await posted(tmp_path, sealer, media)
    content = first.read_bytes()
    again, _ = await posted(tmp_path, sealer, media)
    assert (again, again.read_bytes()) == (first, content)
    assert os.stat(first).st_mode & 0o077 == 0


@pytest.mark.asyncio
async def test_it_is_signed_after_it_was_made_to_fit(tmp_path: Path, sealer: Sealer) -> None:
    path, _ = await posted(tmp_path, sealer, picture(tmp_path, side=400))
    assert path.stat().st_size <= LIMIT.bytes
    found = manifest_in(path.read_bytes(), "image/jpeg")
    assert found is not None
    assert found[1] == "Valid"


@pytest.mark.asyncio
async def test_a_picture_of_a_camera_and_a_card_are_not_signed(tmp_path: Path, sealer: Sealer) -> None:
    for source in (None, Source.ALGORITHM):
        media = picture(tmp_path, source)
        path, notes = await posted(tmp_path, sealer, media)
        assert (str(path), notes) == (media.path, [])


@pytest.mark.asyncio
async def test_without_a_certificate_and_without_room_it_goes_out_with_iptcs_word_alone(
    tmp_path: Path, sealer: Sealer
) -> None:
    media = picture(tmp_path)
    for who, limit in ((None, LIMIT), (sealer, MediaLimit(count=1, types=LIMIT.types, bytes=14_000, alt_length=9))):
        path, notes = await posted(tmp_path, who, media, limit)
        assert manifest_in(path.read_bytes()) is None
        assert notes == (
            []
            if who is None
            else [f"{Path(media.path).name} has no manifest: with one it would be larger than the platform takes"]
        )


@pytest.mark.asyncio
async def test_what_has_a_manifest_keeps_it(tmp_path: Path, sealer: Sealer) -> None:
    signed, _ = await posted(tmp_path, sealer, picture(tmp_path))
    certificate, key = make_certificate("Somebody else", tmp_path / "others")
    other = Sealer(certificate.read_bytes(), Secret(key.read_text(encoding="utf-8")), bot="bea")
    media = Media(path=str(signed), media_type="image/png", alt="the sea", is_generated=True)
    path, notes = await posted(tmp_path, other, media)
    assert path.read_bytes() == signed.read_bytes()
    assert "keeps it" in notes[-1]


def test_a_certificate_that_cannot_sign_is_told_at_the_start_and_never_the_key(tmp_path: Path) -> None:
    one, key = make_certificate("One", tmp_path / "one")
    other, _ = make_certificate("Other", tmp_path / "other")
    secret = key.read_text(encoding="utf-8")
    leaf_alone = one.read_text(encoding="utf-8").split("-----END CERTIFICATE-----")[1].encode()
    for certificate, private, why in (
        (other.read_bytes(), secret, "does not belong"),
        (b"nothing", secret, "no PEM"),
        (one.read_bytes(), "nothing", "no PEM"),
        (leaf_alone + b"-----END CERTIFICATE-----\n", secret, "does not belong"),
    ):
        with pytest.raises(ConfigurationError, match=why) as raised:
            Sealer(certificate, Secret(private), bot="ada")
        assert secret[40:60] not in str(raised.value)


def test_the_command_writes_what_a_bot_file_can_name_and_overwrites_nothing(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["certificate", "Cabo Raso", "--folder", str(tmp_path)])
    assert done.exit_code == 0, done.output
    key = tmp_path / "certificate-key.pem"
    assert os.stat(key).st_mode & 0o077 == 0
    line = next(line for line in done.output.splitlines() if line.startswith("provenance: "))
    (tmp_path / "ada.yaml").write_text("persona: Ada\nwho: keeps the lighthouse\n", encoding="utf-8")
    path = tmp_path / "bot.yaml"
    path.write_text(
        f"bot: ada\npersona: ada.yaml\naccounts: {{home: stage}}\nanswer: mentions\n{line}\n", encoding="utf-8"
    )
    bot = Bot.load(path, Options(environ={}))
    assert bot.sealer(bot.file) is not None
    before = key.read_bytes()
    again = CliRunner().invoke(app, ["certificate", "Cabo Raso", "--folder", str(tmp_path)])
    assert again.exit_code != 0
    assert key.read_bytes() == before
