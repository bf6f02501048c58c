"""For each alert, what makes it fire and what makes it stop, as promtool's input series.

A series is promtool's notation: `0+5x60` starts at 0 and grows by 5 for 60 steps of a minute.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

JOB = 'job="ringline", namespace="calls"'
NODE = f'{JOB}, pod="ringline-0", instance="10.0.0.1:9090"'
WEEK_MIN = 7 * 24 * 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """An alert, the series that lead to it, and at which minutes it must be quiet or fire."""

    alert: str
    series: Mapping[str, str]
    quiet: tuple[int, ...]
    firing: tuple[int, ...]
    labels: Mapping[str, str] = field(default_factory=dict)
    why: str = ""

    @property
    def name(self) -> str:
        """For the test's id."""
        return " ".join((self.alert, *self.labels.values(), self.why)).strip()


def gauge(metric: str, values: str, labels: str = NODE) -> dict[str, str]:
    """One series of a metric."""
    return {f"{metric}{{{labels}}}": values}


SYMPTOMS = (
    Scenario(
        alert="RinglineCanaryFailing",
        series=gauge("ringline_probe_success", "1x4 0x20 1x10", f'{JOB}, step="relay"')
        | gauge("ringline_probe_success", "1x60", f'{JOB}, step="connect"'),
        quiet=(4, 8, 28),
        firing=(12, 22),
    ),
    Scenario(
        alert="RinglineLoopLag",
        # Four ticks a second; one in twenty is between 0.25 s and 1 s late, then none.
        series=gauge(
            "ringline_event_loop_lag_seconds_bucket",
            "0+240x10 2400+228x40 11520+240x40",
            f'{NODE}, le="0.01"',
        )
        | gauge(
            "ringline_event_loop_lag_seconds_bucket",
            "0+240x10 2400+228x40 11520+240x40",
            f'{NODE}, le="0.25"',
        )
        | gauge(
            "ringline_event_loop_lag_seconds_bucket",
            "0+240x10 2400+240x40 12000+240x40",
            f'{NODE}, le="1"',
        )
        | gauge(
            "ringline_event_loop_lag_seconds_bucket",
            "0+240x10 2400+240x40 12000+240x40",
            f'{NODE}, le="+Inf"',
        ),
        quiet=(9, 75),
        firing=(35, 45),
    ),
    Scenario(
        alert="RinglineSlowClients",
        series=gauge("ringline_slow_clients_closed_total", "0x10 0+4x30 120x40")
        | gauge("ringline_connections", "1000x100", f'{NODE}, transport="websocket"'),
        quiet=(9, 70),
        firing=(35,),
    ),
    Scenario(
        alert="RinglineSlowClients",
        why="are few among many",
        series=gauge("ringline_slow_clients_closed_total", "0+1x60")
        | gauge("ringline_connections", "1000x100", f'{NODE}, transport="websocket"'),
        quiet=(20, 40, 60),
        firing=(),
    ),
    Scenario(
        alert="RinglineJwksFailing",
        series=gauge("ringline_jwks_fetches_total", "0x10 0+1x40 40x40", f'{NODE}, result="failed"')
        | gauge("ringline_jwks_fetches_total", "0x50 0+1x40", f'{NODE}, result="ok"'),
        quiet=(9, 80),
        firing=(30, 45),
    ),
    Scenario(
        alert="RinglineTurnProbeFailing",
        series=gauge("ringline_turn_probe_success", "1x4 0x20 1x10"),
        quiet=(4, 28),
        firing=(12, 22),
    ),
    Scenario(
        alert="RinglineTurnProbeFailing",
        why="where no TURN is set",
        series=gauge("ringline_turn_probe_success", "NaN+0x60"),
        quiet=(10, 30, 50),
        firing=(),
    ),
    Scenario(
        alert="RinglineTurnFetchesFailing",
        series=gauge(
            "ringline_turn_fetches_total",
            "0x10 0+1x40 40x40",
            f'{NODE}, provider="cloudflare", result="failed"',
        )
        | gauge(
            "ringline_turn_fetches_total",
            "1x50 1+1x40",
            f'{NODE}, provider="cloudflare", result="ok"',
        ),
        quiet=(9, 80),
        firing=(30, 45),
    ),
    Scenario(
        alert="RinglineTurnFetchesFailing",
        why="though another provider's succeed",
        series=gauge(
            "ringline_turn_fetches_total",
            "0+1x60",
            f'{NODE}, provider="cloudflare", result="failed"',
        )
        | gauge(
            "ringline_turn_fetches_total", "0x60", f'{NODE}, provider="cloudflare", result="ok"'
        )
        | gauge("ringline_turn_fetches_total", "0+1x60", f'{NODE}, provider="twilio", result="ok"'),
        quiet=(4,),
        firing=(30, 60),
    ),
    Scenario(
        alert="RinglineTurnFetchesFailing",
        why="but for one that was repeated",
        series=gauge(
            "ringline_turn_fetches_total",
            "0x10 1x50",
            f'{NODE}, provider="cloudflare", result="failed"',
        )
        | gauge(
            "ringline_turn_fetches_total",
            "1x10 2x50",
            f'{NODE}, provider="cloudflare", result="ok"',
        ),
        quiet=(9, 15, 20, 30),
        firing=(),
    ),
    Scenario(
        alert="RinglineNoTurn",
        series=gauge("ringline_turn_provider_serving", "0x4 1x20 0x10", f'{NODE}, provider="none"')
        | gauge(
            "ringline_turn_provider_serving", "1x4 0x20 1x10", f'{NODE}, provider="cloudflare"'
        ),
        quiet=(4, 28),
        firing=(12, 22),
    ),
    Scenario(
        alert="RinglineTokenRefusals",
        series=gauge(
            "ringline_auth_failures_total",
            "0x10 0+20x30 600x40",
            f'{NODE}, reason="unauthenticated"',
        )
        | gauge("ringline_connects_total", "0+10x100", f'{NODE}, result="ok", reason=""'),
        quiet=(9, 70),
        firing=(35,),
    ),
    Scenario(
        alert="RinglineTokenRefusals",
        why="are few beside the connects",
        series=gauge("ringline_auth_failures_total", "0+20x100", f'{NODE}, reason="token_expired"')
        | gauge("ringline_connects_total", "0+100x100", f'{NODE}, result="ok", reason=""'),
        quiet=(30, 60, 90),
        firing=(),
    ),
    Scenario(
        alert="RinglineDrainingTooLong",
        series=gauge("ringline_draining", "0x4 1x30 0x10"),
        quiet=(4, 15, 40),
        firing=(22, 32),
    ),
    Scenario(
        alert="RinglineNoTraffic",
        series=gauge(
            "ringline_connects_total",
            f"0+5x{WEEK_MIN} {5 * WEEK_MIN}x60 {5 * WEEK_MIN}+5x60",
            f'{NODE}, result="ok", reason=""',
        ),
        quiet=(WEEK_MIN, WEEK_MIN + 20, WEEK_MIN + 90),
        firing=(WEEK_MIN + 40, WEEK_MIN + 55),
    ),
    Scenario(
        alert="RinglineNoTraffic",
        why="though the canary comes",
        series=gauge(
            "ringline_connects_total",
            f"0+5x{WEEK_MIN} {5 * WEEK_MIN}x60 {5 * WEEK_MIN}+5x60",
            f'{NODE}, result="ok", reason=""',
        )
        | gauge(
            "ringline_connects_total",
            f"0+2x{WEEK_MIN + 130}",
            f'{NODE}, result="probe", reason="probe"',
        ),
        quiet=(WEEK_MIN, WEEK_MIN + 90),
        firing=(WEEK_MIN + 50,),
    ),
    Scenario(
        alert="RinglineNoTraffic",
        why="since no node is there",
        series=gauge(
            "ringline_connects_total",
            f"0+5x{WEEK_MIN} _x60 0+5x60",
            f'{NODE}, result="ok", reason=""',
        ),
        quiet=(WEEK_MIN, WEEK_MIN + 110),
        firing=(WEEK_MIN + 50,),
    ),
    Scenario(
        alert="RinglineCertificateExpiring",
        # Time starts at 0 in promtool: it ends in 13 days, then is renewed for 90.
        series=gauge(
            "probe_ssl_earliest_cert_expiry",
            f"{30 * 86400}x60 {13 * 86400}x120 {90 * 86400}x60",
            'job="ringline-tls", instance="calls.example.org:443"',
        ),
        quiet=(50, 100, 200),
        firing=(130, 170),
    ),
    Scenario(
        alert="RinglineTurnNearQuota",
        series=gauge("turn_total_allocations", "30x4 50x20 30x10", f'{NODE}, type="UDP"')
        | gauge("turn_total_allocations", "10x4 40x20 10x10", f'{NODE}, type="TCP"'),
        quiet=(4, 28),
        firing=(14, 22),
    ),
)
