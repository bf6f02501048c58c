"""`call:signal` and `call:media`: passed on, remembered where promised, never an end."""

import aiohttp
import pytest

from tests.protocol.sdp import ANSWER
from tests.support.service import TestService, token


@pytest.mark.parametrize("data", [{"muted": True}, "hold", 7, None, [1, {"a": "b"}], False])
async def test_a_signal_reaches_the_other_side_as_it_is(service: TestService, data: object):
    alice, bob = await service.join("alice"), await service.join("bob")
    call_id = await service.accepted(alice, bob)
    assert await bob.done("call:signal", {"callId": call_id, "data": data, "from": "eve"}) == {
        "ok": True,
        "callId": call_id,
    }
    assert await alice.next("call:signal") == {"callId": call_id, "from": "bob", "data": data}


async def test_a_signal_may_have_four_kib(service: TestService):
    alice, bob = await service.join("alice"), await service.join("bob")
    call_id = await service.accepted(alice, bob)
    error = await alice.refusal("call:signal", {"callId": call_id, "data": "x" * 4095})
    assert error["code"] == "invalid_payload"
    assert "data" in error["message"]
    await alice.done("call:signal", {"callId": call_id, "data": "x" * 4094})
    assert (await bob.next("call:signal"))["data"] == "x" * 4094


async def test_a_signal_needs_its_call_and_its_data(service: TestService):
    alice, bob = await service.join("alice"), await service.join("bob")
    call_id = await service.accepted(alice, bob)
    for fields, missing in (({"callId": call_id}, "data"), ({"data": 1, "to": "bob"}, "callId")):
        error = await alice.refusal("call:signal", fields)
        assert (error["code"], missing in error["message"]) == ("invalid_payload", True)


@pytest.mark.parametrize("state", ["connected", "disconnected", "failed"])
async def test_a_media_report_is_passed_on_and_ends_nothing(service: TestService, state: str):
    alice, bob = await service.join("alice"), await service.join("bob")
    call_id = await service.accepted(alice, bob)
    await bob.done("call:answer", {"answer": ANSWER, "to": "alice"})
    stats = {"path": "relay", "rttMs": 31.5, "jitterMs": 2, "lossRatio": 0.01, "codec": "opus"}
    told = {"callId": call_id, "by": "alice", "state": state}
    report = {"callId": call_id, "state": state, "stats": stats}
    assert await alice.done("call:media", report) == {"ok": True, **told}
    assert await bob.next("call:media") == told
    await alice.settle()
    assert not {"call:media", "call:ended"} & set(alice.events())
    await bob.done("call:signal", {"callId": call_id, "data": "still here"})


@pytest.mark.parametrize(
    "wrong",
    [
        {"state": "fine"},
        {"state": None},
        {"stats": {"path": "pigeon"}},
        {"stats": {"rttMs": -1}},
        {"stats": {"rttMs": "31"}},
        {"stats": {"jitterMs": 1e9}},
        {"stats": {"lossRatio": 1.5}},
        {"stats": {"codec": "c" * 65}},
        {"stats": []},
    ],
)
async def test_a_report_must_be_of_the_promised_form(
    service: TestService, wrong: dict[str, object]
):
    alice, bob = await service.join("alice"), await service.join("bob")
    call_id = await service.accepted(alice, bob)
    report = {"callId": call_id, "state": "connected", **wrong}
    error = await alice.refusal("call:media", report)
    assert error["code"] == "invalid_payload"
    assert next(iter(wrong)) in error["message"]
    await bob.settle()
    assert "call:media" not in bob.events()


async def test_a_partial_or_unknown_statistic_is_fine(service: TestService):
    alice, bob = await service.join("alice"), await service.join("bob")
    call_id = await service.accepted(alice, bob)
    for stats in ({}, None, {"rttMs": 3, "bitrate": 64_000}):
        await alice.done("call:media", {"callId": call_id, "state": "connected", "stats": stats})


async def test_only_the_bound_sessions_report(service: TestService):
    alice, phone, tablet, mallory = [
        await service.join(user) for user in ("alice", "bob", "bob", "mallory")
    ]
    call_id = await service.accepted(alice, phone)
    for stranger in (tablet, mallory):
        error = await stranger.refusal("call:media", {"callId": call_id, "state": "connected"})
        assert error["code"] == "not_participant"


async def test_the_first_report_that_media_flows_is_remembered(service: TestService):
    alice, bob = await service.join("alice"), await service.join("bob")
    call_id = await service.accepted(alice, bob)
    await bob.done("call:answer", {"answer": ANSWER, "to": "alice"})

    async def media_at() -> int | None:
        bearer = {"Authorization": f"Bearer {token('alice')}"}
        async with (
            aiohttp.ClientSession(service.url, headers=bearer) as http,
            http.get(f"/v1/calls/{call_id}") as response,
        ):
            found: int | None = (await response.json())["mediaAt"]
            return found

    await alice.done("call:media", {"callId": call_id, "state": "disconnected"})
    assert await media_at() is None
    await alice.done("call:media", {"callId": call_id, "state": "connected"})
    first = await media_at()
    assert first is not None
    service.clock.advance(30)
    await bob.done("call:media", {"callId": call_id, "state": "connected"})
    assert await media_at() == first
