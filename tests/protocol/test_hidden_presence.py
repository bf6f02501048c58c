"""`RINGLINE_PRESENCE=nobody`: nobody learns by calling what they may not see."""

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from tests.support.client import Client
from tests.support.service import TestService, running, token

AUDIO = {"callType": "audio"}
DIFFERENT = {"callId", "uuid", "expiresAt", "iceExpiresAt", "createdAt", "ringingAt", "endedAt"}
"""What differs between any two calls."""


@pytest.fixture
async def service() -> AsyncIterator[TestService]:
    """A service where nobody sees who is online."""
    async with running(presence="nobody") as service:
        yield service


def alike(told: Any) -> Any:
    """What was told, with what differs between any two calls left to its kind."""
    if not isinstance(told, dict):
        return told
    return {name: type(value) if name in DIFFERENT else value for name, value in told.items()}


async def record(service: TestService, call_id: str) -> Any:
    """The call's record, as its caller may read it."""
    bearer = {"Authorization": f"Bearer {token('alice')}"}
    url = f"{service.url}/v1/calls/{call_id}"
    async with aiohttp.ClientSession(headers=bearer) as http, http.get(url) as answer:
        found = await answer.json()
    assert found.pop("durationMs") >= 0
    return alike(found)


async def unanswered(service: TestService, alice: Client, carol: Client) -> list[Any]:
    """All that is told of a call to bob that nobody answers."""
    seen = len(alice.log)
    answer = await alice.done("call:initiate", {"to": "bob", **AUDIO})
    await alice.next("call:ringing")
    told = [alike(answer), await record(service, answer["callId"])]
    told.append(await carol.refusal("call:initiate", {"to": "bob", **AUDIO}))
    told.append(await carol.done("user:status", {"userId": "bob"}))
    await service.advance(44)
    told.append(await record(service, answer["callId"]))
    await service.advance(2)
    assert (await alice.next("call:ended"))["reason"] == "no_answer"
    told.append(await record(service, answer["callId"]))
    return told + [(event, alike(payload)) for event, payload in alice.log[seen:]]


async def test_who_is_not_online_is_called_like_one_who_does_not_answer(service: TestService):
    alice, carol = await service.join("alice"), await service.join("carol")
    offline = await unanswered(service, alice, carol)
    bob = await service.join("bob")
    online = await unanswered(service, alice, carol)
    assert bob.events("call:incoming")
    assert offline == online
    assert not service.calls.live()


async def test_a_device_that_joins_in_time_rings(service: TestService):
    alice = await service.join("alice")
    call_id = (await alice.done("call:initiate", {"to": "bob", **AUDIO}))["callId"]
    await service.advance(40)
    bob = await service.join("bob")
    assert (await bob.next("call:incoming"))["callId"] == call_id
    await bob.done("call:accept", {"callId": call_id})
    await alice.next("call:accepted")
    assert alice.events("call:ringing", "call:ended") == ["call:ringing"]


async def test_when_the_last_device_goes_the_call_rings_on(service: TestService):
    alice, bob = await service.join("alice"), await service.join("bob")
    call_id = await service.call(alice, bob)
    await bob.close()
    await service.seen_off(bob)
    await alice.settle()
    assert not alice.events("call:ended")
    again = await service.join("bob")
    assert (await again.next("call:incoming"))["callId"] == call_id
    await again.close()
    await service.advance(46)
    assert (await alice.next("call:ended"))["reason"] == "no_answer"


async def test_who_talks_is_busy_unless_calls_wait(service: TestService):
    """A busy tone is the answer to a call; who would hide that, too, lets calls wait."""
    alice, bob, carol = [await service.join(user) for user in ("alice", "bob", "carol")]
    await service.accepted(alice, bob)
    assert (await carol.refusal("call:initiate", {"to": "bob", **AUDIO}))["code"] == "user_busy"
    async with running(presence="nobody", call_waiting=True) as waiting:
        alice, bob, carol = [await waiting.join(user) for user in ("alice", "bob", "carol")]
        await waiting.accepted(alice, bob)
        await waiting.call(carol, bob)
