"""`GET /v1/calls/{id}?wait=`: a record that comes once its call is in another state."""

import asyncio
from collections.abc import AsyncIterator

import aiohttp
import pytest

from tests.protocol.sdp import ANSWER
from tests.support.client import Client
from tests.support.service import TestService
from tests.support.waiting import until
from tests.transport.api.test_routes import Api

BEFORE_ITS_END_S = 20
"""A wait of 25 s is answered within it when it heard of the call, or was told to end."""
STATES = ("initiating", "ringing", "connecting", "connected", "ended")


class Waiting:
    """A call that rings, whose parties may wait for what becomes of it."""

    def __init__(self, service: TestService, caller: Client, callee: Client, call_id: str):
        self.service, self.caller, self.callee, self.call_id = service, caller, callee, call_id
        self.path = f"/v1/calls/{call_id}"
        self._asked: list[asyncio.Task[dict[str, object]]] = []

    @property
    def waits(self) -> int:
        """How many requests wait."""
        return len(self.service.node.tables["call_changes"])

    async def ask(self, api: Api, state: str, wait: int = 25) -> asyncio.Task[dict[str, object]]:
        """A request that waits."""
        before = self.waits
        asked = self.send(api, state, wait)
        await until(lambda: self.waits > before, "a wait")
        return asked

    def send(self, api: Api, state: str, wait: int = 25) -> asyncio.Task[dict[str, object]]:
        """A request that waits, as soon as it comes."""
        asked = asyncio.create_task(self._get(api, f"{self.path}?wait={wait}&state={state}"))
        self._asked.append(asked)
        return asked

    async def _get(self, api: Api, path: str) -> dict[str, object]:
        async with asyncio.timeout(BEFORE_ITS_END_S):
            record: dict[str, object] = await api("GET", path)
            return record

    async def end(self) -> None:
        """Have the caller hang up."""
        await self.caller.done("call:end", {"callId": self.call_id})

    async def close(self) -> None:
        """Leave nothing under way."""
        for asked in self._asked:
            asked.cancel()
        await asyncio.gather(*self._asked, return_exceptions=True)


@pytest.fixture
async def ringing(service: TestService) -> AsyncIterator[Waiting]:
    caller, callee = await service.join("alice"), await service.join("bob")
    call_id = await service.call(caller, callee)
    await caller.next("call:ringing")
    waiting = Waiting(service, caller, callee, call_id)
    try:
        yield waiting
    finally:
        await waiting.close()


@pytest.fixture
def alice(service: TestService, http: aiohttp.ClientSession) -> Api:
    return Api(service, http, "alice")


@pytest.fixture
def bob(service: TestService, http: aiohttp.ClientSession) -> Api:
    return Api(service, http, "bob")


async def test_another_state_is_told_at_once(ringing: Waiting, bob: Api):
    async with asyncio.timeout(BEFORE_ITS_END_S):
        for state in set(STATES) - {"ringing"}:
            record = await bob("GET", f"{ringing.path}?wait=25&state={state}")
            assert record["state"] == "ringing"
        await ringing.end()
        for state in STATES:
            record = await bob("GET", f"{ringing.path}?wait=25&state={state}")
            assert (record["state"], record["reason"]) == ("ended", "cancelled")


async def test_each_state_is_told_as_soon_as_it_comes(ringing: Waiting, alice: Api, bob: Api):
    answer = {"answer": ANSWER}
    for known, event, fields, then in (
        ("ringing", "call:accept", {}, "connecting"),
        ("connecting", "call:answer", answer, "connected"),
        ("connected", "call:end", {}, "ended"),
    ):
        waits = [await ringing.ask(api, known) for api in (alice, bob, alice, bob)]
        await ringing.callee.done(event, {"callId": ringing.call_id, **fields})
        records = await asyncio.gather(*waits)
        assert [record["state"] for record in records] == [then] * 4
        assert records == [await bob("GET", ringing.path)] * 4
    assert ringing.waits == 0


async def test_a_ring_whose_time_is_up_is_told(ringing: Waiting, bob: Api):
    wait = await ringing.ask(bob, "ringing")
    await ringing.service.advance(45)
    record = await wait
    assert (record["state"], record["reason"]) == ("ended", "no_answer")


async def test_a_wait_that_is_over_tells_the_call_as_it_is(ringing: Waiting, bob: Api):
    record = await (await ringing.ask(bob, "ringing", wait=1))
    assert (record["state"], record["endedAt"]) == ("ringing", None)
    assert ringing.waits == 0


async def test_a_third_wait_has_the_oldest_answered(ringing: Waiting, alice: Api, bob: Api):
    oldest, other = await ringing.ask(bob, "ringing"), await ringing.ask(bob, "ringing")
    hers = await ringing.ask(alice, "ringing")
    third = ringing.send(bob, "ringing")
    assert (await oldest)["state"] == "ringing"
    await until(lambda: ringing.waits == 3, "the oldest to go")
    assert not any(wait.done() for wait in (other, hers, third))
    await ringing.end()
    for wait in (other, hers, third):
        assert (await wait)["state"] == "ended"


async def test_a_client_that_goes_away_waits_no_more(ringing: Waiting, bob: Api):
    wait = await ringing.ask(bob, "ringing")
    wait.cancel()
    await until(lambda: ringing.waits == 0, "nobody to wait")
    assert (await bob("GET", ringing.path))["state"] == "ringing"


async def test_a_node_that_drains_lets_nobody_wait(ringing: Waiting, alice: Api, bob: Api):
    wait = await ringing.ask(bob, "ringing")
    ringing.service.node.drain()
    assert (await wait)["state"] == "ringing"
    async with asyncio.timeout(BEFORE_ITS_END_S):
        record = await alice("GET", f"{ringing.path}?wait=25&state=ringing")
    assert record["state"] == "ringing"
    assert ringing.waits == 0


async def test_the_scope_admin_may_wait(
    ringing: Waiting, service: TestService, http: aiohttp.ClientSession
):
    wait = await ringing.ask(Api(service, http, "root", scope="admin"), "ringing")
    await ringing.end()
    assert (await wait)["state"] == "ended"


async def test_strangers_learn_nothing_by_waiting(
    ringing: Waiting, service: TestService, http: aiohttp.ClientSession
):
    mallory = Api(service, http, "mallory")
    stranger = await mallory("GET", f"{ringing.path}?wait=25&state=ringing", 404)
    nothing = await mallory("GET", "/v1/calls/c_x?wait=25&state=ringing", 404)
    assert stranger == nothing
    assert stranger["code"] == "call_not_found"


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("wait=26&state=ringing", "wait"), ("wait=-1&state=ringing", "wait"),
        ("wait=soon&state=ringing", "wait"), ("wait=0.5&state=ringing", "wait"),
        ("wait=&state=ringing", "wait"), ("wait=1&state=ring", "state"), ("wait=1&state=", "state"),
        ("wait=1", "state"),
    ],
)  # fmt: skip
async def test_a_wait_that_is_none_is_refused(ringing: Waiting, bob: Api, query: str, named: str):
    refused = await bob("GET", f"{ringing.path}?{query}", 400)
    assert refused["code"] == "invalid_payload"
    assert refused["detail"].startswith(f"{named}: ")
    assert ringing.waits == 0


@pytest.mark.parametrize("query", ["wait=0", "wait=0&state=ringing", "state=ringing"])
async def test_without_a_wait_the_record_comes_at_once(ringing: Waiting, bob: Api, query: str):
    record = await bob("GET", f"{ringing.path}?{query}")
    assert record == await bob("GET", ringing.path)
