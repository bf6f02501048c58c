"""How long a call lives while a party has no connection. Pure.

Media need no signalling: a connected call goes on for as long as the party that is left reports
them. Any other call waits for the resume window, and no longer.
"""

from service.calls.call import Call, Link, MediaState, State
from service.calls.timeouts import Timeouts, times_out_at

REPORTS_WITHIN_MS = 10_000
"""Who comes back while the other party is away has this long to report `connected`."""
RECOVERS_WITHIN_MS = 15_000
"""How long media may be `disconnected`."""
SILENT_FOR_MS = 75_000
"""How long `connected` holds without being said again."""


def deadline(call: Call, timeouts: Timeouts) -> int | None:
    """When the call ends if nothing more happens; None where it goes on, or has ended."""
    if call.state is State.ENDED:
        return None
    times = (times_out_at(call, timeouts), lost_at(call, timeouts))
    return min((at for at in times if at is not None), default=None)


def is_lost(call: Call, now: int, timeouts: Timeouts) -> bool:
    """Whether the call has outlived its signalling, and no other time was up before that."""
    lost, ends = lost_at(call, timeouts), times_out_at(call, timeouts)
    return lost is not None and lost <= now and (ends is None or lost <= ends)


def kept_by_media(call: Call, away_at: int, now: int, timeouts: Timeouts) -> bool:
    """Whether the call has outlived the window of a side that is away since then."""
    lost, ends = lost_at(call, timeouts), away_at + timeouts.window
    return ends < now and lost is not None and ends < lost


def first_away(call: Call) -> str:
    """Who of two users, of whom one is away at least, has been away for longer."""
    calling, called = call.calling.away_at, call.called.away_at
    first = calling is not None and (called is None or calling <= called)
    return call.caller if first else call.callee


def lost_at(call: Call, timeouts: Timeouts) -> int | None:
    """When a live call ends for want of signalling; None while nobody is away."""
    calling, called = call.calling, call.called
    away = sorted(link.away_at for link in (calling, called) if link.away_at is not None)
    if not away:
        return None
    window, limit = away[0] + timeouts.window, away[0] + timeouts.detached
    if call.state is not State.CONNECTED:
        return window
    if len(away) == 1:
        present = called if called.away_at is None else calling
        return min(limit, max(window, _vouches_until(present, away[0])))
    if calling.media is called.media is MediaState.CONNECTED:
        return limit
    # Who went after the window of the first, when only media kept the call, has a window as well.
    return window if away[1] < window else min(limit, away[1] + timeouts.window)


def _vouches_until(present: Link, since: int) -> int:
    """How long the reports of a party keep the call whose other party is away `since` then."""
    if present.back_at is not None:
        return present.back_at + REPORTS_WITHIN_MS
    said_at = present.media_at or since
    if present.media is MediaState.CONNECTED:
        return max(said_at, since) + SILENT_FOR_MS
    if present.media is MediaState.DISCONNECTED:
        return said_at + RECOVERS_WITHIN_MS
    return said_at
