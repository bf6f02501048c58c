"""What is logged of calls: their moves at debug, and a line for each that ended or was refused."""

import structlog

from service.calls.call import Call, State
from service.errors import RateLimited, RinglineError
from service.ids import of_probe
from service.telemetry.metrics.media import media_result
from service.telemetry.user_names import UserNames

_log = structlog.get_logger(__name__)


class CallLog:
    """A `ports.CallObserver` that writes log lines, in which `names` names the users."""

    def __init__(self, names: UserNames) -> None:
        self._names = names

    def moved(self, before: Call | None, after: Call) -> None:
        """Log the move, and a summary of the call at its end."""
        _log.debug(
            "call.state",
            call_id=after.id,
            trace_id=after.trace_id,
            span_id=after.span_id,
            before=before and before.state,
            state=after.state,
        )
        if after.state is State.ENDED:
            _log.info("call.summary", **self._summary(after))

    def rehomed(self, call: Call, *, here: bool) -> None:
        """Log nothing: the line of a call is written at its end, wherever that is."""

    def _summary(self, call: Call) -> dict[str, object]:
        """What an operator wants to know of an ended call; seconds are None if not reached."""
        answered = call.accepted_at is not None
        return {
            "call_id": call.id,
            "trace_id": call.trace_id,
            "span_id": call.span_id,
            "type": call.type,
            "outcome": _outcome(call),
            "reason": call.reason,
            "by": call.ended_by and ("caller" if call.ended_by == call.caller else "callee"),
            "caller": self._names(call.caller),
            "callee": self._names(call.callee),
            "ring_s": _seconds(call.ringing_at, call.accepted_at or call.ended_at),
            "setup_s": _seconds(call.accepted_at, call.connected_at),
            "duration_s": _seconds(call.accepted_at, call.ended_at),
            "media": media_result(call) if answered else None,
            "media_failed": call.media_failed,
            "path": call.media_path,
            "devices": len(call.devices),
            "moves": call.moves,
            **_absences(call),
            **({"probe": True} if of_probe(call.caller) else {}),
        }


def _absences(call: Call) -> dict[str, object]:
    """How the parties were without a connection; nothing of a call in which none was.

    Of each party how often, how long in all, and how long at most; how many sessions came back by
    a replay, and how many by a snapshot; whether media kept the call beyond the resume window.
    """
    caller, callee = call.calling.absences, call.called.absences
    if not caller.losses and not callee.losses:
        return {}
    return {
        "caller_away": caller.losses,
        "caller_away_s": caller.total_ms / 1000,
        "caller_longest_away_s": caller.longest_ms / 1000,
        "callee_away": callee.losses,
        "callee_away_s": callee.total_ms / 1000,
        "callee_longest_away_s": callee.longest_ms / 1000,
        "replayed": caller.replayed + callee.replayed,
        "snapshots": caller.snapshots + callee.snapshots,
        "kept_by_media": caller.kept + callee.kept > 0,
    }


def _outcome(call: Call) -> str:
    """How far the call came."""
    if call.accepted_at is None:
        return "unanswered"
    return "accepted" if call.connected_at is None else "connected"


def refused(call_type: str, refusal: RinglineError) -> None:
    """Log why an initiate was refused; a rate limit has logged a line already."""
    if not isinstance(refusal, RateLimited):
        _log.info("call.refused", code=refusal.code, type=call_type)


def _seconds(since: int | None, until: int | None) -> float | None:
    return None if since is None or until is None else (until - since) / 1000
