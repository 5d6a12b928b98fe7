"""A whole bot that posts cards: no key, no file, and a description for who cannot see them."""

from dataclasses import replace
from datetime import timedelta

import pytest
from PIL import Image

from greenroom.app import standing_of
from greenroom.storage import State
from greenroom.testing import Trial
from greenroom_adapters.contract import Limits, MediaLimit, Post, TextLimit

TYPES = frozenset({"image/png", "image/jpeg"})
LIMITS = Limits(text=(TextLimit(length=500),), media=MediaLimit(count=4, types=TYPES, bytes=500_000, alt_length=60))


def with_card(card: str, *, more: str = "", say: str = "Lamp lit at 18:02.") -> str:
    return f"answer: mentions\npost: {{name: card, at: '12:20', say: '{say}', picture: {{card: {card}{more}}}}}\n"


async def due(trial: Trial) -> None:
    """Let the time of the post come, and pass no further: a card takes a while to be drawn."""
    await trial.bot.settle()
    trial.clock.turn(timedelta(minutes=30))


async def the_post(trial: Trial) -> Post:
    trial.platform.capabilities = replace(trial.platform.capabilities, limits=LIMITS)
    async with trial:
        await due(trial)
        await trial.counted({State.SENT: 1})
    ((_, post),) = trial.platform.posts
    return post


@pytest.mark.asyncio
async def test_a_post_goes_out_with_a_card_of_its_words(trial: Trial) -> None:
    trial.rewrite(with_card("quote"))
    post = await the_post(trial)
    (card,) = post.media
    assert post.text == "Lamp lit at 18:02."
    assert card.alt == "“Lamp lit at 18:02.” (Ada)"
    assert not card.is_generated
    with Image.open(card.path) as picture:
        assert (picture.format, picture.size) == ("PNG", (1080, 1080))


@pytest.mark.asyncio
async def test_the_owners_description_shape_and_filter_are_taken(trial: Trial) -> None:
    trial.rewrite(with_card("{show: quote, say: Other words., by: Bo}", more=", alt: mine, shape: wide, filter: mono"))
    (card,) = (await the_post(trial)).media
    assert card.alt == "mine"
    with Image.open(card.path) as picture:
        assert picture.size == (1200, 675)
        red, green, blue = picture.convert("RGB").resize((1, 1)).getpixel((0, 0))  # type: ignore[misc]  # three bands
    assert max(red, green, blue) - min(red, green, blue) <= 1


@pytest.mark.asyncio
async def test_a_table_is_read_when_its_post_is_due_and_its_numbers_are_described(trial: Trial) -> None:
    table = trial.path.parent / "boats.csv"
    table.write_text("Mon,1\n", encoding="utf-8")
    trial.rewrite(with_card("{show: bars, title: Boats, table: boats.csv}"))
    table.write_text("Mon,3\nTue,5.5\n", encoding="utf-8")
    (card,) = (await the_post(trial)).media
    assert card.alt == "Boats: Mon 3, Tue 5.5"


@pytest.mark.asyncio
async def test_a_description_is_as_long_as_the_platform_takes_it(trial: Trial) -> None:
    trial.rewrite(with_card("quote", say="Wind west. " * 20))
    (card,) = (await the_post(trial)).media
    assert card.alt.startswith("“Wind west.")
    assert len(card.alt) <= 60


@pytest.mark.asyncio
async def test_what_cannot_be_drawn_waits_for_a_person_with_the_reason(trial: Trial) -> None:
    table = trial.path.parent / "boats.csv"
    table.write_text("Mon,1\n", encoding="utf-8")
    trial.rewrite(with_card("{show: bars, table: boats.csv}"))
    trial.platform.capabilities = replace(trial.platform.capabilities, limits=LIMITS)
    async with trial:
        table.write_text("Mon,3\nTue,many\n", encoding="utf-8")
        await due(trial)
        await trial.counted({State.DEAD: 1})
        (turn,) = await trial.bot.ledger.turns(states=[State.DEAD])
    assert turn.reason == "no picture could be made for it: boats.csv, line 2: `many` is no number"
    assert not trial.platform.posts


@pytest.mark.asyncio
async def test_where_nothing_can_be_attached_the_words_go_alone(trial: Trial) -> None:
    trial.rewrite(with_card("quote"))
    async with trial:
        await due(trial)
        await trial.counted({State.SENT: 1})
    ((_, post),) = trial.platform.posts
    assert (post.text, post.media) == ("Lamp lit at 18:02.", ())


@pytest.mark.asyncio
async def test_a_description_of_the_owners_that_is_too_long_there_is_told_by_check(trial: Trial) -> None:
    trial.rewrite(with_card("quote", more=f", alt: {'x' * 61}"))
    trial.platform.capabilities = replace(trial.platform.capabilities, limits=LIMITS)
    async with trial:
        standing = await standing_of(trial.bot.desks["home"].adapter, trial.bot.file, "home", now=trial.clock.now())
    assert "post `card` will not go out: its `alt` has 61 characters of 60" in standing.warnings
