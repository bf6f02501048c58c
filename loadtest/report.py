"""What a user reports to Locust, beside the single requests that Locust's client reports."""

import time
from collections.abc import Callable
from typing import ClassVar

from locust.env import Environment

from loadtest.measures import Measure, across, resumed


class Report:
    """The rows of one user.

    What spans a return, this user's or that of the other one of a call, has a row apart: it tells
    how long somebody was away, and not how quick the service is.
    """

    _returned_at: ClassVar[dict[str, float]] = {}
    """When users of this process came back last (`time.perf_counter`)."""

    def __init__(self, environment: Environment, user: str) -> None:
        self._fire: Callable[..., None] = environment.events.request.fire
        self._user = user

    def measured(self, measure: Measure, took_ms: float) -> None:
        """Something took so long."""
        self._row(measure, took_ms, None)

    def spanned(self, measure: Measure, took_ms: float, other: str, since: float) -> None:
        """The same, of what began at `since` (`time.perf_counter`) with another user."""
        self.measured(across(measure) if self.apart(other, since) else measure, took_ms)

    def failed(self, name: str, trouble: Exception) -> None:
        """Something went wrong."""
        self._row(Measure("call", name), 0, trouble)

    def returned(self, how: str, took_ms: float) -> None:
        """The user has come back, and the session was `replayed`, is a `snapshot`, or `none`."""
        self._returned_at[self._user] = time.perf_counter()
        self.measured(resumed(how), took_ms)

    def apart(self, other: str, since: float) -> bool:
        """Whether this user or another one has come back since then (`time.perf_counter`)."""
        return any(self._returned_at.get(user, 0.0) > since for user in (self._user, other))

    def _row(self, measure: Measure, took_ms: float, wrong: Exception | None) -> None:
        self._fire(
            request_type=measure.kind,
            name=measure.name,
            response_time=took_ms,
            response_length=0,
            exception=wrong,
            context={},
        )
