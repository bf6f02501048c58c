"""More than anybody needs: refused with how long to wait, and closed when it goes on."""

import asyncio
import time
from collections.abc import Awaitable, Callable

import pytest
from websockets.exceptions import ConnectionClosed

from tests.security.surroundings import CANDIDATE, Bystanders, name
from tests.support.client import Client
from tests.support.service import TestService, running, token

pytestmark = pytest.mark.asyncio(loop_scope="module")
OFFER = {"type": "offer", "sdp": "v=0\r\n"}
QUERY = '42["user:status",{"userId":"x"}]'


async def refusals(attempt: Callable[[int], Awaitable[dict[str, object]]], times: int) -> list[int]:
    """Which attempts were refused as too many, each with a time to wait."""
    refused = []
    for number in range(times):
        answer = await attempt(number)
        error = answer.get("error")
        if isinstance(error, dict) and error["code"] == "rate_limited":
            assert error["retryable"]
            assert 0 < error["retryAfterMs"] <= 60_000
            refused.append(number)
    return refused


@pytest.mark.parametrize(("scale", "allowed"), [(1.0, 20), (0.5, 10), (2.0, 40)])
async def test_initiates_of_a_user(scale: float, allowed: int):
    async with running(rate_limit_scale=scale) as service:
        mallory = await service.join("mallory")

        async def attempt(number: int) -> dict[str, object]:
            call = {"to": f"user-{number}", "callType": "audio"}
            answer: dict[str, object] = await mallory.request("call:initiate", call)
            return answer

        assert await refusals(attempt, allowed + 2) == [allowed, allowed + 1]
        await service.advance(60)
        assert await refusals(attempt, allowed + 1) == [allowed]


async def test_initiates_to_one_callee(service: TestService, bystanders: Bystanders):
    mallory, victim = await service.join(name("mallory")), await service.join(name("victim"))

    async def attempt(_: int) -> dict[str, object]:
        call = {"to": victim.user, "callType": "audio"}
        answer: dict[str, object] = await mallory.request("call:initiate", call)
        if answer["ok"]:
            await mallory.done("call:end", {"callId": answer["callId"]})
        return answer

    assert await refusals(attempt, 8) == [6, 7]
    assert len(victim.payloads("call:incoming")) == 6


async def test_candidates_of_an_offer(service: TestService, bystanders: Bystanders):
    mallory, victim = await service.join(name("mallory")), await service.join(name("victim"))
    call_id = await service.accepted(mallory, victim)
    batch = {"callId": call_id, "candidates": [CANDIDATE] * 25}

    async def attempt(_: int) -> dict[str, object]:
        answer: dict[str, object] = await mallory.request("ice:candidate", batch)
        return answer

    assert await refusals(attempt, 13) == [12]
    await victim.settle()
    assert len(victim.payloads("ice:candidate")) == 300
    await mallory.done("call:offer", {"offer": OFFER, "callId": call_id})
    assert await refusals(attempt, 1) == []


@pytest.mark.parametrize(("scale", "allowed"), [(0.5, 150), (2.0, 600)])
async def test_the_scale_multiplies_candidates(scale: float, allowed: int):
    async with running(rate_limit_scale=scale) as service:
        mallory, victim = await service.join("mallory"), await service.join("victim")
        call_id = await service.accepted(mallory, victim)
        batch = {"callId": call_id, "candidates": [CANDIDATE] * 25}

        async def attempt(_: int) -> dict[str, object]:
            answer: dict[str, object] = await mallory.request("ice:candidate", batch)
            return answer

        assert await refusals(attempt, allowed // 25 + 1) == [allowed // 25]
        await victim.settle()
        assert len(victim.payloads("ice:candidate")) == allowed


@pytest.mark.parametrize(("scale", "allowed"), [(0.5, 150), (2.0, 600)])
async def test_the_scale_multiplies_events(scale: float, allowed: int):
    async with running(rate_limit_scale=scale) as service:
        mallory = await service.join("mallory")
        await service.advance(3)  # as if nothing had been sent yet
        passed, seconds = await until_refused(mallory)
        assert allowed <= passed <= allowed + seconds * 100 * scale


@pytest.mark.parametrize("send", ["emit", "ask"])
async def test_what_comes_too_late_counts_once(
    service: TestService, bystanders: Bystanders, send: str
):
    """A batch of 32 counts as five; each way that was tried for it took that once more."""
    mallory = await service.join(name("mallory"))
    await service.advance(3)  # as if nothing had been sent yet
    late = {"callId": "c_over", "candidates": [CANDIDATE] * 32}
    for _ in range(60):
        await getattr(mallory, send)("ice:candidate", late)
    await mallory.until(lambda: len(mallory.payloads("error")) + len(mallory.acks) == 60)
    told = mallory.payloads("error") + [answer["error"] for answer in mallory.acks.values()]
    assert {error["code"] for error in told} == {"call_not_found"}


async def test_what_waits_for_an_accept_is_bounded(service: TestService, bystanders: Bystanders):
    mallory, victim = await service.join(name("mallory")), await service.join(name("victim"))
    call_id = await service.call(mallory, victim)
    huge = {"offer": {"type": "offer", "sdp": "x" * 60_000}, "callId": call_id}
    held = [(await mallory.request("call:offer", huge))["ok"] for _ in range(6)]
    assert held == [True] * 4 + [False] * 2


async def test_events_of_a_session(service: TestService, bystanders: Bystanders):
    mallory = await service.join(name("mallory"))
    await service.advance(3)  # as if nothing had been sent yet
    passed, seconds = await until_refused(mallory)
    await bystanders.talk()
    assert 300 <= passed <= 300 + seconds * 100
    for refused in mallory.payloads("error"):
        assert (refused["code"], refused["retryable"]) == ("rate_limited", True)
        assert 0 < refused["retryAfterMs"] <= 1_000
    await service.advance(1)
    await mallory.done("user:status", {"userId": "x"})


async def test_events_of_all_sessions_of_a_user(service: TestService, bystanders: Bystanders):
    user = name("mallory")
    sessions = [await service.join(user) for _ in range(4)]
    await service.advance(3)  # as if nothing had been sent yet
    begun, told = time.monotonic(), ("user:status", "error")
    for _ in range(300):
        for session in sessions:
            await session.send(QUERY)
    for session in sessions:
        await session.until(lambda: len(session.events(*told)) >= 300, timeout=60)  # noqa: B023
    passed = sum(len(session.payloads("user:status")) for session in sessions)
    assert 900 <= passed <= 900 + (time.monotonic() - begun) * 300
    await bystanders.talk()


async def until_refused(mallory: Client) -> tuple[int, float]:
    """Query until that is too often: how many were answered, and the seconds that it took."""
    begun, sent, told = time.monotonic(), 0, ("user:status", "error")
    while "error" not in mallory.events():
        for _ in range(100):
            await mallory.send(QUERY)
        sent += 100
        await mallory.until(lambda: len(mallory.events(*told)) >= sent, timeout=60)  # noqa: B023
    return len(mallory.payloads("user:status")), time.monotonic() - begun


@pytest.mark.parametrize(
    "frame", [QUERY, '42["call:hack"]', '42["call:offer",{"offer":{},"to":"x"}]', "3"]
)
@pytest.mark.parametrize("joined", [True, False], ids=["joined", "not joined"])
async def test_a_flood_is_closed_and_nobody_waits(
    service: TestService, bystanders: Bystanders, frame: str, *, joined: bool
):
    mallory = await service.join(name("mallory")) if joined else await connected(service)
    flood = asyncio.create_task(send_until_closed(mallory, frame))
    await bystanders.talk()
    assert await mallory.until_closed(timeout=90) == 1008  # the flood is in this loop, too
    await flood
    await bystanders.talk()


async def connected(service: TestService) -> Client:
    return await service.connect(token("mallory"))


async def send_until_closed(client: Client, frame: str) -> None:
    """Some 20,000 a second, with pauses: the test shares this loop and would starve."""
    try:
        while True:
            for _ in range(100):
                await client.send(frame)
            await asyncio.sleep(0.005)
    except ConnectionClosed:
        return


async def test_a_flood_of_connects_is_closed(service: TestService, bystanders: Bystanders):
    mallory = await service.open()
    for number in range(20):
        await mallory.send(f"40/{number},{{}}")
    assert await mallory.until_closed() == 1008
