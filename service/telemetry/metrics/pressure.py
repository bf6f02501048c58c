"""The node itself: its loop, its queues, its store."""

from itertools import product

from service.telemetry import log
from service.telemetry.metrics.families import Families

LAG_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5)
STORE_BUCKETS = (0.0001, 0.0005, 0.001, 0.0025, 0.01, 0.05, 0.25, 1)
"""Few, for there are 22 of them, and every scrape has them all."""

OPERATIONS = (
    "calls.engagements",
    "calls.open",
    "calls.load",
    "calls.swap",
    "calls.due",
    "sessions.add",
    "sessions.remove",
    "sessions.of",
    "sessions.last_seen",
    "answers.recall",
    "answers.remember",
)
"""What the store's ports can do."""


class PressureMetrics:
    """How hard the node works."""

    def __init__(self, families: Families) -> None:
        self.slow_clients = families.counter(
            "slow_clients_closed", "Clients cut because they did not read what was sent."
        )
        self._store = families.hot_histogram(
            "store_seconds",
            "Operations of the store.",
            STORE_BUCKETS,
            ("op", "result"),
            product(OPERATIONS, ("ok", "error")),
        )
        self.loop_lag = families.histogram(
            "event_loop_lag_seconds", "How late a timer of the event loop came.", LAG_BUCKETS
        )
        families.counted(
            "log_lines_dropped",
            "Lines of the log that were never written: nobody reads them fast enough, or the disk "
            "is full.",
            log.dropped,
        )

    def stored(self, op: str, seconds: float, *, ok: bool) -> None:
        """The store did something."""
        self._store[op, "ok" if ok else "error"].observe(seconds)
