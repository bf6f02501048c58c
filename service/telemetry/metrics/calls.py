"""Metrics of calls, from their start to their end."""

from functools import partial

from service.calls.call import Call, CallType, State
from service.calls.reasons import ENDINGS, Kind, Reason
from service.ids import of_probe
from service.telemetry.metrics.families import Families
from service.telemetry.metrics.media import MediaMetrics, exemplar_of

ALERT_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
RING_BUCKETS = (1, 2, 3, 5, 7.5, 10, 15, 20, 30, 45, 60, 90, 120)
SETUP_BUCKETS = (0.1, 0.25, 0.5, 0.75, 1, 1.5, 2, 3, 5, 7.5, 10, 15, 20, 30, 60)
DURATION_BUCKETS = (1, 5, 15, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14400)


class CallMetrics:
    """A `ports.CallObserver` that counts users' calls; `ringline probe` has its own metrics.

    All times come from the call's own record. `media` is told of each end.
    """

    def __init__(self, families: Families, media: MediaMetrics) -> None:
        self._media = media
        live = families.gauge("calls_live", "Live calls, by state.", ("state",))
        self._live: dict[State, int] = dict.fromkeys(
            (state for state in State if state is not State.ENDED), 0
        )
        for state in self._live:
            live.labels(state).set_function(partial(self._live.__getitem__, state))
        ended = families.counter(
            "calls",
            "Calls that ended, by type and reason; of those that nobody had accepted, what the "
            "operator ended counts as `cancelled`.",
            ("type", "reason"),
        )
        self._ended = {
            (kind, reason): ended.labels(kind, reason) for kind in CallType for reason in ENDINGS
        }
        self._alert = families.histogram(
            "call_alert_seconds", "Initiate to the first device that rings.", ALERT_BUCKETS
        )
        self._ring = families.histogram(
            "call_ring_seconds", "Ringing to the accept or the end: people's time.", RING_BUCKETS
        )
        setup = families.histogram(
            "call_setup_seconds", "Accept to the first answer.", SETUP_BUCKETS, ("type",)
        )
        self._setup = {kind: setup.labels(kind) for kind in CallType}
        duration = families.histogram(
            "call_duration_seconds", "Accept to the end.", DURATION_BUCKETS, ("type",)
        )
        self._duration = {kind: duration.labels(kind) for kind in CallType}
        races = families.counter(
            "accept_races", "Accepts of a call that rang: one wins.", ("result",)
        )
        self._races = {result: races.labels(result) for result in ("won", "lost")}

    def moved(self, before: Call | None, after: Call) -> None:
        """A call came to be, or went on by a state or several: each time counts when it is new."""
        if of_probe(after.caller):
            return
        if after.state is not State.ENDED:
            self._live[after.state] += 1
        if before is not None:
            self._live[before.state] -= 1
        exemplar = exemplar_of(after)
        if after.ringing_at is not None and (before is None or before.ringing_at is None):
            self._alert.observe((after.ringing_at - after.created_at) / 1000, exemplar)
        if after.accepted_at is not None and (before is None or before.accepted_at is None):
            self._races["won"].inc()
            rang_at = after.ringing_at or after.accepted_at
            self._ring.observe((after.accepted_at - rang_at) / 1000, exemplar)
        if after.connected_at is not None and (before is None or before.connected_at is None):
            accepted_at = after.accepted_at or after.connected_at
            self._setup[after.type].observe((after.connected_at - accepted_at) / 1000, exemplar)
        if after.state is State.ENDED:
            self._over(after, exemplar)

    def rehomed(self, call: Call, *, here: bool) -> None:
        """The session of the caller has moved to this node, or away from it."""
        if not of_probe(call.caller):
            self._live[call.state] += 1 if here else -1

    def accept_lost(self) -> None:
        """A device accepted a call that another device had accepted."""
        self._races["lost"].inc()

    def _over(self, after: Call, exemplar: dict[str, str] | None) -> None:
        reason = after.reason or Reason.ERROR
        if reason.kind is Kind.OPERATOR and after.accepted_at is None:
            reason = Reason.CANCELLED  # or the set-up SLO would take it for another call's good end
        self._ended[after.type, reason].inc(exemplar=exemplar)
        if after.accepted_at is not None:
            self._duration[after.type].observe(after.duration_ms / 1000, exemplar)
            self._media.ended(after)
        elif after.ringing_at is not None and after.ended_at is not None:
            self._ring.observe((after.ended_at - after.ringing_at) / 1000, exemplar)
