"""Metrics of the node's load: event loop, store, slow clients, log."""

from itertools import product

from service.ports import CallStore, ReplyStore, SessionStore, UserStore
from service.telemetry import log
from service.telemetry.metrics.families import Families

LAG_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5)
STORE_BUCKETS = (0.0001, 0.0005, 0.001, 0.0025, 0.01, 0.05, 0.25, 1)
"""Few buckets: each operation has two such histograms, and every scrape has them all."""

OPERATIONS = tuple(
    f"{name}.{method}"
    for name, port in (
        ("users", UserStore),
        ("calls", CallStore),
        ("replies", ReplyStore),
        ("sessions", SessionStore),
    )
    for method in vars(port)
    if not method.startswith("_")
)
"""The methods of the store's ports."""


class PressureMetrics:
    """Measures how much the node has to do."""

    def __init__(self, families: Families) -> None:
        self.slow_clients = families.counter(
            "slow_clients_closed", "Connections closed because the client did not read."
        )
        self.store_seconds = families.hot_histogram(
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
