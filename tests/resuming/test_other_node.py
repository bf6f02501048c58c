"""Sessions that are taken up on another node than the one that they were lost on."""

from collections.abc import AsyncIterator, Sized
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial

import pytest

from service.envelopes import Ring
from service.node import Membership
from service.stores import open_stores
from tests.protocol.sdp import OFFER
from tests.resuming.stage import Device, Stage
from tests.signalling.two_nodes import NAMES, TwoNodes, two_nodes
from tests.stateful.network import Network
from tests.support.service import MovableClock, TestService, running
from tests.support.waiting import until


class Stages:
    """Two nodes; devices can go from one to the other."""

    def __init__(
        self, network: Network, one: TestService, two: TestService, stack: AsyncExitStack
    ) -> None:
        self.network = network
        self.one = Stage(one, stack)
        self.two = Stage(two, stack)

    async def go(self, device: Device, to: Stage) -> str:
        """Have a device lose its connection, and come back on another node; how it resumed."""
        await device.cut()
        device.proxy.target = to.service.port
        return str((await device.come_back())["resumed"])

    async def call(self, caller: Device, callee: Device, how: str) -> str:
        """A call between two devices, as a `Stage` makes it."""
        return str(await getattr(self.one, how)(caller, callee))

    async def empty(self) -> None:
        """Wait until neither node keeps anything of a call."""
        for stage in (self.one, self.two):
            routes = stage.service.node.tables["routes"]
            await until(partial(_empty, routes), "no routes")


def _empty(table: Sized) -> bool:
    return not len(table)


@pytest.fixture
async def nodes() -> AsyncIterator[TwoNodes]:
    async with two_nodes() as nodes:
        yield nodes


@pytest.fixture
async def stages(nodes: TwoNodes) -> AsyncIterator[Stages]:
    async with AsyncExitStack() as stack:
        yield Stages(nodes.network, nodes.one, nodes.two, stack)


async def heard(device: Device, count: int) -> None:
    """Wait until a device has so many signals."""
    await device.until(lambda: len(device.payloads("call:signal")) >= count, "signals")


async def exchange(one: Device, other: Device, call_id: str) -> None:
    """Both tell each other something, in order, each once."""
    for number in range(5):
        one.say("call:signal", {"callId": call_id, "data": number})
        other.say("call:signal", {"callId": call_id, "data": number})
    for device in (one, other):
        await heard(device, 5)
        assert [told["data"] for told in device.payloads("call:signal")][-5:] == [*range(5)]


def live(stage: Stage) -> float:
    """How many calls the node says that it has, by its gauge."""
    registry = stage.service.node.metrics.families.registry
    states = ("initiating", "ringing", "connecting", "connected")
    found = (registry.get_sample_value("ringline_calls_live", {"state": one}) for one in states)
    return sum(value or 0.0 for value in found)


@pytest.mark.parametrize("who", ["caller", "callee", "both"])
async def test_a_call_goes_on_when_a_session_moves(stages: Stages, who: str):
    alice, bob = await stages.one.join("alice"), await stages.two.join("bob")
    call_id = await stages.call(alice, bob, "connected")
    await exchange(alice, bob, call_id)
    if who != "callee":
        assert await stages.go(alice, stages.two) == "replayed"
    if who != "caller":
        assert await stages.go(bob, stages.one) == "replayed"
    await exchange(alice, bob, call_id)
    home = stages.one if who == "callee" else stages.two
    assert live(home) == 1
    assert live(stages.two if home is stages.one else stages.one) == 0
    assert (await bob.done("call:end", {"callId": call_id}))["reason"] == "completed"
    await alice.next("call:ended")
    await stages.empty()
    assert live(stages.one) == live(stages.two) == 0


async def test_what_is_said_while_a_session_is_away_comes_after_it(stages: Stages):
    alice, bob = await stages.one.join("alice"), await stages.one.join("bob")
    call_id = await stages.call(alice, bob, "connected")
    await bob.cut()
    await alice.next("call:peer-reconnecting")
    for number in range(20):
        await alice.done("call:signal", {"callId": call_id, "data": number})
    assert await stages.go(bob, stages.two) == "replayed"
    await bob.until(lambda: len(bob.payloads("call:signal")) == 20, "signals")
    assert [told["data"] for told in bob.payloads("call:signal")] == [*range(20)]
    told = await alice.next("call:peer-reconnected")
    assert (told["resumed"], told["fresh"]) == ("replayed", False)
    await exchange(alice, bob, call_id)


async def test_what_a_caller_sent_before_the_accept_moves_with_it(stages: Stages):
    alice, bob = await stages.one.join("alice"), await stages.one.join("bob")
    call_id = await stages.call(alice, bob, "call")
    await alice.done("call:offer", {"callId": call_id, "offer": OFFER})
    assert await stages.go(alice, stages.two) == "replayed"
    await bob.done("call:accept", {"callId": call_id})
    assert (await bob.next("call:offer"))["offer"] == OFFER
    await alice.next("call:accepted")
    await exchange(alice, bob, call_id)
    assert len(bob.payloads("call:offer")) == 1


async def test_a_ring_ends_at_a_device_that_moved(stages: Stages):
    alice, bob = await stages.one.join("alice"), await stages.one.join("bob")
    call_id = await stages.call(alice, bob, "call")
    assert await stages.go(bob, stages.two) == "replayed"
    await alice.done("call:end", {"callId": call_id})
    assert (await bob.next("call:ended"))["reason"] == "cancelled"
    await stages.empty()


async def test_a_device_is_rung_that_came_back_before_word_of_the_ring(
    nodes: TwoNodes, stages: Stages
):
    alice, bob = await stages.one.join("alice"), await stages.two.join("bob")
    await bob.cut()
    nodes.way("one", "two").cut()
    call_id = (await alice.done("call:initiate", {"to": "bob", "callType": "audio"}))["callId"]
    assert [call["callId"] for call in (await bob.join())["calls"]] == [call_id]
    assert (await bob.next("call:incoming"))["callId"] == call_id
    await nodes.quiet()
    await alice.next("call:ringing")
    await bob.probe()
    assert len(bob.payloads("call:incoming")) == 1


async def test_what_crosses_a_reload_between_nodes_is_dropped(nodes: TwoNodes, stages: Stages):
    alice, bob = await stages.one.join("alice"), await stages.two.join("bob")
    call_id = await stages.call(alice, bob, "connected")
    nodes.way("one", "two").cut()
    await alice.done("call:signal", {"callId": call_id, "data": "of before", "generation": 0})
    await bob.cut()
    bob.reload()
    await bob.join()
    await nodes.quiet()
    await alice.next("call:peer-reconnected")
    await alice.done("call:signal", {"callId": call_id, "data": "anew", "generation": 1})
    assert (await bob.next("call:signal"))["data"] == "anew"


async def test_a_device_that_moved_accepts(stages: Stages):
    alice, bob = await stages.one.join("alice"), await stages.one.join("bob")
    call_id = await stages.call(alice, bob, "call")
    assert await stages.go(bob, stages.two) == "replayed"
    await bob.done("call:accept", {"callId": call_id})
    await alice.next("call:accepted")
    await exchange(alice, bob, call_id)


async def test_a_live_session_is_taken_from_the_other_node(stages: Stages):
    alice, bob = await stages.one.join("alice"), await stages.one.join("bob")
    call_id = await stages.call(alice, bob, "connected")
    old, bob.proxy.target = bob.link, stages.two.service.port
    assert (await bob.join())["resumed"] == "replayed"
    await until(old.over.is_set, "the old connection's end")
    assert '"code":"session_replaced"' in old.frames[-2]
    await exchange(alice, bob, call_id)
    assert "call:peer-reconnecting" not in alice.events()


async def test_where_the_old_home_does_not_answer_there_is_a_snapshot(
    nodes: TwoNodes, stages: Stages
):
    alice, bob = await stages.one.join("alice"), await stages.two.join("bob")
    call_id = await stages.call(alice, bob, "connected")
    for link in nodes.network.links:
        link.cut()
    assert await stages.go(bob, stages.one) == "snapshot"
    assert [call["callId"] for call in bob.joined["calls"]] == [call_id]
    for link in nodes.network.links:
        link.mend()
    await exchange(alice, bob, call_id)


@pytest.mark.parametrize("how", ["call", "connected"])
async def test_who_moved_by_a_snapshot_is_reached_from_the_old_home(stages: Stages, how: str):
    alice, bob = await stages.one.join("alice"), await stages.one.join("bob")
    call_id = await stages.call(alice, bob, how)
    alice.forgets = True
    assert await stages.go(alice, stages.two) == "snapshot"
    if how == "call":
        await bob.done("call:accept", {"callId": call_id})
    await exchange(alice, bob, call_id)


async def test_a_ring_that_reaches_the_old_home_late_leaves_no_route(
    nodes: TwoNodes, stages: Stages
):
    alice, bob = await stages.one.join("alice"), await stages.two.join("bob")
    call_id = await stages.call(alice, bob, "call")
    assert await stages.go(bob, stages.one) == "replayed"
    assert nodes.receive_again("one", "two", Ring) == 1  # as from a third node
    await alice.done("call:end", {"callId": call_id})
    await bob.next("call:ended")
    await stages.empty()


async def test_who_took_a_call_over_hears_no_late_word_of_before(nodes: TwoNodes, stages: Stages):
    alice, phone = await stages.one.join("alice"), await stages.one.join("bob")
    tablet = await stages.two.join("bob")
    call_id = await stages.call(alice, phone, "call")
    await tablet.next("call:incoming")
    nodes.way("one", "two").cut()
    await phone.done("call:accept", {"callId": call_id})  # of which the tablet is yet to hear
    await tablet.done("call:move", {"callId": call_id, "moves": 0})
    assert (await phone.next("call:ended"))["reason"] == "moved"
    await nodes.quiet()
    await exchange(alice, tablet, call_id)
    assert "call:ended" not in tablet.events()
    await phone.done("call:move", {"callId": call_id, "moves": 1})
    assert (await tablet.next("call:ended"))["reason"] == "moved"
    await exchange(alice, phone, call_id)


async def test_who_moved_a_call_that_was_answered_elsewhere_hears_of_it_again(stages: Stages):
    alice, tablet = await stages.one.join("alice"), await stages.one.join("bob")
    phone = await stages.two.join("bob")
    call_id = await stages.call(alice, tablet, "call")
    await phone.next("call:incoming")
    await phone.done("call:accept", {"callId": call_id})
    assert (await tablet.next("call:ended"))["reason"] == "answered_elsewhere"
    await tablet.done("call:move", {"callId": call_id, "moves": 0})
    await phone.next("call:ended")
    await phone.done("call:move", {"callId": call_id, "moves": 1})
    assert (await tablet.next("call:ended"))["reason"] == "moved"


@asynccontextmanager
async def restarted() -> AsyncIterator[tuple[Stages, AsyncExitStack]]:
    """Two nodes, of which the first can be stopped by closing the stack."""
    network, clock, stores = Network(NAMES, 0), MovableClock(), open_stores()

    def member(name: str) -> Membership:
        return Membership(name, stores, network.ways[name])

    async with running(member("two"), clock) as two, AsyncExitStack() as first:
        one = await first.enter_async_context(running(member("one"), clock))
        for name, service in (("one", one), ("two", two)):
            network.join(name, service.node.signalling.home)
        async with AsyncExitStack() as stack:
            yield Stages(network, one, two, stack), first


async def test_a_call_whose_node_was_stopped_goes_on_at_another():
    async with restarted() as (stages, first):
        alice, bob = await stages.one.join("alice"), await stages.one.join("bob")
        call_id = await stages.call(alice, bob, "connected")
        for device in (alice, bob):
            await device.done("call:media", {"callId": call_id, "state": "connected"})
        await first.aclose()
        stages.network.ways["two"].links["one"].cut()  # nobody is there any more
        for device in (alice, bob):
            await device.lost()
            device.proxy.target = stages.two.service.port
            assert (await device.come_back())["resumed"] == "snapshot"
            assert [call["state"] for call in device.joined["calls"]] == ["connected"]
            await device.done("call:media", {"callId": call_id, "state": "connected"})
        await exchange(alice, bob, call_id)
        assert (await bob.done("call:end", {"callId": call_id}))["reason"] == "completed"
