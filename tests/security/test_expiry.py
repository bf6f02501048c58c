"""Tokens that end: before the connection, during it, and their renewal in place."""

import time

import pytest

from tests.security.surroundings import gone, sizes
from tests.support.service import TestService, running, token

pytestmark = pytest.mark.asyncio(loop_scope="function")


@pytest.fixture
async def service():
    async with running() as service:
        yield service


def ended(seconds_ago: int) -> str:
    now = int(time.time())
    return token("alice", iat=now - 3600, exp=now - seconds_ago)


async def test_a_token_that_ended_5_s_ago_is_within_the_leeway(service: TestService):
    assert (await service.connect(ended(5))).connected


async def test_a_token_that_ended_15_s_ago_is_expired(service: TestService):
    refused = (await service.connect(ended(15))).refused
    assert refused["data"] == {"code": "token_expired", "retryable": False}


async def test_expired_tokens_are_no_forgeries(service: TestService):
    for _ in range(25):
        assert (await service.connect(ended(15))).refused["data"]["code"] == "token_expired"
    assert (await service.connect(token("alice"))).connected


async def joined(service: TestService, lifetime: int = 600):
    alice = await service.connect(token("alice", lifetime=lifetime))
    await alice.emit("user:join", {"userId": "alice"})
    await alice.next("user:joined")
    alice.user = "alice"
    return alice


async def test_a_session_hears_of_its_token_s_end_60_s_ahead(service: TestService):
    alice = await joined(service)
    await service.advance(530)
    await alice.settle()
    assert "auth:expiring" not in alice.events()
    await service.advance(15)
    expires_at = (await alice.next("auth:expiring"))["expiresAt"]
    assert 590_000 < expires_at - time.time() * 1000 <= 600_000


async def test_an_idle_session_is_told_and_closed_at_its_token_s_end(service: TestService):
    before = sizes(service)
    alice = await joined(service)
    await service.advance(620)
    assert (await alice.next("error"))["code"] == "token_expired"
    assert await alice.until_closed() == 1008
    await gone(service, before)


async def test_within_the_leeway_a_session_stays(service: TestService):
    alice = await joined(service)
    await service.advance(602)
    await alice.settle()


async def test_a_session_in_a_call_may_finish_it(service: TestService):
    alice, bob = await joined(service), await service.join("bob")
    call_id = await service.accepted(alice, bob)
    await bob.done("call:answer", {"answer": {"type": "answer", "sdp": ""}, "callId": call_id})
    await service.advance(620)
    await alice.settle()
    new = await alice.refusal("call:initiate", {"to": "carol", "callType": "audio"})
    assert new["code"] == "token_expired"
    await alice.done("call:signal", {"callId": call_id, "data": 1})
    await service.advance(20)
    await alice.done("call:end", {"callId": call_id})
    await service.advance(2)
    assert (await alice.next("error"))["code"] == "token_expired"
    await alice.until_closed()
    await bob.settle()


async def test_a_refresh_keeps_the_session(service: TestService):
    alice = await joined(service)
    await service.advance(550)
    await alice.next("auth:expiring")
    answer = await alice.done("auth:refresh", {"token": token("alice", lifetime=7200)})
    assert answer["expiresAt"] > (time.time() + 7000) * 1000
    await service.advance(620)
    await alice.settle()
    assert alice.events("auth:expiring") == ["auth:expiring"]


@pytest.mark.parametrize(
    ("refused", "code"),
    [
        (token("bob"), "forbidden"),
        (ended(15), "token_expired"),
        ("x", "unauthenticated"),
        (token("alice")[:-4] + "AAAA", "unauthenticated"),
    ],
    ids=["another's", "expired", "no token", "forged"],
)
async def test_a_refused_refresh_changes_nothing(service: TestService, refused: str, code: str):
    alice = await joined(service)
    assert (await alice.refusal("auth:refresh", {"token": refused}))["code"] == code
    await alice.settle()
    await service.advance(620)
    assert (await alice.next("error"))["code"] == "token_expired"
    await alice.until_closed()
