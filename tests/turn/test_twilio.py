"""Twilio's API is asked, and its answer read, as it is documented."""

from typing import Any

import pytest

from service.ports import IceServer
from service.turn.twilio import Twilio
from tests.turn.accounts import NOW, TTL_S, Watched, at_twilio
from tests.turn.providers import API_KEY, API_SECRET, ENDS, TwilioApi


@pytest.mark.parametrize(
    "opened_with", [{}, {"twilio_api_key": API_KEY, "twilio_api_secret": API_SECRET}]
)
async def test_an_auth_token_opens_it_and_so_does_an_api_key(
    twilio: TwilioApi, opened_with: dict[str, Any]
):
    watched = Watched(Twilio.of, at_twilio(twilio, **opened_with))
    await watched.tick()
    assert twilio.asked == [{"Ttl": str(TTL_S + 3_600)}]
    assert watched.user == "user-1"


async def test_servers_of_one_credential_are_one(twilio: TwilioApi):
    watched = Watched(Twilio.of, at_twilio(twilio))
    await watched.tick()
    shared = watched.fetching.current(NOW)
    assert shared is not None
    urls = tuple(f"turn:global.turn.twilio.com:{end}" for end in ENDS)
    assert shared.servers == (
        IceServer(("stun:global.stun.twilio.com:3478",)),
        IceServer(urls, "user-1", "credential-1"),
    )


async def test_a_day_is_the_longest_and_what_clients_are_told_is_true(twilio: TwilioApi):
    watched = Watched(Twilio.of, at_twilio(twilio, turn_ttl=86_400))
    await watched.tick()
    assert twilio.asked == [{"Ttl": "86400"}]
    shared = watched.fetching.current(NOW)
    assert shared is not None
    assert shared.expires_at == NOW + 86_400_000


async def test_a_shorter_life_than_was_asked_for_is_renewed_in_its_middle(twilio: TwilioApi):
    watched = Watched(Twilio.of, at_twilio(twilio))
    twilio.body = (
        b'{"ttl": "1200", "ice_servers": '
        b'[{"urls": "turn:t.example.org", "username": "short", "credential": "c"}]}'
    )
    await watched.tick()
    await watched.later(500_000)
    assert len(twilio.asked) == 1
    await watched.later(100_000)
    assert len(twilio.asked) == 2
