"""How often keys are fetched, and how soon a withdrawn one dies. The clock is the test's."""

import asyncio

import pytest

from service.auth.jwks import GAP_MS, REFRESH_MS, STALE_MS, JwksKeys
from service.auth.tokens import TokenVerifier
from service.errors import AuthUnavailable, Unauthenticated
from tests.auth.issuer import ec_key, jwk, signed, token
from tests.auth.provider import Provider
from tests.auth.waiting import Hands, settled


async def test_a_thousand_unknown_kids_cause_one_fetch_per_30_s(
    by_jwks: TokenVerifier, provider: Provider, clock: Hands
):
    unknown = [signed(f"k{number}") for number in range(1_000)]
    refusals = await asyncio.gather(*map(by_jwks.verify, unknown), return_exceptions=True)
    assert {type(refusal) for refusal in refusals} == {Unauthenticated}
    assert provider.fetches == 1
    clock.now += GAP_MS - 1
    for forged in unknown[:10]:
        with pytest.raises(Unauthenticated):
            await by_jwks.verify(forged)
    assert provider.fetches == 1
    clock.now += 1
    await asyncio.gather(*map(by_jwks.verify, unknown), return_exceptions=True)
    assert provider.fetches == 2


async def test_failed_fetches_count_as_well(
    by_jwks: TokenVerifier, provider: Provider, clock: Hands
):
    provider.status = 500
    for at in range(0, 3 * GAP_MS, 1_000):
        clock.now = at
        with pytest.raises(AuthUnavailable) as why:
            await by_jwks.verify(signed("e"))
        assert why.value.retry_after_ms == GAP_MS - at % GAP_MS
    assert provider.fetches == 3


async def test_a_kid_that_is_a_url_or_a_jku_is_never_fetched(
    by_jwks: TokenVerifier, provider: Provider
):
    for header in ({"kid": provider.url}, {"kid": "../e"}, {"jku": provider.url, "kid": "e"}):
        with pytest.raises(Unauthenticated):
            await by_jwks.verify(token(ec_key(), "ES256", header=header))
    assert provider.fetches == 0


async def test_a_new_key_is_found_when_a_token_names_it(
    by_jwks: TokenVerifier, provider: Provider, clock: Hands
):
    assert (await by_jwks.verify(signed("e"))).user == "alice"
    provider.rotate(jwk(ec_key("new"), kid="new"))
    clock.now += GAP_MS
    assert (await by_jwks.verify(signed("new", ec_key("new")))).user == "alice"
    assert provider.fetches == 2


async def test_a_withdrawn_key_dies_within_5_min(
    by_jwks: TokenVerifier, provider: Provider, clock: Hands
):
    await by_jwks.verify(signed("e"))
    provider.rotate(jwk(ec_key("new"), kid="new"))
    clock.now += STALE_MS
    with pytest.raises(Unauthenticated, match="lacks"):
        await by_jwks.verify(signed("e"))


async def test_a_set_that_has_become_empty_kills_its_keys(
    by_jwks: TokenVerifier, provider: Provider, clock: Hands
):
    await by_jwks.verify(signed("e"))
    provider.rotate()
    clock.now += STALE_MS
    with pytest.raises(Unauthenticated, match="lacks"):
        await by_jwks.verify(signed("e"))


async def test_after_4_min_the_set_is_refreshed_behind_a_token_that_does_not_wait(
    by_jwks: TokenVerifier, keys: JwksKeys, provider: Provider, clock: Hands
):
    await by_jwks.verify(signed("e"))
    provider.rotate(jwk(ec_key("new"), kid="new"))
    clock.now += REFRESH_MS - 1
    assert (await by_jwks.verify(signed("e"))).user == "alice"
    await settled(keys)
    assert provider.fetches == 1
    clock.now += 1
    assert (await by_jwks.verify(signed("e"))).user == "alice"
    await settled(keys)
    assert provider.fetches == 2
    with pytest.raises(Unauthenticated, match="lacks"):
        await by_jwks.verify(signed("e"))


async def test_an_outage_long_ago_does_not_keep_a_withdrawn_key_alive(
    by_jwks: TokenVerifier, provider: Provider, clock: Hands
):
    await by_jwks.verify(signed("e"))
    provider.status = 500
    clock.now += STALE_MS
    assert (await by_jwks.verify(signed("e"))).user == "alice"
    provider.status = 200
    provider.rotate(jwk(ec_key("new"), kid="new"))
    clock.now += STALE_MS
    with pytest.raises(Unauthenticated, match="lacks"):
        await by_jwks.verify(signed("e"))
