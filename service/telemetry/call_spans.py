"""One trace for each call's set-up, whatever becomes of it (OpenTelemetry).

    call.setup                  initiate to connected, or to the end
    ├── call.ring               placed, to the accept or the end
    ├── call.accept             an accept being decided and sent
    ├── call.negotiate          accept to the first answer, or to the end
    └── store.*                 calls of the store meanwhile

An initiate that meets one of the other user is a `call.glare`, and accepts within the other's
trace. Everything later is a short trace of its own, linked to the set-up, so that no span lives for
hours; it is left out where the set-up was not sampled. `session.detached`, `session.resumed` (the
join that resumed) and `call.moved` are events of the set-up while it goes on, and such traces
later. A client's `traceparent` is linked, and never trusted as parent. Attributes hold no SDP,
address, token or credential.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from opentelemetry import trace
from opentelemetry.trace import Span, SpanKind, Tracer

from service.calls.call import Call, State
from service.calls.sides import links as links_of
from service.errors import Internal, RinglineError
from service.telemetry.spans import CallTracer, fail, links, mark_end, set_up
from service.telemetry.tracing import Resume, Setup, Tracing

Attributes = dict[str, str | bool | int | float]


class CallSpans(Tracing):
    """`Tracing` by an OpenTelemetry tracer, and a `ports.CallObserver`.

    Holds a span for each phase open on this node.
    """

    def __init__(
        self, tracer: Tracer, users: Callable[[str], str | None], candidates: Callable[[str], int]
    ) -> None:
        self._tracer = tracer
        self._calls = CallTracer(tracer, users)
        self._candidates = candidates
        self._setups: dict[str, Span] = {}
        self._phases: dict[str, Span] = {}

    def __len__(self) -> int:
        return len(self._setups) + len(self._phases)

    @contextmanager
    def setup(self, call_id: str, call_type: str, traceparent: str | None) -> Iterator[Setup]:
        """Begin the trace; it ends here if the initiate leads to no call."""
        span = self._tracer.start_span(
            "call.setup",
            context=trace.set_span_in_context(trace.INVALID_SPAN),
            kind=SpanKind.SERVER,
            links=links(traceparent),
            attributes={"ringline.call.type": call_type},
        )
        try:
            with trace.use_span(span, end_on_exit=False, record_exception=False):
                try:
                    yield _TracedSetup(span)
                except Exception as error:
                    fail(span, _code(error))
                    raise
        finally:
            if call_id not in self._setups:
                span.end()

    @contextmanager
    def accepting(self, call_id: str) -> Iterator[object]:
        """Add a child to the set-up, if that is traced on this node; a refused accept is marked."""
        parent = self._setups.get(call_id)
        if parent is None:
            yield None
            return
        context = trace.set_span_in_context(parent)
        with self._tracer.start_as_current_span(
            "call.accept", context, record_exception=False, set_status_on_exception=False
        ) as span:
            try:
                yield span
            except Exception as error:
                fail(span, _code(error))
                raise

    def renegotiated(self, call: Call) -> None:
        """Add a short trace, linked to the set-up."""
        if call.trace_id is not None:
            self._calls.linked("call.renegotiate", call).end()

    def detached(self, call: Call, user: str) -> None:
        """Tell who lost the connection, unless it came back before the call heard of it."""
        if links_of(call, user)[0].away_at is not None:
            self._happened("session.detached", call, _by(call, user))

    def resumed(self, before: Call, after: Call, user: str, resume: Resume) -> None:
        """Tell how a session came back, and after how long."""
        was, is_now = (links_of(call, user)[0].absences.total_ms for call in (before, after))
        attributes: Attributes = {
            **_by(after, user),
            "ringline.session.resumed": resume.resumed,
            "ringline.session.fresh": resume.fresh,
            "ringline.session.away_s": (is_now - was) / 1000,
            "ringline.call.generation": after.generation,
        }
        if resume.reason:
            attributes["ringline.session.reason"] = resume.reason
        self._happened("session.resumed", after, attributes, resume.began_ns)

    def taken_over(self, call: Call, user: str) -> None:
        """Tell who moved the call, and how often it has moved."""
        moved = {"ringline.call.moves": call.moves, "ringline.call.generation": call.generation}
        self._happened("call.moved", call, {**_by(call, user), **moved})

    def store(self, op: str) -> AbstractContextManager[object]:
        """Add a child to the current span, if there is one."""
        if not trace.get_current_span().is_recording():
            return super().store(op)
        return self._tracer.start_as_current_span(f"store.{op}")

    def moved(self, before: Call | None, after: Call) -> None:
        """Begin and end the phases that the call's state asks for."""
        if before is None:
            self._begin(after)
            return
        if after.id in self._setups:
            self._follow(before, after)
        elif after.state is State.ENDED and after.trace_id is not None:
            span = self._calls.linked("call.end", after)
            mark_end(span, after)
            span.end()

    def rehomed(self, call: Call, *, here: bool) -> None:
        """End the spans of a set-up that goes on at another node; there, only links are made."""
        if not here and (root := self._setups.pop(call.id, None)) is not None:
            self._end_phase(call.id)
            root.add_event("call.rehomed")
            root.end()

    def _happened(
        self, name: str, call: Call, attributes: Attributes, since_ns: int | None = None
    ) -> None:
        """Add an event to a set-up that is traced on this node, else a trace linked to it."""
        if (root := self._setups.get(call.id)) is not None:
            root.add_event(name, attributes)
        elif call.trace_id is not None:
            span = self._calls.linked(name, call, since_ns)
            span.set_attributes(attributes)
            span.end()

    def _begin(self, call: Call) -> None:
        root = trace.get_current_span()
        if root.is_recording():
            root.set_attributes(self._calls.attributes(call))
            self._setups[call.id] = root
            self._phases[call.id] = self._child("call.ring", root)

    def _follow(self, before: Call, call: Call) -> None:
        if before.accepted_at is None and call.accepted_at is not None:
            self._end_phase(call.id)
            self._phases[call.id] = self._child("call.negotiate", self._setups[call.id])
        if call.state in (State.CONNECTED, State.ENDED):
            self._end_phase(call.id)
            self._end_setup(call)

    def _end_setup(self, call: Call) -> None:
        root = self._setups.pop(call.id)
        candidates = {"ringline.call.candidates": self._candidates(call.id)}
        root.add_event("call.candidates", candidates)
        root.set_attributes(candidates)
        if call.state is State.ENDED:
            mark_end(root, call)
        root.end()

    def _child(self, name: str, parent: Span) -> Span:
        return self._tracer.start_span(name, trace.set_span_in_context(parent))

    def _end_phase(self, call_id: str) -> None:
        phase = self._phases.pop(call_id, None)
        if phase is not None:
            phase.end()


class _TracedSetup(Setup):
    def __init__(self, span: Span) -> None:
        self._span = span
        context = span.get_span_context()
        if context.trace_flags.sampled:
            self.trace_id = trace.format_trace_id(context.trace_id)
            self.span_id = trace.format_span_id(context.span_id)

    def meets(self, call: Call) -> None:
        """Rename the span, and link it to the other call's set-up."""
        self._span.update_name("call.glare")
        for link in set_up(call):
            self._span.add_link(link.context)


def _by(call: Call, user: str) -> Attributes:
    """Whose doing it was."""
    return {"ringline.by": "caller" if user == call.caller else "callee"}


def _code(error: Exception) -> str:
    return error.code if isinstance(error, RinglineError) else Internal.code
