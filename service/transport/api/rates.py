"""How often one user may ask over HTTP."""

from service import errors
from service.limits import Limit, Meters
from service.ports import Clock, Identity
from service.telemetry.metrics.auth import AuthMetrics

REQUESTS = Limit(count=60, per_ms=6_000)
"""Requests of one user, whatever for: 10 a second."""
ADMINS = Limit(count=600, per_ms=6_000)
"""The same with the scope `admin`: a backend asks for all its users, by one name."""
CREDENTIALS = Limit(count=20, per_ms=20_000)
"""Of these, the ones that mint TURN credentials: 1 a second."""


class Rates:
    """Says when a user asks too often; `scale` multiplies the limits."""

    def __init__(self, clock: Clock, metrics: AuthMetrics, scale: float) -> None:
        self._clock = clock
        self._metrics = metrics
        self._requests = Meters(REQUESTS.scaled(scale))
        self._admins = Meters(ADMINS.scaled(scale))
        self._credentials = Meters(CREDENTIALS.scaled(scale))

    def request(self, identity: Identity) -> None:
        """Count a request; raises `RateLimited` when it is one too many."""
        self._take(self._admins if identity.is_admin else self._requests, identity.user)

    def credentials(self, user: str) -> None:
        """Count TURN credentials, in the same way."""
        self._take(self._credentials, user)

    def limited(self, refusal: errors.RateLimited) -> None:
        """Count a refusal, by this limit or by one that sockets have as well."""
        self._metrics.limited(refusal.scope)

    def _take(self, meters: Meters, user: str) -> None:
        if wait := meters.take(user, self._clock()):
            raise errors.RateLimited(scope="http", retry_after_ms=wait)
