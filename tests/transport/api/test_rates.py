"""How often one user may ask over HTTP: a burst, then at a rate; nobody else is concerned."""

import time
from typing import Any

import aiohttp
import pytest
from yarl import URL

from tests.support.service import TestService, running, token

TURN = {"turn_secret": ("turn-secret",), "turn_urls": ("turn:turn.example:3478",)}


class Asking:
    """Requests of one user for one path, until one is refused."""

    def __init__(
        self,
        service: TestService,
        http: aiohttp.ClientSession,
        user: str,
        path: str,
        **claims: Any,
    ):
        self.http, self.url = http, URL(service.url + path)
        self.headers = {"Authorization": f"Bearer {token(user, **claims)}"}

    async def once(self) -> aiohttp.ClientResponse:
        async with self.http.get(self.url, headers=self.headers) as answer:
            await answer.read()
            return answer

    async def until_refused(self) -> tuple[int, float, aiohttp.ClientResponse]:
        """How many passed, in how many seconds, and the refusal."""
        begun, passed = time.monotonic(), 0
        while (answer := await self.once()).status == 200:
            passed += 1
        return passed, time.monotonic() - begun, answer


def limited(service: TestService) -> float:
    registry = service.node.metrics.families.registry
    value = registry.get_sample_value("ringline_rate_limited_total", {"scope": "http"})
    assert value is not None
    return value


@pytest.mark.parametrize(
    ("path", "scale", "burst", "rate"),
    [
        ("/v1/users/bob/status", 1.0, 60, 10), ("/v1/users/bob/status", 0.5, 30, 5),
        ("/v1/ice", 1.0, 20, 1), ("/turn", 1.0, 20, 1), ("/turn", 2.0, 40, 2),
    ],
)  # fmt: skip
async def test_a_burst_passes_then_a_rate(
    http: aiohttp.ClientSession, path: str, scale: float, burst: int, rate: int
):
    async with running(rate_limit_scale=scale, **TURN) as service:
        asking = Asking(service, http, "mallory", path)
        passed, seconds, refusal = await asking.until_refused()
        assert burst <= passed <= burst + seconds * rate + 1
        assert (refusal.status, refusal.content_type) == (429, "application/problem+json")
        assert (await refusal.json())["code"] == "rate_limited"
        assert refusal.headers["Retry-After"] == "1"
        assert limited(service) == 1
        assert (await Asking(service, http, "alice", path).once()).status == 200
        service.clock.advance(int(refusal.headers["Retry-After"]))
        assert (await asking.once()).status == 200


async def test_credentials_count_as_requests_too_and_not_the_other_way(
    http: aiohttp.ClientSession,
):
    async with running(**TURN) as service:
        service.clock.stop()  # else a slow machine allows one more between two requests
        status = Asking(service, http, "alice", "/v1/users/bob/status")
        await status.until_refused()
        assert (await Asking(service, http, "alice", "/v1/ice").once()).status == 429
        service.clock.advance(6)
        passed, *_ = await Asking(service, http, "alice", "/v1/ice").until_refused()
        assert passed >= 20


async def test_a_backend_may_ask_ten_times_as_often(http: aiohttp.ClientSession):
    async with running(rate_limit_scale=0.1) as service:
        path = "/v1/users/bob/status"
        passed, seconds, _ = await Asking(
            service, http, "backend", path, scope="calls:read admin"
        ).until_refused()
        assert 60 <= passed <= 60 + seconds * 10 + 1
        passed, *_ = await Asking(service, http, "backend", path).until_refused()
        assert passed < 60, "the token of a user has the limit of a user"
