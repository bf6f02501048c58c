"""An identity provider that is slow, gone, or asked for keys that it has not."""

import asyncio
import time
from collections.abc import AsyncIterator

import aiohttp
import pytest
import pytest_asyncio

from service.auth.fetched import PACE_MS, REFRESH_MS
from service.auth.jwks import JwksKeys
from tests.auth.issuer import ec_key, jwk, signed
from tests.auth.provider import Provider
from tests.auth.waiting import Hands
from tests.security.surroundings import eventually, gone, sizes
from tests.support.polling import Ended, Polling
from tests.support.service import TestService, running

pytestmark = pytest.mark.asyncio(loop_scope="function")


@pytest.fixture
def provider():
    with Provider(jwk(ec_key(), kid="e")) as up:
        yield up


@pytest_asyncio.fixture(loop_scope="function")
async def by_jwks(provider: Provider) -> AsyncIterator[TestService]:
    async with running(jwt_secret=(), jwks_url=provider.url) as service:
        yield service
        provider.over.set()


def clock_of(service: TestService) -> Hands:
    """The clock of the keys, which a test moves; it stands where the keys were just had."""
    keys = service.node.verifier._keys
    assert isinstance(keys, JwksKeys)
    hands = Hands(keys._clock() + PACE_MS)
    keys._clock = hands
    return hands


async def warm(service: TestService) -> Hands:
    """Its keys are there; the clock, from then on."""
    assert (await service.connect(signed("e"))).connected
    return clock_of(service)


async def refreshed(service: TestService, provider: Provider, clock: Hands, fetches: int) -> None:
    """The time has come for a set, and it was asked for."""
    clock.now += REFRESH_MS
    await service.node.sweeper.sweep()
    await eventually(lambda: provider.fetches == fetches)
    await service.node.verifier._keys.under_way()  # type: ignore[union-attr]


async def test_a_thousand_unknown_kids_of_one_address_are_one_fetch_in_30_s(
    by_jwks: TestService, provider: Provider
):
    clock = await warm(by_jwks)
    for round_ in (1, 2):
        for batch in range(10):
            kids = [f"unknown-{batch}-{number}" for number in range(50)]
            clients = await asyncio.gather(*(by_jwks.connect(signed(kid)) for kid in kids))
            assert not any(client.connected for client in clients)
            await by_jwks.close_clients()
        assert provider.fetches == 1 + round_
        clock.now += 30_000


async def test_an_unknown_kid_is_refused_for_good_by_a_newer_set_and_else_for_now(
    by_jwks: TestService, provider: Provider
):
    clock = await warm(by_jwks)
    first = await by_jwks.connect(signed("unknown"))
    assert first.refused["data"] == {"code": "unauthenticated", "retryable": False}
    second = await by_jwks.connect(signed("unknown"))
    assert (second.connected, second.refused) == (None, None)  # a lost transport: come back
    await second.until_closed()
    bearer = {"Authorization": f"Bearer {signed('unknown')}"}
    async with aiohttp.request("GET", f"{by_jwks.url}/v1/ice", headers=bearer) as answer:
        assert (answer.status, answer.headers["Retry-After"]) == (503, "30")
        assert (await answer.json())["code"] == "auth_unavailable"
    async with aiohttp.ClientSession() as http:
        polling = await Polling.handshake(http, by_jwks.port)
        assert await polling.post(f'40{{"token":"{signed("unknown")}"}}') == 200
        with pytest.raises(Ended):
            await polling.until("44")
    provider.rotate(jwk(ec_key("new"), kid="unknown"))
    clock.now += 30_000
    assert (await by_jwks.connect(signed("unknown", ec_key("new")))).connected


async def test_a_refresh_with_an_unknown_kid_is_refused_for_now_and_changes_nothing(
    by_jwks: TestService, provider: Provider
):
    await warm(by_jwks)
    alice = await by_jwks.connect(signed("e"))
    await alice.emit("user:join", {"userId": "alice"})
    await alice.next("user:joined")
    assert (await alice.refusal("auth:refresh", {"token": signed("x")}))["code"] == (
        "unauthenticated"
    )
    later = await alice.refusal("auth:refresh", {"token": signed("y")})
    assert (later["code"], later["retryable"]) == ("auth_unavailable", True)
    assert later["retryAfterMs"] == 30_000
    await alice.settle()


async def test_a_hanging_provider_blocks_nobody(by_jwks: TestService, provider: Provider):
    clock = await warm(by_jwks)
    alice = await by_jwks.connect(signed("e"))
    await alice.emit("user:join", {"userId": "alice"})
    await alice.next("user:joined")
    provider.hanging = True
    clock.now += 30_000
    waiting = await by_jwks.open()
    await waiting.send(f'40{{"token":"{signed("unknown")}"}}')
    await eventually(lambda: provider.fetches == 2)
    begun = time.monotonic()
    for _ in range(20):
        await alice.settle()
    assert (await by_jwks.connect(signed("e"))).connected  # a key that is known needs no fetch
    assert time.monotonic() - begun < 1.0 * 5
    assert waiting.refused is None


async def test_a_provider_that_never_was_there_is_no_refusal(
    by_jwks: TestService, provider: Provider
):
    provider.status = 500
    provider.rotate()
    mallory = await by_jwks.connect(signed("z"))
    assert (mallory.connected, mallory.refused) == (None, None)  # a lost transport: come back
    await gone(by_jwks, dict.fromkeys(sizes(by_jwks), 0))


async def test_a_warm_key_set_survives_an_outage(by_jwks: TestService, provider: Provider):
    clock = await warm(by_jwks)
    provider.status = 503
    await refreshed(by_jwks, provider, clock, fetches=2)
    assert (await by_jwks.connect(signed("e"))).connected


async def test_a_withdrawn_key_is_dead_after_5_min(by_jwks: TestService, provider: Provider):
    clock = await warm(by_jwks)
    provider.rotate(jwk(ec_key("new"), kid="new"))
    await refreshed(by_jwks, provider, clock, fetches=2)
    clock.now += PACE_MS
    assert (await by_jwks.connect(signed("e"))).refused["data"]["code"] == "unauthenticated"
    assert (await by_jwks.connect(signed("new", ec_key("new")))).connected
