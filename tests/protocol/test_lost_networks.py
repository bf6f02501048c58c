"""A client that changes networks leaves a session behind which nobody ends: it is not in the way.

What is lost answers nothing and closes nothing. What lives answers a ping, and goes on.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import aiohttp
import pytest

from service.sessions.liveness import ANSWER_WITHIN_S, SILENT_S
from tests.support.black_hole import BlackHole, black_hole
from tests.support.client import Client
from tests.support.polling import Polling
from tests.support.service import TestService, running, token

AUDIO = {"callType": "audio"}
SLACK_S = 2.0

Joining = Callable[[AsyncExitStack, BlackHole, str], Awaitable[Any]]


async def over_websocket(stack: AsyncExitStack, hole: BlackHole, user: str) -> Client:
    client = await Client.join(hole.port, token(user), user)
    stack.callback(client.socket.transport.abort)  # a closing handshake would wait for an answer
    return client


async def over_polling(stack: AsyncExitStack, hole: BlackHole, user: str) -> Polling:
    http = await stack.enter_async_context(aiohttp.ClientSession())
    client = await Polling.handshake(http, hole.port)
    await client.join(token(user), user)
    return client


@asynccontextmanager
async def lost_in_a_call(
    service: TestService, joining: Joining
) -> AsyncIterator[tuple[str, Client]]:
    """Bob in a call, and its id; alice, who has called him, is in a hole and was heard before."""
    async with AsyncExitStack() as stack:
        hole = await stack.enter_async_context(black_hole(service.port))
        alice = await joining(stack, hole, "alice")
        bob = await service.join("bob")
        await alice.emit("call:initiate", {"to": "bob", **AUDIO})
        call_id = (await bob.next("call:incoming"))["callId"]
        await bob.done("call:accept", {"callId": call_id})
        hole.swallow()
        yield call_id, bob


each_way = pytest.mark.parametrize(
    "joining", [over_websocket, over_polling], ids=["websocket", "polling"]
)


async def pinged(client: Client, times: int = 1) -> None:
    """Wait until the server has pinged a client so often."""
    await client.until(lambda: client.pings == times, what=f"ping {times}")


async def initiated(client: Client, to: str) -> float:
    """Seconds until the client's call to `to` was there."""
    began = asyncio.get_running_loop().time()
    await client.done("call:initiate", {"to": to, **AUDIO})
    return asyncio.get_running_loop().time() - began


@each_way
async def test_whoever_comes_back_may_call_at_once(joining: Joining):
    async with running() as service:
        await service.join("carol")
        async with lost_in_a_call(service, joining) as (call_id, bob):
            await asyncio.sleep(1.1)  # as long as a phone takes for its new network
            again = await service.join("alice")
            assert [call["callId"] for call in again.payloads("user:joined")[0]["calls"]] == [
                call_id
            ]
            assert await initiated(again, "carol") < ANSWER_WITHIN_S + SLACK_S
            ended = await bob.next("call:ended")
            assert (ended["by"], ended["reason"]) == ("alice", "connection_lost")
            assert len(service.node.tables["sessions"]) == 3


@each_way
async def test_whoever_comes_back_may_end_the_old_call(joining: Joining):
    async with (
        running() as service,
        lost_in_a_call(service, joining) as (call_id, bob),
    ):
        again = await service.join("alice")
        await again.done("call:end", {"callId": call_id})
        ended = await bob.next("call:ended")
        assert (ended["by"], ended["reason"]) == ("alice", "completed")
        await again.done("call:initiate", {"to": "bob", **AUDIO})


@each_way
async def test_whose_peer_is_lost_is_not_busy(joining: Joining):
    async with (
        running(ping_timeout=1) as service,
        lost_in_a_call(service, joining) as (_, bob),
    ):
        carol = await service.join("carol")
        watching = await carol.done("user:status", {"userId": "alice"})
        assert watching["isInCall"]
        await asyncio.sleep(1.1)
        assert await initiated(carol, "bob") < ANSWER_WITHIN_S + SLACK_S
        heard = bob.events("call:ended", "call:incoming")
        assert heard == ["call:incoming", "call:ended", "call:incoming"]
        status = await carol.done("user:status", {"userId": "alice"})
        assert (status["isOnline"], status["isInCall"]) == (False, False)


async def test_a_ring_whose_caller_is_lost_keeps_nobody_busy():
    async with running(ping_timeout=1) as service:
        alice, bob, carol = [await service.join(user) for user in ("alice", "bob", "carol")]
        await service.call(alice, bob)
        alice.answers_pings = False
        await service.silent(alice)
        await service.call(carol, bob)
        assert (await bob.next("call:ended"))["reason"] == "connection_lost"


async def test_a_callee_who_is_lost_alone_is_unavailable():
    async with running(ping_timeout=1) as service:
        alice, bob, carol = [await service.join(user) for user in ("alice", "bob", "carol")]
        await service.accepted(alice, bob)
        bob.answers_pings = False
        await service.silent(bob)
        error = await carol.refusal("call:initiate", {"to": "bob", **AUDIO})
        assert error["code"] == "user_unavailable"


async def test_live_tabs_of_one_device_live_on_side_by_side(service: TestService):
    tabs = [await service.join("alice", deviceId="laptop") for _ in range(2)]
    await service.silent(*tabs)
    tabs.append(await service.join("alice", deviceId="laptop"))
    for tab in tabs[:2]:
        await pinged(tab)
    bob = await service.join("bob")
    call_id = await service.call(bob, tabs[0])
    for tab in tabs:
        await tab.settle()
    await tabs[1].done("call:accept", {"callId": call_id})
    assert len(service.node.tables["sessions"]) == 4
    assert len(service.node.tables["probes"]) == 0


async def test_who_was_heard_of_within_a_second_is_not_asked(service: TestService):
    alice, bob, carol = [await service.join(user) for user in ("alice", "bob", "carol")]
    await service.accepted(alice, bob)
    await service.silent(alice, bob)
    now = asyncio.get_running_loop().time
    began = now()
    await asyncio.gather(alice.settle(), bob.settle())
    assert (await carol.refusal("call:initiate", {"to": "bob", **AUDIO}))["code"] == "user_busy"
    slow = now() - began > SILENT_S  # a busy machine
    await asyncio.gather(alice.settle(), bob.settle())
    assert slow or (alice.pings, bob.pings) == (0, 0)


@pytest.mark.parametrize("initiator", ["alice", "carol"])
async def test_live_parties_are_busy_at_once(service: TestService, initiator: str):
    alice, bob = await service.join("alice"), await service.join("bob")
    other = await service.join(initiator)
    await service.join("dave")
    call_id = await service.accepted(alice, bob)
    await service.silent(alice, bob)
    asked = alice.pings, bob.pings
    to, code = ("dave", "already_in_call") if initiator == "alice" else ("bob", "user_busy")
    began = asyncio.get_running_loop().time()
    assert (await other.refusal("call:initiate", {"to": to, **AUDIO}))["code"] == code
    assert asyncio.get_running_loop().time() - began < ANSWER_WITHIN_S
    assert (alice.pings, bob.pings) == (asked[0] + 1, asked[1] + 1)
    await alice.done("call:signal", {"callId": call_id, "data": 1})
    await bob.next("call:signal")


async def test_a_stranger_ends_no_call_in_a_gap_of_its_network(service: TestService):
    """To whoever is no party of it, a call is as patient as its heartbeat."""
    alice, bob, carol = [await service.join(user) for user in ("alice", "bob", "carol")]
    call_id = await service.accepted(alice, bob)
    alice.answers_pings = False
    await service.silent(alice)
    assert (await carol.refusal("call:initiate", {"to": "bob", **AUDIO}))["code"] == "user_busy"
    assert alice.pings == 1
    alice.answers_pings = True
    await alice.send("3")
    await alice.done("call:signal", {"callId": call_id, "data": 1})
    await bob.next("call:signal")


async def test_many_who_wait_share_one_ping():
    async with running(ping_timeout=1) as service:
        alice, bob = await service.join("alice"), await service.join("bob")
        await service.accepted(alice, bob)
        callers = [await service.join(f"user-{number}") for number in range(5)]
        alice.answers_pings = False
        await service.silent(alice)
        refused_or_not = await asyncio.gather(
            *(caller.request("call:initiate", {"to": "bob", **AUDIO}) for caller in callers)
        )
        assert sorted(answer["ok"] for answer in refused_or_not) == [False] * 4 + [True]
        assert alice.pings == 1


async def test_nobody_else_waits_meanwhile():
    async with running(ping_timeout=1) as service:
        alice, bob, carol = [await service.join(user) for user in ("alice", "bob", "carol")]
        await service.accepted(alice, bob)
        dave, erin = await service.join("dave"), await service.join("erin")
        other = await service.accepted(dave, erin)
        alice.answers_pings = False
        await service.silent(alice)
        waiting = asyncio.create_task(carol.request("call:initiate", {"to": "bob", **AUDIO}))
        await pinged(alice)
        for number in range(20):
            await dave.done("call:signal", {"callId": other, "data": number})
            assert (await erin.next("call:signal"))["data"] == number
        await bob.settle()
        assert not waiting.done()
        assert (await waiting)["ok"]


async def test_a_heartbeat_that_is_under_way_will_do():
    async with running(ping_interval=1, ping_timeout=60) as service:
        lost = await service.join("alice")
        lost.answers_pings = False
        await pinged(lost)
        await service.silent(lost)
        began = asyncio.get_running_loop().time()
        await service.join("alice")
        assert await lost.until_closed() == 1000
        assert asyncio.get_running_loop().time() - began < ANSWER_WITHIN_S + SLACK_S
        assert lost.pings == 1


async def test_who_answers_a_ping_late_but_in_time_lives_on():
    async with running(ping_interval=1, ping_timeout=60) as service:
        slow = await service.join("alice")
        slow.answers_pings = False
        await pinged(slow)
        await service.silent(slow)
        other = await service.join("alice")
        await asyncio.sleep(ANSWER_WITHIN_S / 4)
        await slow.send("3")
        slow.answers_pings = True
        await pinged(slow, times=2)
        await asyncio.gather(slow.settle(), other.settle())
