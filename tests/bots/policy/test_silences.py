"""What needs no answer costs no engine, and is told with its reason."""

from collections.abc import Callable
from typing import Any

import pytest

from greenroom.storage import State
from greenroom.testing import Trial
from greenroom_adapters.contract import Author, MessageReceived, PostRef, RemoteMedia, Room

BO = Author(id="u1", handle="bo")


def persona(trial: Trial, rules: str = "") -> None:
    (trial.path.parent / "ada.yaml").write_text(f"persona: Ada\nwho: keeps the lighthouse\n{rules}", encoding="utf-8")


def message(trial: Trial, text: str, **changes: Any) -> None:
    values: dict[str, Any] = {
        "id": f"m-{text}",
        "source": "",
        "cursor": "",
        "occurred_at": trial.clock.now(),
        "post": PostRef(id=f"p-{text}"),
        "author": BO,
        "text": text,
        "conversation": "harbour",
        "room": Room(id="harbour"),
    }
    trial.platform.happen(MessageReceived(**values | changes))


@pytest.mark.asyncio
async def test_thanks_emoji_and_insults_are_left_alone_before_an_engine_is_asked(trial: Trial) -> None:
    persona(trial)
    async with trial:
        events = [trial.mention(text) for text in ("@ada thanks!", "@ada 👍", "@ada you are stupid")]
        await trial.counted({State.IGNORED: 3})
        reasons = [(await trial.turn(event.id)).reason for event in events]
        assert reasons == ["silent_when: thanked", "silent_when: only_emoji", "silent_when: insulted"]
        assert trial.engine.briefs == []


@pytest.mark.asyncio
async def test_a_persona_that_is_silent_to_nothing_answers_all_of_it(trial: Trial) -> None:
    persona(trial, "silent_when: []\n")
    async with trial:
        for text in ("@ada thanks!", "@ada 👍", "@ada you are stupid"):
            trial.mention(text)
        await trial.counted({State.SENT: 3})


@pytest.mark.asyncio
async def test_a_picture_with_thanks_is_more_than_thanks_and_stop_is_confirmed(trial: Trial) -> None:
    persona(trial)
    async with trial:
        trial.mention("@ada 👍", media=(RemoteMedia(url="https://example.org/a.png", media_type="image/png"),))
        trial.mention("stop", author=Author(id="u2", handle="em"))
        await trial.counted({State.SENT: 2})


@pytest.mark.asyncio
async def test_what_is_said_to_the_bot_and_somebody_else_is_answered(trial: Trial) -> None:
    persona(trial, "silent_when: [others_talk]\n")
    async with trial:
        trial.mention("@em @ada have you?", in_reply_to=PostRef(id="p1"))
        await trial.counted({State.SENT: 1})


@pytest.mark.asyncio
async def test_what_is_said_to_somebody_else_in_a_room_is_left_to_them(guarded: Callable[[str], Trial]) -> None:
    trial = guarded(
        "rooms: {harbour: {is: home/harbour, mode: open}}\n"
        "answer: {to: messages, in: harbour, gather: 0 seconds}\napprove: never\n"
    )
    persona(trial, "silent_when: [others_talk]\n")
    async with trial:
        message(trial, "@em have you seen the boat?")
        message(trial, "yes, at noon", in_reply_to=PostRef(id="p1"))
        message(trial, "has anybody seen the boat?")
        await trial.counted({State.IGNORED: 2, State.SENT: 1})
        assert [brief.said for brief in trial.engine.briefs] == ["has anybody seen the boat?"]


@pytest.mark.asyncio
async def test_the_first_answer_to_each_person_says_that_it_is_a_bot_over_restarts_too(trial: Trial) -> None:
    line = "I am Ada, a bot of the museum."
    persona(trial, f'disclosure: {{line: "{line}", say: [profile, first_reply]}}\n')
    async with trial:
        trial.mention("@ada one", author=BO)
        await trial.counted({State.SENT: 1})
        trial.mention("@ada two", author=BO)
        await trial.counted({State.SENT: 2})
        await trial.crash()
        await trial.start()
        trial.mention("@ada three", author=BO)
        await trial.counted({State.SENT: 3})
        trial.mention("@ada four", author=Author(id="u2", handle="em"))
        await trial.counted({State.SENT: 4})
        assert [text.endswith(f"\n\n{line}") for text in trial.platform.texts] == [True, False, False, True]
        facts = await trial.bot.ledger.facts("introduced:")
        assert len(facts) == 2
        assert not any("u1" in name or "bo" in name for name in facts), "whom it was said to stands nowhere"


@pytest.mark.asyncio
async def test_what_somebody_is_to_it_reaches_the_engine_and_only_for_him(trial: Trial) -> None:
    persona(
        trial,
        "relationships:\n"
        "  - {with: home/@bo, is: her sister}\n"
        "  - {with: 'home/role:Crew', is: old friends of the house}\n"
        "  - {with: elsewhere/@em, is: a stranger}\n",
    )
    async with trial:
        trial.mention("@ada one", author=Author(id="u1", handle="Bo", roles=("Crew",)))
        trial.mention("@ada two", author=Author(id="u2", handle="em"))
        await trial.counted({State.SENT: 2})
        told = {brief.said: brief.relation for brief in trial.engine.briefs}
        assert told == {"@ada one": "her sister; old friends of the house", "@ada two": None}


@pytest.mark.asyncio
async def test_a_rule_that_says_nothing_or_names_the_words_is_no_answer_to_be_spared(trial: Trial) -> None:
    persona(trial)
    trial.rewrite("answer:\n  - {to: mentions, words: [thanks], say: You are welcome.}\n  - {to: mentions, do: like}\n")
    async with trial:
        for text in ("@ada thanks!", "@ada 👍"):
            trial.mention(text)
        await trial.counted({State.SENT: 2})
    assert [what for what, _ in trial.platform.acted] == ["like"]
    assert trial.platform.texts == ["You are welcome."]
