"""An embed below the words of a message: Discord's embed, and the previews of links beside it."""

from dataclasses import replace
from typing import Any

import pytest
from discord_world import DiscordWorld
from hypothesis import given, settings
from hypothesis import strategies as st

from greenroom_adapters.contract import Embed, EmbedField, Forbidden, Poll, Post, PostRejected, TooLong, Wanted
from greenroom_adapters.discord.writing import EMBED_LIMIT, POLL_LIMIT
from greenroom_adapters.testing import Intent

EMBED_LINKS = 1 << 14
SUPPRESS_EMBEDS = 1 << 2
FORUM = 15
EMBED = Embed(
    title="Tides",
    text="At the *harbour* wall.",
    link="https://tides.example/today",
    colour=0x2F6F9F,
    fields=(EmbedField(name="High", value="18:02", beside=True), EmbedField(name="Low", value="11:40")),
    image="https://tides.example/chart.png",
    footer="The harbour office",
)
LARGEST = Embed(
    title="t" * 256,
    text="x" * 2304,
    fields=(EmbedField(name="n" * 256, value="v" * 1024),) + (EmbedField(name="n", value="v"),) * 24,
    footer="f" * 2048,
    link="https://" + "l" * 2040,
)
"""An embed that is all that it can be: its texts are 5,936 characters."""


async def may_embed(world: DiscordWorld) -> None:
    await world.call("role", guild=world.guild["id"], user=world.me, permissions=EMBED_LINKS, name="embeds")


async def shown(world: DiscordWorld) -> list[Any]:
    return [said["embeds"] for said in await world.call("published", bot=world.me)]


@pytest.mark.asyncio
async def test_an_embed_stands_below_the_words_wherever_they_are_said(discord_world: DiscordWorld) -> None:
    world = discord_world
    await may_embed(world)
    forum = (await world.call("channel", guild=world.guild["id"], name="log", type=FORUM))["id"]
    asked = await world.say("when is high water?")
    async with world.adapter() as adapter:
        for number, post in enumerate(
            (
                Post(text="Here.", embed=EMBED),
                Post(text="There.", embed=EMBED, in_reply_to=asked),
                Post(text="In the forum.", embed=EMBED, room=forum),
                Post(text="To you.", embed=EMBED, direct_to=world.alice),
            )
        ):
            await adapter.publish(Intent(adapter, post, key=f"k{number}").next_try())
    embed = {
        "type": "rich",
        "title": "Tides",
        "description": "At the *harbour* wall.",
        "url": "https://tides.example/today",
        "color": 0x2F6F9F,
        "fields": [
            {"name": "High", "value": "18:02", "inline": True},
            {"name": "Low", "value": "11:40", "inline": False},
        ],
        "image": {"url": "https://tides.example/chart.png"},
        "footer": {"text": "The harbour office"},
    }
    assert await shown(world) == [[embed]] * 4


@pytest.mark.asyncio
async def test_an_embed_may_be_as_large_as_discord_takes_it(discord_world: DiscordWorld) -> None:
    world = discord_world
    await may_embed(world)
    assert LARGEST.text is not None
    whole = replace(LARGEST, text=LARGEST.text + "x" * (6000 - 5936))
    assert EMBED_LIMIT.wrong_with(whole) is None
    async with world.adapter() as adapter:
        await adapter.publish(Intent(adapter, Post(text="All of it.", embed=whole)).next_try())
        with pytest.raises(TooLong, match="6001 characters together, and 6000 are possible"):
            adapter.prepare(Post(text="More.", embed=replace(whole, title="t" * 255, text=f"{whole.text}xx")), key="k")
    ((embed,),) = await shown(world)
    assert len(embed["fields"]) == 25


@pytest.mark.parametrize(
    ("embed", "words"),
    [
        (replace(EMBED, title="t" * 257), "its title has 257 characters, and 256 are possible there"),
        (replace(EMBED, text="t" * 4097), "its text has 4097 characters, and 4096 are possible there"),
        (replace(EMBED, footer="t" * 2049), "its footer has 2049 characters, and 2048 are possible there"),
        (replace(EMBED, link="https://" + "l" * 2041), "its link has 2049 characters, and 2048 are possible there"),
        (replace(EMBED, image="https://" + "l" * 2041), "its image has 2049 characters, and 2048 are possible there"),
        (
            replace(EMBED, fields=(EmbedField(name="n", value="v"),) * 26),
            "it has 26 fields, and at most 25 are",
        ),
        (replace(EMBED, fields=(EmbedField(name="n" * 257, value="v"),)), "its name of a field has 257 characters"),
        (replace(EMBED, fields=(EmbedField(name="n", value="v" * 1025),)), "its value of a field has 1025 characters"),
    ],
    ids=["title", "text", "footer", "link", "image", "fields", "name", "value"],
)
def test_what_is_too_much_for_an_embed_is_refused_with_its_measure(embed: Embed, words: str) -> None:
    assert words in (EMBED_LIMIT.wrong_with(embed) or "")


texts = st.text("aä語 ", min_size=1, max_size=4200)


@given(title=texts, text=texts, footer=texts, values=st.lists(st.text("v", min_size=1, max_size=1100), max_size=27))
@settings(max_examples=60)
def test_an_embed_is_refused_exactly_where_a_part_or_the_whole_is_over(
    title: str, text: str, footer: str, values: list[str]
) -> None:
    fields = tuple(EmbedField(name="n", value=value) for value in values)
    whole = len(title) + len(text) + len(footer) + sum(len(value) + 1 for value in values)
    fits = len(title) <= 256 and len(text) <= 4096 and len(footer) <= 2048 and whole <= 6000 and len(values) <= 25
    fits = fits and all(len(value) <= 1024 for value in values)
    embed = Embed(title=title, text=text, footer=footer, fields=fields)
    assert (EMBED_LIMIT.wrong_with(embed) is None) is fits


@pytest.mark.asyncio
async def test_a_poll_and_an_embed_are_not_in_one_message(discord_world: DiscordWorld) -> None:
    poll = Poll(options=("a", "b"), open_for=POLL_LIMIT.shortest)
    async with discord_world.adapter() as adapter:
        with pytest.raises(PostRejected, match="a poll or an embed"):
            adapter.prepare(Post(text="Which?", embed=EMBED, poll=poll), key="k")


@pytest.mark.asyncio
async def test_the_permission_for_embeds_is_asked_for_by_who_shows_them_alone(discord_world: DiscordWorld) -> None:
    world = discord_world
    plain = Wanted(kinds=frozenset(), posts=True, attaches=False)
    async with world.adapter() as adapter:
        adapter.want(plain)
        assert (await adapter.check()).warnings == ()
        adapter.want(replace(plain, embeds=True))
        (warning,) = (await adapter.check()).warnings
        assert "no *Embed Links* in #general" in warning
        with pytest.raises(Forbidden):
            await adapter.publish(Intent(adapter, Post(text="Here.", embed=EMBED)).next_try())
        await may_embed(world)
        assert (await adapter.check()).warnings == ()


@pytest.mark.asyncio
async def test_previews_of_links_are_left_out_where_the_owner_wants_none_and_an_embed_is_shown_all_the_same(
    discord_world: DiscordWorld,
) -> None:
    world = discord_world
    await may_embed(world)
    link = "https://tides.example"
    async with world.adapter() as adapter:
        await adapter.publish(Intent(adapter, Post(text=link), key="k1").next_try())
    async with world.adapter(previews=False) as adapter:
        await adapter.publish(Intent(adapter, Post(text=link), key="k2").next_try())
        await adapter.publish(Intent(adapter, Post(text=link, embed=EMBED), key="k3").next_try())
    flags = [said.get("flags", 0) for said in await world.call("published", bot=world.me)]
    assert flags == [0, SUPPRESS_EMBEDS, 0]
