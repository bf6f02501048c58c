"""Probes are in no user's figures."""

import re

from deploy.alerts.objectives import CONNECT, OURS
from service.telemetry.metrics import Metrics
from tests.support.logged import Lines
from tests.support.service import TestService
from tests.support.waiting import until

PROBE = ("ringline-probe-a-1", "ringline-probe-b-1")


def ended(service: TestService, reason: str) -> float | None:
    return service.node.metrics.families.registry.get_sample_value(
        "ringline_calls_total", {"type": "video", "reason": reason}
    )


def connects(metrics: Metrics, reasons: str) -> float:
    """The connects whose reason a matcher of the objective takes."""
    assert f'reason=~"{reasons}"' in CONNECT.total + CONNECT.bad
    return sum(
        sample.value
        for family in metrics.families.registry.collect()
        for sample in family.samples
        if sample.name == "ringline_connects_total"
        and re.fullmatch(reasons, sample.labels["reason"])
    )


async def test_a_connect_of_a_probe_moves_no_term_of_the_objective(service: TestService):
    metrics = service.node.metrics
    await service.join(PROBE[0])
    assert connects(metrics, f"|{OURS}") == connects(metrics, OURS) == 0
    probed = {"result": "probe", "reason": "probe"}
    sample = metrics.families.registry.get_sample_value
    assert sample("ringline_connects_total", probed) == 1
    assert sample("ringline_connect_seconds_count") == 0
    await service.join("alice")
    assert connects(metrics, f"|{OURS}") == 1
    assert sample("ringline_connect_seconds_count") == 1


async def test_a_call_of_a_probe_counts_as_no_users(service: TestService, lines: Lines):
    a, b = await service.join(PROBE[0]), await service.join(PROBE[1])
    call_id = await service.accepted(a, b)
    assert (await a.request("call:end", {"callId": call_id}))["ok"]
    assert ended(service, "completed") == 0
    await until(lambda: lines.of("call.summary"), "the summary")
    assert lines.of("call.summary")[0]["probe"] is True


async def test_a_call_of_users_counts(service: TestService, lines: Lines):
    alice, bob = await service.join("alice"), await service.join("bob")
    call_id = await service.accepted(alice, bob)
    assert (await alice.request("call:end", {"callId": call_id}))["ok"]
    assert ended(service, "completed") == 1
    await until(lambda: lines.of("call.summary"), "the summary")
    assert "probe" not in lines.of("call.summary")[0]
