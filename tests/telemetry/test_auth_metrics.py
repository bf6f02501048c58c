"""Every token that is refused is counted, whatever the door; so is who is not listened to."""

import aiohttp
import pytest
from websockets.exceptions import InvalidStatus

from tests.support.service import TestService, running, token

FORGED = token("mallory")[:-4] + "AAAA"


def failures(service: TestService, reason: str) -> float | None:
    registry = service.node.metrics.families.registry
    return registry.get_sample_value("ringline_auth_failures_total", {"reason": reason})


def limited(service: TestService) -> float | None:
    registry = service.node.metrics.families.registry
    return registry.get_sample_value("ringline_rate_limited_total", {"scope": "signatures"})


@pytest.mark.parametrize("offered", [None, ""])
async def test_a_connect_without_a_token(service: TestService, offered: str | None):
    assert (await service.connect(offered)).refused["data"]["code"] == "unauthenticated"
    assert failures(service, "unauthenticated") == 1


async def test_a_request_without_a_token(service: TestService):
    async with aiohttp.request("GET", f"{service.url}/v1/ice") as answer:
        assert answer.status == 401
    assert failures(service, "unauthenticated") == 1


@pytest.mark.parametrize(
    ("offered", "reason"),
    [
        (FORGED, "bad_signature"),
        (token("alice", iat=1_000_000_000, exp=1_000_003_600), "token_expired"),
        ("no.token.at-all", "unauthenticated"),
        (token("bob"), "forbidden"),
    ],
)
async def test_a_renewal(service: TestService, offered: str, reason: str):
    alice = await service.join("alice")
    await alice.refusal("auth:refresh", {"token": offered})
    assert failures(service, reason) == 1


async def test_who_is_not_listened_to_counts_once_at_each_door():
    async with running(rate_limit_scale=0.1) as service:  # 1 is free, 1 waits
        early = await service.open()
        for _ in range(2):
            await service.connect(FORGED)
        assert limited(service) == 0
        await early.send(f'40{{"token":"{FORGED}"}}')  # its transport was open before
        await early.until(lambda: early.closed or early.refused)
        assert limited(service) == 1
        with pytest.raises(InvalidStatus):
            await service.open()
        assert limited(service) == 2
        for headers in ({}, {"Authorization": f"Bearer {FORGED}"}):
            async with aiohttp.request("GET", f"{service.url}/v1/ice", headers=headers) as answer:
                assert answer.status == 429
        assert limited(service) == 4
        assert failures(service, "bad_signature") == 2
