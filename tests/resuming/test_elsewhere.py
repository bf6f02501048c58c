"""What a user's sessions hear of the calls that other sessions of the user have."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from service.ports import Engagements
from tests.resuming.stage import Device, Stage
from tests.signalling.two_nodes import two_nodes


@pytest.fixture(params=["one node", "two nodes"])
async def stages(
    request: pytest.FixtureRequest, stage: Stage
) -> AsyncIterator[tuple[Stage, Stage]]:
    """Where the parties of a call join, and where their other devices do."""
    if request.param == "one node":
        yield stage, stage
        return
    async with two_nodes() as nodes, AsyncExitStack() as stack:
        yield Stage(nodes.one, stack), Stage(nodes.two, stack)


async def hears(device: Device) -> list[tuple[str, str, int]]:
    """What a device hears next: of each call whose it is, its state, and how often it moved."""
    calls = (await device.next("calls:changed"))["calls"]
    return [(call["bound"], call["state"], call["moves"]) for call in calls]


async def test_the_other_devices_hear_who_has_the_call(stages: tuple[Stage, Stage]):
    here, there = stages
    alice, bob = await here.join("alice"), await here.join("bob")
    others = [await there.join("alice"), await there.join("bob")]
    call_id = await here.accepted(alice, bob)
    for other in others:
        assert await hears(other) == [("another", "connecting", 0)]
    assert (await others[1].next("call:ended"))["reason"] == "answered_elsewhere"

    await others[1].done("call:move", {"callId": call_id, "moves": 0})
    assert await hears(others[0]) == [("another", "connecting", 1)]
    assert await hears(bob) == [("another", "connecting", 1)]
    await bob.done("call:move", {"callId": call_id, "moves": 1})
    assert await hears(others[1]) == [("another", "connecting", 2)]

    await alice.done("call:end", {"callId": call_id})
    assert await hears(others[1]) == []
    for party, times in ((alice, 0), (bob, 1)):  # who has the call is told by its own events
        await party.done("session:ack", {})
        assert len(party.payloads("calls:changed")) == times


async def test_who_joined_later_hears_of_the_end(stages: tuple[Stage, Stage]):
    here, there = stages
    alice, bob = await here.join("alice"), await here.join("bob")
    call_id = await here.connected(alice, bob)
    tablet = await there.join("alice")
    assert [call["bound"] for call in tablet.joined["calls"]] == ["another"]
    await bob.done("call:end", {"callId": call_id})
    assert await hears(tablet) == []


async def test_a_device_that_was_away_hears_it_when_it_is_back(stage: Stage):
    alice, bob, tablet = [await stage.join(user) for user in ("alice", "bob", "alice")]
    await stage.away(tablet)
    call_id = await stage.accepted(alice, bob)
    await bob.done("call:end", {"callId": call_id})
    assert (await tablet.join())["resumed"] == "replayed"
    assert await hears(tablet) == [("another", "connecting", 0)]
    assert await hears(tablet) == []


async def test_of_a_call_that_nobody_takes_they_hear_nothing(stage: Stage):
    alice, bob, tablet = [await stage.join(user) for user in ("alice", "bob", "alice")]
    call_id = await stage.call(alice, bob)
    await alice.done("call:end", {"callId": call_id})
    await bob.next("call:ended")
    await tablet.done("session:ack", {})
    assert "calls:changed" not in tablet.events()


async def test_plain_sessions_hear_nothing_nor_does_anybody_of_their_calls(stage: Stage):
    plain = {user: await stage.service.join(user) for user in ("alice", "bob")}
    alice, bob = await stage.join("alice"), await stage.join("bob")
    call = await plain["alice"].done("call:initiate", {"to": "bob", "callType": "audio"})
    await plain["bob"].next("call:incoming")
    await plain["bob"].done("call:accept", {"callId": call["callId"]})
    await plain["bob"].done("call:end", {"callId": call["callId"]})
    await stage.accepted(alice, bob)
    for device in (alice, bob):
        await device.done("session:ack", {})
    heard = [one.events() for one in (alice, bob)] + [one.events() for one in plain.values()]
    assert not [events for events in heard if "calls:changed" in events]


async def test_what_is_told_last_is_how_it_is(stage: Stage, monkeypatch: pytest.MonkeyPatch):
    alice, bob, tablet = [await stage.join(user) for user in ("alice", "bob", "alice")]
    call_id = await stage.call(alice, bob)
    users, let = stage.service.node.stores.users, asyncio.Event()
    engagements = users.engagements

    async def late(user: str) -> Engagements:
        read = await engagements(user)
        await let.wait()
        return read

    monkeypatch.setattr(users, "engagements", late)
    await bob.done("call:accept", {"callId": call_id})
    monkeypatch.undo()
    await bob.done("call:end", {"callId": call_id})
    let.set()
    assert await hears(tablet) == [("another", "connecting", 0)]
    assert await hears(tablet) == []
