"""Any store, timed: the ports again, each operation measured on its way to what is behind.

One class for all three ports would need their methods by name at run time; these are spelt out
so that a port that grows is a type error here.
"""

import time
from collections.abc import Awaitable
from typing import TypeVar

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


class Watch:
    """Times operations, for the metrics and the trace that is current."""

    def __init__(self, metrics: PressureMetrics, tracing: Tracing) -> None:
        self._metrics = metrics
        self._tracing = tracing

    async def __call__(self, op: str, work: Awaitable[T]) -> T:
        """Await `work`, whatever comes of it."""
        since, ok = time.perf_counter(), False
        try:
            with self._tracing.store(op):
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

    async def engagements(self, user: str) -> Engagements:
        return await self._watch("calls.engagements", self._store.engagements(user))

    async def open(self, call: Call, caller_version: int, callee_version: int) -> bool:
        opening = self._store.open(call, caller_version, callee_version)
        return await self._watch("calls.open", opening)

    async def load(self, call_id: str) -> Call | None:
        return await self._watch("calls.load", self._store.load(call_id))

    async def swap(self, before: Call, after: Call) -> bool:
        return await self._watch("calls.swap", self._store.swap(before, after))

    async def due(self, now: int) -> tuple[Call, ...]:
        return await self._watch("calls.due", self._store.due(now))


class ObservedSessions:
    """A `ports.SessionStore` before another one."""

    def __init__(self, store: SessionStore, watch: Watch) -> None:
        self._store = store
        self._watch = watch

    async def add(self, ref: SessionRef, most: int) -> bool:
        return await self._watch("sessions.add", self._store.add(ref, most))

    async def remove(self, ref: SessionRef, now: int) -> None:
        await self._watch("sessions.remove", self._store.remove(ref, now))

    async def of(self, user: str) -> tuple[SessionRef, ...]:
        return await self._watch("sessions.of", self._store.of(user))

    async def last_seen(self, user: str) -> int | None:
        return await self._watch("sessions.last_seen", self._store.last_seen(user))


class ObservedAnswers:
    """A `ports.AnswerStore` before another one."""

    def __init__(self, store: AnswerStore, watch: Watch) -> None:
        self._store = store
        self._watch = watch

    async def recall(self, key: tuple[str, str, str], now: int) -> Answer | None:
        return await self._watch("answers.recall", self._store.recall(key, now))

    async def remember(self, key: tuple[str, str, str], answer: Answer, now: int) -> None:
        await self._watch("answers.remember", self._store.remember(key, answer, now))
