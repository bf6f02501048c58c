"""A load on a real service: both tell the same story, and the thresholds decide."""

from collections import Counter
from pathlib import Path

import aiohttp
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.loadtest.running import Run, load
from tests.support.process import ServiceProcess, process
from tests.support.service import SECRET

pytestmark = pytest.mark.e2e

USERS, TIME = "20", "18"


async def run(service: ServiceProcess, folder: Path, *arguments: str, users: str = USERS) -> Run:
    # A slow machine is no failure here: how fast is for a real run to judge.
    patient = ("--most-setup-ms", "60000", "--most-relay-ms", "60000")
    return await load(
        folder,
        *patient,
        *arguments,
        URL=f"http://127.0.0.1:{service.port}",
        KEY=SECRET,
        USERS=users,
        TIME=TIME,
    )


async def counted(service: ServiceProcess, metric: str, *labels: str) -> dict[str, int]:
    """A counter of the service by these labels, joined; without the zeros."""
    address = f"http://127.0.0.1:{service.admin_port}/metrics"
    async with aiohttp.ClientSession() as http, http.get(address) as answer:
        text = await answer.text()
    totals: Counter[str] = Counter()
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            if sample.name == metric and sample.value:
                totals[" ".join(sample.labels[label] for label in labels)] += int(sample.value)
    return dict(totals)


@pytest.mark.parametrize("processes", ["1", pytest.param("2", marks=pytest.mark.long)])
async def test_the_service_and_its_load_count_the_same(tmp_path, processes):
    several = ("--processes", processes) if processes != "1" else ()
    async with process(turn_probe="false") as service:
        done = await run(service, tmp_path, *several)
        assert done.status == 0, done.said
        calls = done.counts("ended")
        assert sum(calls.values()) >= 5
        assert calls == await counted(service, "ringline_calls_total", "type", "reason")

        sent = await counted(service, "ringline_events_total", "event", "result")
        assert done.counts("WSE") == {name.removesuffix(" ok"): n for name, n in sent.items()}
        assert await counted(service, "ringline_rate_limited_total", "scope") == {}
        relayed = sum(sent[f"{e} ok"] for e in ("call:offer", "call:answer", "ice:candidate"))
        assert done.counts("call") == {
            "relay": relayed,
            "call setup": sent["call:answer ok"],
        }
        assert await counted(service, "ringline_calls_live", "state") == {}
    assert "<html" in (done.folder / "report.html").read_text()
    assert not any(int(row["Failure Count"]) for row in done.rows.values())


async def test_calls_outlive_the_connections_of_their_users(tmp_path):
    async with process(turn_probe="false") as service:
        done = await run(service, tmp_path, "--resumable", "1", "--drops", "20")
        assert done.status == 0, done.said
        returns = done.counts("resumed")
        assert set(returns) == {"replayed"}
        assert returns == await counted(service, "ringline_resumes_total", "result")
        assert done.counts("WSR")["call:peer-reconnected"] > 0  # some were in a call
        calls = done.counts("ended")
        assert sum(calls.values()) >= 5
        assert calls == await counted(service, "ringline_calls_total", "type", "reason")
        assert await counted(service, "ringline_sessions") == {}
    assert not any(int(row["Failure Count"]) for row in done.rows.values())


async def test_a_threshold_that_does_not_hold_fails_the_run(tmp_path):
    async with process(turn_probe="false") as service:
        done = await run(service, tmp_path, "--most-relay-ms", "0")
    assert done.status == 1
    assert "`relay` took" in done.said
    assert "call setup` took" not in done.said
    assert done.counts("call")["relay"] > 0


async def test_a_wrong_key_fails_the_run(tmp_path):
    async with process(turn_probe="false") as service:
        done = await load(
            tmp_path,
            URL=f"http://127.0.0.1:{service.port}",
            KEY="a-key-that-the-service-does-not-believe",
            USERS="2",
            TIME="3",
        )
    assert done.status == 1
    assert "of requests failed" in done.said
    assert "No `call setup` was measured" in done.said
