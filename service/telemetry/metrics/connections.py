"""Metrics of connections: accepted, refused and ended."""

from service.telemetry.metrics.families import Families
from service.wire.violations import Rule

CONNECT_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
REFUSALS = (
    "unauthenticated", "token_expired", "forbidden", "invalid_payload", "auth_unavailable",
    "server_draining", "overloaded", "internal", "timeout", "silent",
)  # fmt: skip
"""Codes of errors, and `overloaded`, `timeout` (a CONNECT was not decided in time) and `silent` (no
CONNECT came)."""
ENDINGS = (
    "client", "transport", "ping_timeout", "connect_timeout", "join_timeout", "protocol_error",
    "flood", "slow", "token_expired", "too_many_sessions", "session_replaced", "overloaded",
    "auth_unavailable", "internal", "shutdown",
)  # fmt: skip
"""The reasons for which a connection ends: the first two are the client's own."""


class ConnectionMetrics:
    """Counts connections and the refusals of new ones."""

    def __init__(self, families: Families) -> None:
        self._connects = families.counter(
            "connects",
            "Attempts to connect: `ok`, or `refused` with the code of the refusal; `probe` where "
            "`ringline probe` was let in.",
            ("result", "reason"),
        )
        self._connected = self._connects.labels("ok", "")
        self._probed = self._connects.labels("probe", "probe")
        for reason in REFUSALS:
            self._connects.labels("refused", reason)
        self._disconnects = families.counter(
            "disconnects", "Connections that ended, by what ended them.", ("reason",)
        )
        for reason in ENDINGS:
            self._disconnects.labels(reason)
        violations = families.counter(
            "protocol_errors",
            "Connections ended for what a client did, by the rule it broke.",
            ("rule",),
        )
        self._violations = {rule: violations.labels(rule.value) for rule in Rule}
        self._seconds = families.histogram(
            "connect_seconds", "Opening of the transport to an accepted CONNECT.", CONNECT_BUCKETS
        )

    def probed(self) -> None:
        """The CONNECT of a probe was accepted; the objectives count users alone."""
        self._probed.inc()

    def connected(self, seconds: float) -> None:
        """A CONNECT was accepted, `seconds` after its transport opened."""
        self._connected.inc()
        self._seconds.observe(seconds)

    def refused(self, code: str) -> None:
        """A handshake or a CONNECT was refused, for one of `REFUSALS`."""
        self._connects.labels("refused", code).inc()

    def disconnected(self, reason: str) -> None:
        """A connection ended, by one of `ENDINGS`."""
        self._disconnects.labels(reason).inc()

    def violated(self, rule: Rule) -> None:
        """A client broke a rule of the protocol."""
        self._violations[rule].inc()
