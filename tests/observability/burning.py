"""Scenarios of burn rates: a good half hour, ninety minutes of trouble, and then all is well."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from deploy.alerts.burning import PAIRS, Pair
from deploy.alerts.objectives import OBJECTIVES, Objective
from tests.observability.scenarios import JOB, NODE, Scenario

LEAD_IN, TROUBLE, AFTERWARDS = 30, 90, 100
OVER = LEAD_IN + TROUBLE
MINUTES = {"5m": 5, "30m": 30, "2h": 120, "6h": 360}
Phase = tuple[int, float, float]
"""How many minutes, good events a minute, bad events a minute."""


def flow(rates: Sequence[tuple[int, float]]) -> str:
    """A counter in promtool's notation, from minutes and what they add each."""
    segments, value = [], 0.0
    for minutes, rate in rates:
        segments.append(f"{value + rate:g}+{rate:g}x{minutes - 1}")
        value += rate * minutes
    return " ".join(segments)


def _counters(phases: Sequence[Phase]) -> tuple[str, str, str]:
    good = flow([(minutes, good) for minutes, good, _ in phases])
    bad = flow([(minutes, bad) for minutes, _, bad in phases])
    return good, bad, flow([(minutes, good + bad) for minutes, good, bad in phases])


def _connects(phases: Sequence[Phase]) -> dict[str, str]:
    good, bad, _ = _counters(phases)
    everywhere = flow([(minutes, 1000) for minutes, _, _ in phases])
    refused = f'ringline_connects_total{{{NODE}, result="refused", reason='
    return {
        f'ringline_connects_total{{{NODE}, result="ok", reason=""}}': good,
        f'{refused}"internal"}}': bad,
        # What the objective leaves out: neither good nor bad, however many there are.
        f'{refused}"unauthenticated"}}': everywhere,
        f'{refused}"rate_limited"}}': everywhere,
    }


def _accepted(phases: Sequence[Phase]) -> dict[str, str]:
    good, bad, both = _counters(phases)
    unanswered = flow([(minutes, 1000) for minutes, _, _ in phases])
    calls = f'ringline_calls_total{{{NODE}, type="video", reason='
    return {
        f'ringline_call_media_total{{{NODE}, type="video", result="direct"}}': both,
        f'{calls}"completed"}}': good,
        f'{calls}"connect_timeout"}}': bad,
        # Calls that nobody accepted, for the same reason as a bad set-up too.
        f'{calls}"no_answer"}}': unanswered,
        f'{calls}"connection_lost"}}': unanswered,
    }


def _media(phases: Sequence[Phase]) -> dict[str, str]:
    good, bad, _ = _counters(phases)
    media = f'ringline_call_media_total{{{NODE}, type="audio", result='
    return {
        f'{media}"direct"}}': good,
        f'{media}"failed"}}': bad,
        f'{media}"unreported"}}': flow([(minutes, 1000) for minutes, _, _ in phases]),
    }


def _canary(phases: Sequence[Phase]) -> dict[str, str]:
    good, bad, _ = _counters(phases)
    return {
        f'ringline_probe_runs_total{{{JOB}, result="ok"}}': good,
        f'ringline_probe_runs_total{{{JOB}, result="failed"}}': bad,
        f'ringline_probe_seconds_bucket{{{JOB}, step="relay", le="0.25"}}': good,
    }


SERIES: Mapping[str, Callable[[Sequence[Phase]], dict[str, str]]] = {
    "connect": _connects,
    "setup": _accepted,
    "media": _media,
    "canary": _canary,
}


def name(objective: Objective) -> str:
    """The alert of an objective."""
    return f"Ringline{objective.name.capitalize()}BudgetBurn"


def _burning(objective: Objective, pair: Pair) -> Scenario:
    """Twice as many bad events as the pair allows."""
    share = min(2 * pair.factor * (1 - objective.target), 0.9)
    trouble = (TROUBLE, 100 * (1 - share), 100 * share)
    stopped = MINUTES[pair.short] + 30
    return Scenario(
        alert=name(objective),
        labels={"long": pair.long, "severity": pair.severity},
        series=SERIES[objective.name]([(LEAD_IN, 100, 0), trouble, (stopped + 5, 100, 0)]),
        quiet=(LEAD_IN - 5, OVER + stopped),
        firing=(OVER - 5,),
    )


def _quiet_night(objective: Objective) -> Scenario:
    """Every event is bad, but there are fewer than fifty."""
    phases = [(LEAD_IN, 0.0, 0.0), (TROUBLE, 0.0, 0.5), (AFTERWARDS, 0.0, 0.0)]
    return Scenario(
        alert=name(objective),
        why="with 45 events",
        series=SERIES[objective.name](phases),
        quiet=tuple(range(10, OVER + AFTERWARDS, 10)),
        firing=(),
    )


def _busier_night(objective: Objective) -> Scenario:
    """Every event is bad, and there are more than fifty."""
    phases = [(LEAD_IN, 0.0, 0.0), (TROUBLE, 0.0, 0.7), (AFTERWARDS, 0.0, 0.0)]
    return Scenario(
        alert=name(objective),
        why="with 63 events",
        labels={"long": "6h"},
        series=SERIES[objective.name](phases),
        quiet=(60,),
        firing=(OVER - 2,),
    )


def _scenarios() -> Iterator[Scenario]:
    for objective in OBJECTIVES:
        yield from (_burning(objective, pair) for pair in PAIRS)
        yield _quiet_night(objective)
        yield _busier_night(objective)


BURNING = tuple(_scenarios())
