"""One trace for each turn, sent to a collector of OpenTelemetry: the turn, its models, its posts.

What people write, who they are and where they write never stands in it: attributes are names of the owner's files,
words of ours, and what a model's server says of its own answer. GenAI attributes have the names of OpenTelemetry's
semantic conventions, copied here, because the package that has them as constants calls them unstable.
"""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from contextvars import ContextVar
from hashlib import blake2b
from importlib.metadata import version
from typing import Any
from urllib.parse import urlsplit

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.trace import Span, SpanKind, Status, StatusCode
from typing_extensions import override

from greenroom.clock import Clock
from greenroom.generation.engine import Engine, Generated, GenerationError
from greenroom.observation.engines import WatchedEngine
from greenroom.storage import State, Turn
from greenroom.telemetry import Answer, hearing_answers
from greenroom.turns.reasons import reason_of
from greenroom_adapters.contract import ConfigurationError

__all__ = ["Tracing"]

PATH = "/v1/traces"
PATIENCE = 5.0
"""Seconds that a collector has for one delivery, and the end of the bot for the last one."""
ENDS_BADLY = frozenset({State.UNKNOWN, State.DEAD})

_trace_id: ContextVar[int | None] = ContextVar("trace_id", default=None)


class Tracing:
    """Makes the spans of a bot's turns. Made once for a process; `aclose` sends what is left."""

    def __init__(self, collector: str, *, bot: str, clock: Clock) -> None:
        """Take the address of a collector that speaks OTLP over HTTP, `http://HOST:4318`; what it asks for to be let in
        stands in OpenTelemetry's own environment variables (`OTEL_EXPORTER_OTLP_HEADERS`).

        :raises ConfigurationError: it is no address
        """
        place = urlsplit(collector)
        if place.scheme not in ("http", "https") or not place.hostname:
            raise ConfigurationError(f"`{collector}` is no address of a collector: write http://127.0.0.1:4318")
        endpoint = collector if place.path.strip("/") else f"{collector.rstrip('/')}{PATH}"
        self._bot = bot
        self._clock = clock
        self._provider = TracerProvider(
            resource=Resource.create(
                {
                    "service.name": "greenroom",
                    "service.instance.id": bot,
                    "service.version": version("greenroom"),
                }
            ),
            id_generator=_Ids(),
            shutdown_on_exit=False,
        )
        self._provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=endpoint, timeout=PATIENCE)))
        self._tracer = self._provider.get_tracer("greenroom", version("greenroom"))

    def watch(self, turn: Turn, work: Coroutine[Any, Any, None]) -> Coroutine[Any, Any, None]:
        """Trace the work on a turn. All that is ever done on one turn is one trace, over restarts and waits too."""
        return self._watching(turn, work)

    def through(self, engine: Engine) -> Engine:
        """Return what asks `engine` and traces that."""
        return _Traced(engine, self._tracer, self._clock)

    async def aclose(self) -> None:
        """Send what is left, for as long as that takes a collector that answers."""
        await asyncio.to_thread(self._provider.force_flush, int(PATIENCE * 1000))
        await asyncio.to_thread(self._provider.shutdown)

    async def _watching(self, turn: Turn, work: Coroutine[Any, Any, None]) -> None:
        began = self._clock.micros()
        token = _trace_id.set(_trace_of(self._bot, turn))
        try:
            span = self._tracer.start_span(
                f"turn {turn.kind}",
                context=trace.set_span_in_context(trace.INVALID_SPAN),
                kind=SpanKind.CONSUMER,
                start_time=(turn.received if turn.state is State.RECEIVED else began) * 1000,
                attributes={
                    "greenroom.bot": self._bot,
                    "greenroom.account": turn.account,
                    "greenroom.turn": turn.seq,
                    "greenroom.kind": turn.kind,
                    "greenroom.surface": str(turn.surface),
                    "greenroom.rule": turn.rule,
                },
            )
        finally:
            _trace_id.reset(token)
        try:
            with trace.use_span(span, record_exception=False, set_status_on_exception=False):
                await work
        finally:
            self._end(turn, span, began)

    def _end(self, turn: Turn, span: Span, began: int) -> None:
        now = self._clock.micros()
        tried = [part for part in turn.outbox if part.last_tried >= began]
        parent = trace.set_span_in_context(span)
        for number, part in enumerate(tried):
            post = self._tracer.start_span(
                "publish" if part.act is None else part.act.kind,
                context=parent,
                kind=SpanKind.CLIENT,
                start_time=max(began, part.first_tried) * 1000,
                attributes={
                    "greenroom.account": turn.account,
                    "greenroom.part": turn.outbox.index(part) + 1,
                    "greenroom.tries": part.number,
                },
            )
            if not part.is_over:
                post.set_status(Status(StatusCode.ERROR))
            post.end((tried[number + 1].first_tried if number + 1 < len(tried) else now) * 1000)
        reason = "approval" if turn.state is State.HELD else reason_of(turn.reason)
        span.set_attributes({"greenroom.state": turn.state.word, "greenroom.reason": reason})
        if turn.state in ENDS_BADLY:
            span.set_status(Status(StatusCode.ERROR, reason))
        span.end(now * 1000)


class _Traced(WatchedEngine):
    """An engine, traced."""

    def __init__(self, engine: Engine, tracer: trace.Tracer, clock: Clock) -> None:
        super().__init__(engine)
        self._tracer = tracer
        self._clock = clock

    @override
    async def _watch(self, call: Callable[[], Coroutine[Any, Any, Generated]]) -> Generated:
        model = self.name.removeprefix("openai/")
        span = self._tracer.start_span(
            f"chat {model}",
            kind=SpanKind.CLIENT,
            start_time=self._clock.micros() * 1000,
            attributes={
                "gen_ai.operation.name": "chat",
                # every model is spoken to in OpenAI's language, whoever serves it
                "gen_ai.provider.name": "openai",
                "gen_ai.request.model": model,
            },
        )
        answers: list[Answer] = []
        try:
            with hearing_answers(answers.append):
                generated = await call()
            span.set_attribute("greenroom.cost_usd", generated.cost / 1e6)
        except GenerationError as error:
            span.set_attribute("error.type", type(error).__name__)
            span.set_status(Status(StatusCode.ERROR))
            raise
        finally:
            span.set_attributes(_told_by(answers))
            span.end(self._clock.micros() * 1000)
        return generated


def _told_by(answers: list[Answer]) -> Mapping[str, Any]:
    """Return the attributes of a call of which there were so many answers: more than one where tools were used."""
    if not answers:
        return {}
    last = answers[-1]
    told = {
        "gen_ai.response.model": last.answered_by,
        "gen_ai.response.id": last.id,
        "gen_ai.response.finish_reasons": None if last.finish is None else [last.finish],
        "gen_ai.usage.input_tokens": _sum(answer.read for answer in answers),
        "gen_ai.usage.output_tokens": _sum(answer.written for answer in answers),
    }
    return {name: value for name, value in told.items() if value is not None}


def _sum(counts: Any) -> int | None:
    known = [count for count in counts if count is not None]
    return sum(known) if known else None


class _Ids(RandomIdGenerator):
    """Draws ids, but for the trace of a turn, which has one of its own."""

    @override
    def generate_trace_id(self) -> int:
        return _trace_id.get() or super().generate_trace_id()


def _trace_of(bot: str, turn: Turn) -> int:
    name = f"{bot}\n{turn.account}\n{turn.event_id}"
    return int.from_bytes(blake2b(name.encode(errors="surrogatepass"), digest_size=16).digest()) or 1
