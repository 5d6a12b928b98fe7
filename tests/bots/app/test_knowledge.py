"""A running bot and its documents: looked into before it speaks, and kept in step while it runs."""

from datetime import timedelta
from pathlib import Path

import pytest
from feed_server import FeedServer, rss
from vectors_fake import VectorServer

from greenroom.generation import Brief, Refused
from greenroom.storage import State
from greenroom.testing import Trial

PERSONA = "persona: Ada\nwho: keeps the lighthouse\nknowledge: {from: shelf/*.md}\n"
SCRIPTED = "bot: ada\npersona: ada.yaml\naccounts: {home: {platform: scripted}}\ntimezone: UTC\nengines: script\n"
QUESTION = "What does the lamp burn?"


def documents(trial: Trial, **texts: str) -> Path:
    shelf = trial.path.parent / "shelf"
    shelf.mkdir(exist_ok=True)
    for name, text in texts.items():
        (shelf / f"{name}.md").write_text(text, encoding="utf-8")
    return shelf


def with_documents(trial: Trial, persona: str = PERSONA, **texts: str) -> Path:
    (trial.path.parent / "ada.yaml").write_text(persona, encoding="utf-8")
    return documents(trial, **texts)


async def shown(brief: Brief) -> list[str]:
    return [passage.text for passage in (await brief.documents()).passages]


@pytest.mark.asyncio
async def test_an_engine_is_shown_what_the_documents_have_on_a_mention(trial: Trial) -> None:
    with_documents(trial, lamp="The lamp burns oil.", stairs="There are 142 stairs.")
    async with trial:
        trial.mention(QUESTION)
        await trial.counted({State.SENT: 1})
        assert await shown(trial.engine.briefs[0]) == ["The lamp burns oil."]


@pytest.mark.asyncio
async def test_an_edited_document_is_known_without_a_restart(trial: Trial) -> None:
    with_documents(trial, lamp="The lamp burns oil.")
    async with trial:
        trial.mention(QUESTION)
        await trial.counted({State.SENT: 1})
        await shown(trial.engine.briefs[0])
        documents(trial, lamp="The lamp burns electricity by now.")
        count = 1
        while True:
            trial.clock.turn(timedelta(seconds=6))
            trial.mention(QUESTION)
            count += 1
            await trial.counted({State.SENT: count})
            if await shown(trial.engine.briefs[-1]) == ["The lamp burns electricity by now."]:
                break
            assert count < 200, "the edited document is never read"


@pytest.mark.asyncio
async def test_documents_that_an_edited_persona_names_are_looked_into(trial: Trial) -> None:
    with_documents(trial, "persona: Ada\nwho: keeps the lighthouse\n", lamp="The lamp burns oil.")
    async with trial:
        (trial.path.parent / "ada.yaml").write_text(PERSONA, encoding="utf-8")
        await trial.past(lambda: trial.bot.persona.knowledge is not None)
        trial.mention(QUESTION)
        await trial.counted({State.SENT: 1})
        assert await shown(trial.engine.briefs[0]) == ["The lamp burns oil."]


@pytest.mark.asyncio
async def test_the_script_answers_out_of_a_document_and_the_log_says_which(trial: Trial) -> None:
    with_documents(
        trial, PERSONA.replace("}", ", cite: true}"), lamp="# The lamp\n\nThe lamp burns oil. Gulls sleep on it."
    )
    trial.rewrite("answer: mentions\n", head=SCRIPTED)
    async with trial:
        # the trial's own engine stands before the script
        trial.engine.outcomes.append(Refused("it has nothing to say"))
        trial.mention(QUESTION)
        await trial.counted({State.SENT: 1})
        turn = await trial.turn("mention-1")
    assert trial.platform.texts == ["The lamp burns oil. Gulls sleep on it. (The lamp)"]
    assert turn.draft is not None
    assert "out of the document The lamp" in turn.draft.notes


@pytest.mark.asyncio
async def test_vectors_are_paid_out_of_the_days_money_and_named_in_the_bill(
    trial: Trial, vectors: VectorServer
) -> None:
    with_documents(trial, jar="Honey attracts flies.")
    price = "{input: 1 USD, output: 0 USD}"
    head = SCRIPTED.replace(
        "engines: script",
        f"engines: {{text: hold, embeddings: {{model: small, server: {vectors.url}, price: {price}}}}}",
    )
    trial.rewrite("answer: mentions\n", head=head)
    async with trial:
        trial.mention("sweets draw insects")
        await trial.counted({State.SENT: 1})
        assert await shown(trial.engine.briefs[0]) == ["Honey attracts flies."]
        rows = await trial.bot.ledger.spending(since=0)
    assert {(row.model, row.turn, row.settled is not None) for row in rows} == {
        ("small", "knowledge", True),
        ("small", "home mention-1", True),
    }
    by_turn = {row.turn: row for row in rows}
    assert by_turn["knowledge"].person == ""
    assert by_turn["home mention-1"].person != ""


@pytest.mark.asyncio
async def test_what_is_new_in_a_feed_is_known_while_the_bot_runs_and_named_with_its_address(trial: Trial) -> None:
    async with FeedServer() as server:
        knowledge = f"knowledge: {{feeds: {{feed: '{server.feed}', private: true}}, cite: true}}"
        with_documents(trial, f"persona: Ada\nwho: keeps the lighthouse\n{knowledge}\n")
        trial.rewrite("answer: mentions\n", head=SCRIPTED)
        async with trial:
            await trial.past(lambda: len(server.asked) > 0)
            server.body = rss(("1", "The lamp burns oil", "https://harbour.example/1"))
            count = 0
            while not any("harbour.example" in text for text in trial.platform.texts):
                trial.clock.turn(timedelta(minutes=31))
                # the trial's own engine stands before the script
                trial.engine.outcomes.append(Refused("it has nothing to say"))
                trial.mention(QUESTION)
                count += 1
                await trial.counted({State.SENT: count})
                assert count < 200, "the feed is never read again"
    assert trial.platform.texts[-1] == "About The lamp burns oil (The lamp burns oil, https://harbour.example/1)"
