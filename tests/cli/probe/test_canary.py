"""The canary: what its metrics say, scraped as Prometheus does, and how it ends."""

import asyncio
import json
import re
import shutil
import signal
import socket
import subprocess
import urllib.request
from contextlib import suppress
from itertools import pairwise
from typing import get_args

import pytest
from prometheus_client.parser import text_string_to_metric_families

from service.cli.probe.canary import EDGES_S, STEPS, Metrics, served, watch
from service.cli.probe.steps import Name, Report, Result, Step
from service.settings import SettingsError
from tests.cli.probe.trying import aim, emptied
from tests.support.service import running
from tests.support.waiting import PATIENCE_S, until

OTHER = "south-" + "s" * 32


def scrape(port: int) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=PATIENCE_S) as answer:
        assert answer.status == 200
        return str(answer.read().decode())


def samples(text: str) -> dict[tuple[str, ...], float]:
    """The values by name and the values of its labels, these by the labels' names."""
    return {
        (sample.name, *(sample.labels[label] for label in sorted(sample.labels))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def told(metrics: Metrics) -> dict[tuple[str, ...], float]:
    with served(metrics, "127.0.0.1", 0) as port:
        return samples(scrape(port))


def report(**results: Result | float) -> Report:
    """A run of these steps; a number is the seconds of one that worked."""
    steps = []
    for name in get_args(Name):
        match results.get(name.replace("-", "_")):
            case None:
                continue
            case float() as seconds:
                steps.append(Step(name, seconds))
            case result:
                steps.append(Step(name, 1.0, result, "why"))
    return Report("http://a", tuple(steps))


class TestMetrics:
    def test_before_the_first_run_nothing_worked_or_failed(self):
        values = told(Metrics())
        assert values["ringline_probe_runs_total", "ok"] == 0
        assert values["ringline_probe_runs_total", "failed"] == 0
        assert all(values["ringline_probe_seconds_count", step] == 0 for step in STEPS)
        assert not [key for key in values if key[0] == "ringline_probe_success"]

    def test_a_run_that_worked(self):
        metrics = Metrics()
        metrics.record(report(connect=0.2, call=0.1, relay=0.26, turn=0.3, hang_up=0.1))
        values = told(metrics)
        assert [values["ringline_probe_success", step] for step in STEPS] == [1, 1, 1, 1]
        assert values["ringline_probe_seconds_sum", "relay"] == pytest.approx(0.26)
        assert values["ringline_probe_runs_total", "ok"] == 1

    def test_the_objective_has_an_edge_of_its_own(self):
        metrics = Metrics()
        for seconds in (0.249, 0.25, 0.251):
            metrics.record(report(relay=seconds))
        assert told(metrics)["ringline_probe_seconds_bucket", "0.25", "relay"] == 2
        assert 0.25 in EDGES_S

    def test_a_failed_step_is_at_0_and_those_behind_it_are_not_told(self):
        metrics = Metrics()
        metrics.record(report(connect=0.1, call=0.1, relay=0.1, turn=0.1, hang_up=0.1))
        metrics.record(report(connect=0.1, call="failed"))
        values = told(metrics)
        assert values["ringline_probe_success", "connect"] == 1
        assert values["ringline_probe_success", "call"] == 0
        assert ("ringline_probe_success", "relay") not in values
        assert ("ringline_probe_success", "turn") not in values
        assert values["ringline_probe_runs_total", "failed"] == 1

    def test_only_what_worked_is_timed(self):
        metrics = Metrics()
        metrics.record(report(connect=0.1, call="failed"))
        values = told(metrics)
        assert values["ringline_probe_seconds_count", "connect"] == 1
        assert values["ringline_probe_seconds_count", "call"] == 0

    def test_a_skipped_step_is_neither(self):
        metrics = Metrics()
        metrics.record(report(connect=0.1, call=0.1, relay=0.1, turn="skipped", hang_up=0.1))
        values = told(metrics)
        assert ("ringline_probe_success", "turn") not in values
        assert values["ringline_probe_seconds_count", "turn"] == 0
        assert values["ringline_probe_runs_total", "ok"] == 1

    def test_a_call_that_could_not_be_ended_failed(self):
        metrics = Metrics()
        metrics.record(report(connect=0.1, call=0.1, relay=0.1, hang_up="failed"))
        values = told(metrics)
        assert values["ringline_probe_success", "call"] == 0
        assert values["ringline_probe_success", "relay"] == 1
        assert values["ringline_probe_runs_total", "failed"] == 1

    def test_every_step_but_the_hang_up_is_measured(self):
        assert set(get_args(Name)) - set(STEPS) == {"hang-up"}

    @pytest.mark.skipif(
        shutil.which("promtool") is None, reason="no promtool; run: apt-get install prometheus"
    )
    def test_promtool_finds_nothing_to_say(self):
        metrics = Metrics()
        metrics.record(report(connect=0.1, call=0.1, relay=0.1, turn=0.1, hang_up=0.1))
        with served(metrics, "127.0.0.1", 0) as port:
            text = scrape(port)
        checked = subprocess.run(
            ["promtool", "check", "metrics"],
            input=text, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert (checked.returncode, checked.stdout + checked.stderr) == (0, "")

    def test_a_port_that_is_taken_is_said(self):
        with served(Metrics(), "127.0.0.1", 0) as port:
            refusal = pytest.raises(SettingsError, match=f"{port} on 127.0.0.1 cannot be opened")
            with refusal, served(Metrics(), "127.0.0.1", port):
                pass

    @pytest.mark.parametrize(("host", "port"), [("127.0.0.1", 70_000), ("no.invalid", 0)])
    def test_one_that_cannot_be_is_said(self, host, port):
        with pytest.raises(SettingsError, match="cannot be opened"), served(Metrics(), host, port):
            pass


class TestWatching:
    async def test_it_runs_again_and_again(self):
        metrics, reports = Metrics(), list[Report]()
        async with running() as service:
            watching = asyncio.create_task(
                watch(aim(service.url), 0.2, metrics, lambda _: None, reports.append)
            )
            with served(metrics, "127.0.0.1", 0) as port:
                await until(lambda: len(reports) >= 1, "a run")
                first = samples(await asyncio.to_thread(scrape, port))
                runs = len(reports)
                await until(lambda: len(reports) > runs, "another")
                second = samples(await asyncio.to_thread(scrape, port))
            watching.cancel()
            with suppress(asyncio.CancelledError):
                await watching
            await emptied(service)
        ok = ("ringline_probe_runs_total", "ok")
        assert second[ok] > first[ok] >= 1
        assert second["ringline_probe_runs_total", "failed"] == 0
        for values in (first, second):
            assert values["ringline_probe_seconds_count", "relay"] == values[ok]
            assert [values["ringline_probe_success", s] for s in STEPS[:3]] == [1, 1, 1]

    async def test_it_sees_the_service_go_and_come_back(self):
        metrics, reports = Metrics(), list[Report]()
        async with running() as service:
            port = service.port
        watching = asyncio.create_task(
            watch(aim(f"http://127.0.0.1:{port}"), 0.1, metrics, lambda _: None, reports.append)
        )
        await until(lambda: len(reports) >= 1, "a run")
        assert told(metrics)["ringline_probe_success", "connect"] == 0
        async with running(port=port):
            await until(lambda: reports[-1].ok, "a run that works")
            assert told(metrics)["ringline_probe_success", "connect"] == 1
        watching.cancel()
        with pytest.raises(asyncio.CancelledError):
            await watching

    async def test_the_interval_is_from_start_to_start(self):
        """With a TURN server that is silent, each run takes a time of its own."""
        ends = list[float]()
        clock = asyncio.get_running_loop().time
        began = clock()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
            silent.bind(("127.0.0.1", 0))
            turn = f"turn:127.0.0.1:{silent.getsockname()[1]}"
            async with running(turn_secret=[OTHER], turn_urls=[turn]) as service:
                at = aim(service.url, patience_s=0.5)
                watching = asyncio.create_task(
                    watch(at, 0.6, Metrics(), lambda _: None, lambda _: ends.append(clock()))
                )
                # Were it from end to start, none could come sooner than both after the one before.
                soon = lambda: any(b - a < 0.6 + 0.5 for a, b in pairwise(ends))  # noqa: E731
                await until(lambda: len(ends) >= 4 and soon(), "two runs an interval apart")
                watching.cancel()
                with suppress(asyncio.CancelledError):
                    await watching
        assert len(ends) - 1 <= (ends[-1] - began) / 0.6


class TestCommand:
    async def test_it_is_scraped_twice_and_ends_well(self, start):
        async with running() as service:
            probe = await start("--url", service.url, "--every", "10", "--metrics-port", "0")
            port = await metrics_port(probe)
            assert probe.stdout is not None
            async with asyncio.timeout(PATIENCE_S):
                await probe.stdout.readuntil(b" works.\n")
                first = samples(await asyncio.to_thread(scrape, port))
                await probe.stdout.readuntil(b" works.\n")
                second = samples(await asyncio.to_thread(scrape, port))
            probe.send_signal(signal.SIGTERM)
            assert await asyncio.wait_for(probe.wait(), PATIENCE_S) == 0
            await emptied(service)
        ok = ("ringline_probe_runs_total", "ok")
        assert (first[ok], second[ok]) == (1, 2)
        assert len({call.caller for call in service.calls._calls.values()}) == 1

    async def test_failed_runs_do_not_end_it(self, start):
        async with running() as service:
            options = ("--every", "10", "--metrics-port", "0", "--json")
            probe = await start("--url", service.url, *options, RINGLINE_JWT_SECRET=OTHER)
            port = await metrics_port(probe)
            assert probe.stdout is not None
            record = json.loads(await asyncio.wait_for(probe.stdout.readline(), PATIENCE_S))
            assert record["ok"] is False
            values = samples(await asyncio.to_thread(scrape, port))
            assert probe.returncode is None
            probe.send_signal(signal.SIGINT)
            assert await asyncio.wait_for(probe.wait(), PATIENCE_S) == 0
        assert values["ringline_probe_success", "connect"] == 0
        assert values["ringline_probe_runs_total", "failed"] == 1


async def metrics_port(probe: asyncio.subprocess.Process) -> int:
    assert probe.stderr is not None
    line = (await asyncio.wait_for(probe.stderr.readline(), PATIENCE_S)).decode()
    found = re.fullmatch(r"ringline: metrics at http://127\.0\.0\.1:(\d+)/metrics\n", line)
    assert found, line
    return int(found[1])


@pytest.mark.skipif(
    not socket.has_dualstack_ipv6(), reason="this machine has no IPv6; run where it has"
)
@pytest.mark.parametrize("host", ["*", "::"])
def test_metrics_are_served_at_both_families(host):
    with served(Metrics(), host, 0) as port:
        for address in ("127.0.0.1", "::1"):
            with socket.create_connection((address, port), timeout=5):
                pass
