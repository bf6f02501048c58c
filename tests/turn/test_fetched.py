"""A provider that fails, hangs or lies takes nothing from clients while the last set is good."""

import asyncio
import math
import time
from typing import Any

import pytest
from structlog.testing import capture_logs

from service.turn.cloudflare import Cloudflare
from service.turn.fetched import TIMEOUT_S
from tests.turn.accounts import HOUR_MS, NOW, TTL_S, Watched, at_cloudflare
from tests.turn.providers import API_TOKEN, CloudflareApi


@pytest.fixture
def watched(cloudflare: CloudflareApi) -> Watched:
    return Watched(Cloudflare.of, at_cloudflare(cloudflare), timeout_s=2)


async def test_a_set_is_renewed_every_hour_though_not_by_all_nodes_at_once(
    watched: Watched, cloudflare: CloudflareApi
):
    await watched.tick()
    assert watched.user == "user-1"
    await watched.later(0.89 * HOUR_MS)
    assert len(cloudflare.asked) == 1
    await watched.later(0.12 * HOUR_MS)
    assert watched.user == "user-2"
    dues = {Watched(Cloudflare.of, at_cloudflare(cloudflare)) for _ in range(8)}
    for one in dues:
        await one.tick()
    assert len({one.fetching._due_at for one in dues}) > 1


async def test_with_a_short_ttl_it_is_renewed_sooner(cloudflare: CloudflareApi):
    watched = Watched(Cloudflare.of, at_cloudflare(cloudflare, turn_ttl=60))
    await watched.tick()
    assert cloudflare.asked == [{"ttl": 120}]
    await watched.later(60_000)
    assert watched.user == "user-2"


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"status": 401}, "it answered 401"),
    ({"status": 403}, "it answered 403"),
    ({"status": 429}, "it answered 429"),
    ({"status": 503}, "it answered 503"),
    ({"status": 302, "headers": {"Location": "http://127.0.0.1:9/"}}, "redirects are not followed"),
    ({"hanging": True}, ""),  # by whoever notices first
    ({"body": b"<html>"}, "what it gave cannot be used: "),
    ({"body": b"[" * 10_000}, "what it gave cannot be used: "),
    ({"body": b"[" * 20_000}, "its answer is over 16384 bytes"),
    ({"body": b'{"iceServers": []}'}, "there is no TURN URL with a user name and a credential"),
    (
        {"body": b'{"iceServers": [{"urls": ["turn:t"], "username": 7, "credential": "c"}]}'},
        "Expected `str | null`, got `int`",
    ),
    (
        {"body": b'{"iceServers": [{"urls": ["http://t"], "username": "u", "credential": "c"}]}'},
        "there is no TURN URL",
    ),
]


@pytest.mark.parametrize(("wrong", "said"), WRONG)
async def test_what_fails_is_told_and_the_last_good_set_stays(
    watched: Watched, cloudflare: CloudflareApi, wrong: dict[str, Any], said: str
):
    await watched.tick()
    for name, value in wrong.items():
        setattr(cloudflare, name, value)
    with capture_logs() as logged:
        await watched.later(HOUR_MS)
    (line,) = logged
    assert (line["event"], line["log_level"]) == ("turn.fetch_failed", "warning")
    assert (line["provider"], line["seconds_left"]) == ("cloudflare", TTL_S)
    assert line["reason"]
    assert said in line["reason"]
    assert API_TOKEN not in str(line)
    assert watched.user == "user-1"
    assert watched.counted("turn_fetches_total", result="ok") == 1
    assert watched.counted("turn_fetches_total", result="failed") == 1


async def test_a_set_is_handed_out_until_a_call_could_not_be_set_up_with_it(
    watched: Watched, cloudflare: CloudflareApi
):
    await watched.tick()
    cloudflare.status = 500
    watched.clock.now = NOW + HOUR_MS + TTL_S * 1000 - 300_000
    assert watched.user == "user-1"
    watched.clock.now += 1
    assert watched.user is None


async def test_after_failures_it_waits_longer_and_longer_up_to_a_minute(
    watched: Watched, cloudflare: CloudflareApi
):
    cloudflare.status = 500
    pauses = []
    for _ in range(8):
        await watched.tick()
        pauses.append((watched.fetching._due_at - watched.clock.now) / 1000)
        watched.clock.now = watched.fetching._due_at
    for pause, most in zip(pauses, [2, 4, 8, 16, 32, 60, 60, 60], strict=True):
        assert 0.9 * most <= pause <= most
    cloudflare.status = None
    with capture_logs() as logged:
        await watched.tick()
    assert [line["event"] for line in logged] == ["turn.credentials_fetched"]
    assert watched.user == f"user-{len(cloudflare.asked)}"


async def test_before_the_first_set_there_is_nothing_and_nothing_waits(
    watched: Watched, cloudflare: CloudflareApi
):
    cloudflare.hanging = True
    assert math.isnan(watched.counted("turn_credentials_expiry_timestamp_seconds") or 0)
    watched.fetching.tick(NOW)
    assert watched.user is None
    await watched.fetching.under_way()
    assert watched.user is None


async def test_when_the_set_ends_can_be_watched(watched: Watched):
    await watched.tick()
    ends = watched.counted("turn_credentials_expiry_timestamp_seconds")
    assert ends == NOW / 1000 + 3_600 + TTL_S


async def test_another_token_is_fetched_with_at_once_and_the_set_stays_until_then(
    watched: Watched, cloudflare: CloudflareApi
):
    await watched.tick()
    cloudflare.token = "another-token"
    watched.fetching.follow(watched.read())
    await watched.tick()
    assert len(cloudflare.asked) == 1  # nothing has changed here
    watched.fetching.follow(watched.read(cloudflare_turn_api_token="another-token"))
    assert watched.user == "user-1"
    await watched.tick()
    assert watched.user == "user-2"


async def test_a_token_that_comes_during_a_fetch_is_not_forgotten(
    watched: Watched, cloudflare: CloudflareApi
):
    watched.fetching.tick(NOW)
    watched.fetching.follow(watched.read(cloudflare_turn_api_token="another-token"))
    cloudflare.token = "another-token"
    await watched.fetching.under_way()
    await watched.tick()
    assert watched.counted("turn_fetches_total", result="ok") == 1


async def test_closing_gives_up_a_fetch_and_none_begins_any_more(cloudflare: CloudflareApi):
    watched = Watched(Cloudflare.of, at_cloudflare(cloudflare))
    cloudflare.hanging = True
    watched.fetching.tick(NOW)
    await asyncio.sleep(0.02)
    begun = time.monotonic()
    await watched.fetching.close()
    assert time.monotonic() - begun < TIMEOUT_S / 2
    assert not [task for task in asyncio.all_tasks() if task.get_name() == "FetchedServers"]
    watched.fetching.tick(NOW)
    assert not watched.fetching.busy
