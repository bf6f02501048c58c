"""The PromQL expressions that the panels are made of."""

from collections.abc import Iterable

from deploy.dashboards.board import Query

SPACE = 'namespace=~"$namespace"'
JOB = f'{SPACE}, job=~"$job"'
POD = f'{JOB}, pod=~"$pod"'
LINE, SPAN = "$__rate_interval", "$__range"
GREEN, BLUE, ORANGE, RED, GREY = "green", "blue", "orange", "red", "#8e8e8e"


def rate(metric: str, only: str = "", *, by: str = "", where: str = POD) -> str:
    """The increase of a counter, a second."""
    return f"sum{_by(by)} (rate({metric}{_matching(where, only)}[{LINE}]))"


def per_minute(metric: str, only: str = "", *, by: str = "", where: str = POD) -> str:
    """The increase of a counter, a minute."""
    return f"60 * {rate(metric, only, by=by, where=where)}"


def grown(metric: str, only: str = "", *, by: str = "") -> str:
    """The increase of a counter in the time that the board shows."""
    return f"sum{_by(by)} (increase({metric}{_matching(POD, only)}[{SPAN}]))"


def now(metric: str, *, by: str = "", where: str = POD, over: str = "sum") -> str:
    """A gauge, all pods together."""
    return f"{over}{_by(by)} ({metric}{{{where}}})"


def quantile(
    share: float, metric: str, *, by: str = "", where: str = POD, window: str = LINE
) -> str:
    """The value that `share` of the observations of a histogram do not exceed."""
    labels = ", ".join(filter(None, ("le", by)))
    buckets = f"rate({metric}_bucket{{{where}}}[{window}])"
    return f"histogram_quantile({share}, sum by ({labels}) ({buckets}))"


def quantiles(
    metric: str, shares: Iterable[float] = (0.5, 0.95, 0.99), *, where: str = POD
) -> tuple[Query, ...]:
    """Several quantiles, with `p50`, `p95`, `p99` as their legends."""
    return tuple(
        Query(quantile(share, metric, where=where), f"p{share * 100:g}") for share in shares
    )


QUANTILE_COLORS = {"p5": ORANGE, "p50": GREEN, "p95": ORANGE, "p99": RED}


def _by(labels: str) -> str:
    return f" by ({labels})" if labels else ""


def _matching(where: str, only: str) -> str:
    return "{" + ", ".join(filter(None, (where, only))) + "}"
