"""How often keys are fetched, for whom, and how soon a withdrawn one dies.

The clock is the test's, but where it says otherwise.
"""

import asyncio
import threading

import pytest

from service.auth.fetched import PACE_MS, REFRESH_MS, monotonic_ms
from service.auth.jwks import LOOKUPS, JwksKeys
from service.auth.tokens import TokenVerifier
from service.errors import AuthUnavailable, Unauthenticated
from service.settings import Settings
from tests.auth.issuer import ec_key, jwk, signed, token
from tests.auth.provider import Provider
from tests.auth.waiting import Hands, settled, ticked
from tests.support.waiting import until

ALICE, MALLORY = "192.0.2.7", "198.51.100.66"
NEW = signed("new", ec_key("new"))


@pytest.fixture
async def warm(keys: JwksKeys, by_jwks: TokenVerifier, clock: Hands) -> TokenVerifier:
    """A verifier that had its keys a while ago."""
    await ticked(keys)
    clock.now += PACE_MS
    return by_jwks


async def refused_for_now(verifier: TokenVerifier, unknown: str, sender: str) -> int:
    """That it is; the milliseconds after which to try again."""
    with pytest.raises(AuthUnavailable, match="not known yet") as why:
        await verifier.verify(unknown, sender)
    assert why.value.retry_after_ms is not None
    return why.value.retry_after_ms


async def refused_for_good(verifier: TokenVerifier, unknown: str, sender: str) -> None:
    with pytest.raises(Unauthenticated, match="lacks"):
        await verifier.verify(unknown, sender)


async def test_a_thousand_unknown_kids_of_one_sender_are_one_fetch_in_30_s(
    warm: TokenVerifier, provider: Provider, clock: Hands
):
    for round_ in (1, 2):
        unknown = [warm.verify(signed(f"k{number}"), MALLORY) for number in range(1_000)]
        refusals = await asyncio.gather(*unknown, return_exceptions=True)
        kinds = [type(refusal) for refusal in refusals]
        assert (kinds.count(Unauthenticated), kinds.count(AuthUnavailable)) == (1, 999)
        assert provider.fetches == 1 + round_
        clock.now += LOOKUPS.per_ms - 1
        assert await refused_for_now(warm, signed("one more"), MALLORY) == 1
        assert provider.fetches == 1 + round_
        clock.now += 1


async def test_a_stranger_s_made_up_kid_makes_nobody_wait_for_a_new_one(
    warm: TokenVerifier, provider: Provider, clock: Hands
):
    await refused_for_good(warm, signed("made up"), MALLORY)
    provider.rotate(jwk(ec_key("new"), kid="new"))
    clock.now += PACE_MS
    assert await refused_for_now(warm, signed("made up, too"), MALLORY) == 29_000
    assert (await warm.verify(NEW, ALICE)).user == "alice"
    assert provider.fetches == 3


async def test_a_new_key_that_is_not_published_yet_is_never_refused_for_good(
    warm: TokenVerifier, provider: Provider, clock: Hands
):
    await refused_for_good(warm, signed("made up"), ALICE)  # somebody of the same office
    assert await refused_for_now(warm, NEW, ALICE) == LOOKUPS.per_ms
    clock.now += 5_000
    assert await refused_for_now(warm, NEW, ALICE) == LOOKUPS.per_ms - 5_000
    provider.rotate(jwk(ec_key("new"), kid="new"))
    clock.now += LOOKUPS.per_ms - 5_000
    assert (await warm.verify(NEW, ALICE)).user == "alice"


async def test_the_first_fetch_is_charged_to_nobody(by_jwks: TokenVerifier, clock: Hands):
    assert (await by_jwks.verify(signed("e"), ALICE)).user == "alice"
    clock.now += PACE_MS
    await refused_for_good(by_jwks, signed("unknown"), ALICE)  # so that a fetch was made for it


async def test_a_fetch_that_began_before_the_token_came_does_not_say_for_good(
    warm: TokenVerifier, keys: JwksKeys, provider: Provider, clock: Hands
):
    provider.held = threading.Event()
    clock.now += REFRESH_MS
    keys.tick()  # which brings the old set
    await until(lambda: provider.fetches == 2, "the fetch")
    provider.rotate(jwk(ec_key("new"), kid="new"))
    waiting = asyncio.create_task(warm.verify(NEW, ALICE))
    await asyncio.sleep(0)
    clock.now += PACE_MS
    provider.held.set()
    assert (await waiting).user == "alice"
    assert provider.fetches == 3


async def test_unknown_kids_of_many_senders_share_a_fetch_a_second(provider: Provider):
    """By a real clock: those who came while a fetch was under way wait for the next one."""
    keys = JwksKeys(provider.url, clock=monotonic_ms)
    verifier = TokenVerifier(keys, Settings())
    await ticked(keys)
    unknown = [verifier.verify(signed(f"k{n}"), f"192.0.2.{n}") for n in range(50)]
    refusals = await asyncio.gather(*unknown, return_exceptions=True)
    assert {type(refusal) for refusal in refusals} == {Unauthenticated}
    assert provider.fetches <= 3
    await keys.close()


async def test_after_failures_fetches_become_rarer_up_to_one_in_30_s(
    keys: JwksKeys, provider: Provider, clock: Hands
):
    provider.status = 500
    fetched_at = []
    for second in range(121):
        clock.now = second * 1_000
        before = provider.fetches
        await ticked(keys)
        if provider.fetches > before:
            fetched_at.append(second)
    assert fetched_at == [0, 2, 6, 14, 30, 60, 90, 120]
    provider.status = 200
    clock.now += 30_000
    await ticked(keys)
    assert keys.trouble is None


async def test_what_a_token_says_of_other_places_is_never_fetched(
    warm: TokenVerifier, provider: Provider
):
    with Provider(jwk(ec_key("evil"), kid="e")) as evil:
        for place in ("jku", "x5u"):
            named = token(ec_key(), "ES256", header={place: evil.url, "kid": "e"})
            assert (await warm.verify(named)).user == "alice"
        await refused_for_good(warm, token(ec_key(), "ES256", header={"kid": evil.url}), MALLORY)
        assert evil.fetches == 0


async def test_a_withdrawn_key_dies_with_the_next_refresh(
    warm: TokenVerifier, keys: JwksKeys, provider: Provider, clock: Hands
):
    provider.rotate(jwk(ec_key("new"), kid="new"))
    clock.now += REFRESH_MS - PACE_MS - 1
    await ticked(keys)
    assert (await warm.verify(signed("e"))).user == "alice"
    clock.now += 1
    await ticked(keys)
    clock.now += PACE_MS
    await refused_for_good(warm, signed("e"), ALICE)


async def test_a_set_that_has_become_empty_kills_its_keys_and_is_no_trouble_at_the_start(
    warm: TokenVerifier, keys: JwksKeys, provider: Provider, clock: Hands
):
    provider.rotate()
    clock.now += REFRESH_MS
    await ticked(keys)
    assert keys.trouble is None
    clock.now += PACE_MS
    with pytest.raises((Unauthenticated, AuthUnavailable)):
        await warm.verify(signed("e"), ALICE)


async def test_a_refresh_waits_behind_no_token(
    warm: TokenVerifier, keys: JwksKeys, provider: Provider, clock: Hands
):
    provider.held = threading.Event()
    clock.now += REFRESH_MS
    keys.tick()
    await until(lambda: provider.fetches == 2, "the fetch")
    assert (await warm.verify(signed("e"))).user == "alice"
    provider.held.set()
    await settled(keys)


async def test_an_outage_long_ago_does_not_keep_a_withdrawn_key_alive(
    warm: TokenVerifier, keys: JwksKeys, provider: Provider, clock: Hands
):
    provider.status = 500
    clock.now += REFRESH_MS
    await ticked(keys)
    assert (await warm.verify(signed("e"))).user == "alice"
    provider.status = 200
    provider.rotate(jwk(ec_key("new"), kid="new"))
    clock.now += 2_000
    await ticked(keys)
    clock.now += PACE_MS
    await refused_for_good(warm, signed("e"), ALICE)
