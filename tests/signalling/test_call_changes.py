"""Waiting for a call's next state where several nodes are, and what of it the store is asked.

What a client of one node sees of it is in `tests/transport/api/test_waiting.py`.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from service.calls.call import Call
from service.stores import Stores
from service.stores.memory.calls import MemoryCalls
from service.stores.memory.replies import MemoryReplies
from service.stores.memory.sessions import MemorySessions
from service.stores.memory.users import MemoryUsers
from tests.signalling.two_nodes import TwoNodes, two_nodes
from tests.support.service import TestService, token
from tests.support.waiting import until

BEFORE_ITS_END_S = 20
"""A wait of 25 s is answered within it when it heard of the call."""


class LateCalls(MemoryCalls):
    """Counts how often a call is looked up; what it is answers when it is told to."""

    def __init__(self, users: MemoryUsers) -> None:
        super().__init__(users)
        self.loads = 0
        self.answers = asyncio.Event()
        self.answers.set()

    async def load(self, call_id: str) -> Call | None:
        """The call as it is now, a while later."""
        call = await super().load(call_id)
        self.loads += 1
        await self.answers.wait()
        return call


@pytest.fixture
async def calls() -> LateCalls:
    return LateCalls(MemoryUsers())


@pytest.fixture
async def nodes(calls: LateCalls) -> AsyncIterator[TwoNodes]:
    async with two_nodes(Stores(calls._users, calls, MemoryReplies(), MemorySessions())) as nodes:
        yield nodes


class Asking:
    """Alice asks over HTTP."""

    def __init__(self, http: aiohttp.ClientSession):
        self._http = http
        self._headers = {"Authorization": f"Bearer {token('alice')}"}

    async def get(self, service: TestService, call_id: str, state: str, wait: int = 25) -> Any:
        """The record's state, once it is answered."""
        url = f"{service.url}/v1/calls/{call_id}?wait={wait}&state={state}"
        async with (
            asyncio.timeout(BEFORE_ITS_END_S),
            self._http.get(url, headers=self._headers) as answer,
        ):
            return (await answer.json())["state"]

    async def waits(self, service: TestService, call_id: str, state: str) -> asyncio.Task[Any]:
        """A request that waits."""
        asked = asyncio.create_task(self.get(service, call_id, state))
        await until(lambda: len(service.node.signalling.call_changes), "a wait")
        return asked


@pytest.fixture
def alice(http: aiohttp.ClientSession) -> Asking:
    return Asking(http)


async def test_both_nodes_of_a_call_hear_that_it_rings(nodes: TwoNodes, alice: Asking):
    caller, callee = await nodes.one.join("alice"), await nodes.two.join("bob")
    nodes.way("two", "one").cut()
    call_id = await nodes.one.call(caller, callee)
    waits = [
        await alice.waits(service, call_id, "initiating") for service in (nodes.one, nodes.two)
    ]
    nodes.way("two", "one").mend()
    assert await asyncio.gather(*waits) == ["ringing", "ringing"]


@pytest.mark.parametrize(
    ("event", "then"), [("call:accept", "connecting"), ("call:reject", "ended")]
)
async def test_a_node_that_has_no_part_in_a_call_looks_it_up(
    nodes: TwoNodes, alice: Asking, event: str, then: str
):
    caller, callee = await nodes.one.join("alice"), await nodes.one.join("bob")
    call_id = await nodes.one.call(caller, callee)
    await caller.next("call:ringing")
    wait = await alice.waits(nodes.two, call_id, "ringing")
    await callee.done(event, {"callId": call_id})
    assert await wait == then


@pytest.mark.parametrize(("home", "loads"), [("one", 2), ("two", 4)])
async def test_what_a_wait_of_two_seconds_asks_of_the_store(
    nodes: TwoNodes, calls: LateCalls, alice: Asking, home: str, loads: int
):
    """Where the call is known, only at the beginning and at the end."""
    caller, callee = await nodes.one.join("alice"), await nodes.one.join("bob")
    call_id = await nodes.one.call(caller, callee)
    await caller.next("call:ringing")
    before = calls.loads
    asked = nodes.one if home == "one" else nodes.two
    assert await alice.get(asked, call_id, "ringing", wait=2) == "ringing"
    assert calls.loads - before == loads


@pytest.mark.parametrize(
    ("event", "then"), [("call:accept", "connecting"), ("call:reject", "ended")]
)
async def test_a_move_while_the_call_is_looked_up_is_not_missed(
    nodes: TwoNodes, calls: LateCalls, alice: Asking, event: str, then: str
):
    caller, callee = await nodes.one.join("alice"), await nodes.one.join("bob")
    call_id = await nodes.one.call(caller, callee)
    await caller.next("call:ringing")
    before = calls.loads
    calls.answers.clear()
    asked = asyncio.create_task(alice.get(nodes.one, call_id, "ringing"))
    await until(lambda: calls.loads > before, "the look-up")
    await callee.done(event, {"callId": call_id})
    calls.answers.set()
    assert await asked == then
