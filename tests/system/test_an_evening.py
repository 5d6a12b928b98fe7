"""An owner leaves his bot alone for an evening on a real account. Each scene runs on a real Stage, in simulated time,
and ends with what he reads in the log."""

from datetime import timedelta
from pathlib import Path

import pytest
from evening import Evening

from greenroom.generation import EngineUnavailable
from greenroom.policy import FIRST_REPLIES
from greenroom.storage import State

pytestmark = pytest.mark.system

HOUR, MINUTE, SECOND = timedelta(hours=1), timedelta(minutes=1), timedelta(seconds=1)
SPEAKS_FREELY = "approve: never\n"


@pytest.mark.asyncio
async def test_first_posts_are_held_the_owner_hears_of_it_and_lets_them_out(tmp_path: Path) -> None:
    rules = "post: {name: watch, every: 1 hour, about: the sea, late_ok: 6 hours}\ntell: home/@maria\n"
    evening = Evening(tmp_path, rules)
    evening.stage.start()
    evening.token("maria")
    evening.stage.stop()
    async with evening:
        await evening.reach({State.HELD: 1}, by=10 * MINUTE)
        await evening.until(lambda: evening.told("maria"), by=10 * SECOND)
        assert "Held for you: turn 1, a post on home. See it: greenroom held" in evening.told("maria")[0]
        assert [post for post in evening.said() if post["direct_to"] is None] == []
        assert "one of the first 5 posts of a real account" in await evening.log()
        answer = await evening.obey("approve", {"turns": "posts"})
        assert len(answer["turns"]) >= 1
        await evening.until(lambda: "You said: the sea" in [post["text"] for post in evening.said()])
        assert "sent" in await evening.log()


@pytest.mark.asyncio
async def test_somebody_says_stop_and_later_start(tmp_path: Path) -> None:
    async with Evening(tmp_path, f"answer: mentions\n{SPEAKS_FREELY}") as evening:
        evening.say("iris", "@ada stop")
        await evening.until(lambda: evening.said())
        evening.say("iris", "@ada are you still there?")
        await evening.reach({State.SENT: 1, State.IGNORED: 1})
        evening.say("iris", "@ada start")
        evening.say("iris", "@ada and now?")
        await evening.until(lambda: len(evening.said()) == 3)
        assert [post["text"] for post in evening.said()] == [
            'Understood, I leave you alone. Say "start" should you want me again.',
            "Good. I answer you again.",
            "You said: @ada and now?",
        ]
        log = await evening.log()
        assert '@iris has said "stop", and is left alone until he says "start"' in log


@pytest.mark.asyncio
async def test_a_rude_flood_by_one_person_costs_five_answers_and_nobody_else_is_kept_waiting(tmp_path: Path) -> None:
    async with Evening(tmp_path, f"answer: mentions\n{SPEAKS_FREELY}") as evening:
        for number in range(40):
            evening.say("rude", f"@ada and another thing {number}")
        evening.say("ben", "@ada good evening")
        await evening.reach({State.SENT: 6, State.IGNORED: 35})
        assert sum(post["text"].startswith("You said: @ada and another thing") for post in evening.said()) == 5
        assert "You said: @ada good evening" in [post["text"] for post in evening.said()]
        assert len(evening.engine.briefs) == 6, "what is left alone costs nothing"
        assert "@rude has had 5 answers in an hour (limits: replies_per_person)" in await evening.log()


@pytest.mark.parametrize("labelled", [True, False])
@pytest.mark.asyncio
async def test_another_bot_that_answers_every_message_does_not_draw_this_one_into_a_loop(
    tmp_path: Path, labelled: bool
) -> None:
    async with Evening(tmp_path, f"answer: [mentions, replies]\n{SPEAKS_FREELY}") as evening:
        evening.token("parrot", bot=labelled)
        last = evening.say("parrot", "@ada hello")
        answered = 0
        for number in range(12):
            # in another conversation, so that it is seen when the bot has nothing more to say to this one
            evening.say(f"person{number}", f"@ada a sign of life {number}")
            signs = f"You said: @ada a sign of life {number}"
            await evening.until(lambda signs=signs: any(post["text"] == signs for post in evening.said()))  # type: ignore[misc]  # bound to this round
            mine = [post for post in evening.said() if post["in_reply_to"] == last["id"]]
            if not mine:
                break
            answered += 1
            last = evening.say("parrot", f"{mine[0]['text']} too", in_reply_to=mine[0]["id"])
        assert answered == (0 if labelled else 5)
        if not labelled:
            assert "@parrot has had 5 answers in an hour" in await evening.log()


@pytest.mark.asyncio
async def test_the_models_server_is_away_for_an_hour(tmp_path: Path) -> None:
    persona = (
        "persona: Ada\nwho: keeps the lighthouse\nlines: {unable: The lamp is out. I answer when it burns again.}\n"
    )
    rules = f"answer: [mentions, direct_messages]\n{SPEAKS_FREELY}"
    async with Evening(tmp_path, rules, persona=persona) as evening:
        evening.engine.outcomes += [EngineUnavailable("connection refused by 10.0.0.7")] * 10_000
        evening.say("iris", "@ada is it lit?")
        evening.say("ben", "are you there?", direct_to="ada")
        await evening.until(lambda: evening.told("ben"), by=SECOND)
        evening.say("ben", "hello?", direct_to="ada")
        # it is asked again and again
        await evening.until(lambda: len(evening.engine.briefs) > 3, by=10 * SECOND)
        for _ in range(12):
            evening.pass_time(5 * MINUTE)
            await evening.until(lambda: True)
        assert evening.told("ben") == ["The lamp is out. I answer when it burns again."]
        assert len(evening.said()) == 1, "in public there is silence"
        assert "connection refused by 10.0.0.7" in await evening.log(), "the reason is the owner's to read"
        evening.engine.outcomes.clear()
        public = "You said: @ada is it lit?"
        await evening.until(lambda: public in [post["text"] for post in evening.said()], by=MINUTE)
        said = [post["text"] for post in evening.said()]
        assert said.count("The lamp is out. I answer when it burns again.") == 1
        assert [text for text in said if "10.0.0.7" in text or "refused" in text] == []


@pytest.mark.asyncio
async def test_an_edited_schedule_does_not_post_the_same_hour_twice(tmp_path: Path) -> None:
    rules = "post: {{name: bell, every: 1 hour, say: {say}, spread: {spread}}}\n"
    async with Evening(tmp_path, rules.format(say="Dong.", spread="0 minutes")) as evening:
        await evening.until(lambda: evening.said(), by=10 * MINUTE)
        before = len(evening.said())
        evening.write(rules.format(say="Dong again.", spread="1 minute"))
        await evening.until(lambda: evening.bot.file.post[0].say == "Dong again.", by=SECOND)
        evening.pass_time(2 * MINUTE)
        await evening.until(lambda: True)
        assert len(evening.said()) == before
        await evening.until(lambda: len(evening.said()) > before, by=10 * MINUTE)
        assert evening.said()[-1]["text"] == "Dong again."
        assert "taken up" in await evening.log()


@pytest.mark.asyncio
async def test_an_invalid_edit_of_the_persona_leaves_the_last_good_one_in_force(tmp_path: Path) -> None:
    async with Evening(tmp_path, f"answer: mentions\n{SPEAKS_FREELY}") as evening:
        good = evening.bot.persona.version
        evening.persona.write_text("persona: Ada\nwho: keeps the lighthouse\nbuonds: {length: 1-10}\n")
        while "buonds" not in (log := await evening.log()):
            evening.pass_time(SECOND)
        assert "ada.yaml:3:1" in log
        assert "Did you mean `bounds`?" in log
        evening.say("iris", "@ada is it lit?")
        await evening.until(lambda: evening.said())
        assert (await evening.turn_about("@ada is it lit?")).persona == good


@pytest.mark.asyncio
async def test_a_reply_written_by_hand_from_the_bots_account_makes_the_thread_its_writers(tmp_path: Path) -> None:
    async with Evening(tmp_path, f"answer: [mentions, replies]\n{SPEAKS_FREELY}") as evening:
        asked = evening.say("iris", "@ada may I visit?")
        await evening.until(lambda: evening.said())
        evening.say("ada", "This is Maria: come at nine.", in_reply_to=asked["id"])
        await evening.reach({State.SENT: 1, State.IGNORED: 1})
        evening.say("iris", "@ada thank you, Maria", in_reply_to=asked["id"])
        evening.say("ben", "@ada and is it lit?")
        await evening.reach({State.SENT: 2, State.IGNORED: 2})
        assert [post["text"] for post in evening.said()] == [
            "You said: @ada may I visit?",
            "This is Maria: come at nine.",
            "You said: @ada and is it lit?",
        ]
        log = await evening.log()
        assert "somebody writes in this thread by hand from the bot's account" in log
        assert "by hand" in log


@pytest.mark.asyncio
async def test_after_two_hours_away_five_hundred_mentions_are_seen_to_newest_first(tmp_path: Path) -> None:
    async with Evening(tmp_path, f"answer: {{to: mentions, within: 100 minutes}}\n{SPEAKS_FREELY}") as evening:
        evening.say("ben", "@ada before")
        await evening.until(lambda: evening.said())
        await evening.stop()
        for number in range(500):
            evening.say(f"person{number % 200}", f"@ada missed {number}")
            if number % 50 == 49:
                evening.pass_time(12 * MINUTE)
        await evening.start()
        await evening.until(lambda: len(evening.said()) >= 60)
        answered = [int(post["text"].rpartition(" ")[2]) for post in evening.said()[1:]]
        # sixty answers of an account in an hour, one of which was given before
        assert sorted(answered, reverse=True) == list(range(499, 499 - len(answered), -1))
        log = await evening.log()
        assert "500 came in on home while the bot was away; 400 are seen to, the newest first; 100 are too old" in log
        assert len(evening.engine.briefs) <= 62


@pytest.mark.asyncio
async def test_the_first_replies_are_held_and_the_rest_speak_for_themselves(tmp_path: Path) -> None:
    async with Evening(tmp_path, "answer: mentions\nlimits: {replies_per_person: 100/hour}\n") as evening:
        for number in range(FIRST_REPLIES):
            evening.say("iris", f"@ada question {number}")
        await evening.reach({State.HELD: FIRST_REPLIES})
        await evening.obey("approve", {"turns": "replies"})
        await evening.until(lambda: len(evening.said()) == FIRST_REPLIES)
        evening.say("iris", "@ada one more")
        await evening.until(lambda: len(evening.said()) == FIRST_REPLIES + 1)
        assert f"one of the first {FIRST_REPLIES} replies of a real account" not in await evening.log()
