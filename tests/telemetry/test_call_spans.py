"""The spans of a call whose moves a node hears of several at a time."""

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from service.calls.call import Call
from service.telemetry.call_spans import CallSpans
from tests.calls.situations import CONNECTED, CONNECTING, INITIATING, OVER, RINGING

PHASES = ["call.ring", "call.negotiate", "call.setup"]
CANCELLED = RINGING._replace(state=OVER.state, reason=OVER.reason, ended_at=OVER.ended_at)


@pytest.mark.parametrize(
    ("course", "expected"),
    [
        ((RINGING, CONNECTING, CONNECTED), PHASES),
        ((CONNECTING, CONNECTED), PHASES),
        ((CONNECTED,), PHASES),
        ((RINGING, OVER), PHASES),
        ((OVER,), PHASES),
        ((RINGING, CANCELLED), ["call.ring", "call.setup"]),
    ],
)
def test_each_phase_has_its_span_though_states_are_skipped(
    course: tuple[Call, ...], expected: list[str]
):
    ended, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(ended))
    spans = CallSpans(provider.get_tracer("test"), lambda user: user, lambda _call: 0)
    with spans.setup(INITIATING.id, "video", None):
        spans.moved(None, INITIATING)
    for before, after in zip((INITIATING, *course), course, strict=False):
        spans.moved(before, after)
    assert [span.name for span in ended.get_finished_spans()] == expected
    assert len(spans) == 0
