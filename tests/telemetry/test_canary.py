"""Probes are in no user's figures."""

from tests.support.service import TestService


def ended(service: TestService, reason: str) -> float | None:
    return service.node.metrics.families.registry.get_sample_value(
        "ringline_calls_total", {"type": "video", "reason": reason}
    )


async def test_a_call_of_a_probe_counts_as_no_users(service: TestService):
    a, b = await service.join("ringline-probe-a-1"), await service.join("ringline-probe-b-1")
    call_id = await service.accepted(a, b)
    assert (await a.request("call:end", {"callId": call_id}))["ok"]
    assert ended(service, "completed") == 0


async def test_a_call_of_users_counts(service: TestService):
    alice, bob = await service.join("alice"), await service.join("bob")
    call_id = await service.accepted(alice, bob)
    assert (await alice.request("call:end", {"callId": call_id}))["ok"]
    assert ended(service, "completed") == 1
