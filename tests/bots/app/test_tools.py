"""A whole bot whose engine may call a tool: who gets it, what the log shows, and what an edit changes."""

from pathlib import Path

import pytest

from greenroom.clock import to_micros
from greenroom.generation import EngineUnavailable
from greenroom.storage import State
from greenroom.testing import Trial
from greenroom.testing.models import Calls, ModelServer, Says
from greenroom_adapters.contract import Author, ConfigurationError

HEAD = """\
bot: ada
persona: ada.yaml
accounts: {{home: {{platform: scripted}}}}
timezone: UTC
engines: {{text: [{{model: m, server: "{server}"}}, hold]}}
tools:
  tides: {{python: own.py:tide}}
people: {{owner: home/u9}}
"""
PERSONA = "persona: Ada\nwho: keeps the lighthouse\ntools: {owner: tides}\n"
FUNCTION = 'def tide(port: str) -> str:\n    """Tell the tide of a port."""\n    return "High at nine."\n'
ALONE = EngineUnavailable("the engine of this test is not it", permanent=True)


def trial_with(folder: Path, server: ModelServer, *, persona: str = PERSONA, head: str = HEAD) -> Trial:
    trial = Trial(folder)
    trial.rewrite("answer: mentions\n", head=head.format(server=server.url))
    (folder / "ada.yaml").write_text(persona, encoding="utf-8")
    (folder / "own.py").write_text(FUNCTION, encoding="utf-8")
    return trial


@pytest.mark.asyncio
async def test_the_owner_gets_the_tool_a_stranger_does_not_and_the_log_shows_the_call(tmp_path: Path) -> None:
    async with ModelServer() as server:
        trial = trial_with(tmp_path, server)
        trial.engine.outcomes.extend([ALONE, ALONE])
        async with trial:
            server.will(Calls(("tides", {"port": "Cascais"})), Says("High at nine."))
            owner = Author(id="u9", handle="maria")
            event = trial.mention("When is high water?", author=owner)
            await trial.counted({State.SENT: 1})
            turn = await trial.turn(event.id)
            entries = await trial.bot.ledger.journal(seq=turn.seq, limit=10)
            (called,) = [entry for entry in entries if entry.what == "tool tides"]
            assert called.why.startswith('{"port": "Cascais"} → 13 characters')
            assert turn.draft is not None
            assert turn.draft.notes[-1] == f"tool tides: {called.why}"
            trial.mention("And when is low water?")
            await trial.counted({State.SENT: 2})
        assert [("tools" in body) for body in server.asked()] == [True, False, False]
    assert trial.platform.attempts[0].post.text == "High at nine."


@pytest.mark.asyncio
@pytest.mark.parametrize("is_trusted", [False, True])
async def test_what_the_bot_wrote_from_untrusted_words_is_not_read_where_a_tool_is_the_owners_alone(
    tmp_path: Path, is_trusted: bool
) -> None:
    head = HEAD.replace("own.py:tide}}", f"own.py:tide, trusted: {str(is_trusted).lower()}}}}}")
    owner = Author(id="u9", handle="maria")
    async with ModelServer() as server:
        trial = trial_with(tmp_path, server, head=head)
        trial.engine.outcomes.extend([ALONE] * 3)
        async with trial:
            for number, answers in enumerate(
                (
                    (Says("Lamp lit at six."),),
                    (Calls(("tides", {"port": "Cascais"})), Says("High at nine.")),
                    (Says("Calm."),),
                ),
                start=1,
            ):
                server.will(*answers)
                trial.mention("How is it?", author=owner, conversation="harbour")
                await trial.counted({State.SENT: number})
            read = server.asked()[-1]["messages"][1]["content"]
    assert read.count("@maria, your owner") == 3
    assert "Lamp lit at six." in read
    assert ("High at nine." in read) is is_trusted


@pytest.mark.asyncio
async def test_what_was_drafted_ahead_from_the_owners_words_alone_is_read_where_a_tool_is_his_alone(
    tmp_path: Path,
) -> None:
    posts = "post: [{name: dusk, at: '18:00', about: the lamp}, {name: night, at: '22:00', about: the sea}]\n"
    async with ModelServer() as server:
        trial = trial_with(tmp_path, server)
        trial.rewrite(posts, head=HEAD.format(server=server.url))
        trial.engine.outcomes.extend([ALONE] * 2)
        async with trial:
            server.will(Says("Lamp lit at six."), Says("Calm."))
            dusk = trial.clock.now().replace(hour=18)
            assert (await trial.bot.commands.obey("draft", {"until": to_micros(dusk)}))["left"] == []
            trial.clock.turn_to(dusk)
            await trial.past(lambda: trial.platform.posts)
            await trial.stop()
            await trial.start()
            trial.clock.turn_to(dusk.replace(hour=22))
            await trial.past(lambda: len(trial.platform.posts) == 2)
            read = server.asked()[-1]["messages"][1]["content"]
    assert "Lamp lit at six." in read


@pytest.mark.asyncio
async def test_a_tool_that_the_bot_does_not_have_is_told_before_it_runs(tmp_path: Path) -> None:
    async with ModelServer() as server:
        trial = trial_with(tmp_path, server, persona=PERSONA.replace("owner: tides", "owner: tide"))
        with pytest.raises(ConfigurationError, match=r"Did you mean `tides`\?"):
            await trial.start()
