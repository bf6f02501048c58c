"""Every token that is refused is counted, whatever the door."""

import aiohttp
import pytest

from tests.support.service import TestService, token

FORGED = token("mallory")[:-4] + "AAAA"


def failures(service: TestService, reason: str) -> float | None:
    registry = service.node.metrics.families.registry
    return registry.get_sample_value("ringline_auth_failures_total", {"reason": reason})


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
