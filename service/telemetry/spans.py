"""What the spans of calls and sessions have in common: links, the calls' attributes, failures."""

from collections.abc import Callable

from opentelemetry import trace
from opentelemetry.trace import Link, Span, Status, StatusCode, Tracer
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from service.calls.call import Call
from service.calls.reasons import Kind, Reason, of

_W3C = TraceContextTextMapPropagator()
_FAILURES = of(Kind.UNANSWERED, Kind.TROUBLE, Kind.MEDIA)
"""The reasons that mark a set-up as failed; a user who cancels or declines is no failure."""


class CallTracer:
    """Makes spans of calls, in which `users` names the users; None leaves them out."""

    def __init__(self, tracer: Tracer, users: Callable[[str], str | None]) -> None:
        self._tracer = tracer
        self._users = users

    def linked(self, name: str, call: Call, since_ns: int | None = None) -> Span:
        """Begin a trace of its own, linked to a call's set-up; `since_ns` is now, if not given."""
        return self._tracer.start_span(
            name,
            trace.set_span_in_context(trace.INVALID_SPAN),
            links=set_up(call),
            attributes=self.attributes(call),
            start_time=since_ns,
        )

    def attributes(self, call: Call) -> dict[str, str]:
        """What tells the call."""
        attributes = {"ringline.call.id": call.id, "ringline.call.type": str(call.type)}
        for role, user in (("caller", call.caller), ("callee", call.callee)):
            name = self._users(user)
            if name is not None:
                attributes[f"ringline.{role}"] = name
        return attributes


def links(traceparent: str | None) -> list[Link]:
    """A link to what a W3C `traceparent` names, if it names anything."""
    if traceparent is None:
        return []
    context = _W3C.extract({"traceparent": traceparent})
    linked = trace.get_current_span(context).get_span_context()
    return [Link(linked)] if linked.is_valid else []


def set_up(call: Call) -> list[Link]:
    """A link to the root of a call's set-up, if that was sampled."""
    return links(call.trace_id and f"00-{call.trace_id}-{call.span_id}-01")


def mark_end(span: Span, call: Call) -> None:
    """Record why the call ended, and whether it failed: media may fail whatever the reason is."""
    reason = str(call.reason)
    span.set_attribute("ringline.call.reason", reason)
    if call.media_failed is not None:
        span.set_attribute("ringline.media.failed", str(call.media_failed))
    if call.reason in _FAILURES:
        fail(span, reason)
    elif call.media_failed is not None:
        fail(span, str(Reason.MEDIA_FAILED))


def fail(span: Span, error_type: str) -> None:
    """Mark what the span tells of as failed."""
    span.set_attribute("error.type", error_type)
    span.set_status(Status(StatusCode.ERROR, error_type))
