"""Alerts on sessions that lose their connections and come back.

A session that nobody comes back for, and a return that is too late (`none`), have no alert: closed
pages and laptops that slept look the same. The calls that are lost so burn the budget of set-up.
"""

from deploy.alerts.promql import BY_JOB, grown
from deploy.alerts.rules import Alert, Comparison

_RETURNS = 'result!="none", reason!="asked"'
"""Of the same page: one that was loaded anew asks for a snapshot."""
_CAME_BACK = grown("ringline_resumes_total", "15m", _RETURNS)
_TORN = grown("ringline_resumes_total", "15m", 'result="snapshot", reason!="asked"')

LOST_AGAIN = Alert(
    name="RinglineConnectionsLostAgain",
    severity="ticket",
    when=(
        Comparison(grown("ringline_resumes_total", "30m", _RETURNS), ">=", "50"),
        # A proxy that is started anew cuts each connection once, a rollout perhaps twice.
        Comparison(
            grown("ringline_resumes_total", "30m", _RETURNS),
            ">",
            f"2 * sum {BY_JOB} (ringline_sessions)",
        ),
    ),
    wait="10m",
    summary="Clients lose their connections again and again ({{ $labels.job }})",
    description="There were {{ $value | humanize }} returns in 30 minutes, "
    "more than two for each session.",
)
REPLAYS_FAILING = Alert(
    name="RinglineReplaysFailing",
    severity="ticket",
    when=(
        Comparison(_TORN, ">=", "20"),
        Comparison(_TORN, ">", f"0.1 * {_CAME_BACK}"),
    ),
    wait="20m",  # longer than the window: what a node leaves behind that dies is over by then
    summary="Sessions come back without what they missed ({{ $labels.job }})",
    description="{{ $value | humanize }} sessions got a snapshot in 15 minutes for which they had "
    "not asked, more than a tenth of those that came back.",
)
ALERTS = (LOST_AGAIN, REPLAYS_FAILING)
