"""Clients are given the servers of the first provider that has some."""

from typing import Any

import pytest

from service import from_settings
from service.errors import InvalidPayload
from service.ports import IceServer, IceServers
from service.settings import Settings
from service.telemetry.metrics import Metrics
from service.turn.broker import AGAIN_MS, Broker
from service.turn.servers import TurnServers
from tests.auth.waiting import Hands
from tests.support.service import SECRET
from tests.turn.accounts import HOUR_MS, NOW, TTL_S, at_cloudflare, at_twilio
from tests.turn.providers import CloudflareApi, TwilioApi

OWN = {"turn_secret": ("north",), "turn_urls": ("turn:own.example.org",)}
STUN = {"stun_urls": ("stun:stun.example.org",)}


class Brokered:
    """A broker as a node makes it, with a clock and a coturn that can fail."""

    def __init__(self, *order: str, **settings: Any) -> None:
        self.clock = Hands(NOW)
        self.metrics = Metrics("test", ("eu",))
        self.own_fails = False
        known = Settings.model_validate({"jwt_secret": SECRET, **settings, "turn_provider": order})
        self.sources = from_settings.turn_providers(known, self.metrics, self.clock)
        self.broker = Broker(
            TurnServers(known, self.metrics.turn.issued),
            self.sources,
            order=known.turn_provider,
            own_fails=lambda: self.own_fails,
            clock=self.clock,
            metrics=self.metrics.turn,
        )

    async def later(self, ms: float = 0) -> None:
        """Time has passed, and what was due has ended."""
        self.clock.now += round(ms)
        await self.broker.tick()
        for source in self.sources:
            await source.under_way()  # type: ignore[attr-defined]  # all of these fetch

    def ice(self, region: str | None = None) -> IceServers:
        return self.broker.servers("alice", self.clock.now, region)

    @property
    def user(self) -> str:
        """The first letters of the TURN user name that is handed out; "" where there is STUN."""
        return next((one.username[:4] for one in self.ice().servers if one.username), "")

    @property
    def serving(self) -> list[str]:
        """Which providers are said to serve."""
        read = self.metrics.families.registry.get_sample_value
        name = "ringline_turn_provider_serving"
        known = ("coturn", "cloudflare", "twilio", "none")
        return [one for one in known if read(name, {"provider": one}) == 1]


async def test_before_anything_came_there_is_stun_and_soon_something_better(
    cloudflare: CloudflareApi,
):
    brokered = Brokered("cloudflare", **at_cloudflare(cloudflare), **STUN)
    ice = brokered.ice()
    assert ice.servers == (IceServer(STUN["stun_urls"]),)
    assert (ice.ttl, ice.expires_at) == (60, NOW + AGAIN_MS)
    assert brokered.broker.lasts(NOW) == AGAIN_MS
    assert brokered.serving == ["none"]


async def test_a_set_is_the_same_for_everyone_and_its_end_is_told_truly(cloudflare: CloudflareApi):
    brokered = Brokered("cloudflare", **at_cloudflare(cloudflare), **STUN)
    await brokered.later()
    ice = brokered.ice()
    assert ice.servers[0] == IceServer(STUN["stun_urls"])
    assert ice == brokered.broker.servers("bob", NOW)
    assert (ice.ttl, ice.expires_at) == (TTL_S + 3_600, NOW + TTL_S * 1000 + HOUR_MS)
    brokered.clock.now += HOUR_MS
    assert brokered.ice().ttl == TTL_S
    assert brokered.broker.lasts(brokered.clock.now) == TTL_S * 1000
    assert brokered.serving == ["cloudflare"]


async def test_an_outage_ends_with_the_next_provider_and_then_with_stun(
    cloudflare: CloudflareApi, twilio: TwilioApi
):
    accounts = {**at_cloudflare(cloudflare), **at_twilio(twilio)}
    brokered = Brokered("cloudflare", "twilio", **accounts)
    await brokered.later()
    cloudflare.status = 503
    await brokered.later(4 * HOUR_MS)
    first = brokered.ice()
    assert "turn.cloudflare.com" in first.servers[1].urls[0]
    await brokered.later(HOUR_MS)
    second = brokered.ice()
    assert "turn.twilio.com" in second.servers[1].urls[0]
    assert brokered.serving == ["twilio"]
    twilio.status = 503
    await brokered.later(6 * HOUR_MS)
    assert brokered.ice().servers == ()
    assert brokered.serving == ["none"]
    cloudflare.status = None
    await brokered.later(60_000)
    assert "turn.cloudflare.com" in brokered.ice().servers[1].urls[0]
    assert brokered.serving == ["cloudflare"]


async def test_coturn_comes_first_where_it_is_named_first_until_it_fails(
    cloudflare: CloudflareApi,
):
    brokered = Brokered("coturn", "cloudflare", **at_cloudflare(cloudflare), **OWN)
    await brokered.later()
    assert brokered.user == "1700"
    brokered.own_fails = True
    assert brokered.user == "user"
    assert brokered.serving == ["cloudflare"]


async def test_coturn_that_fails_is_better_than_nothing(cloudflare: CloudflareApi):
    cloudflare.status = 401
    brokered = Brokered("coturn", "cloudflare", **at_cloudflare(cloudflare), **OWN)
    brokered.own_fails = True
    await brokered.later()
    assert brokered.user == "1700"
    assert brokered.broker.lasts(NOW) == TTL_S * 1000
    assert brokered.serving == ["coturn"]


async def test_coturn_comes_second_where_it_is_named_second(cloudflare: CloudflareApi):
    brokered = Brokered("cloudflare", "coturn", **at_cloudflare(cloudflare), **OWN)
    assert brokered.user == "1700"
    await brokered.later()
    assert brokered.user == "user"


def test_coturn_alone_is_given_whether_it_fails_or_not():
    brokered = Brokered("coturn", **OWN)
    assert brokered.user == "1700"
    brokered.own_fails = True
    assert brokered.user == "1700"
    assert brokered.serving == ["coturn"]


def test_where_there_is_no_turn_at_all_nothing_is_said_of_it():
    brokered = Brokered("coturn", **STUN)
    ice = brokered.ice()
    assert (ice.servers, ice.ttl) == ((IceServer(STUN["stun_urls"]),), TTL_S)
    assert brokered.serving == []


async def test_a_region_is_one_of_coturn_whoever_serves(cloudflare: CloudflareApi):
    regions = {"turn_regions": {"eu": ("turn:eu.example.org",)}}
    brokered = Brokered("cloudflare", "coturn", **at_cloudflare(cloudflare), **OWN, **regions)
    assert brokered.ice("eu").servers[0].urls == ("turn:eu.example.org",)
    await brokered.later()
    assert brokered.ice("eu") == brokered.ice()
    with pytest.raises(InvalidPayload, match="known here: eu"):
        brokered.ice("mars")


async def test_what_is_handed_out_is_counted(cloudflare: CloudflareApi):
    brokered = Brokered("cloudflare", **at_cloudflare(cloudflare))
    brokered.ice()
    await brokered.later()
    brokered.ice()
    read = brokered.metrics.families.registry.get_sample_value
    assert read("ringline_turn_credentials_issued_total", {"region": ""}) == 1
