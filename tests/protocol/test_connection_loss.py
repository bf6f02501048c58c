"""What a lost connection does to the calls of a plain session."""

import pytest

from tests.protocol.sdp import ANSWER, OFFER
from tests.support.client import Client
from tests.support.service import TestService, running, token


async def abort(client: Client) -> None:
    """Cut the cable: no close frame, no goodbye."""
    client.socket.transport.abort()
    await client.until_closed()


async def disconnect(client: Client) -> None:
    """The client's own `disconnect()`: a Socket.IO DISCONNECT packet."""
    await client.send("41")
    await client.until_closed()


async def close(client: Client) -> None:
    """A page that goes away closes its WebSocket."""
    await client.close()


LEAVE = pytest.mark.parametrize("leave", [abort, disconnect, close])


@LEAVE
async def test_a_caller_lost_before_the_accept_ends_the_ring(service: TestService, leave):
    alice, phone, tablet = [await service.join(user) for user in ("alice", "bob", "bob")]
    call_id = await service.call(alice, phone)
    await leave(alice)
    ended = {"callId": call_id, "by": "alice", "reason": "connection_lost", "durationMs": 0}
    for device in (phone, tablet):
        assert await device.next("call:ended") == ended


@LEAVE
@pytest.mark.parametrize("lost", ["alice", "bob"])
async def test_a_bound_session_lost_ends_the_call(service: TestService, leave, lost: str):
    alice, bob = await service.join("alice"), await service.join("bob")
    call_id = await service.accepted(alice, bob)
    await bob.done("call:answer", {"answer": ANSWER, "to": "alice"})
    service.clock.advance(10)
    gone, left = (alice, bob) if lost == "alice" else (bob, alice)
    await leave(gone)
    ended = await left.next("call:ended")
    assert (ended["callId"], ended["by"], ended["reason"]) == (call_id, lost, "connection_lost")
    assert 10_000 <= ended["durationMs"] < 15_000
    assert service.calls.live() == ()


@LEAVE
async def test_an_unbound_device_lost_changes_nothing(service: TestService, leave):
    alice, tablet, phone, laptop = [
        await service.join(user) for user in ("alice", "alice", "bob", "bob")
    ]
    call_id = await service.accepted(alice, phone)
    for unbound in (tablet, laptop):
        await leave(unbound)
        await service.seen_off(unbound)
    await alice.done("call:offer", {"offer": OFFER, "callId": call_id})
    await phone.next("call:offer")
    assert not {"call:ended"} & {*alice.events(), *phone.events()}


@LEAVE
async def test_the_last_ringing_device_lost_ends_the_ring(service: TestService, leave):
    alice, phone, tablet = [await service.join(user) for user in ("alice", "bob", "bob")]
    call_id = await service.call(alice, phone)
    await leave(phone)
    await service.seen_off(phone)
    await alice.settle()
    assert "call:ended" not in alice.events(), "the tablet rings on"
    await leave(tablet)
    ended = {"callId": call_id, "by": "bob", "reason": "connection_lost", "durationMs": 0}
    assert await alice.next("call:ended") == ended


async def test_a_caller_is_free_again_at_once(service: TestService):
    alice, bob, carol = [await service.join(user) for user in ("alice", "bob", "carol")]
    await service.accepted(alice, bob)
    await abort(bob)
    await alice.next("call:ended")
    await service.accepted(carol, alice)


async def test_a_client_that_returns_finds_no_call(service: TestService):
    alice, bob = await service.join("alice"), await service.join("bob")
    await service.accepted(alice, bob)
    await abort(bob)
    await alice.next("call:ended")
    again = await service.join("bob")
    joined = again.payloads("user:joined")[0]
    assert (joined["resumed"], joined["calls"]) == ("none", [])
    assert joined["sessionId"] != bob.session


async def test_a_client_that_stops_answering_pings_is_lost():
    async with running(ping_interval=1, ping_timeout=1) as service:
        alice, bob = await service.join("alice"), await service.join("bob")
        await service.accepted(alice, bob)
        bob.answers_pings = False
        assert (await alice.next("call:ended", 10))["reason"] == "connection_lost"


async def test_a_connection_that_never_joined_ends_nothing(service: TestService):
    alice, bob = await service.join("alice"), await service.join("bob")
    call_id = await service.accepted(alice, bob)
    stranger = await service.connect(token("bob"))
    await abort(stranger)
    await alice.done("call:offer", {"offer": OFFER, "callId": call_id})
