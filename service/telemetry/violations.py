"""Clients that break the protocol: each is counted, and the log tells of them at a bounded rate."""

import structlog

from service.ports import Clock
from service.telemetry.metrics.connections import ConnectionMetrics
from service.telemetry.network import network_of
from service.wire.rules import Rule

TOLD_EVERY_MS = 10_000
MOST_TOLD = 64

_log = structlog.get_logger(__name__)


class Violations:
    """Tells which rule was broken from which network, never what the client sent.

    The first violation of a rule from a network (an IPv4 /24 or an IPv6 /48) is a line at once;
    those that follow within ten seconds are one line with their number, at the end of these. Of
    more than `MOST_TOLD` pairs of both, the further ones go by the rule alone.
    """

    def __init__(self, metrics: ConnectionMetrics, clock: Clock) -> None:
        self._metrics = metrics
        self._clock = clock
        self._until = 0
        self._more: dict[tuple[Rule, str | None], int] = {}

    def tell(self, rule: Rule, address: str) -> None:
        """A client broke a rule."""
        self._metrics.violated(rule)
        about: tuple[Rule, str | None] = (rule, network_of(address))
        if about not in self._more and len(self._more) >= MOST_TOLD:
            about = (rule, None)
        if about in self._more:
            self._more[about] += 1
            return
        if not self._more:
            self._until = self._clock() + TOLD_EVERY_MS
        self._more[about] = 0
        _log.info("socket.protocol_error", rule=rule.value, client=about[1])

    def tick(self) -> None:
        """Tell how many more there were, when it is time to."""
        if not self._more or self._clock() < self._until:
            return
        more, self._more = self._more, {}
        for (rule, network), number in more.items():
            if number:
                _log.info("socket.protocol_error", rule=rule.value, client=network, more=number)
