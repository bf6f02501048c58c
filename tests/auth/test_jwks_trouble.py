"""A provider that fails, hangs, drips or lies holds nobody up and fools nobody."""

import asyncio
import time

import pytest

from service.auth.jwks import GAP_MS, STALE_MS, JwksKeys
from service.auth.keyset import KeySetUnavailable, fetch, read
from service.auth.setup import verifier
from service.auth.tokens import TokenVerifier
from service.errors import AuthUnavailable
from tests.auth.issuer import ec_key, jwk, rsa_key, signed
from tests.auth.provider import Provider
from tests.auth.waiting import TIMEOUT_S, Hands, quickly, settled


async def test_a_hanging_provider_never_blocks_the_event_loop(
    by_jwks: TokenVerifier, provider: Provider
):
    provider.hanging = True
    waiting = asyncio.create_task(by_jwks.verify(signed("e")))
    longest, before = 0.0, time.monotonic()
    while not waiting.done():
        await asyncio.sleep(0.005)
        now = time.monotonic()
        longest, before = max(longest, now - before), now
    assert longest < TIMEOUT_S / 2
    with pytest.raises(AuthUnavailable, match="cannot be fetched"):
        await waiting


async def test_known_kids_verify_while_an_unknown_one_waits_for_a_hanging_provider(
    by_jwks: TokenVerifier, provider: Provider, clock: Hands
):
    await by_jwks.verify(signed("e"))
    provider.hanging = True
    clock.now += GAP_MS
    waiting = asyncio.create_task(by_jwks.verify(signed("unknown")))
    await asyncio.sleep(0.02)
    await quickly(by_jwks.verify(signed("e")))
    assert not waiting.done()
    with pytest.raises(AuthUnavailable):  # it may be a new key: retrying may mend it
        await waiting


async def test_a_fetch_is_shared_however_long_it_takes(
    by_jwks: TokenVerifier, provider: Provider, clock: Hands
):
    provider.hanging = True
    first = asyncio.create_task(by_jwks.verify(signed("e")))
    await asyncio.sleep(0.02)
    clock.now += GAP_MS
    outcomes = await asyncio.gather(first, by_jwks.verify(signed("e")), return_exceptions=True)
    assert {type(outcome) for outcome in outcomes} == {AuthUnavailable}
    assert provider.fetches == 1


async def test_one_who_gives_up_waiting_takes_nobody_along(
    by_jwks: TokenVerifier, provider: Provider
):
    impatient, patient = (asyncio.create_task(by_jwks.verify(signed("e"))) for _ in range(2))
    await asyncio.sleep(0)
    impatient.cancel()
    assert (await patient).user == "alice"
    assert impatient.cancelled()
    assert provider.fetches == 1


async def test_a_warm_set_survives_an_outage_of_any_length(
    by_jwks: TokenVerifier, provider: Provider, clock: Hands
):
    await by_jwks.verify(signed("e"))
    provider.status = 503
    for _ in range(100):
        clock.now += 600_000
        assert (await by_jwks.verify(signed("e"))).user == "alice"


async def test_in_an_outage_only_the_first_waits_for_a_hanging_provider(
    by_jwks: TokenVerifier, keys: JwksKeys, provider: Provider, clock: Hands
):
    await by_jwks.verify(signed("e"))
    provider.hanging = True
    clock.now += STALE_MS
    assert (await by_jwks.verify(signed("e"))).user == "alice"
    for _ in range(3):
        clock.now += GAP_MS
        await quickly(by_jwks.verify(signed("e")))
        await settled(keys)
    assert provider.fetches == 5


NO_KEY_SETS = [b"", b"[]", b"{}", b'{"keys": {}}', b"<html>", b"[" * 100_000]


@pytest.mark.parametrize("body", NO_KEY_SETS)
def test_what_is_no_key_set_is_told_apart_from_an_empty_one(body: bytes):
    assert read(b'{"keys": []}') == ()
    with pytest.raises(KeySetUnavailable):
        read(body)


@pytest.mark.parametrize("body", NO_KEY_SETS)
async def test_what_is_no_key_set_does_not_replace_one(
    by_jwks: TokenVerifier, provider: Provider, clock: Hands, body: bytes
):
    await by_jwks.verify(signed("e"))
    provider.body = body
    clock.now += STALE_MS
    assert (await by_jwks.verify(signed("e"))).user == "alice"
    assert provider.fetches == 2


async def test_a_key_set_over_256_kib_is_not_read(by_jwks: TokenVerifier, provider: Provider):
    provider.rotate(jwk(ec_key(), kid="e", pad="x" * 256 * 1024))
    with pytest.raises(AuthUnavailable):
        await by_jwks.verify(signed("e"))


async def test_a_key_set_of_many_keys_is_read(by_jwks: TokenVerifier, provider: Provider):
    provider.rotate(*[jwk(rsa_key(), kid=f"r{n}") for n in range(300)], jwk(ec_key(), kid="e"))
    assert len(provider.body) > 100 * 1024
    assert (await by_jwks.verify(signed("e"))).user == "alice"


@pytest.mark.parametrize("part", ["head", "body"])
async def test_an_answer_that_drips_is_given_up(
    by_jwks: TokenVerifier, provider: Provider, part: str
):
    provider.dripping = part
    begun = time.monotonic()
    with pytest.raises(AuthUnavailable):
        await by_jwks.verify(signed("e"))
    assert time.monotonic() - begun < 2 * TIMEOUT_S


def test_a_thread_ends_by_itself_when_an_answer_drips(provider: Provider):
    provider.dripping = "body"
    with pytest.raises(KeySetUnavailable, match="too long"):
        fetch(provider.url, 0.2)


async def test_a_redirect_is_not_followed(by_jwks: TokenVerifier, provider: Provider):
    with Provider(jwk(ec_key(), kid="e")) as elsewhere:
        provider.status, provider.location = 302, elsewhere.url
        with pytest.raises(AuthUnavailable):
            await by_jwks.verify(signed("e"))
        assert (provider.fetches, elsewhere.fetches) == (1, 0)


async def test_a_provider_that_is_gone(provider: Provider, clock: Hands):
    with Provider() as gone:
        url = gone.url
    keys = JwksKeys(url, clock=clock)
    with pytest.raises(AuthUnavailable) as why:
        await keys.key("e", "ES256")
    assert why.value.retryable
    await keys.close()


async def test_closing_ends_a_fetch_and_those_who_wait_for_it(
    by_jwks: TokenVerifier, keys: JwksKeys, provider: Provider
):
    provider.hanging = True
    waiting = asyncio.create_task(by_jwks.verify(signed("e")))
    await asyncio.sleep(0.02)
    begun = time.monotonic()
    await by_jwks.close()
    with pytest.raises(AuthUnavailable):
        await waiting
    assert time.monotonic() - begun < TIMEOUT_S / 2
    assert not [task for task in asyncio.all_tasks() if task.get_name() == "jwks-fetch"]


async def test_closing_at_rest_is_nothing(provider: Provider):
    idle = verifier(jwks_url=provider.url)
    await idle.close()
    assert (await idle.verify(signed("e"))).user == "alice"
    await idle.close()
