"""Every alert that is not a burn rate."""

from deploy.alerts import sessions
from deploy.alerts.promql import BY_JOB, grown
from deploy.alerts.rules import Alert, Comparison, Group

_BY_PROVIDER = "by (namespace, job, provider)"
_BY_POD = "by (namespace, job, pod, instance)"
TURN_QUOTA = 100
"""coturn's `total-quota`, which no metric tells: set `ringline:turn_total_quota` to yours."""
_USERS = 'result!="probe"'
"""The canary comes every minute, whether anybody else does or not."""
_ATTEMPTS = grown("ringline_connects_total", "30m", _USERS)
_LAST_WEEK = grown("ringline_connects_total", "30m", _USERS, offset=" offset 1w")
_REFUSED_TOKENS = grown("ringline_auth_failures_total", "15m")
_CONNECTED = grown("ringline_connects_total", "15m", 'result="ok"')

CANARY_FAILING = Alert(
    name="RinglineCanaryFailing",
    severity="page",
    when=(Comparison("min by (namespace, job, step) (ringline_probe_success)", "==", "0"),),
    wait="5m",
    summary="The canary fails at {{ $labels.step }} ({{ $labels.job }})",
    description="Every run of `ringline probe` for five minutes failed at this step.",
    needs="ringline probe",
)
LOOP_LAG = Alert(
    name="RinglineLoopLag",
    severity="ticket",
    when=(
        Comparison(
            "histogram_quantile(0.99, sum by (namespace, job, pod, instance, le) "
            "(rate(ringline_event_loop_lag_seconds_bucket[5m])))",
            ">",
            "0.1",
        ),
    ),
    wait="10m",
    summary="A node cannot keep up ({{ $labels.pod }} {{ $labels.instance }})",
    description="One in a hundred ticks is {{ $value | humanizeDuration }} late: everything is.",
)
SLOW_CLIENTS = Alert(
    name="RinglineSlowClients",
    severity="ticket",
    when=(
        Comparison(
            grown("ringline_slow_clients_closed_total", "15m"),
            ">",
            f"10 + 0.01 * sum {BY_JOB} (ringline_connections)",
        ),
    ),
    wait="5m",
    summary="Many clients do not read what they are sent ({{ $labels.job }})",
    description="{{ $value | humanize }} connections were cut in 15 minutes for their full queues.",
)
JWKS_FAILING = Alert(
    name="RinglineJwksFailing",
    severity="ticket",
    when=(
        Comparison(grown("ringline_jwks_fetches_total", "15m", 'result="failed"'), ">", "0"),
        Comparison(grown("ringline_jwks_fetches_total", "15m", 'result="ok"'), "==", "0"),
    ),
    wait="5m",
    summary="The identity provider's keys cannot be fetched ({{ $labels.job }})",
    description="No fetch of RINGLINE_JWKS_URL succeeded for 15 minutes; new keys are not known.",
)
TURN_PROBE = Alert(
    name="RinglineTurnProbeFailing",
    severity="ticket",
    # Where no TURN is set this is NaN, which equals nothing.
    when=(Comparison(f"min {BY_JOB} (ringline_turn_probe_success)", "==", "0"),),
    wait="5m",
    summary="TURN relays nothing ({{ $labels.job }})",
    description="A relay with a fresh credential has failed for five minutes: "
    "calls between users behind strict NATs have no media.",
)
TURN_FETCHES = Alert(
    name="RinglineTurnFetchesFailing",
    severity="ticket",
    when=(
        Comparison(
            grown("ringline_turn_fetches_total", "15m", 'result="failed"', by=_BY_PROVIDER),
            ">",
            "0",
        ),
        Comparison(
            grown("ringline_turn_fetches_total", "15m", 'result="ok"', by=_BY_PROVIDER),
            "==",
            "0",
        ),
    ),
    wait="5m",
    summary="No TURN credentials come from {{ $labels.provider }} ({{ $labels.job }})",
    description="Every fetch from the TURN provider has failed for 15 minutes; "
    "the last credentials are used until they end, then the next provider's, then STUN alone.",
)
NO_TURN = Alert(
    name="RinglineNoTurn",
    severity="ticket",
    when=(
        Comparison(f'max {BY_JOB} (ringline_turn_provider_serving{{provider="none"}})', "==", "1"),
    ),
    wait="5m",
    summary="Clients are given no TURN server ({{ $labels.job }})",
    description="No TURN provider has credentials that are good: "
    "calls between users behind strict NATs have no media.",
)
REFUSED_TOKENS = Alert(
    name="RinglineTokenRefusals",
    severity="ticket",
    when=(
        Comparison(_REFUSED_TOKENS, ">=", "50"),
        Comparison(_REFUSED_TOKENS, ">", f"0.5 * {_CONNECTED}"),
    ),
    wait="5m",
    summary="A surge of refused tokens ({{ $labels.job }})",
    description="{{ $value | humanize }} tokens were refused in 15 minutes, "
    "more than half as many as there were connects.",
)
DRAINING = Alert(
    name="RinglineDrainingTooLong",
    severity="ticket",
    when=(Comparison(f"max {_BY_POD} (ringline_draining)", "==", "1"),),
    wait="15m",
    summary="A node does not finish draining ({{ $labels.pod }} {{ $labels.instance }})",
    description="It has been refusing newcomers for 15 minutes and still runs.",
)
NO_TRAFFIC = Alert(
    name="RinglineNoTraffic",
    severity="ticket",
    when=(
        # The metrics may be gone with the nodes: then last week says who is missing.
        Comparison(f"({_ATTEMPTS} or 0 * {_LAST_WEEK})", "==", "0"),
        Comparison(f"({_LAST_WEEK} or 0 * {_ATTEMPTS})", ">=", "50"),
    ),
    wait="5m",
    summary="Nobody tries to connect ({{ $labels.job }})",
    description="Not one attempt in 30 minutes; at this time last week there were 50 or more.",
)
CERTIFICATE = Alert(
    name="RinglineCertificateExpiring",
    severity="ticket",
    when=(
        Comparison(
            "min by (namespace, job, instance) "
            '(probe_ssl_earliest_cert_expiry{job=~".*ringline.*"}) - time()',
            "<",
            "14 * 86400",
        ),
    ),
    wait="1h",
    summary="A certificate is about to expire ({{ $labels.instance }})",
    description="It ends in {{ $value | humanizeDuration }}; its renewal is overdue.",
    needs="blackbox exporter",
)
TURN_NEAR_QUOTA = Alert(
    name="RinglineTurnNearQuota",
    severity="ticket",
    when=(
        Comparison(
            f"sum {_BY_POD} (turn_total_allocations)",
            ">",
            "0.8 * scalar(ringline:turn_total_quota)",
        ),
    ),
    wait="5m",
    summary="TURN is near its quota ({{ $labels.pod }} {{ $labels.instance }})",
    description="{{ $value }} allocations are live, over 80 % of `total-quota`: "
    "beyond it, calls that need a relay have no media.",
    needs="coturn with `prometheus`",
)
ALERTS = (
    CANARY_FAILING,
    LOOP_LAG,
    SLOW_CLIENTS,
    *sessions.ALERTS,
    JWKS_FAILING,
    TURN_PROBE,
    TURN_FETCHES,
    NO_TURN,
    REFUSED_TOKENS,
    DRAINING,
    NO_TRAFFIC,
    CERTIFICATE,
    TURN_NEAR_QUOTA,
)


def group() -> Group:
    """All of them."""
    return Group("ringline-symptoms", "30s", ALERTS)
