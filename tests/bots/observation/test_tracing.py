"""A turn is one trace, without a word of what people say, and models stand in it by OpenTelemetry's own names."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio
from otlp_collector import Collector, Told, collecting

from greenroom.generation import EngineUnavailable
from greenroom.observation.tracing import Tracing
from greenroom.storage import State
from greenroom.testing import ManualClock, Trial
from greenroom.testing.models import ModelServer, Says
from greenroom_adapters.contract import Author, ConfigurationError, PostRejected

HEAD = """\
bot: ada
persona: ada.yaml
accounts: {{home: {{platform: scripted}}}}
timezone: UTC
engines: {{text: {{model: "qwen3:8b", server: "{server}"}}}}
"""


@pytest_asyncio.fixture
async def collector() -> AsyncIterator[Collector]:
    async with collecting() as running:
        yield running


def traced(folder: Path, collector: Collector) -> tuple[Trial, Tracing]:
    clock = ManualClock()
    tracing = Tracing(collector.url, bot="ada", clock=clock)
    return Trial(folder, clock=clock, watches=(tracing.watch,), through=tracing.through), tracing


def by_name(spans: list[Told]) -> dict[str, Told]:
    return {span.name: span for span in spans}


@pytest.mark.asyncio
async def test_a_turn_its_model_and_its_post_are_one_trace_without_a_word(tmp_path: Path, collector: Collector) -> None:
    trial, tracing = traced(tmp_path, collector)
    async with ModelServer() as server:
        server.always(Says("The lamp is lit.", usage=(120, 7)))
        trial.rewrite("answer: mentions\n", head=HEAD.format(server=server.url))
        trial.engine.outcomes.append(EngineUnavailable("it sleeps", permanent=True))
        async with trial:
            trial.mention(
                "my secret sorrow",
                author=Author(id="person-7", handle="iris.secretive", name="Iris"),
                conversation="talk-of-iris",
            )
            await trial.counted({State.SENT: 1})
            await trial.bot.settle()
        await tracing.aclose()
    spans = by_name(collector.spans)
    assert set(spans) == {"turn mention", "chat scripted", "chat qwen3:8b", "publish"}
    turn, call, post = spans["turn mention"], spans["chat qwen3:8b"], spans["publish"]
    assert {span.trace for span in collector.spans} == {turn.trace}
    assert turn.parent == b""
    assert {call.parent, post.parent, spans["chat scripted"].parent} == {turn.id}
    assert turn.facts == {
        "greenroom.bot": "ada",
        "greenroom.account": "home",
        "greenroom.turn": 1,
        "greenroom.kind": "mention",
        "greenroom.surface": "reply",
        "greenroom.rule": turn.facts["greenroom.rule"],
        "greenroom.state": "sent",
        "greenroom.reason": "usual",
    }
    assert spans["chat scripted"].failed
    assert spans["chat scripted"].facts["error.type"] == "EngineUnavailable"
    assert (
        call.facts.items()
        >= {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": "openai",
            "gen_ai.request.model": "qwen3:8b",
            "gen_ai.usage.input_tokens": 120,
            "gen_ai.usage.output_tokens": 7,
        }.items()
    )
    assert call.facts["gen_ai.response.finish_reasons"] == ["stop"]
    assert call.facts["gen_ai.response.id"]
    assert not any(name == "gen_ai.system" for name in call.facts)
    assert post.facts == {"greenroom.account": "home", "greenroom.part": 1, "greenroom.tries": 1}
    assert turn.start <= call.start <= call.end <= turn.end
    assert turn.start <= post.start <= post.end == turn.end
    for word in (b"secret", b"sorrow", b"person-7", b"iris", b"lamp", b"talk-of"):
        assert word not in collector.wire


@pytest.mark.asyncio
async def test_what_waited_for_a_person_and_went_on_after_a_restart_is_the_same_trace(
    tmp_path: Path, collector: Collector
) -> None:
    trial, tracing = traced(tmp_path, collector)
    trial.rewrite("answer: mentions\napprove: always\n")
    async with trial:
        trial.mention()
        await trial.counted({State.HELD: 1})
        await trial.bot.settle()
    async with trial:
        trial.clock.turn(timedelta(minutes=5))
        (held,) = await trial.bot.ledger.turns(states=[State.HELD])
        await trial.bot.commands.obey("approve", {"turns": [held.seq]})
        await trial.counted({State.SENT: 1})
        await trial.bot.settle()
    await tracing.aclose()
    first, second = [span for span in collector.spans if span.name == "turn mention"]
    assert first.trace == second.trace
    assert (first.facts["greenroom.state"], first.facts["greenroom.reason"]) == ("held", "approval")
    assert second.facts["greenroom.state"] == "sent"
    assert second.start - first.end >= 300 * 10**9, "the wait for the person is no work"


@pytest.mark.asyncio
async def test_what_the_platform_refuses_has_failed(tmp_path: Path, collector: Collector) -> None:
    trial, tracing = traced(tmp_path, collector)
    async with trial:
        trial.platform.answers.append(PostRejected("not here, iris.secretive"))
        trial.mention()
        await trial.counted({State.DEAD: 1})
        await trial.bot.settle()
    await tracing.aclose()
    spans = by_name(collector.spans)
    assert spans["turn mention"].failed
    assert spans["turn mention"].facts["greenroom.reason"] == "refused_by_platform"
    assert spans["publish"].failed
    assert b"secretive" not in collector.wire


def test_an_address_that_is_none_is_told() -> None:
    with pytest.raises(ConfigurationError, match="write http://127"):
        Tracing("localhost:4318", bot="ada", clock=ManualClock())
