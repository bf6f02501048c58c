"""Ready, or why not: an identity provider that cannot be reached when the service starts."""

import asyncio
from collections.abc import Iterator
from typing import Any

import aiohttp
import pytest

from tests.auth.issuer import ec_key, jwk, signed
from tests.auth.provider import Provider
from tests.support.service import TestService, running

pytestmark = pytest.mark.asyncio(loop_scope="function")


@pytest.fixture
def provider() -> Iterator[Provider]:
    with Provider(jwk(ec_key(), kid="e")) as up:
        yield up


async def told(service: TestService, path: str) -> tuple[int, dict[str, Any]]:
    """What the admin port says."""
    url = f"http://127.0.0.1:{service.admin_port}/{path}"
    async with aiohttp.request("GET", url) as answer:
        return answer.status, await answer.json()


async def until_ready(service: TestService) -> None:
    async with asyncio.timeout(40):
        while (await told(service, "readyz"))[0] != 200:  # noqa: ASYNC110 - it is asked over HTTP
            await asyncio.sleep(0.05)


async def test_ready_once_the_keys_are_there_without_any_token(provider: Provider):
    async with running(jwt_secret=(), jwks_url=provider.url) as service:
        await until_ready(service)
        assert await told(service, "readyz") == (200, {"status": "ready"})
        assert provider.fetches == 1


async def test_not_ready_until_there_were_keys_and_ready_from_then_on(provider: Provider):
    provider.status = 500
    async with running(jwt_secret=(), jwks_url=provider.url) as service:
        reason = ""
        async with asyncio.timeout(20):
            while "500" not in reason:
                status, said = await told(service, "readyz")
                assert (status, said["status"]) == (503, "no_keys")
                reason = said["reason"]
        assert reason == f"No keys from {provider.url}: it answered 500."
        assert await told(service, "healthz") == (200, {"status": "alive", "loopLateMs": 0})
        early = await service.connect(signed("e"))
        assert (early.connected, early.refused) == (None, None)  # a lost transport: come back
        bearer = {"Authorization": f"Bearer {signed('e')}"}
        async with aiohttp.request("GET", f"{service.url}/v1/ice", headers=bearer) as answer:
            assert (answer.status, (await answer.json())["code"]) == (503, "auth_unavailable")
            assert int(answer.headers["Retry-After"]) > 0
        provider.status = 200
        await until_ready(service)  # by itself, though nobody came
        assert (await service.connect(signed("e"))).connected
        provider.status = 500
        service.node.verifier._keys._due_at = 0  # type: ignore[union-attr]
        before = provider.fetches
        async with asyncio.timeout(20):
            while provider.fetches == before:  # noqa: ASYNC110 - the provider tells nobody
                await asyncio.sleep(0.02)
        assert await told(service, "readyz") == (200, {"status": "ready"})


async def test_a_set_without_a_key_that_verifies_is_told_as_such(provider: Provider):
    provider.rotate({"kty": "oct", "kid": "s", "k": "c2VjcmV0" * 8})
    async with running(jwt_secret=(), jwks_url=provider.url) as service:
        async with asyncio.timeout(20):
            while provider.fetches == 0:  # noqa: ASYNC110 - the provider tells nobody
                await asyncio.sleep(0.02)
            while "no key" not in (said := (await told(service, "readyz"))[1])["reason"]:
                assert said["status"] == "no_keys"
