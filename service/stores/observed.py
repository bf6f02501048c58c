"""Any store, timed: the ports again, each operation measured on its way to what is behind.

One class for all three ports would need their methods by name at run time; these are spelt out
so that a port that grows is a type error here.
"""

import time
from collections.abc import Coroutine
from typing import Any, TypeVar

from service.calls.call import Call
from service.ports import (
    Answer,
    AnswerStore,
    CallStore,
    Engagements,
    SessionRef,
    SessionStore,
)
from service.telemetry.metrics.pressure import PressureMetrics
from service.telemetry.tracing import Tracing

T = TypeVar("T")
Work = Coroutine[Any, Any, T]
"""What an operation is before it is awaited; a coroutine around it for each would cost as much."""


class Watch:
    """Times operations, for the metrics and the trace that is current."""

    def __init__(self, metrics: PressureMetrics, tracing: Tracing) -> None:
        self._metrics = metrics
        self._tracing = tracing

    async def __call__(self, op: str, work: Work[T]) -> T:
        """Await `work`, whatever comes of it."""
        since, ok = time.perf_counter(), False
        try:
            span = self._tracing.store(op)
            if span is None:
                result = await work
            else:
                with span:
                    result = await work
            ok = True
        finally:
            self._metrics.stored(op, time.perf_counter() - since, ok=ok)
        return result


class ObservedCalls:
    """A `ports.CallStore` before another one."""

    def __init__(self, store: CallStore, watch: Watch) -> None:
        self._store = store
        self._watch = watch

    def engagements(self, user: str) -> Work[Engagements]:
        return self._watch("calls.engagements", self._store.engagements(user))

    def open(self, call: Call, caller_version: int, callee_version: int) -> Work[bool]:
        opening = self._store.open(call, caller_version, callee_version)
        return self._watch("calls.open", opening)

    def load(self, call_id: str) -> Work[Call | None]:
        return self._watch("calls.load", self._store.load(call_id))

    def swap(self, before: Call, after: Call) -> Work[bool]:
        return self._watch("calls.swap", self._store.swap(before, after))

    def due(self, now: int) -> Work[tuple[Call, ...]]:
        return self._watch("calls.due", self._store.due(now))


class ObservedSessions:
    """A `ports.SessionStore` before another one."""

    def __init__(self, store: SessionStore, watch: Watch) -> None:
        self._store = store
        self._watch = watch

    def add(self, ref: SessionRef, most: int) -> Work[bool]:
        return self._watch("sessions.add", self._store.add(ref, most))

    def remove(self, ref: SessionRef, now: int) -> Work[None]:
        return self._watch("sessions.remove", self._store.remove(ref, now))

    def of(self, user: str) -> Work[tuple[SessionRef, ...]]:
        return self._watch("sessions.of", self._store.of(user))

    def last_seen(self, user: str) -> Work[int | None]:
        return self._watch("sessions.last_seen", self._store.last_seen(user))


class ObservedAnswers:
    """A `ports.AnswerStore` before another one."""

    def __init__(self, store: AnswerStore, watch: Watch) -> None:
        self._store = store
        self._watch = watch

    def recall(self, key: tuple[str, str, str], now: int) -> Work[Answer | None]:
        return self._watch("answers.recall", self._store.recall(key, now))

    def remember(self, key: tuple[str, str, str], answer: Answer, now: int) -> Work[None]:
        return self._watch("answers.remember", self._store.remember(key, answer, now))
