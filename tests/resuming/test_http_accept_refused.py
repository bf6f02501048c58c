"""Accepts over HTTP that are refused, and leave nothing behind; and the ten sessions of a user."""

import asyncio
from typing import Any

import aiohttp
import pytest

from tests.protocol.sdp import ANSWER
from tests.resuming.gated import gated
from tests.resuming.lock_screen import LockScreen, woken
from tests.resuming.stage import Stage, staged
from tests.support.service import token
from tests.support.waiting import until


def kept(stage: Stage) -> dict[str, int]:
    """How much the node keeps of each kind, and its store of sessions."""
    node = stage.service.node
    tables = {name: len(table) for name, table in node.tables.items()}
    return {**tables, "tokens": len(node.stores.sessions), "replies": len(node.stores.replies)}  # type: ignore[arg-type]


async def ringing(stage: Stage) -> str:
    return await stage.call(await stage.join("alice"), await stage.join("bob"))


@pytest.mark.parametrize(("user", "status", "code"), [
    ("mallory", 404, "call_not_found"), ("alice", 403, "not_participant"),
])  # fmt: skip
async def test_only_the_callee_accepts(
    stage: Stage, http: aiohttp.ClientSession, user: str, status: int, code: str
):
    call_id = await ringing(stage)
    before = kept(stage)
    lock_screen = LockScreen(stage.service, http, user)
    assert await lock_screen.refusal(call_id) == (status, code)
    assert await lock_screen.refusal("c_x") == (404, "call_not_found")
    assert kept(stage) == before


async def test_a_call_that_is_over_or_answered(stage: Stage, lock_screen: LockScreen):
    alice, bob = await stage.join("alice"), await stage.join("bob")
    call_id = await stage.accepted(alice, bob)
    before = kept(stage)
    assert await lock_screen.refusal(call_id) == (409, "already_answered")
    assert kept(stage) == before
    registry = stage.service.node.metrics.families.registry
    races = "ringline_accept_races_total"
    assert registry.get_sample_value(races, {"result": "lost"}) == 1
    await bob.done("call:end", {"callId": call_id})
    assert await lock_screen.refusal(call_id) == (409, "call_ended")


@pytest.mark.parametrize(
    "wish",
    [
        {"requestId": ""}, {"requestId": "r" * 65}, {"requestId": None}, {"requestId": 7},
        {"deviceId": ""}, {"deviceId": "d" * 129}, {"deviceId": "zero\u200bwidth"},
        {"sessionId": "s_1"}, {"resumeToken": "t"}, {"region": "x" * 65}, {"region": "mars"},
        {"sessionId": "s" * 65, "resumeToken": "t"}, {"sessionId": "s", "resumeToken": "t" * 129},
    ],
)  # fmt: skip
async def test_a_wrong_field_is_named(stage: Stage, lock_screen: LockScreen, wish: dict[str, Any]):
    call_id = await ringing(stage)
    before = kept(stage)
    status, body = await lock_screen.post(call_id, **wish)
    assert (status, body["code"]) == (400, "invalid_payload")
    assert any(name in body["detail"] for name in wish), body["detail"]
    assert kept(stage) == before
    await lock_screen.accept(call_id, deviceId=None, region=None, sessionId=None, resumeToken=None)


async def test_a_node_that_stops_makes_no_session(stage: Stage, lock_screen: LockScreen):
    call_id = await ringing(stage)
    before = kept(stage)
    stage.service.node.status = "draining"
    assert await lock_screen.refusal(call_id) == (503, "server_draining")
    stage.service.node.status = "ready"
    assert kept(stage) == before


async def test_accepts_are_limited_as_requests_for_credentials(http: aiohttp.ClientSession):
    async with staged(rate_limit_scale=0.1) as stage:
        call_id = await ringing(stage)
        lock_screen = LockScreen(stage.service, http)
        answers = [await lock_screen.post(call_id) for _ in range(3)]
        assert [status for status, _ in answers] == [200, 409, 429]


async def test_who_loses_to_another_device_leaves_no_session(http: aiohttp.ClientSession):
    async with gated() as (stage, calls):
        alice, laptop = await stage.join("alice"), await stage.join("bob")
        call_id = await stage.call(alice, laptop)
        before = kept(stage)
        calls.gate.clear()
        winning = asyncio.create_task(laptop.done("call:accept", {"callId": call_id}))
        await until(lambda: calls.waits, "the first accept to be on its way")
        losing = asyncio.create_task(LockScreen(stage.service, http).refusal(call_id))
        await until(lambda: kept(stage)["sessions"] > before["sessions"], "its session")
        calls.gate.set()
        await winning
        assert await losing == (409, "already_answered")
        after = kept(stage)
        for name in ("sessions", "tokens", "resume_windows"):
            assert after[name] == before[name], name


async def test_it_counts_among_the_ten_sessions(stage: Stage, lock_screen: LockScreen):
    alice = await stage.join("alice")
    ghost, *rest = [await stage.join("bob") for _ in range(10)]
    call_id = await stage.call(alice, rest[0])
    await stage.away(ghost)
    phone = await woken(stage, await lock_screen.accept(call_id))
    assert (await ghost.join())["resumed"] == "none", "the one that was away has yielded"
    await phone.done("call:answer", {"callId": call_id, "answer": ANSWER})
    await alice.next("call:answer")
    node = stage.service.node
    await until(lambda: len(node.tables["sessions"]) == 11, "ten of Bob's and one of Alice's")


async def test_an_accept_that_is_refused_takes_nobodys_place(stage: Stage, lock_screen: LockScreen):
    alice, bob = await stage.join("alice"), await stage.join("bob")
    others = [await stage.join("bob") for _ in range(9)]
    call_id = await stage.accepted(alice, bob)
    assert await lock_screen.refusal(call_id) == (409, "already_answered")
    for one in (bob, *others):
        await one.probe()


@pytest.mark.parametrize(
    "body", [b"", b"{", b"7", b"null", b"[" * 5_000, b"\xff\xfe", b'{"requestId":"\\ud800"}']
)
async def test_a_body_that_is_none_is_refused(
    stage: Stage, http: aiohttp.ClientSession, body: bytes
):
    call_id = await ringing(stage)
    headers = {"Authorization": f"Bearer {token('bob')}", "Content-Type": "application/json"}
    url = f"{stage.service.url}/v1/calls/{call_id}/accept"
    async with http.post(url, data=body, headers=headers) as answer:
        told = await answer.json()
    assert (answer.status, told["code"]) == (400, "invalid_payload")
    assert told["detail"].partition(":")[0] in ("body", "requestId", "The body is not valid JSON.")
