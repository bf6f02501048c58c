"""A running service, whose TURN servers are a provider's, as a client sees it."""

from typing import Any

import aiohttp
import pytest

from tests.support.coturn import coturn
from tests.support.service import TestService, running, token
from tests.support.waiting import until
from tests.turn.accounts import HOUR_MS, TTL_S, at_cloudflare, at_twilio
from tests.turn.providers import CloudflareApi, TwilioApi

STUN = ("stun:stun.example.org",)


async def ice(service: TestService) -> dict[str, Any]:
    """What `GET /v1/ice` gives."""
    headers = {"Authorization": f"Bearer {token('alice')}"}
    async with (
        aiohttp.ClientSession() as http,
        http.get(f"{service.url}/v1/ice", headers=headers) as answer,
    ):
        assert answer.status == 200
        given: dict[str, Any] = await answer.json()
        return given


async def fetched(service: TestService, provider: str, result: str = "ok", count: int = 1) -> None:
    """Wait until so many fetches have ended."""
    read = service.node.metrics.families.registry.get_sample_value
    labels = {"provider": provider, "result": result}
    await until(
        lambda: (read("ringline_turn_fetches_total", labels) or 0) >= count, f"{count} {result}"
    )


async def test_clients_are_given_the_credentials_of_an_account(cloudflare: CloudflareApi):
    async with running(**at_cloudflare(cloudflare), stun_urls=STUN) as service:
        await fetched(service, "cloudflare")
        given = await ice(service)
        own, stun, turn = given["iceServers"]
        assert own == {"urls": list(STUN)}
        assert stun == {"urls": ["stun:stun.cloudflare.com:3478"]}
        assert (turn["username"], turn["credential"]) == ("user-1", "credential-1")
        assert TTL_S <= given["ttl"] <= TTL_S + 3_600
        alice, bob = await service.join("alice"), await service.join("bob")
        await service.call(alice, bob)
        assert (await alice.next("call:initiated"))["iceServers"] == given["iceServers"]
        assert len(cloudflare.asked) == 1


async def test_a_provider_that_hangs_holds_nobody_up(cloudflare: CloudflareApi):
    cloudflare.hanging = True
    async with running(**at_cloudflare(cloudflare), stun_urls=STUN) as service:
        alice, bob = await service.join("alice"), await service.join("bob")
        await service.call(alice, bob)
        assert (await ice(service))["iceServers"] == [{"urls": list(STUN)}]
        assert not cloudflare.asked  # it has answered nothing yet


async def test_in_an_outage_there_is_the_last_good_set_then_stun(cloudflare: CloudflareApi):
    async with running(**at_cloudflare(cloudflare), stun_urls=STUN) as service:
        await fetched(service, "cloudflare")
        cloudflare.status = 503
        await service.advance(4 * HOUR_MS / 1000)
        await fetched(service, "cloudflare", "failed")
        given = await ice(service)
        assert given["iceServers"][-1]["username"] == "user-1"
        assert given["ttl"] <= 3_600
        await service.advance(HOUR_MS / 1000)
        given = await ice(service)
        assert (given["iceServers"], given["ttl"]) == ([{"urls": list(STUN)}], 60)


async def test_a_call_is_given_turn_once_the_provider_is_back(cloudflare: CloudflareApi):
    cloudflare.status = 503
    async with running(**at_cloudflare(cloudflare), connect_timeout=120) as service:
        await fetched(service, "cloudflare", "failed")
        alice, bob = await service.join("alice"), await service.join("bob")
        await service.accepted(alice, bob)
        cloudflare.status = None
        await service.advance(10)
        await fetched(service, "cloudflare")
        await service.advance(40)
        for client in (alice, bob):
            renewed = await client.next("ice:servers")
            assert renewed["iceServers"][-1]["username"].startswith("user-")


async def test_the_next_in_order_serves_where_the_first_refuses_its_token(
    cloudflare: CloudflareApi, twilio: TwilioApi
):
    cloudflare.token = "rotated-away"
    accounts = {**at_cloudflare(cloudflare), **at_twilio(twilio)}
    accounts["turn_provider"] = ("cloudflare", "twilio")
    async with running(**accounts) as service:
        await fetched(service, "twilio")
        await fetched(service, "cloudflare", "failed")
        assert "turn.twilio.com" in str((await ice(service))["iceServers"])


@pytest.mark.e2e
async def test_a_coturn_that_does_not_relay_is_passed_over(cloudflare: CloudflareApi):
    with coturn("another-secret") as server:
        own = {"turn_secret": ("ours",), "turn_urls": (server.url,), "turn_probe": True}
        accounts = at_cloudflare(cloudflare) | {"turn_provider": ("coturn", "cloudflare")}
        async with running(**accounts, **own) as service:
            await fetched(service, "cloudflare")
            assert server.url in str(await ice(service))
            await until(lambda: service.node.prober._failures == 1, "a probe")
            await service.advance(31)
            await until(lambda: service.node.prober.fails, "another one")
            assert "turn.cloudflare.com" in str(await ice(service))
