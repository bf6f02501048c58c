"""How often a call waits for its stores, on whichever nodes its two users live."""

import asyncio
import inspect
from collections.abc import AsyncIterator
from typing import Any, cast

import pytest

from service.stores import Stores, open_stores
from tests.protocol.sdp import ANSWER, OFFER, candidate
from tests.signalling.two_nodes import TwoNodes, two_nodes
from tests.support.client import Client

NOT_WAITED_FOR = {"due", "forget_old", "settle"}
"""What the sweeper does, and what follows an answer."""


class Waits:
    """Counts waits that follow one another: of operations under way together, one."""

    def __init__(self) -> None:
        self.count = 0
        self._under_way = 0

    def stores(self) -> Stores:
        """Stores whose every operation is counted, and takes a while."""
        of = open_stores()
        found = (Counted(store, self) for store in (of.users, of.calls, of.replies, of.sessions))
        return Stores(*(cast("Any", store) for store in found))

    async def counted(self, operation: Any) -> Any:
        """Wait for an operation."""
        self.count += not self._under_way
        self._under_way += 1
        try:
            await asyncio.sleep(0)
            return await operation
        finally:
            self._under_way -= 1


class Counted:
    """A store before another one."""

    def __init__(self, store: Any, waits: Waits) -> None:
        self._store = store
        self._waits = waits

    def __len__(self) -> int:
        return len(self._store)

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._store, name)
        if name in NOT_WAITED_FOR or not inspect.iscoroutinefunction(method):
            return method
        return lambda *arguments: self._waits.counted(method(*arguments))


@pytest.fixture
def waits() -> Waits:
    return Waits()


@pytest.fixture
async def nodes(waits: Waits) -> AsyncIterator[TwoNodes]:
    async with two_nodes(waits.stores()) as nodes:
        yield nodes


async def joined(nodes: TwoNodes, home: str) -> tuple[Client, Client]:
    """Alice on one node, and Bob on the same or on the other."""
    callee = nodes.one if home == "one" else nodes.two
    alice, bob = await nodes.one.join("alice"), await callee.join("bob")
    await nodes.quiet()
    return alice, bob


@pytest.mark.parametrize("home", ["one", "two"])
async def test_an_initiate_rings_after_three_waits(nodes: TwoNodes, waits: Waits, home: str):
    alice, bob = await joined(nodes, home)
    waits.count = 0
    await alice.done("call:initiate", {"to": "bob", "callType": "audio"})
    await bob.next("call:incoming")
    await alice.next("call:ringing")
    assert 0 < waits.count <= 3


@pytest.mark.parametrize("home", ["one", "two"])
async def test_an_initiate_that_may_be_repeated_waits_once_more(
    nodes: TwoNodes, waits: Waits, home: str
):
    alice, _bob = await joined(nodes, home)
    waits.count = 0
    fields = {"to": "bob", "callType": "audio", "requestId": "r1"}
    await alice.emit("call:initiate", fields)
    await alice.next("call:ringing")
    assert 0 < waits.count <= 4


@pytest.mark.parametrize("home", ["one", "two"])
async def test_a_whole_call_waits_eight_times(nodes: TwoNodes, waits: Waits, home: str):
    alice, bob = await joined(nodes, home)
    waits.count = 0
    call = await alice.done("call:initiate", {"to": "bob", "callType": "audio"})
    call_id = {"callId": call["callId"]}
    await alice.next("call:ringing")
    await bob.done("call:accept", call_id)
    await alice.next("call:accepted")
    await alice.done("call:offer", {**call_id, "offer": OFFER})
    await bob.next("call:offer")
    await bob.done("call:answer", {**call_id, "answer": ANSWER})
    await alice.next("call:answer")
    for number in range(5):
        for client in (alice, bob):
            await client.done("ice:candidate", {**call_id, "candidate": candidate(number)})
    await alice.done("call:media", {**call_id, "state": "connected"})
    await bob.next("call:media")
    await alice.done("call:end", call_id)
    await bob.next("call:ended")
    assert 0 < waits.count <= 8
