"""An embed below the words: carried where the account has embeds, lines of the text where it has none, and refused with
a reason before anything is paid where it does not fit."""

from dataclasses import replace
from pathlib import Path

import pytest

from greenroom.storage import State
from greenroom.testing import Trial
from greenroom_adapters.contract import Embed, EmbedField, EmbedLimit, Post

LIMIT = EmbedLimit(title=20, text=30, fields=2, field_name=10, field_value=10, footer=20, link=40, whole=60)
EMBED = Embed(
    title="Tides",
    text="At the wall.",
    link="https://tides.example",
    colour=0x2F6F9F,
    fields=(EmbedField(name="High", value="18:02"), EmbedField(name="Low", value="11:40", beside=True)),
    footer="The office",
)
WRITTEN = """\
{title: Tides, text: At the wall., link: "https://tides.example", colour: "#2f6f9f",
    fields: [{name: High, value: "18:02"}, {name: Low, value: "11:40", beside: true}], footer: The office}"""
LINES = "\n\nTides\nAt the wall.\nHigh: 18:02\nLow: 11:40\nThe office\nhttps://tides.example"


def shows_embeds(trial: Trial) -> Trial:
    can = trial.platform.capabilities
    trial.platform.capabilities = replace(can, limits=replace(can.limits, embed=LIMIT))
    return trial


async def first(trial: Trial) -> Post:
    await trial.past(lambda: trial.platform.posts)
    return trial.platform.posts[0][1]


@pytest.mark.asyncio
async def test_a_scheduled_post_shows_its_embed(tmp_path: Path) -> None:
    rules = f"post:\n  every: 1 hour\n  say: High water soon.\n  embed: {WRITTEN}\n"
    async with shows_embeds(Trial(tmp_path, rules=rules)) as trial:
        post = await first(trial)
    assert (post.text, post.embed) == ("High water soon.", EMBED)


@pytest.mark.asyncio
async def test_the_answers_of_a_rule_show_its_embed_and_those_of_others_do_not(tmp_path: Path) -> None:
    rules = f"answer:\n  - to: mentions\n    words: tide\n    embed: {WRITTEN}\n  - mentions\n"
    async with shows_embeds(Trial(tmp_path, rules=rules)) as trial:
        trial.mention("when is the tide?")
        trial.mention("are you there?")
        await trial.past(lambda: len(trial.platform.posts) == 2)
        shown = {post.text: post.embed for _, post in trial.platform.posts}
    assert shown == {"You said: when is the tide?": EMBED, "You said: are you there?": None}


@pytest.mark.asyncio
async def test_without_embeds_it_becomes_lines_for_which_the_words_leave_room(tmp_path: Path) -> None:
    rules = f"answer:\n  - to: mentions\n    embed: {WRITTEN}\n"
    async with Trial(tmp_path, rules=rules) as trial:
        trial.mention("when is the tide?")
        post = await first(trial)
        (brief,) = trial.engine.briefs
    assert (post.text, post.embed) == (f"You said: when is the tide?{LINES}", None)
    whole = trial.platform.capabilities.limits.text[0].length
    assert [limit.length for limit in brief.limits] == [whole - len(LINES)]


@pytest.mark.asyncio
async def test_an_embed_that_does_not_fit_is_told_before_an_engine_is_paid(tmp_path: Path) -> None:
    rules = f"answer:\n  - to: mentions\n    embed: {WRITTEN.replace('Tides', 'T' * 21)}\n"
    async with shows_embeds(Trial(tmp_path, rules=rules)) as trial:
        event = trial.mention("when is the tide?")
        await trial.counted({State.DEAD: 1})
        turn = await trial.turn(event.id)
    assert turn.reason.endswith("`embed` does not fit: its title has 21 characters, and 20 are possible there")
    assert trial.engine.briefs == []
