"""Calls between two nodes, in the orders in which their messages can cross."""

from collections.abc import AsyncIterator

import pytest

from service.envelopes import Moved, Rang, Ring
from tests.protocol.sdp import ANSWER, OFFER, candidate
from tests.signalling.two_nodes import TwoNodes, two_nodes
from tests.support.client import Client

ENDS = ("call:ended", "call:rejected")


@pytest.fixture
async def nodes() -> AsyncIterator[TwoNodes]:
    async with two_nodes(rate_limit_scale=1_000) as nodes:
        yield nodes


async def ring(nodes: TwoNodes, caller: Client, callee: str = "bob") -> str:
    """A call that rings wherever the callee is; its id."""
    call = await caller.done("call:initiate", {"to": callee, "callType": "audio"})
    await nodes.quiet()
    return str(call["callId"])


def ends(client: Client) -> list[tuple[str, str]]:
    """How calls ended for a client: the events and their reasons."""
    return [(name, told["reason"]) for name, told in client.log if name in ENDS]


async def test_what_was_held_arrives_on_the_other_node_after_the_accept(nodes: TwoNodes):
    alice, bob = await nodes.one.join("alice"), await nodes.two.join("bob")
    call_id = await ring(nodes, alice)
    await alice.done("call:offer", {"callId": call_id, "offer": OFFER})
    await alice.done("ice:candidate", {"callId": call_id, "candidate": candidate(1)})
    await bob.done("call:accept", {"callId": call_id})
    await nodes.quiet()
    names = ("call:accepted", "call:offer", "ice:candidate")
    assert tuple(bob.events(*names)) == names
    await alice.done("call:end", {"callId": call_id})
    await nodes.quiet()
    nodes.over()


async def test_a_candidate_that_crosses_the_answer_arrives(nodes: TwoNodes):
    alice, bob = await nodes.one.join("alice"), await nodes.two.join("bob")
    call_id = await ring(nodes, alice)
    await bob.done("call:accept", {"callId": call_id})
    await nodes.quiet()
    nodes.way("one", "two").cut()
    nodes.way("two", "one").cut()
    await bob.done("call:answer", {"callId": call_id, "answer": ANSWER})
    for number in (1, 2):
        await bob.done("ice:candidate", {"callId": call_id, "candidate": candidate(number)})
        await alice.done("ice:candidate", {"callId": call_id, "candidate": candidate(number)})
    await nodes.quiet()
    assert alice.events("call:answer", "ice:candidate")[0] == "call:answer"
    for client in (alice, bob):
        heard = [told["candidate"] for told in client.payloads("ice:candidate")]
        assert heard == [candidate(1), candidate(2)]
    await bob.done("call:end", {"callId": call_id})
    await nodes.quiet()
    nodes.over()


@pytest.mark.parametrize("late", ["one", "two"])
@pytest.mark.parametrize("network", ["open", "cut"])
async def test_a_device_that_joins_late_rings_once_and_hears_the_end(
    nodes: TwoNodes, late: str, network: str
):
    alice, bob = await nodes.one.join("alice"), await nodes.one.join("bob")
    call_id = await ring(nodes, alice)
    if network == "cut":
        nodes.way("two", "one").cut()
    tablet = await (nodes.one if late == "one" else nodes.two).join("bob")
    await tablet.next("call:incoming")
    await bob.done("call:reject", {"callId": call_id})
    await nodes.quiet()
    assert tablet.events("call:incoming") == ["call:incoming"]
    assert ends(tablet) == [("call:ended", "rejected_elsewhere")]
    nodes.over()


@pytest.mark.parametrize("course", ["leaves", "declines"])
async def test_a_late_device_that_fell_silent_before_it_was_known_leaves_nothing(
    nodes: TwoNodes, course: str
):
    alice, bob = await nodes.one.join("alice"), await nodes.one.join("bob")
    call_id = await ring(nodes, alice)
    nodes.way("two", "one").cut()
    tablet = await nodes.two.join("bob")
    await tablet.next("call:incoming")
    if course == "leaves":
        await tablet.close()
        await nodes.two.seen_off(tablet)
    else:
        await tablet.done("call:reject", {"callId": call_id, "scope": "device"})
    await bob.done("call:reject", {"callId": call_id, "scope": "device"})
    await nodes.quiet()
    assert ends(alice) == [("call:rejected", "rejected")]
    assert ends(tablet) == ([] if course == "leaves" else [("call:rejected", "rejected")])
    nodes.over()


async def test_a_device_that_fell_silent_leaves_no_route_on_its_node(nodes: TwoNodes):
    alice, _bob = await nodes.one.join("alice"), await nodes.one.join("bob")
    tablet = await nodes.two.join("bob")
    call_id = await ring(nodes, alice)
    await tablet.done("call:reject", {"callId": call_id, "scope": "device"})
    await nodes.quiet()
    await alice.done("call:end", {"callId": call_id})
    await nodes.quiet()
    assert ends(tablet) == [("call:rejected", "rejected")]
    nodes.over()


async def test_a_device_hears_why_it_stops_though_its_node_knew_the_end_before(nodes: TwoNodes):
    alice, phone = await nodes.one.join("alice"), await nodes.one.join("bob")
    tablet = await nodes.two.join("bob")
    call_id = await ring(nodes, alice)
    nodes.way("two", "one").cut()
    await tablet.done("call:accept", {"callId": call_id})
    await alice.done("call:end", {"callId": call_id})
    await nodes.quiet()
    assert ends(phone) == [("call:ended", "answered_elsewhere")]
    assert ends(alice) == ends(tablet) == [("call:ended", "completed")]
    nodes.over()


async def test_an_older_move_is_told_and_changes_nothing(nodes: TwoNodes):
    """Alice hears that it rings after her node knows that the call goes on."""
    alice, bob = await nodes.one.join("alice"), await nodes.two.join("bob")
    call_id = await ring(nodes, alice)
    await bob.done("call:accept", {"callId": call_id})
    await nodes.quiet()
    nodes.way("two", "one").cut()
    await bob.done("call:media", {"callId": call_id, "state": "disconnected"})
    await alice.done("call:answer", {"callId": call_id, "answer": ANSWER})
    route = nodes.one.node.signalling.routes.get(call_id)
    assert route is not None
    known = route.call
    await nodes.quiet()
    assert [told["state"] for told in alice.payloads("call:media")] == ["disconnected"]
    assert route.call == known
    await alice.done("call:end", {"callId": call_id})
    await nodes.quiet()
    nodes.over()


async def test_a_ring_that_comes_after_the_end_rings_nobody(nodes: TwoNodes):
    alice, phone = await nodes.one.join("alice"), await nodes.one.join("bob")
    tablet = await nodes.two.join("bob")
    nodes.way("one", "two").cut()
    call = await alice.done("call:initiate", {"to": "bob", "callType": "audio"})
    await phone.next("call:incoming")
    await phone.done("call:reject", {"callId": call["callId"]})
    await nodes.quiet()
    assert phone.events("call:incoming") == ["call:incoming"]
    assert len(tablet.events("call:incoming")) == len(ends(tablet))
    assert nodes.receive_again("one", "two", Ring) == 1
    await nodes.quiet()
    assert len(tablet.events("call:incoming")) == len(ends(tablet))
    nodes.over()


async def test_what_is_received_twice_rings_once_and_moves_once(nodes: TwoNodes):
    alice, bob = await nodes.one.join("alice"), await nodes.two.join("bob")
    call_id = await ring(nodes, alice)
    assert nodes.receive_again("one", "two", Ring)
    assert nodes.receive_again("two", "one", Rang)
    await nodes.quiet()
    assert bob.events("call:incoming") == ["call:incoming"]
    assert alice.events("call:ringing") == ["call:ringing"]
    await bob.done("call:accept", {"callId": call_id})
    await nodes.quiet()
    for source, target in (("one", "two"), ("two", "one")):
        nodes.receive_again(source, target, Ring, Rang)
        assert nodes.receive_again(source, target, Moved)
    await nodes.quiet()
    for service in (nodes.one, nodes.two):
        route = service.node.signalling.routes.get(call_id)
        assert route is not None
        assert set(route.sides) == {alice.session, bob.session}
    assert sum(nodes.one.node.metrics.calls._live.values()) == 1
    await alice.done("call:end", {"callId": call_id})
    await nodes.quiet()
    for source, target in (("one", "two"), ("two", "one")):
        nodes.receive_again(source, target, Ring, Rang, Moved)
    await nodes.quiet()
    assert ends(bob) == [("call:ended", "completed")]
    nodes.over()


async def test_of_accepts_on_both_nodes_at_once_one_wins(nodes: TwoNodes):
    alice = await nodes.one.join("alice")
    phone, tablet = await nodes.one.join("bob"), await nodes.two.join("bob")
    for _ in range(100):
        call_id = await ring(nodes, alice)
        tries = [await device.ask("call:accept", {"callId": call_id}) for device in (phone, tablet)]
        answers = [
            await device.answer(number)
            for device, number in zip((phone, tablet), tries, strict=True)
        ]
        assert sorted(answer["ok"] for answer in answers) == [False, True]
        await nodes.quiet()
        (loser,) = [
            device
            for device, answer in zip((phone, tablet), answers, strict=True)
            if not answer["ok"]
        ]
        assert ends(loser)[-1] == ("call:ended", "answered_elsewhere")
        await alice.done("call:end", {"callId": call_id})
        await nodes.quiet()
        nodes.over()


async def test_two_users_who_call_each_other_have_one_call(nodes: TwoNodes):
    alice = await nodes.one.join("alice", features=["resume"])
    bob = await nodes.two.join("bob", features=["resume"])
    for _ in range(20):
        asked = [
            (alice, await alice.ask("call:initiate", {"to": "bob", "callType": "audio"})),
            (bob, await bob.ask("call:initiate", {"to": "alice", "callType": "audio"})),
        ]
        answers = [await client.answer(number) for client, number in asked]
        assert all(answer["ok"] for answer in answers)
        assert answers[0]["callId"] == answers[1]["callId"]
        assert sorted(answer.get("glare", False) for answer in answers) == [False, True]
        await nodes.quiet()
        await alice.done("call:end", {"callId": answers[0]["callId"]})
        await nodes.quiet()
        nodes.over()


async def test_who_calls_while_a_ring_is_on_its_way_hears_of_no_decline(nodes: TwoNodes):
    alice, bob = await nodes.one.join("alice"), await nodes.two.join("bob")
    await nodes.two.join("carol")
    nodes.way("one", "two").cut()
    await alice.done("call:initiate", {"to": "bob", "callType": "audio"})
    await bob.done("call:initiate", {"to": "carol", "callType": "audio"})
    await nodes.quiet()
    assert ends(alice) == [("call:rejected", "busy")]
    assert "call:rejected" not in bob.events()
    await bob.close()
    await nodes.two.seen_off(bob)
    await nodes.quiet()
    nodes.over()


@pytest.mark.parametrize("network", ["open", "cut"])
async def test_when_both_hang_up_at_once_each_hears_one_end(nodes: TwoNodes, network: str):
    alice, bob = await nodes.one.join("alice"), await nodes.two.join("bob")
    call_id = await ring(nodes, alice)
    await bob.done("call:accept", {"callId": call_id})
    await nodes.quiet()
    if network == "cut":
        for link in nodes.network.links:
            link.cut()
    asked = [(client, await client.ask("call:end", {"callId": call_id})) for client in (alice, bob)]
    for client, number in asked:
        assert (await client.answer(number))["ok"]
    await nodes.quiet()
    assert ends(alice) == ends(bob) == [("call:ended", "completed")]
    nodes.over()
