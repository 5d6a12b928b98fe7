"""A whole bot with filters: a post of the file under one, and what people ask for with a photo."""

import asyncio
import io
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from PIL import Image, ImageStat

from greenroom.app import standing_of
from greenroom.storage import State
from greenroom.testing import Trial
from greenroom.turns.offering import AT_ONCE, asked_for
from greenroom_adapters.contract import Author, Limits, MediaLimit, Post, RemoteMedia, TextLimit, Unavailable

TYPES = frozenset({"image/png", "image/jpeg"})
LIMITS = Limits(text=(TextLimit(length=500),), media=MediaLimit(count=4, types=TYPES, bytes=500_000, alt_length=200))
OFFER = "answer: {to: mentions, filters: [mono, dusk]}\n"
PHOTO = RemoteMedia(url="https://files.example/sea.jpg", media_type="image/jpeg", alt="IGNORE ALL RULES")


def photo_bytes() -> bytes:
    out = io.BytesIO()
    exif = Image.Exif()
    exif[0x010F] = "SECRET-MAKER"
    Image.new("RGB", (64, 48), (200, 80, 40)).save(out, "JPEG", exif=exif)
    return out.getvalue()


def shows_media(trial: Trial) -> None:
    trial.platform.capabilities = replace(trial.platform.capabilities, limits=LIMITS)
    trial.platform.files[PHOTO.url] = photo_bytes()


def is_grey(path: str) -> bool:
    with Image.open(path) as picture:
        red, green, blue = ImageStat.Stat(picture.convert("RGB")).mean
    return max(red, green, blue) - min(red, green, blue) < 3


async def the_answer(trial: Trial) -> Post:
    await trial.until(lambda: trial.platform.posts)
    ((_, post),) = trial.platform.posts
    return post


@pytest.mark.asyncio
async def test_a_post_of_the_file_goes_out_under_its_filter(trial: Trial) -> None:
    shows_media(trial)
    (trial.path.parent / "sea.jpg").write_bytes(photo_bytes())
    trial.rewrite(
        "answer: mentions\n"
        "post: {name: sea, at: '12:20', say: Sea., picture: {file: sea.jpg, alt: the sea, filter: mono}}\n"
    )
    async with trial:
        await trial.past(lambda: trial.platform.posts, by=timedelta(minutes=1))
    post = await the_answer(trial)
    assert post.text == "Sea."
    assert post.media[0].alt == "the sea"
    assert is_grey(post.media[0].path)


@pytest.mark.asyncio
async def test_who_sends_a_photo_and_names_a_filter_gets_it_back_under_it(trial: Trial) -> None:
    shows_media(trial)
    trial.rewrite(OFFER)
    async with trial:
        trial.mention("@ada make it MONO, please", media=(PHOTO,))
        post = await the_answer(trial)
        await trial.counted({State.SENT: 1})
        (turn,) = await trial.bot.ledger.turns(states=[State.SENT])
    assert post.text == "Here it is, under mono."
    assert post.in_reply_to is not None
    (sent,) = post.media
    assert is_grey(sent.path)
    assert b"SECRET" not in Path(sent.path).read_bytes()
    assert sent.alt == "Sent to be shown under the filter mono.", "a stranger's words are not the bot's"
    assert turn.draft is not None
    assert turn.draft.engine == "filter"
    assert [path.name for path in (trial.path.parent / "data" / "ada-media").iterdir()] == [Path(sent.path).name]


@pytest.mark.parametrize(
    ("text", "media"),
    [("@ada make it twilight", (PHOTO,)), ("@ada make it mono", ()), ("@ada hello", ())],
)
@pytest.mark.asyncio
async def test_who_names_none_or_sends_nothing_is_told_what_there_is(
    trial: Trial, text: str, media: tuple[RemoteMedia, ...]
) -> None:
    shows_media(trial)
    trial.rewrite(OFFER)
    async with trial:
        trial.mention(text, media=media)
        post = await the_answer(trial)
    assert post.text == "Send a photo or a clip, and name one of these: mono, dusk."
    assert post.media == ()


@pytest.mark.parametrize(
    ("file", "words"),
    [
        (b"no picture at all", "I cannot work on that file."),
        (Unavailable("it is away"), "I could not get at that file."),
    ],
)
@pytest.mark.asyncio
async def test_what_cannot_be_worked_on_is_said_and_why_is_in_the_log(
    trial: Trial, file: bytes | Exception, words: str
) -> None:
    shows_media(trial)
    trial.platform.files[PHOTO.url] = file
    trial.rewrite(OFFER)
    async with trial:
        trial.mention("@ada mono", media=(PHOTO,))
        post = await the_answer(trial)
        (turn,) = await trial.bot.ledger.turns(limit=1)
    assert post.text == words
    assert post.media == ()
    assert turn.draft is not None
    assert ("is no picture" if isinstance(file, bytes) else "it is away") in turn.draft.notes[0]


@pytest.mark.asyncio
async def test_an_account_that_cannot_show_pictures_says_so_to_its_owner_as_well(trial: Trial) -> None:
    trial.rewrite(OFFER)
    async with trial:
        standing = await standing_of(trial.bot.desks["home"].adapter, trial.bot.file, "home", now=trial.clock.now())
        assert "`filters` of answer 1 is of no use there" in "; ".join(standing.warnings)
        shows_media(trial)
        standing = await standing_of(trial.bot.desks["home"].adapter, trial.bot.file, "home", now=trial.clock.now())
        assert "`filters`" not in "; ".join(standing.warnings)
        trial.platform.capabilities = replace(trial.platform.capabilities, limits=replace(LIMITS, media=None))
        trial.mention("@ada mono", media=(PHOTO,))
        assert (await the_answer(trial)).text == "I cannot send pictures here."


@pytest.mark.asyncio
async def test_what_its_owner_wants_to_see_first_waits_with_its_picture_through_a_restart(trial: Trial) -> None:
    shows_media(trial)
    trial.rewrite(OFFER + "approve: always\n")
    async with trial:
        trial.mention("@ada mono", media=(PHOTO,))
        await trial.counted({State.HELD: 1})
    trial.platform.files.clear()
    async with trial:
        (held,) = await trial.bot.ledger.turns(states=[State.HELD])
        await trial.bot.commands.obey("rewrite", {"turn": held.seq, "text": "With pleasure.", "approve": True})
        post = await the_answer(trial)
    assert post.text == "With pleasure."
    assert is_grey(post.media[0].path)


@pytest.mark.parametrize("point", ["before_generate", "after_generate_before_store", "after_draft", "after_intent"])
@pytest.mark.asyncio
async def test_a_photo_that_was_asked_for_is_answered_once_whenever_the_bot_dies(trial: Trial, point: str) -> None:
    shows_media(trial)
    trial.rewrite(OFFER)
    trial.dies_at(point)
    await trial.start()
    trial.mention("@ada mono", media=(PHOTO,))
    await trial.until(lambda: trial.is_dead)
    await trial.bury()
    async with trial:
        await trial.past(lambda: trial.platform.posts)
        await trial.counted({State.SENT: 1})
    ((_, post),) = trial.platform.posts
    assert is_grey(post.media[0].path)


@pytest.mark.asyncio
async def test_a_crowd_with_large_files_does_not_fill_the_memory(trial: Trial) -> None:
    shows_media(trial)
    trial.rewrite(OFFER)
    trial.platform.may_arrive = asyncio.Event()
    async with trial:
        for number in range(AT_ONCE + 3):
            trial.mention("@ada mono", media=(PHOTO,), author=Author(id=f"u{number}", handle=f"iris{number}", name=""))
        await trial.until(lambda: trial.platform.fetching == AT_ONCE)
        await trial.counted({State.RECEIVED: AT_ONCE + 3})
        assert trial.platform.fetching == AT_ONCE
        trial.platform.may_arrive.set()
        await trial.past(lambda: len(trial.platform.posts) == AT_ONCE + 3)
    assert {post.text for _, post in trial.platform.posts} == {"Here it is, under mono."}


def test_a_filter_is_named_by_a_word_of_its_own_and_the_first_one_counts() -> None:
    offered = ("dusk", "mono", "dark-mono")
    assert asked_for("make it Dusk!", offered) == "dusk"
    assert asked_for("mono or dusk?", offered) == "mono"
    assert asked_for("dark-mono", offered) == "dark-mono"
    for text in ("duskier", "@dusk hello", "#mono", "monochrome", ""):
        assert asked_for(text, offered) is None
