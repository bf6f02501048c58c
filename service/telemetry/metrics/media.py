"""Metrics of media, as clients report it with `call:media`."""

from service.calls.call import Call, MediaPath, MediaStage
from service.telemetry.metrics.families import Families
from service.telemetry.mos import mos
from service.wire.client_events import MediaStats

CONNECT_BUCKETS = (0.1, 0.25, 0.5, 0.75, 1, 1.5, 2, 3, 5, 7.5, 10, 15, 20, 30, 60)
RTT_BUCKETS = (0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.6, 0.8, 1, 2, 5)
LOSS_BUCKETS = (0, 0.001, 0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.2, 0.5, 1)
MOS_BUCKETS = (1.5, 2, 2.5, 3, 3.25, 3.5, 3.75, 4, 4.1, 4.2, 4.3, 4.4, 4.5)
RESULTS = ("direct", "relay", "failed", "unreported")


class MediaMetrics:
    """Counts one result for each accepted call, and what clients measured."""

    def __init__(self, families: Families) -> None:
        results = families.counter(
            "call_media",
            "Accepted calls that ended, once each: media went `direct` or over a `relay`, "
            "`failed`, or nobody reported.",
            ("type", "result"),
        )
        self._results = results
        for kind in ("audio", "video"):
            for result in RESULTS:
                results.labels(kind, result)
        failed = families.counter(
            "media_failed",
            "Calls whose media failed, by where: `turn` refused a relay, no path was found while "
            "`connecting`, or it broke after it had `connected`.",
            ("stage",),
        )
        self._failed = {stage: failed.labels(stage) for stage in MediaStage}
        self._connect = families.histogram(
            "media_connect_seconds", "Accept to the first media.", CONNECT_BUCKETS
        )
        self._rtt = families.histogram(
            "media_rtt_seconds", "Round trip between the peers, as reported.", RTT_BUCKETS
        )
        self._loss = families.histogram(
            "media_packet_loss_ratio", "Lost packets, 0 to 1, as reported.", LOSS_BUCKETS
        )
        self._mos = families.histogram(
            "media_mos",
            "Estimated listening quality, 1 (bad) to 4.5, by the E-model (ITU-T G.107) from the "
            "reported round trip, jitter and loss.",
            MOS_BUCKETS,
        )

    def reported(self, stats: MediaStats, call: Call) -> None:
        """A client measured its media in a call."""
        exemplar = exemplar_of(call)
        if stats.rtt_ms is not None:
            self._rtt.observe(stats.rtt_ms / 1000, exemplar)
        if stats.loss_ratio is not None:
            self._loss.observe(stats.loss_ratio, exemplar)
        estimate = mos(stats)
        if estimate is not None:
            self._mos.observe(estimate, exemplar)

    def ended(self, call: Call) -> None:
        """A call that was accepted has ended."""
        self._results.labels(call.type, media_result(call)).inc()
        if call.media_at is not None and call.accepted_at is not None:
            since = call.media_at - call.accepted_at
            self._connect.observe(since / 1000, exemplar_of(call))
        if call.media_failed is not None:
            self._failed[call.media_failed].inc()


def exemplar_of(call: Call) -> dict[str, str] | None:
    """What leads from a metric to the call's trace, if that was sampled."""
    return {"trace_id": call.trace_id} if call.trace_id else None


def media_result(call: Call) -> str:
    """How the media of an accepted call fared, in one word."""
    if call.media_failed is not None:
        return "failed"
    if call.media_at is None or call.media_path is None:
        return "unreported"
    return "relay" if call.media_path is MediaPath.RELAY else "direct"
