"""Metrics of TURN: credentials fetched and handed out, and the probe."""

from collections.abc import Callable, Sequence
from functools import partial
from math import nan

from service.telemetry.metrics.families import Families

PROBE_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)


class TurnMetrics:
    """Counts credentials, fetches and probes. `regions` are all there are; "" is none."""

    def __init__(self, families: Families, *, regions: Sequence[str]) -> None:
        issued = families.counter(
            "turn_credentials_issued", "TURN credentials handed out.", ("region",)
        )
        self._issued = {region: issued.labels(region) for region in regions}
        self.probe_success = families.gauge(
            "turn_probe_success",
            "Whether the last probe of TURN relayed a packet: 1 or 0; NaN before the first.",
        )
        self.probe_success.set(nan)
        self.probe_seconds = families.histogram(
            "turn_probe_seconds", "A probe of TURN: allocate, and a packet relayed.", PROBE_BUCKETS
        )
        self._fetches = families.counter(
            "turn_fetches", "Fetches of credentials from a TURN provider.", ("provider", "result")
        )
        self._expiry = families.gauge(
            "turn_credentials_expiry_timestamp_seconds",
            "When the credentials end that were fetched last, in epoch seconds; NaN before.",
            ("provider",),
        )
        self._serving = families.gauge(
            "turn_provider_serving",
            "Whether clients are given this provider's TURN servers now: 1 or 0; `none` is STUN "
            "alone. Only where there is TURN.",
            ("provider",),
        )

    def issued(self, region: str) -> None:
        """A TURN credential was handed out."""
        self._issued[region].inc()

    def fetches_from(self, provider: str) -> None:
        """Credentials will be fetched from this provider; none were yet."""
        for result in ("ok", "failed"):
            self._fetches.labels(provider, result)
        self._expiry.labels(provider).set(nan)

    def fetched(self, provider: str, expires_at: int) -> None:
        """Credentials came that are good until `expires_at` (epoch ms)."""
        self._fetches.labels(provider, "ok").inc()
        self._expiry.labels(provider).set(expires_at / 1000)

    def fetch_failed(self, provider: str) -> None:
        """No usable credentials came."""
        self._fetches.labels(provider, "failed").inc()

    def watch_serving(self, providers: Sequence[str], serving: Callable[[], str]) -> None:
        """Expose which of the providers `serving` names, at each scrape."""
        for provider in providers:
            self._serving.labels(provider).set_function(partial(_is, serving, provider))


def _is(serving: Callable[[], str], provider: str) -> bool:
    return serving() == provider
