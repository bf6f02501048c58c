"""Identity, abuse and TURN."""

from collections.abc import Sequence
from math import nan

from service.telemetry.metrics.families import Families

FAILURES = (
    "unauthenticated",
    "bad_signature",
    "token_expired",
    "forbidden",
    "auth_unavailable",
)
SCOPES = ("events", "initiates", "initiates_to_one", "candidates", "held", "http")
"""Every limit there is."""
PROBE_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)


class AuthMetrics:
    """Told by whoever verifies, limits or mints. `regions` are all there are; "" is none."""

    def __init__(self, families: Families, *, regions: Sequence[str]) -> None:
        self._failures = families.counter(
            "auth_failures",
            "Tokens that were refused, by the code; `forbidden` is another user's.",
            ("reason",),
        )
        refreshes = families.counter(
            "token_refreshes", "Tokens renewed on a live connection.", ("result",)
        )
        fetches = families.counter("jwks_fetches", "Fetches of the provider's keys.", ("result",))
        limited = families.counter(
            "rate_limited", "Refusals because of a limit, by which one.", ("scope",)
        )
        issued = families.counter(
            "turn_credentials_issued", "TURN credentials handed out.", ("region",)
        )
        for reason in FAILURES:
            self._failures.labels(reason)
        self._refreshes = {result: refreshes.labels(result) for result in ("ok", "refused")}
        self._fetches = {result: fetches.labels(result) for result in ("ok", "failed")}
        self._limited = {scope: limited.labels(scope) for scope in SCOPES}
        self._issued = {region: issued.labels(region) for region in regions}
        self.probe_success = families.gauge(
            "turn_probe_success",
            "Whether the last probe of TURN relayed a packet: 1 or 0; NaN before the first.",
        )
        self.probe_success.set(nan)
        self.probe_seconds = families.histogram(
            "turn_probe_seconds", "A probe of TURN: allocate, and a packet relayed.", PROBE_BUCKETS
        )

    def failed(self, reason: str) -> None:
        """A token was refused, for one of `FAILURES`."""
        self._failures.labels(reason).inc()

    def refreshed(self, *, ok: bool) -> None:
        """A token was renewed in place, or not."""
        self._refreshes["ok" if ok else "refused"].inc()

    def fetched_keys(self, *, ok: bool) -> None:
        """The provider's keys were fetched, or not."""
        self._fetches["ok" if ok else "failed"].inc()

    def limited(self, scope: str) -> None:
        """Somebody was over a limit."""
        self._limited[scope].inc()

    def issued(self, region: str) -> None:
        """A TURN credential was handed out."""
        self._issued[region].inc()
