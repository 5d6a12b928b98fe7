"""A collector of OpenTelemetry on loopback: takes traces over HTTP and keeps their spans."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue

__all__ = ["Collector", "Told", "collecting"]


class Told:
    """One span, as it came over the wire."""

    def __init__(self, span: Any) -> None:
        self.name: str = span.name
        self.trace: bytes = span.trace_id
        self.id: bytes = span.span_id
        self.parent: bytes = span.parent_span_id
        self.start: int = span.start_time_unix_nano
        self.end: int = span.end_time_unix_nano
        self.failed: bool = span.status.code == 2
        self.facts: dict[str, Any] = {one.key: _value(one.value) for one in span.attributes}


class Collector:
    """What was collected."""

    def __init__(self) -> None:
        self.url = ""
        self.spans: list[Told] = []
        self.wire = b""
        """All bodies, one behind the other."""

    async def take(self, request: web.Request) -> web.Response:
        """Take one delivery."""
        body = await request.read()
        self.wire += body
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            self.spans += [Told(span) for scope in resource.scope_spans for span in scope.spans]
        return web.Response(content_type="application/x-protobuf")


@asynccontextmanager
async def collecting() -> AsyncIterator[Collector]:
    """Listen while the block runs."""
    collector = Collector()
    app = web.Application()
    app.router.add_post("/v1/traces", collector.take)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    collector.url = f"http://{host}:{port}"
    try:
        yield collector
    finally:
        await runner.cleanup()


def _value(value: AnyValue) -> Any:
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return [_value(one) for one in value.array_value.values]
    return getattr(value, str(kind))
