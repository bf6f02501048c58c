"""Cloudflare's API is asked, and its answer read, as it is documented."""

from service.ports import IceServer
from service.turn.cloudflare import Cloudflare
from tests.turn.accounts import HOUR_MS, NOW, TTL_S, Watched, at_cloudflare
from tests.turn.providers import API_TOKEN, CloudflareApi


async def test_a_set_is_asked_for_that_outlasts_what_clients_must_have(cloudflare: CloudflareApi):
    watched = Watched(Cloudflare.of, at_cloudflare(cloudflare))
    await watched.tick()
    assert cloudflare.asked == [{"ttl": TTL_S + 3_600}]
    shared = watched.fetching.current(NOW)
    assert shared is not None
    assert shared.expires_at == NOW + TTL_S * 1000 + HOUR_MS


async def test_ports_that_browsers_refuse_are_left_out(cloudflare: CloudflareApi):
    watched = Watched(
        Cloudflare.of, at_cloudflare(cloudflare, cloudflare_api_url=cloudflare.url + "/")
    )
    await watched.tick()
    shared = watched.fetching.current(NOW)
    assert shared is not None
    at = "turn.cloudflare.com"
    assert shared.servers == (
        IceServer(("stun:stun.cloudflare.com:3478",)),
        IceServer(
            (
                f"turn:{at}:3478?transport=udp",
                f"turn:{at}:3478?transport=tcp",
                f"turns:{at}:443?transport=tcp",
            ),
            "user-1",
            "credential-1",
        ),
    )


async def test_the_longest_that_may_be_asked_for_is_never_exceeded(cloudflare: CloudflareApi):
    await Watched(Cloudflare.of, at_cloudflare(cloudflare, turn_ttl=86_400)).tick()
    assert cloudflare.asked[0]["ttl"] == 86_400 + 3_600 <= Cloudflare.longest_s


async def test_no_text_of_it_shows_the_token(cloudflare: CloudflareApi):
    account = Cloudflare.of(Watched(Cloudflare.of, at_cloudflare(cloudflare)).read())
    assert API_TOKEN not in f"{account!r} {account.ask(60)!r}"
