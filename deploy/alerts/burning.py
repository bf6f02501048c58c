"""Burn rates: how fast an objective's 28-day budget of bad events goes.

Several windows (Google, The Site Reliability Workbook, chapter 5): the long one says that it
matters, the short one that it still goes on. Fifty events in the long window, for two bad calls
of a quiet night are no rate.
"""

from dataclasses import dataclass

from deploy.alerts.objectives import OBJECTIVES, Objective
from deploy.alerts.rules import Alert, Comparison, Group, Recording, Severity

FEWEST_EVENTS = 50
EVERY_S = 60
_PERIOD_H = 28 * 24
_HOURS = {"1h": 1, "6h": 6, "1d": 24, "3d": 72}
_WINDOWS = ("5m", "30m", "1h", "2h", "6h", "1d", "3d", "28d")


@dataclass(frozen=True, slots=True)
class Pair:
    """A long and a short window, and the share of the budget that the long one may burn."""

    long: str
    short: str
    share: float
    severity: Severity

    @property
    def factor(self) -> float:
        """How many times faster than evenly the budget then burns."""
        return round(self.share * _PERIOD_H / _HOURS[self.long], 2)


PAIRS = (
    Pair("1h", "5m", 0.02, "page"),
    Pair("6h", "30m", 0.05, "page"),
    Pair("1d", "2h", 0.10, "ticket"),
    Pair("3d", "6h", 0.10, "ticket"),
)

_MEANING = {
    "connect": ("Clients cannot connect", "of connects fail by our fault"),
    "setup": (
        "Accepted calls are not set up",
        "of accepted calls fail before or without a good end",
    ),
    "media": ("Calls have no media", "of calls that report have no media"),
    "canary": (
        "The canary's calls fail or are slow",
        "of the canary's runs have no relay in 250 ms",
    ),
}


def groups() -> tuple[Group, ...]:
    """Recording rules and alerts of every objective."""
    rates = [rule for objective in OBJECTIVES for rule in _rates(objective)]
    return (
        Group(
            "ringline-slo",
            f"{EVERY_S}s",
            (*rates, *_reports(), *map(_ratio, _WINDOWS[:-1]), *_events()),
        ),
        Group("ringline-slo-28d", "5m", (_ratio("28d"), _reported(), *map(_budget, OBJECTIVES))),
        Group("ringline-burn-rates", f"{EVERY_S}s", alerts()),
    )


def alerts() -> tuple[Alert, ...]:
    """Four alerts an objective, under one name."""
    return tuple(_alert(objective, pair) for objective in OBJECTIVES for pair in PAIRS)


def _rates(objective: Objective) -> tuple[Recording, Recording]:
    labels = {"slo": objective.name}
    return (
        Recording("ringline:slo_total:rate5m", objective.total_over("5m"), labels),
        Recording("ringline:slo_bad:rate5m", objective.bad_over("5m"), labels),
    )


def _ratio(window: str) -> Recording:
    if window == "5m":
        expr = "ringline:slo_bad:rate5m / ringline:slo_total:rate5m"
    else:
        expr = " / ".join(
            f"sum_over_time(ringline:slo_{of}:rate5m[{window}])" for of in ("bad", "total")
        )
    return Recording(f"ringline:slo_errors:ratio_rate{window}", expr)


def _events() -> tuple[Recording, ...]:
    """How many events a long window has; a rate per second, taken every so many seconds."""
    return tuple(
        Recording(
            f"ringline:slo_events:count{pair.long}",
            f"sum_over_time(ringline:slo_total:rate5m[{pair.long}]) * {EVERY_S}",
        )
        for pair in PAIRS
    )


def _reports() -> tuple[Recording, ...]:
    """Accepted calls, and those of whose media nobody told."""
    ended = "sum by (namespace, job) (rate(ringline_call_media_total[5m]))"
    silent = 'sum by (namespace, job) (rate(ringline_call_media_total{result="unreported"}[5m]))'
    return (
        Recording("ringline:calls_accepted:rate5m", ended),
        Recording("ringline:calls_unreported:rate5m", silent),
    )


def _reported() -> Recording:
    return Recording(
        "ringline:media_reported:ratio_rate28d",
        "1 - sum_over_time(ringline:calls_unreported:rate5m[28d])"
        " / sum_over_time(ringline:calls_accepted:rate5m[28d])",
    )


def _budget(objective: Objective) -> Recording:
    allowed = round(1 - objective.target, 6)
    spent = f'ringline:slo_errors:ratio_rate28d{{slo="{objective.name}"}} / {allowed}'
    labels = {"slo": objective.name}
    return Recording("ringline:slo_budget_left:ratio28d", f"1 - {spent}", labels)


def _alert(objective: Objective, pair: Pair) -> Alert:
    slo = f'{{slo="{objective.name}"}}'
    most = f"{pair.factor} * {round(1 - objective.target, 6)}"
    summary, share = _MEANING[objective.name]
    return Alert(
        name=f"Ringline{objective.name.capitalize()}BudgetBurn",
        severity=pair.severity,
        labels={"long": pair.long, "short": pair.short},
        when=(
            Comparison(f"ringline:slo_errors:ratio_rate{pair.long}{slo}", ">", most),
            Comparison(f"ringline:slo_errors:ratio_rate{pair.short}{slo}", ">", most),
            Comparison(f"ringline:slo_events:count{pair.long}{slo}", ">=", str(FEWEST_EVENTS)),
        ),
        wait="2m" if pair.severity == "page" else "15m",
        summary=f"{summary} ({{{{ $labels.job }}}})",
        description=f"{{{{ $value | humanizePercentage }}}} {share} over {pair.long}: "
        f"{pair.factor:g} times what the objective of {objective.target:.1%} over 28 days allows, "
        f"and it goes on.",
    )
