"""A provider that fails, hangs, drips or lies holds nobody up and fools nobody."""

import asyncio
import time
from typing import Any

import pytest
from structlog.testing import capture_logs

from service.auth import jwks
from service.auth.fetched import PACE_MS, REFRESH_MS
from service.auth.jwks import JwksKeys
from service.auth.keyset import fetch, read
from service.auth.tokens import TokenVerifier
from service.download import Undelivered
from service.errors import AuthUnavailable
from service.transport.connections.connections import CONNECT_WITHIN_MS
from tests.auth.issuer import ec_key, jwk, rsa_key, signed
from tests.auth.provider import Provider
from tests.auth.verifying import verifier
from tests.auth.waiting import TIMEOUT_S, Hands, quickly, settled, ticked
from tests.support.waiting import until


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
    with pytest.raises(AuthUnavailable, match="could not be fetched"):
        await waiting


async def test_known_kids_verify_while_an_unknown_one_waits_for_a_hanging_provider(
    by_jwks: TokenVerifier, provider: Provider, clock: Hands
):
    await by_jwks.verify(signed("e"))
    provider.hanging = True
    clock.now += PACE_MS
    waiting = asyncio.create_task(by_jwks.verify(signed("unknown"), "192.0.2.7"))
    await until(lambda: provider.fetches == 2, "the fetch")
    await quickly(by_jwks.verify(signed("e")))
    assert not waiting.done()
    with pytest.raises(AuthUnavailable):  # it may be a new key: retrying may mend it
        await waiting


async def test_a_fetch_is_shared_however_long_it_takes(
    by_jwks: TokenVerifier, provider: Provider, clock: Hands
):
    provider.hanging = True
    first = asyncio.create_task(by_jwks.verify(signed("e")))
    await until(lambda: provider.fetches, "the fetch")
    clock.now += PACE_MS
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


async def test_nobody_waits_longer_than_a_connection_has_to_sign_in(
    by_jwks: TokenVerifier, provider: Provider, monkeypatch: pytest.MonkeyPatch
):
    assert jwks.PATIENCE_S * 1000 < CONNECT_WITHIN_MS
    monkeypatch.setattr(jwks, "PATIENCE_S", 0.05)
    provider.hanging = True
    with pytest.raises(AuthUnavailable):
        await by_jwks.verify(signed("e"))


async def test_a_warm_set_survives_an_outage_of_any_length(
    by_jwks: TokenVerifier, keys: JwksKeys, provider: Provider, clock: Hands
):
    await by_jwks.verify(signed("e"))
    provider.status = 503
    for _ in range(100):
        clock.now += 600_000
        await ticked(keys)
        assert (await by_jwks.verify(signed("e"))).user == "alice"
    assert by_jwks.trouble is None
    assert provider.fetches == 101


async def test_in_an_outage_nobody_waits_for_a_hanging_provider(
    by_jwks: TokenVerifier, keys: JwksKeys, provider: Provider, clock: Hands
):
    await by_jwks.verify(signed("e"))
    provider.hanging = True
    for _ in range(2):
        clock.now += REFRESH_MS
        keys.tick()
        await quickly(by_jwks.verify(signed("e")))
        await settled(keys)
    with pytest.raises(AuthUnavailable) as why:
        await by_jwks.verify(signed("new"), "192.0.2.7")
    assert why.value.retry_after_ms == 4_000  # when the next fetch may begin
    assert provider.fetches == 3


async def test_the_url_and_what_is_wrong_are_logged_and_said(provider: Provider):
    assert "hush" not in str(JwksKeys("https://user:hush@id.example.org/jwks?x=hush").trouble)
    keys = JwksKeys(f"{provider.url}?key=hush#hush", timeout_s=TIMEOUT_S)
    provider.status = 404
    with capture_logs() as logged:
        await ticked(keys)
    assert keys.trouble == f"No keys from {provider.url}: it answered 404."
    assert logged == [
        {
            "event": "auth.jwks_failed",
            "log_level": "warning",
            "url": provider.url,
            "reason": "it answered 404",
            "known_keys": 0,
        }
    ]
    await keys.close()


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"status": 302, "location": "http://127.0.0.1:9/"}, "it answered 302, and redirects are not"),
    ({"body": b"<html>"}, "what it gave is not JSON"),
    ({"body": b"{}"}, "what it gave is not a JWK Set"),
    ({"body": b'{"keys": []}'}, "it has no key for RS256, ES256 or EdDSA"),
    ({"hanging": True}, "no answer in time"),
]


@pytest.mark.parametrize(("wrong", "said"), WRONG)
async def test_until_keys_were_had_there_is_a_reason(
    keys: JwksKeys, provider: Provider, clock: Hands, wrong: dict[str, Any], said: str
):
    assert "the first fetch has not ended" in (keys.trouble or "")
    good = provider.body
    for name, value in wrong.items():
        setattr(provider, name, value)
    await ticked(keys)
    assert said in (keys.trouble or "")
    provider.body, provider.status, provider.location = good, 200, None
    provider.hanging = False
    clock.now += 2_000
    with capture_logs() as logged:
        await ticked(keys)
    assert [line["event"] for line in logged] == ["auth.jwks_fetched"]
    assert keys.trouble is None


NO_KEY_SETS = [b"", b"[]", b"{}", b'{"keys": {}}', b"<html>", b"[" * 100_000]


@pytest.mark.parametrize("body", NO_KEY_SETS)
def test_what_is_no_key_set_is_told_apart_from_an_empty_one(body: bytes):
    assert read(b'{"keys": []}') == ()
    with pytest.raises(Undelivered):
        read(body)


@pytest.mark.parametrize("body", NO_KEY_SETS)
async def test_what_is_no_key_set_does_not_replace_one(
    by_jwks: TokenVerifier, keys: JwksKeys, provider: Provider, clock: Hands, body: bytes
):
    await by_jwks.verify(signed("e"))
    provider.body = body
    clock.now += REFRESH_MS
    await ticked(keys)
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
    with pytest.raises(Undelivered, match="too long"):
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
        await keys.candidates("e", "ES256", "")
    assert why.value.retryable
    assert "refused" in str(keys.trouble)
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
    assert not [task for task in asyncio.all_tasks() if task.get_name() == "JwksKeys"]


async def test_closing_at_rest_is_nothing(provider: Provider):
    idle = verifier(jwks_url=provider.url)
    for _ in range(2):
        await idle.close()
    with pytest.raises(AuthUnavailable):  # and nothing begins any more
        await idle.verify(signed("e"))
    assert provider.fetches == 0
