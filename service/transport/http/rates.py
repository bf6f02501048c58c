"""How often one user may ask over HTTP."""

from service import errors
from service.limits import Limit, Meters
from service.ports import Clock
from service.telemetry.metrics.auth import AuthMetrics

REQUESTS = Limit(count=60, per_ms=6_000)
"""Requests of one user, whatever for: 10 a second."""
CREDENTIALS = Limit(count=20, per_ms=20_000)
"""Of these, the ones that mint TURN credentials: 1 a second."""


class Rates:
    """Says when a user asks too often; `scale` multiplies the limits."""

    def __init__(self, clock: Clock, metrics: AuthMetrics, scale: float) -> None:
        self._clock = clock
        self._metrics = metrics
        self._requests = Meters(REQUESTS.scaled(scale))
        self._credentials = Meters(CREDENTIALS.scaled(scale))

    def request(self, user: str) -> None:
        """Count a request; raises `RateLimited` when it is one too many."""
        self._take(self._requests, user)

    def credentials(self, user: str) -> None:
        """Count TURN credentials, in the same way."""
        self._take(self._credentials, user)

    def _take(self, meters: Meters, user: str) -> None:
        if wait := meters.take(user, self._clock()):
            self._metrics.limited("http")
            raise errors.RateLimited(scope="http", retry_after_ms=wait)
