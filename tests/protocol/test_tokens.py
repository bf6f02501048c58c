"""A token's end on a live session, and its renewal in place."""

import pytest

from tests.protocol.sdp import ANSWER
from tests.support.client import Client
from tests.support.service import TestService, token

LEEWAY = 10


async def join(service: TestService, user: str, lifetime: float) -> Client:
    client = await service.connect(token(user, lifetime=lifetime))
    client.session = (await client.done("user:join", {"userId": user}))["sessionId"]
    client.user = user
    return client


async def test_a_minute_ahead_the_client_is_warned(service: TestService):
    alice = await join(service, "alice", 300)
    await service.advance(235)
    await alice.settle()
    assert "auth:expiring" not in alice.events()
    await service.advance(5)
    expires_at = (await alice.next("auth:expiring"))["expiresAt"]
    assert abs(expires_at - service.clock() - 60_000) < 3_000


async def test_a_session_in_no_call_is_told_and_disconnected(service: TestService):
    alice = await join(service, "alice", 300)
    await service.advance(300 + LEEWAY)
    assert (await alice.next("error"))["code"] == "token_expired"
    await alice.until_closed()


async def test_a_refresh_renews_in_place(service: TestService):
    alice = await join(service, "alice", 300)
    await service.advance(250)
    answer = await alice.done("auth:refresh", {"token": token("alice", lifetime=900)})
    assert answer == {"ok": True, **await alice.next("auth:refreshed")}
    assert abs(answer["expiresAt"] - (service.clock() + 650_000)) < 5_000
    await service.advance(500)
    await alice.settle()
    (told,) = alice.payloads("auth:expiring")  # of the first token, minted a moment before
    assert 600_000 <= answer["expiresAt"] - told["expiresAt"] < 605_000


async def test_a_refresh_for_somebody_else_is_forbidden_and_changes_nothing(
    service: TestService,
):
    alice = await join(service, "alice", 300)
    error = await alice.refusal("auth:refresh", {"token": token("bob")})
    assert error["code"] == "forbidden"
    await alice.settle()
    await service.advance(300 + LEEWAY)
    assert (await alice.next("error"))["code"] == "token_expired"


@pytest.mark.parametrize(
    ("refreshed", "code"),
    [("nonsense", "unauthenticated"), (token("alice", lifetime=-60), "token_expired")],
)
async def test_a_token_that_is_not_good_renews_nothing(
    service: TestService, refreshed: str, code: str
):
    alice = await service.join("alice")
    assert (await alice.refusal("auth:refresh", {"token": refreshed}))["code"] == code
    await alice.settle()


async def test_a_session_in_a_call_stays_until_the_call_ends(service: TestService):
    alice = await join(service, "alice", 300)
    bob = await join(service, "bob", 3600)
    call_id = await service.accepted(alice, bob)
    await bob.done("call:answer", {"answer": ANSWER, "to": "alice"})
    await service.advance(600)
    await alice.done("call:signal", {"callId": call_id, "data": "still here"})
    await bob.done("call:end", {"callId": call_id})
    await alice.next("call:ended")
    await service.advance(1)
    assert (await alice.next("error"))["code"] == "token_expired"
    await alice.until_closed()


async def test_after_expiry_no_new_call_starts(service: TestService):
    alice, bob = await join(service, "alice", 300), await service.join("bob")
    service.clock.advance(300 + LEEWAY)
    error = await alice.refusal("call:initiate", {"to": "bob", "callType": "audio"})
    assert (error["code"], error["retryable"]) == ("token_expired", False)
    await bob.settle()
    assert "call:incoming" not in bob.events()


async def test_after_expiry_no_call_is_accepted_until_a_refresh(service: TestService):
    alice, bob = await service.join("alice"), await join(service, "bob", 30)
    call_id = await service.call(alice, bob)
    await service.advance(30 + LEEWAY)
    assert (await bob.refusal("call:accept", {"callId": call_id}))["code"] == "token_expired"
    await bob.done("auth:refresh", {"token": token("bob")})
    await bob.done("call:accept", {"callId": call_id})
    await alice.next("call:accepted")
