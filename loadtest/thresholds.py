"""Whether a run was good: its figures against what it must hold."""

import argparse
import logging
from collections.abc import Iterator

from locust.env import Environment
from locust.runners import WorkerRunner
from locust.stats import RequestStats

from loadtest.measures import RELAY, SETUP

_PERCENTILE = 0.95
_log = logging.getLogger(__name__)


def judge(environment: Environment, **_: object) -> None:
    """Set the exit status: 0 for a run that held everything, 1 for any other."""
    if isinstance(environment.runner, WorkerRunner):
        return  # the master sees the whole
    options = environment.parsed_options
    assert options is not None
    complaints = list(broken(environment.stats, options))
    for complaint in complaints:
        _log.error(complaint)
    environment.process_exit_code = 1 if complaints else 0


def broken(stats: RequestStats, most: argparse.Namespace) -> Iterator[str]:
    """Every threshold that did not hold, a sentence each."""
    if stats.total.fail_ratio > most.most_failed:
        yield f"{stats.total.fail_ratio:.2%} of requests failed, more than {most.most_failed:.2%}."
    for measure, limit in ((SETUP, most.most_setup_ms), (RELAY, most.most_relay_ms)):
        entry = stats.get(measure.name, measure.kind)
        if not entry.num_requests:
            yield f"No `{measure.name}` was measured: the run was too short, or had too few users."
            continue
        took = entry.get_response_time_percentile(_PERCENTILE)
        if took > limit:
            yield f"`{measure.name}` took {took:.0f} ms at the 95th percentile, over {limit:.0f}."
