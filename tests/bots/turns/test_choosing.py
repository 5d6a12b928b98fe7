"""What is done about what somebody says may be a model's choice, among what its owner allows."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from hypothesis import given
from hypothesis import strategies as st

from greenroom.generation import EngineUnavailable
from greenroom.generation.choosing import Choice, choice_of
from greenroom.settings import Mistakes
from greenroom.storage import State, Turn
from greenroom.testing import Trial
from greenroom.testing.models import ModelServer, Says
from greenroom.testing.trial import BOT


@pytest_asyncio.fixture
async def server() -> AsyncIterator[ModelServer]:
    async with ModelServer() as running:
        yield running


def write(trial: Trial, server: ModelServer, do: str, more: str = "") -> None:
    trial.engine.outcomes.extend([EngineUnavailable("it writes nothing", permanent=True)] * 9)
    trial.rewrite(
        f"engines: {{text: {{model: gpt-5-mini, server: '{server.url}'}}}}\nanswer: {{to: mentions, do: {do}{more}}}\n",
        head=BOT.replace("engines: hold\n", ""),
    )


async def chosen(trial: Trial, server: ModelServer, *texts: str, text: str = "Nice light.") -> Turn:
    """Return the turn about which a model says this."""
    server.will(*map(Says, texts))
    before = len(server.exchanges)
    async with trial:
        event = trial.mention(text)
        await trial.until(lambda: len(server.exchanges) == before + len(texts) and not server.at_work)
        await trial.bot.settle()
        return await trial.turn(event.id)


def done(trial: Trial) -> tuple[list[str], list[str]]:
    return trial.platform.texts, [what for what, _ in trial.platform.acted]


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("says", "becomes"),
    [
        ("DO: reply\nThank you.", (["Thank you."], [])),
        ("DO: like", ([], ["like"])),
        ("**DO:** Like, Reply\n\nThank you.", (["Thank you."], ["like"])),
        ("Thank you.", (["Thank you."], [])),
        ("DO: nothing", ([], [])),
        ("DO: like\nWhat it thinks to itself.", ([], ["like"])),
        ("DO: reply", ([], [])),
        ("DO: repost, follow", ([], [])),
    ],
)
async def test_a_model_answers_likes_or_leaves_it(
    trial: Trial, server: ModelServer, says: str, becomes: tuple[list[str], list[str]]
) -> None:
    write(trial, server, "choose")
    turn = await chosen(trial, server, says)
    assert done(trial) == becomes
    assert turn.state is (State.SENT if any(becomes) else State.IGNORED)
    if not any(becomes):
        assert turn.reason == "it chose to do nothing"


@pytest.mark.asyncio
async def test_it_is_told_what_it_may_choose_on_this_account_and_only_then(trial: Trial, server: ModelServer) -> None:
    write(trial, server, "[choose, reply, react, follow]", ", reaction: 🌊")
    await chosen(trial, server, "DO: react, follow")
    system = server.asked()[0]["messages"][0]["content"]
    assert "DO: reply, and your text stands below that line; DO: react; DO: follow; DO: nothing" in system
    assert "like" not in system.partition("DO:")[2].partition("Whoever")[0]
    assert trial.platform.acted[0][0] == "🌊"
    write(trial, server, "[reply, like]")
    await chosen(trial, server, "Thank you.", text="And again?")
    assert "DO:" not in str(server.asked()[-1]["messages"])


@pytest.mark.asyncio
async def test_what_it_cost_is_kept_with_a_choice_without_words_which_needs_no_approval(
    trial: Trial, server: ModelServer
) -> None:
    write(trial, server, "choose")
    turn = await chosen(trial, server, "DO: like")
    assert turn.draft is not None
    assert (turn.draft.parts, turn.draft.engine) == ((), "act")
    assert turn.draft.model is not None
    assert turn.draft.model.startswith("gpt-5-mini")
    assert "gpt-5-mini chose: like" in turn.draft.notes


@pytest.mark.asyncio
async def test_where_the_owner_looks_at_everything_a_choice_waits_for_him_too(
    trial: Trial, server: ModelServer
) -> None:
    write(trial, server, "choose", ", approve: always")
    assert (await chosen(trial, server, "DO: like")).state is State.HELD
    assert done(trial) == ([], [])


@pytest.mark.asyncio
async def test_a_text_that_breaks_a_bound_is_written_again_and_may_become_another_choice(
    trial: Trial, server: ModelServer
) -> None:
    write(trial, server, "choose")
    turn = await chosen(trial, server, f"DO: reply, like\n{'long ' * 200}", "DO: like")
    assert turn.state is State.SENT
    assert done(trial) == ([], ["like"])


@pytest.mark.asyncio
async def test_a_cap_of_answers_counts_a_choice(trial: Trial, server: ModelServer) -> None:
    write(trial, server, "choose")
    with trial.path.open("a", encoding="utf-8") as file:
        file.write("\n")
    trial.path.write_text(
        trial.path.read_text(encoding="utf-8").replace("replies_per_person: 1000000/day", "replies_per_person: 1/hour"),
        encoding="utf-8",
    )
    server.will(Says("DO: like"))
    async with trial:
        trial.mention("Nice light.")
        await trial.counted({State.SENT: 1})
        trial.mention("Still nice.")
        await trial.counted({State.SENT: 1, State.IGNORED: 1})
    assert done(trial) == ([], ["like"])
    assert len(server.exchanges) == 1, "beyond the cap nothing is paid"


@pytest.mark.asyncio
async def test_the_script_and_engines_of_ones_own_answer_and_choose_nothing(trial: Trial) -> None:
    trial.engine.outcomes.append("DO: like\nThank you.")
    trial.rewrite("answer: {to: mentions, do: choose}\n")
    async with trial:
        trial.mention("Nice light.")
        await trial.counted({State.IGNORED: 1})
        trial.engine.outcomes.append("Thank you.")
        trial.mention("Nice light!")
        await trial.counted({State.IGNORED: 1, State.SENT: 1})
    assert done(trial) == (["Thank you."], [])


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("rule", "why"),
    [
        ("{to: mentions, do: choose, say: Hello.}", "`say` is always the same answer"),
        ("{to: mentions, do: choose, pictures: draw}", "`pictures` is always the same answer"),
        ("{to: follows, do: choose}", "leave out joins, follows and reactions"),
        ("{to: mentions, do: [choose, reply, react]}", "with which emoji?"),
        ("{to: mentions, do: choose, tell: true}", "keep one of them"),
    ],
)
async def test_a_choice_that_is_none_is_told(trial: Trial, rule: str, why: str) -> None:
    trial.rewrite(f"answer: {rule}\n")
    with pytest.raises(Mistakes) as raised:
        await trial.start()
    assert why in str(raised.value)


KNOWN = ("reply", "like", "react", "repost", "follow")


@given(
    st.text(max_size=80) | st.builds("DO: {}\n{}".format, st.text(max_size=40), st.text(max_size=40)),
    st.sets(st.sampled_from(KNOWN), min_size=1),
)
def test_whatever_a_model_writes_nothing_is_done_that_it_may_not_choose(text: str, may: set[str]) -> None:
    choices = tuple(one for one in KNOWN if one in may)
    choice = choice_of(text, choices)
    assert set(choice.acts) <= may - {"reply"}
    assert choice.text is None or ("reply" in may and choice.text.strip())


def test_the_line_itself_is_never_said() -> None:
    assert choice_of("do: reply\nDO: like is what I said.", ("reply",)) == Choice((), "DO: like is what I said.")
    assert choice_of("DO: reply like\nHi", ("reply", "like")) == Choice(("like",), "Hi")
