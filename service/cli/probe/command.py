"""`ringline probe`: run, print the result, and give the exit status."""

import argparse
import asyncio
import json
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager

from service.cli.probe.canary import Metrics, served, watch
from service.cli.probe.steps import Report, Step
from service.cli.probe.target import Target, target
from service.cli.probe.trial import run as run_once
from service.settings import SettingsError

_SHORTEST_S = 10  # one user may call another six times a minute
_TENTHS_BELOW_MS = 9.95  # what rounds to 10.0 is written as 10


def run(environ: Mapping[str, str], chosen: argparse.Namespace) -> int:
    """Probe once, or until a signal; gives the exit status: 0, or 1 when a step failed.

    Raises:
        SettingsError: an argument or a setting does not fit; nothing was tried.
    """
    _check(chosen)
    aim = target(environ, chosen)
    tell, conclude = (
        (lambda _: None, _print_record) if chosen.json else (_print_step, _print_result)
    )
    if chosen.every is None:
        return asyncio.run(_until_stopped(_once(aim, tell, conclude), stopped=1))
    metrics = Metrics()
    with _serving(metrics, chosen):
        work = watch(aim, chosen.every, metrics, tell, conclude)
        return asyncio.run(_until_stopped(work, stopped=0))


def _check(chosen: argparse.Namespace) -> None:
    if chosen.every is None and chosen.metrics_port is not None:
        raise SettingsError("--metrics-port goes with --every.")
    if chosen.every is not None and chosen.every < _SHORTEST_S:
        raise SettingsError(f"--every: take {_SHORTEST_S} s or more; users may call no faster.")


@contextmanager
def _serving(metrics: Metrics, chosen: argparse.Namespace) -> Iterator[None]:
    if chosen.metrics_port is None:
        yield
        return
    with served(metrics, chosen.metrics_host, chosen.metrics_port) as port:
        line = f"ringline: metrics at http://{chosen.metrics_host}:{port}/metrics"
        print(line, file=sys.stderr, flush=True)
        yield


async def _once(
    aim: Target, tell: Callable[[Step], None], conclude: Callable[[Report], None]
) -> int:
    report = await run_once(aim, int(time.time()), tell)
    conclude(report)
    return 0 if report.ok else 1


async def _until_stopped(work: Awaitable[int], *, stopped: int) -> int:
    """The status of the work, or `stopped` when SIGTERM or SIGINT ended it.

    The work ends as after a failure: calls, sessions and allocations are released.
    """
    task = asyncio.ensure_future(work)
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    try:
        return await task
    except asyncio.CancelledError:
        return stopped


def _print_result(report: Report) -> None:
    if report.failure is None:
        print(f"{report.origin} works.", flush=True)
    else:
        print(f"ringline: {_sentence(report.origin, report.failure)}", file=sys.stderr, flush=True)


def _sentence(origin: str, failure: Step) -> str:
    return f"{origin} fails at {failure.name}: {failure.why}."


def _print_record(report: Report) -> None:
    failure = report.failure
    record = {
        "url": report.origin,
        "ok": report.ok,
        "why": failure and _sentence(report.origin, failure),
        "steps": [
            {"step": s.name, "result": s.result, "seconds": round(s.seconds, 6), "why": s.why}
            for s in report.steps
        ],
    }
    print(json.dumps(record), flush=True)


def _print_step(step: Step) -> None:
    lasted = _ms(step.seconds)
    told = {"ok": lasted, "failed": f"failed after {lasted}", "skipped": f"skipped: {step.why}"}
    print(f"{step.name} {told[step.result]}", flush=True)


def _ms(seconds: float) -> str:
    ms = seconds * 1000
    return f"{ms:.1f} ms" if ms < _TENTHS_BELOW_MS else f"{ms:.0f} ms"
