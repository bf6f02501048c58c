"""An identity provider that is slow, gone, or asked for keys that it has not."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.auth.issuer import ec_key, jwk, signed
from tests.auth.provider import Provider
from tests.auth.waiting import Hands
from tests.security.surroundings import eventually, gone, sizes
from tests.support.service import TestService, running

pytestmark = pytest.mark.asyncio(loop_scope="function")


@pytest.fixture
def provider():
    with Provider(jwk(ec_key(), kid="e")) as up:
        yield up


@pytest_asyncio.fixture(loop_scope="function")
async def by_jwks(provider: Provider) -> AsyncIterator[TestService]:
    async with running(jwt_secret=None, jwks_url=provider.url) as service:
        yield service
        provider.over.set()


def clock_of(service: TestService) -> Hands:
    """The clock of the keys, which a test moves."""
    keys = service.node.verifier._keys
    keys._clock = hands = Hands(keys._clock())  # type: ignore[attr-defined]
    return hands


async def test_a_thousand_unknown_kids_are_one_fetch_in_30_s(
    by_jwks: TestService, provider: Provider
):
    clock = clock_of(by_jwks)
    assert (await by_jwks.connect(signed("e"))).connected
    assert provider.fetches == 1
    for round_ in (1, 2):
        clock.now += 30_000
        for batch in range(10):
            kids = [f"unknown-{batch}-{number}" for number in range(50)]
            clients = await asyncio.gather(*(by_jwks.connect(signed(kid)) for kid in kids))
            codes = {client.refused["data"]["code"] for client in clients}
            assert codes == {"unauthenticated"}
            await by_jwks.close_clients()
        assert provider.fetches == 1 + round_


async def test_a_hanging_provider_blocks_nobody(by_jwks: TestService, provider: Provider):
    clock = clock_of(by_jwks)
    alice = await by_jwks.connect(signed("e"))
    assert alice.connected
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
    mallory = await by_jwks.connect(signed("e"))
    assert (mallory.connected, mallory.refused) == (None, None)  # a lost transport: come back
    await gone(by_jwks, dict.fromkeys(sizes(by_jwks), 0))


async def test_a_warm_key_set_survives_an_outage(by_jwks: TestService, provider: Provider):
    clock = clock_of(by_jwks)
    assert (await by_jwks.connect(signed("e"))).connected
    provider.status = 503
    clock.now += 6 * 60_000
    assert (await by_jwks.connect(signed("e"))).connected


async def test_a_withdrawn_key_is_dead_after_5_min(by_jwks: TestService, provider: Provider):
    clock = clock_of(by_jwks)
    assert (await by_jwks.connect(signed("e"))).connected
    provider.rotate(jwk(ec_key("new"), kid="new"))
    clock.now += 5 * 60_000
    assert (await by_jwks.connect(signed("e"))).refused["data"]["code"] == "unauthenticated"
    assert (await by_jwks.connect(signed("new", ec_key("new")))).connected
