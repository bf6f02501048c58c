"""Any store, timed: the ports again, each operation measured on its way to what is behind.

One class for all three ports would need their methods by name at run time; these are spelt out
so that a port that grows is a type error here.
"""

import time
from collections.abc import Coroutine
from typing import Any, TypeVar

from service.calls.call import Call
from service.ports import (
    CallStore,
    Engagements,
    Outcome,
    ReplyKey,
    ReplyStore,
    SessionStore,
    UserStore,
)
from service.session_ref import SessionRef
from service.telemetry.metrics.pressure import PressureMetrics
from service.telemetry.tracing import Tracing

T = TypeVar("T")
Operation = Coroutine[Any, Any, T]
"""What an operation is before it is awaited; a coroutine around it for each would cost as much."""


class StoreTimer:
    """Times operations, for the metrics and the trace that is current."""

    def __init__(self, metrics: PressureMetrics, tracing: Tracing) -> None:
        self._seconds = metrics.store_seconds
        self._tracing = tracing

    async def __call__(self, op: str, operation: Operation[T]) -> T:
        """Await `operation`, whatever comes of it."""
        since, outcome = time.perf_counter(), "error"
        try:
            with self._tracing.store(op):
                result = await operation
            outcome = "ok"
        finally:
            self._seconds[op, outcome].observe(time.perf_counter() - since)
        return result


class TimedUsers:
    """A `ports.UserStore` before another one."""

    def __init__(self, store: UserStore, timer: StoreTimer) -> None:
        self._store = store
        self._timer = timer

    def __len__(self) -> int:
        return len(self._store)

    def engagements(self, user: str) -> Operation[Engagements]:
        return self._timer("users.engagements", self._store.engagements(user))

    def situation(self, caller: str, callee: str) -> Operation[tuple[Engagements, Engagements]]:
        return self._timer("users.situation", self._store.situation(caller, callee))

    def add(self, ref: SessionRef, most: int) -> Operation[Engagements | None]:
        return self._timer("users.add", self._store.add(ref, most))

    def remove(self, ref: SessionRef, now: int) -> Operation[Engagements]:
        return self._timer("users.remove", self._store.remove(ref, now))


class TimedCalls:
    """A `ports.CallStore` before another one."""

    def __init__(self, store: CallStore, timer: StoreTimer) -> None:
        self._store = store
        self._timer = timer

    def open(self, call: Call, caller_version: int, callee_version: int) -> Operation[Call | None]:
        opening = self._store.open(call, caller_version, callee_version)
        return self._timer("calls.open", opening)

    def load(self, call_id: str) -> Operation[Call | None]:
        return self._timer("calls.load", self._store.load(call_id))

    def swap(self, before: Call, after: Call, op: str) -> Operation[Call | None]:
        return self._timer("calls.swap", self._store.swap(before, after, op))

    def due(self, now: int) -> Operation[tuple[Call, ...]]:
        return self._timer("calls.due", self._store.due(now))


class TimedReplies:
    """A `ports.ReplyStore` before another one."""

    def __init__(self, store: ReplyStore, timer: StoreTimer) -> None:
        self._store = store
        self._timer = timer

    def claim(self, key: ReplyKey, now: int) -> Operation[Outcome | None]:
        return self._timer("replies.claim", self._store.claim(key, now))

    def settle(self, key: ReplyKey, outcome: Outcome | None, until: int) -> Operation[None]:
        return self._timer("replies.settle", self._store.settle(key, outcome, until))

    def forget_old(self, now: int) -> Operation[None]:
        return self._timer("replies.forget_old", self._store.forget_old(now))


class TimedSessions:
    """A `ports.SessionStore` before another one."""

    def __init__(self, store: SessionStore, timer: StoreTimer) -> None:
        self._store = store
        self._timer = timer

    def add(self, ref: SessionRef, issued: bytes) -> Operation[None]:
        return self._timer("sessions.add", self._store.add(ref, issued))

    def take(
        self, session_id: str, user: str, presented: bytes, issued: bytes, node: str | None
    ) -> Operation[SessionRef | None]:
        taking = self._store.take(session_id, user, presented, issued, node)
        return self._timer("sessions.take", taking)

    def issue(self, session_id: str, user: str, issued: bytes) -> Operation[SessionRef | None]:
        return self._timer("sessions.issue", self._store.issue(session_id, user, issued))

    def confirm(self, session_id: str, newest: bytes) -> Operation[None]:
        return self._timer("sessions.confirm", self._store.confirm(session_id, newest))

    def remove(self, session_id: str) -> Operation[None]:
        return self._timer("sessions.remove", self._store.remove(session_id))
