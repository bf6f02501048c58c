"""ICE servers: told on joining and with every call, renewed while a call lasts."""

from typing import Any

import pytest

from tests.protocol.sdp import ANSWER
from tests.support.service import TestService, running

TURN = {
    "turn_secret": ("north",),
    "turn_urls": ("turn:turn.example:3478?transport=udp",),
    "turn_ttl": 400,
}


def check(told: dict[str, Any], user: str, service: TestService) -> None:
    """Fresh credentials of this user, good for the whole TTL."""
    turn = [server for server in told["iceServers"] if "credential" in server]
    assert turn
    for server in turn:
        expiry, _, owner = server["username"].partition(":")
        assert owner == user
        assert abs(int(expiry) * 1000 - told["iceExpiresAt"]) < 1_000
    assert abs(told["iceExpiresAt"] - service.clock() - 400_000) < 5_000


async def test_they_come_with_the_join_and_with_each_call():
    async with running(**TURN) as service:
        alice, bob = await service.join("alice"), await service.join("bob")
        check(alice.payloads("user:joined")[0], "alice", service)
        service.clock.advance(200)
        await service.call(alice, bob)
        check(await alice.next("call:initiated"), "alice", service)
        check(bob.payloads("call:incoming")[0], "bob", service)
        service.clock.advance(10)
        late = await service.join("bob")
        check(await late.next("call:incoming"), "bob", service)


@pytest.mark.parametrize("policy", ["all", "relay"])
async def test_the_policy_is_the_settings(policy: str):
    async with running(**TURN, ice_transport_policy=policy) as service:
        alice, bob = await service.join("alice"), await service.join("bob")
        await service.call(alice, bob)
        for told in (
            alice.payloads("user:joined")[0],
            await alice.next("call:initiated"),
            bob.payloads("call:incoming")[0],
        ):
            assert told["iceTransportPolicy"] == policy


async def test_both_sessions_of_a_call_get_fresh_ones_at_three_quarters_of_the_ttl():
    async with running(**TURN) as service:
        alice, bob, tablet, carol = [
            await service.join(user) for user in ("alice", "bob", "bob", "carol")
        ]
        await service.accepted(alice, bob)
        await bob.done("call:answer", {"answer": ANSWER, "to": "alice"})
        await service.advance(290)
        for client in (alice, bob):
            await client.settle()
            assert "ice:servers" not in client.events()
        for _ in range(3):
            await service.advance(10)
            for client in (alice, bob):
                renewed = await client.next("ice:servers")
                assert set(renewed) == {"iceServers", "iceTransportPolicy", "iceExpiresAt"}
                check(renewed, client.user, service)
            await service.advance(290)
        for other in (tablet, carol):
            await other.settle()
            assert "ice:servers" not in other.events()


async def test_a_credential_is_never_older_than_three_quarters_of_its_ttl_in_a_call():
    async with running(**TURN) as service:
        alice, bob = await service.join("alice"), await service.join("bob")
        await service.advance(250)
        await service.accepted(alice, bob)
        await bob.done("call:answer", {"answer": ANSWER, "to": "alice"})
        await service.advance(300)
        check(await alice.next("ice:servers"), "alice", service)
        check(await bob.next("ice:servers"), "bob", service)


async def test_without_a_secret_there_is_no_credential(service: TestService):
    alice = await service.join("alice")
    joined = alice.payloads("user:joined")[0]
    assert not any("credential" in server for server in joined["iceServers"])
