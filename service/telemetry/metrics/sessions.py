"""Metrics of resumable sessions: lost, taken up again, given up."""

from service.telemetry.metrics.families import Families

AWAY_BUCKETS = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 120, 300, 600)
SNAPSHOTS = ("asked", "epoch", "missed", "busy", "home")
"""Why there was no replay: the client asked for none (a reload), it was in another epoch, what it
missed was no longer kept, an event was in hand for too long, or the old home gave nothing."""


class SessionMetrics:
    """Counts how sessions fare whose connections are lost."""

    def __init__(self, families: Families) -> None:
        resumes = families.counter(
            "resumes",
            "Sessions taken up again: `replayed`, or `snapshot` with its reason; `none` where "
            "it is gone.",
            ("result", "reason"),
        )
        self._replayed = resumes.labels("replayed", "")
        self._none = resumes.labels("none", "unknown")
        self._snapshots = {reason: resumes.labels("snapshot", reason) for reason in SNAPSHOTS}
        self._away = families.histogram(
            "session_away_seconds", "From the loss of a connection to the next.", AWAY_BUCKETS
        )
        self._given_up = families.counter(
            "sessions_given_up", "Detached sessions whose clients did not come back in time."
        )
        self._saved = families.counter(
            "calls_kept_by_media",
            "Parties that came back after the resume window, to a call that media had kept.",
        )

    def replayed(self) -> None:
        """A client got all that it had missed."""
        self._replayed.inc()

    def snapshot(self, reason: str) -> None:
        """A client got the present state, for one of `SNAPSHOTS`."""
        self._snapshots[reason].inc()

    def unknown(self) -> None:
        """A client named a session that there is not any more."""
        self._none.inc()

    def returned(self, seconds: float) -> None:
        """A detached session has a connection again, after so long."""
        self._away.observe(seconds)

    def gave_up(self) -> None:
        """A detached session ended."""
        self._given_up.inc()

    def kept_by_media(self) -> None:
        """A party is back in a call that had outlived the resume window."""
        self._saved.inc()
