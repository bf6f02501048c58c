"""A receiver of traces: OTLP over HTTP, as a collector speaks it."""

import gzip
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1 import trace_pb2


@dataclass(frozen=True, slots=True)
class ReceivedSpan:
    """A span as it arrived; ids in hexadecimal, `parent` empty for a root, times in s."""

    name: str
    trace_id: str
    span_id: str
    parent: str
    links: tuple[tuple[str, str], ...]
    attributes: dict[str, object]
    failed: bool
    events: tuple[str, ...]
    told: dict[str, dict[str, object]]
    """What the last event of each name told."""
    since: float
    until: float
    resource: dict[str, object]


class Receiver:
    """What was received so far, and where to send more."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.spans: list[ReceivedSpan] = []
        self.raw: list[bytes] = []

    def named(self, name: str) -> list[ReceivedSpan]:
        """The spans of this name, in the order of their arrival."""
        return [span for span in self.spans if span.name == name]

    def the(self, name: str) -> ReceivedSpan:
        """The one span of this name."""
        (span,) = self.named(name)
        return span

    def children(self, parent: ReceivedSpan) -> list[ReceivedSpan]:
        """The spans right below one."""
        return [span for span in self.spans if span.parent == parent.span_id]

    def take(self, body: bytes) -> None:
        """Keep a request's spans."""
        self.raw.append(body)
        request = ExportTraceServiceRequest.FromString(body)
        for group in request.resource_spans:
            resource = _attributes(group.resource.attributes)
            for scope in group.scope_spans:
                self.spans.extend(_span(span, resource) for span in scope.spans)


@contextmanager
def receiver() -> Iterator[Receiver]:
    """A receiver on a free port of loopback."""
    received: list[Receiver] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            assert self.path == "/v1/traces", self.path
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            received[0].take(body)
            answer = ExportTraceServiceResponse().SerializeToString()
            self.send_response(200)
            self.send_header("Content-Type", "application/x-protobuf")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its own name
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    received.append(Receiver(f"http://127.0.0.1:{server.server_port}"))
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield received[0]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _span(span: trace_pb2.Span, resource: dict[str, object]) -> ReceivedSpan:
    return ReceivedSpan(
        name=span.name,
        trace_id=span.trace_id.hex(),
        span_id=span.span_id.hex(),
        parent=span.parent_span_id.hex(),
        links=tuple((link.trace_id.hex(), link.span_id.hex()) for link in span.links),
        attributes=_attributes(span.attributes),
        failed=span.status.code == trace_pb2.Status.STATUS_CODE_ERROR,
        events=tuple(event.name for event in span.events),
        told={event.name: _attributes(event.attributes) for event in span.events},
        since=span.start_time_unix_nano / 1e9,
        until=span.end_time_unix_nano / 1e9,
        resource=resource,
    )


def _attributes(pairs: Iterable[KeyValue]) -> dict[str, object]:
    return {pair.key: _value(pair.value) for pair in pairs}


def _value(value: AnyValue) -> object:
    return getattr(value, value.WhichOneof("value") or "string_value")
