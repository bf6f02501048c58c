"""The service's metrics for Prometheus: base units, bounded labels, never a user or a call.

Each topic has a class; its methods are named after what happened. Bounded label sets start at 0.
docs/metrics.md is generated from here. Gauges of what the node holds are in `Node._watch`, node.py.
"""

from collections.abc import Sequence

from prometheus_client import GCCollector, PlatformCollector, ProcessCollector

from service.telemetry.metrics.auth import AuthMetrics
from service.telemetry.metrics.calls import CallMetrics
from service.telemetry.metrics.connections import ConnectionMetrics
from service.telemetry.metrics.events import EventMetrics
from service.telemetry.metrics.families import Families
from service.telemetry.metrics.media import MediaMetrics
from service.telemetry.metrics.pressure import PressureMetrics
from service.telemetry.metrics.sessions import SessionMetrics
from service.telemetry.metrics.turn import TurnMetrics


class Metrics:
    """All of the service's metrics, in a registry of their own."""

    def __init__(self, version: str, regions: Sequence[str] = ()) -> None:
        self.families = families = Families()
        families.gauge("build_info", "Always 1; the label has the version.", ("version",)).labels(
            version
        ).set(1)
        self.connections = ConnectionMetrics(families)
        self.sessions = SessionMetrics(families)
        self.events = EventMetrics(families)
        self.media = MediaMetrics(families)
        self.calls = CallMetrics(families, self.media)
        self.auth = AuthMetrics(families)
        self.turn = TurnMetrics(families, regions=("", *regions))
        self.pressure = PressureMetrics(families)
        for collector in (ProcessCollector, PlatformCollector, GCCollector):
            collector(registry=families.registry)

    def ended(self, reason: str) -> None:
        """A connection ended; a client that did not read is counted as slow, too."""
        self.connections.disconnected(reason)
        if reason == "slow":
            self.pressure.slow_clients.inc()
