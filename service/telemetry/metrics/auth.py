"""Metrics of tokens, of the provider's keys and of limits."""

from service.telemetry.metrics.families import Families

FAILURES = ("unauthenticated", "bad_signature", "token_expired", "forbidden", "auth_unavailable")
SCOPES = ("events", "initiates", "initiates_to_one", "candidates", "held", "http", "resume_tokens")
"""Every limit there is."""


class AuthMetrics:
    """Counts what the verifiers and the limits decide."""

    def __init__(self, families: Families) -> None:
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
        for reason in FAILURES:
            self._failures.labels(reason)
        self._refreshes = {result: refreshes.labels(result) for result in ("ok", "refused")}
        self._fetches = {result: fetches.labels(result) for result in ("ok", "failed")}
        self._limited = {scope: limited.labels(scope) for scope in SCOPES}

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
        """A client was over the limit `scope`, one of `SCOPES`."""
        self._limited[scope].inc()
